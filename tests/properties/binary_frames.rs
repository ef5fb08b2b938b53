//! Binary frames of version 2 (docs/protocol.md §3.3).

use crate::wire;
use bytes::Bytes;
use phx_runtime::{__fuzz, EncodeError, Message, Name, Opcode, Outgoing, Ref, Serializer, V1, V2};
use std::str;

/// A frame is a message exactly if its first five bytes are a kind of 0 and four lengths, and these many bytes of UTF-8
/// follow. The message can be sent on, unless a field has more than 255 bytes by then.
///
/// # Panics
/// If that does not hold.
pub fn binary_frames(bytes: &[u8]) {
    let frame = Bytes::copy_from_slice(bytes);
    match (V2.decode(Opcode::Binary, &frame), read(bytes)) {
        (Err(_), None) => {}
        (Ok(message), None) => panic!("no message, but read as {message:?}"),
        (Err(error), Some(fields)) => panic!("{error}, but it says {fields:?}"),
        (Ok(message), Some(fields)) => {
            let ([join_ref, reference, topic, event], payload) = fields;
            assert_eq!(message.join_ref, Ref::text(join_ref));
            assert_eq!(message.reference, Ref::text(reference));
            assert_eq!((&message.topic, &message.event), (&Name::from(topic), &Name::from(event)));
            assert!(message.payload.is_binary() && message.payload.as_bytes() == payload);
            is_passed_on(&message, fields);
        }
    }
}

/// The four fields and the payload.
type Fields<'f> = ([&'f str; 4], &'f [u8]);

fn read(frame: &[u8]) -> Option<Fields<'_>> {
    if *frame.first()? != 0 {
        return None;
    }
    let mut at = 5;
    let mut fields = [""; 4];
    for (index, field) in fields.iter_mut().enumerate() {
        let end = at + usize::from(*frame.get(1 + index)?);
        *field = str::from_utf8(frame.get(at..end)?).ok()?;
        at = end;
    }
    Some((fields, frame.get(at..)?))
}

/// As it came, and with one field after the other made twice as long.
fn is_passed_on(message: &Message<'_>, ([join_ref, reference, topic, event], payload): Fields<'_>) {
    let twice = |text: &str| text.repeat(2);
    let (join_ref_twice, reference_twice) = (Ref::text(&twice(join_ref)), Ref::text(&twice(reference)));
    let (topic_twice, event_twice) = (twice(topic), twice(event));
    for (join, reference, topic, event) in [
        (&message.join_ref, &message.reference, topic, event),
        (&join_ref_twice, &message.reference, topic, event),
        (&message.join_ref, &reference_twice, topic, event),
        (&message.join_ref, &message.reference, &topic_twice, event),
        (&message.join_ref, &message.reference, topic, &event_twice),
        (&Ref::NULL, &Ref::NULL, topic, event),
    ] {
        let texts = [text_of(join), text_of(reference), topic.to_owned(), event.to_owned()];
        let [join_text, reference_text, ..] = texts.each_ref().map(String::as_str);
        let response = &message.payload;
        let push = Outgoing::Message { join_ref: join, reference, topic, event, payload: response };
        is_sent(&push, 0, &[join_text, topic, event], payload);
        let name = &Name::from(topic);
        let reply = Outgoing::Reply { join_ref: join, reference, topic: name, status: event, response };
        is_sent(&reply, 1, &[join_text, reference_text, topic, event], payload);
        let broadcast = Outgoing::Broadcast { topic, event, payload: response };
        is_sent(&broadcast, 2, &[topic, event], payload);
    }
}

fn text_of(reference: &Ref) -> String {
    reference.as_text().unwrap_or_default().into_owned()
}

fn is_sent(message: &Outgoing<'_>, kind: u8, fields: &[&str], payload: &[u8]) {
    assert!(matches!(__fuzz::encode(&V1, message), Err(EncodeError::Unsupported(_))));
    let lengths: Result<Vec<u8>, _> = fields.iter().map(|field| u8::try_from(field.len())).collect();
    match (__fuzz::encode(&V2, message), lengths) {
        (Ok(frame), Ok(lengths)) => {
            let mut expected = vec![kind];
            expected.extend(lengths);
            expected.extend(fields.concat().bytes());
            expected.extend(payload);
            assert_eq!(wire::open(&frame), (wire::BINARY, expected.as_slice()));
        }
        (Err(EncodeError::TooLong { bytes, .. }), Err(_)) => {
            assert!(fields.iter().any(|field| field.len() == bytes && bytes > 255));
        }
        (sent, _) => panic!("{sent:?} for {fields:?}"),
    }
}
