//! Text frames of both versions (docs/protocol.md §3.1, §3.2).

use crate::json::Json;
use crate::wire;
use bytes::Bytes;
use phx_runtime::{__fuzz, Message, Name, Opcode, Outgoing, Payload, Ref, Serializer, V1, V2};
use std::str;

/// A frame is a message exactly if it is JSON of the right shape, without half of a surrogate pair in what is read of
/// it. The message is what the JSON says, and says the same again in what the server sends.
///
/// # Panics
/// If that does not hold.
pub fn text_frames(bytes: &[u8]) {
    let frame = Bytes::copy_from_slice(bytes);
    let text = str::from_utf8(bytes);
    let json = text.ok().and_then(Json::read);
    let (first, second) = (json.clone().and_then(version_1), json.and_then(version_2));
    check(&V1, Opcode::Binary, &frame, first.as_ref());
    // The WebSocket refuses text that is not UTF-8.
    if text.is_ok() {
        check(&V1, Opcode::Text, &frame, first.as_ref());
        check(&V2, Opcode::Text, &frame, second.as_ref());
    }
}

/// `join_ref`, `ref`, `topic`, `event` and `payload`.
type Fields = [Json; 5];

fn version_1(json: Json) -> Option<Fields> {
    let Json::Object(members) = json else { return None };
    // A name must be text also where the member is not read, to be compared.
    let members: Option<Vec<_>> = members.into_iter().map(|(name, value)| Some((name?, value))).collect();
    let members = members?;
    let first = |wanted| members.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
    let join_ref = first("join_ref").unwrap_or(Json::Null);
    let fields = [join_ref, first("ref")?, first("topic")?, first("event")?, first("payload")?];
    fields.iter().all(Json::is_text).then_some(fields)
}

fn version_2(json: Json) -> Option<Fields> {
    let Json::Array(mut elements) = json else { return None };
    elements.truncate(5);
    let fields: Fields = elements.try_into().ok()?;
    fields.iter().all(Json::is_text).then_some(fields)
}

fn check(serializer: &impl Serializer, opcode: Opcode, frame: &Bytes, expected: Option<&Fields>) {
    match (serializer.decode(opcode, frame), expected) {
        (Err(_), None) => {}
        (Ok(message), None) => panic!("no message, but read as {message:?}"),
        (Err(error), Some(fields)) => panic!("{error}, but it says {fields:?}"),
        (Ok(message), Some(fields)) => {
            assert_eq!(&fields_of(&message), fields);
            is_answered(&message, fields);
            is_passed_on(&message, fields);
        }
    }
}

fn fields_of(message: &Message<'_>) -> Fields {
    let Message { join_ref, reference, topic, event, payload } = message;
    [read_ref(join_ref), read_ref(reference), read_name(topic), read_name(event), read_payload(payload)]
}

fn read_ref(reference: &Ref) -> Json {
    let json = read(reference.as_json());
    assert_eq!(reference.is_null(), json == Json::Null);
    assert_eq!(reference.as_text().as_deref(), json.as_text());
    if let Some(text) = json.as_text() {
        assert_eq!(reference, &Ref::text(text), "equal strings are equal refs");
    }
    json
}

fn read_name(name: &Name<'_>) -> Json {
    match name {
        Name::Text(text) => Json::text(text),
        Name::Json(json) => {
            let json = read(json);
            assert_eq!(json.as_text(), None, "a string is a text");
            json
        }
    }
}

fn read_payload(payload: &Payload) -> Json {
    match payload.as_json() {
        Some(json) => read(json),
        None => panic!("bytes in a text frame"),
    }
}

/// Anything a client says can be answered, also what is no topic, and whatever the response and the status are.
fn is_answered(message: &Message<'_>, [join_ref, reference, topic, event, payload]: &Fields) {
    let status = event.as_text().unwrap_or("ok");
    let reply = Outgoing::Reply {
        join_ref: &message.join_ref,
        reference: &message.reference,
        topic: &message.topic,
        status,
        response: &message.payload,
    };
    let (topic, phx_reply, reference) = (topic.clone(), Json::text("phx_reply"), reference.clone());
    let answer = Json::object([("response", payload.clone()), ("status", Json::text(status))]);
    let second = [join_ref.clone(), reference.clone(), topic.clone(), phx_reply.clone(), answer.clone()];
    assert_eq!(sent(&V2, &reply), Some(Json::Array(second.into())));
    let first = [("topic", topic), ("event", phx_reply), ("ref", reference), ("payload", answer)];
    assert_eq!(sent(&V1, &reply), Some(Json::object(first)));
}

/// A message with a topic and an event that are text can be pushed and broadcast as it is: in version 1 always, in
/// version 2 if the payload is an object. What is pushed reads as the same message.
fn is_passed_on(message: &Message<'_>, [join_ref, reference, topic, event, payload]: &Fields) {
    let (Some(topic_text), Some(event_text)) = (topic.as_text(), event.as_text()) else { return };
    let push = Outgoing::Message {
        join_ref: &message.join_ref,
        reference: &message.reference,
        topic: topic_text,
        event: event_text,
        payload: &message.payload,
    };
    let broadcast = Outgoing::Broadcast { topic: topic_text, event: event_text, payload: &message.payload };
    let is_object = matches!(payload, Json::Object(_));
    for (outgoing, join_ref, reference) in
        [(&push, join_ref, reference), (&broadcast, &Json::Null, &Json::Null)]
    {
        let second = [join_ref, reference, topic, event, payload].map(Json::clone);
        assert_eq!(sent(&V2, outgoing), is_object.then(|| Json::Array(second.into())));
        let first = [("topic", topic), ("event", event), ("ref", reference), ("payload", payload)];
        let first = first.map(|(name, value)| (name, value.clone()));
        assert_eq!(sent(&V1, outgoing), Some(Json::object(first)));
    }
    if is_object {
        reads_the_same(&V2, &push, message);
        // Version 1 never sends the join_ref.
        reads_the_same(&V1, &push, &Message { join_ref: Ref::NULL, ..message.clone() });
    }
}

fn reads_the_same(serializer: &impl Serializer, push: &Outgoing<'_>, message: &Message<'_>) {
    let frame = match __fuzz::encode(serializer, push) {
        Ok(frame) => Bytes::copy_from_slice(wire::open(&frame).1),
        Err(error) => panic!("{error}"),
    };
    match serializer.decode(Opcode::Text, &frame) {
        Ok(again) => {
            assert_eq!((&again.join_ref, &again.reference), (&message.join_ref, &message.reference));
            assert_eq!((&again.topic, &again.event), (&message.topic, &message.event));
            assert_eq!(again.payload, message.payload);
        }
        Err(error) => panic!("{error}"),
    }
}

/// What a client gets to read; `None` if the message cannot be written.
fn sent(serializer: &impl Serializer, message: &Outgoing<'_>) -> Option<Json> {
    let frame = __fuzz::encode(serializer, message).ok()?;
    let (first_byte, payload) = wire::open(&frame);
    assert_eq!(first_byte, wire::TEXT);
    match str::from_utf8(payload) {
        Ok(text) => Some(read(text)),
        Err(error) => panic!("{error}"),
    }
}

fn read(json: &str) -> Json {
    Json::read(json).unwrap_or_else(|| panic!("not JSON: {json}"))
}
