//! Binary frames of version 2: one byte for the kind, one for the length of each field, the fields, and then the
//! payload to the end of the frame (docs/protocol.md §3.3).

use super::DecodeError;
use super::json::keep;
use crate::frame::{FrameBuffer, Opcode};
use crate::message::{Message, Name, Outgoing, Ref};
use crate::payload::{EncodeError, Payload};
use bytes::Bytes;
use std::borrow::Cow;
use std::str;

const PUSH: u8 = 0;
const REPLY: u8 = 1;
const BROADCAST: u8 = 2;

/// Reads `00 | join_ref_len | ref_len | topic_len | event_len | join_ref | ref | topic | event | payload`, the one kind
/// that a client sends. A length of zero is the empty string, not null, as in Phoenix.
pub(super) fn decode(frame: &Bytes) -> Result<Message<'_>, DecodeError> {
    const TRUNCATED: DecodeError = DecodeError::Malformed("the binary frame ends within its header");
    let Some((&[kind, join_ref, reference, topic, event], mut rest)) = frame.split_first_chunk() else {
        return Err(TRUNCATED);
    };
    if kind != PUSH {
        return Err(DecodeError::Malformed("a client sends no binary frames of this kind"));
    }
    let mut next = |length: u8| {
        let (field, others) = rest.split_at_checked(usize::from(length)).ok_or(TRUNCATED)?;
        rest = others;
        str::from_utf8(field).map_err(DecodeError::other)
    };
    Ok(Message {
        join_ref: Ref::text(next(join_ref)?),
        reference: Ref::text(next(reference)?),
        topic: Name::from(next(topic)?),
        event: Name::from(next(event)?),
        payload: Payload::from_bytes(keep(frame, rest)),
    })
}

/// Writes a message with a binary payload.
pub(super) fn encode(message: &Outgoing<'_>, buffer: &mut FrameBuffer) -> Result<Opcode, EncodeError> {
    match *message {
        // The ref of a push is null and has no place here. The end of a channel, which has one, is never binary.
        Outgoing::Message { join_ref, topic, event, payload, .. } => {
            let fields = [("join_ref", &*ref_text(join_ref)), ("topic", topic), ("event", event)];
            write(buffer, PUSH, &fields, payload)
        }
        Outgoing::Reply { join_ref, reference, topic, status, response } => {
            let Name::Text(topic) = topic else { return Err(EncodeError::Unsupported("such a topic")) };
            let (join_ref, reference) = (ref_text(join_ref), ref_text(reference));
            let fields =
                [("join_ref", &*join_ref), ("ref", &*reference), ("topic", topic), ("status", status)];
            write(buffer, REPLY, &fields, response)
        }
        Outgoing::Broadcast { topic, event, payload } => {
            write(buffer, BROADCAST, &[("topic", topic), ("event", event)], payload)
        }
    }
}

/// Null is written as nothing, a number as its digits.
fn ref_text(reference: &Ref) -> Cow<'_, str> {
    match reference.as_text() {
        Some(text) => text,
        None if reference.is_null() => Cow::Borrowed(""),
        None => Cow::Borrowed(reference.as_json()),
    }
}

fn write(
    buffer: &mut FrameBuffer,
    kind: u8,
    fields: &[(&'static str, &str)],
    payload: &Payload,
) -> Result<Opcode, EncodeError> {
    buffer.extend_from_slice(&[kind]);
    for (field, text) in fields {
        let length =
            u8::try_from(text.len()).map_err(|_| EncodeError::TooLong { field, bytes: text.len() })?;
        buffer.extend_from_slice(&[length]);
    }
    for (_, text) in fields {
        buffer.extend_from_slice(text.as_bytes());
    }
    buffer.extend_from_slice(payload.as_bytes());
    Ok(Opcode::Binary)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serializer::{Serializer, SerializerHandle, V2};

    fn decode(frame: &[u8]) -> Result<String, DecodeError> {
        let frame = Bytes::copy_from_slice(frame);
        let Message { join_ref, reference, topic, event, payload } = V2.decode(Opcode::Binary, &frame)?;
        Ok(format!("{join_ref:?} {reference:?} {topic} {event} {:?}", payload.as_bytes()))
    }

    /// The payload of the WebSocket frame.
    fn encode(message: &Outgoing<'_>) -> Result<Vec<u8>, EncodeError> {
        let frame = SerializerHandle::v2().encode(message)?;
        let header = if frame.as_bytes()[1] == 126 { 4 } else { 2 };
        assert_eq!(frame.as_bytes()[0], 0x82, "a binary frame");
        Ok(frame.as_bytes()[header..].to_vec())
    }

    #[test]
    fn what_a_client_sends() {
        let frame = b"\x00\x01\x01\x06\x0549room:1chunk\xde\xad\xbe\xef";
        let expected = r#""4" "9" "room:1" "chunk" [222, 173, 190, 239]"#;
        assert_eq!(decode(frame).ok().as_deref(), Some(expected));
        assert_eq!(decode(b"\x00\x00\x00\x00\x00").ok().as_deref(), Some(r#""" "" "" "" []"#));
        assert_eq!(decode("\0\0\0\u{2}\0é".as_bytes()).ok().as_deref(), Some(r#""" "" "é" "" []"#));
    }

    #[test]
    fn what_no_client_sends() {
        let frames: [&[u8]; 6] = [
            b"",
            b"\x00\x01\x01\x06",
            b"\x00\x00\x00\x02\x00t",
            b"\x01\x00\x00\x00\x00",
            b"\x02\x00\x00",
            b"\x00\x00\x00\x01\x00\xff",
        ];
        for frame in frames {
            assert!(decode(frame).is_err(), "{frame:?}");
        }
    }

    #[test]
    fn what_the_server_sends() -> Result<(), EncodeError> {
        let (join_ref, reference) = (&Ref::text("4"), &Ref::text("9"));
        let (topic, event, payload) =
            ("room:1", "chunk", &Payload::from_bytes(Bytes::from_static(b"\xde\xad")));
        let push = Outgoing::Message { join_ref, reference: &Ref::NULL, topic, event, payload };
        assert_eq!(encode(&push)?, b"\x00\x01\x06\x054room:1chunk\xde\xad");
        let name = &Name::from(topic);
        let reply = Outgoing::Reply { join_ref, reference, topic: name, status: "ok", response: payload };
        assert_eq!(encode(&reply)?, b"\x01\x01\x01\x06\x0249room:1ok\xde\xad");
        let broadcast = Outgoing::Broadcast { topic, event, payload };
        assert_eq!(encode(&broadcast)?, b"\x02\x06\x05room:1chunk\xde\xad");

        let (join_ref, reference) = (&Ref::from_json("12"), &Ref::NULL);
        let reply = Outgoing::Reply { join_ref, reference, topic: name, status: "ok", response: payload };
        assert_eq!(encode(&reply)?, b"\x01\x02\x00\x06\x0212room:1ok\xde\xad");
        Ok(())
    }

    #[test]
    fn a_field_has_up_to_255_bytes_and_not_one_more() {
        let payload = &Payload::from_bytes(Bytes::new());
        for length in [255, 256] {
            let long = "é".repeat(length / 2) + &"x".repeat(length % 2);
            let (join_ref, null) = (&Ref::text(&long), &Ref::NULL);
            let fits = |message: &Outgoing<'_>| match encode(message) {
                Ok(_) => true,
                Err(EncodeError::TooLong { bytes: 256, .. }) => false,
                Err(error) => panic!("{error}"),
            };
            let push = |join_ref, topic, event| Outgoing::Message {
                join_ref,
                reference: null,
                topic,
                event,
                payload,
            };
            assert_eq!(fits(&push(join_ref, "t", "e")), length == 255);
            assert_eq!(fits(&push(null, &long, "e")), length == 255);
            assert_eq!(fits(&push(null, "t", &long)), length == 255);
            let (short, long_name) = (&Name::from("t"), &Name::from(&*long));
            let reply = |join_ref, reference, topic, status| Outgoing::Reply {
                join_ref,
                reference,
                topic,
                status,
                response: payload,
            };
            assert_eq!(fits(&reply(join_ref, null, short, "ok")), length == 255);
            assert_eq!(fits(&reply(null, join_ref, short, "ok")), length == 255);
            assert_eq!(fits(&reply(null, null, long_name, "ok")), length == 255);
            assert_eq!(fits(&reply(null, null, short, &long)), length == 255);
            let broadcast = |topic, event| Outgoing::Broadcast { topic, event, payload };
            assert_eq!(fits(&broadcast(&long, "e")), length == 255);
            assert_eq!(fits(&broadcast("t", &long)), length == 255);
        }
    }
}
