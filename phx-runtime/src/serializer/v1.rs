//! Version 1: a JSON object (docs/protocol.md §3.1).

use super::json::{
    decode_name, decode_payload, decode_ref, write_answer, write_name, write_ref, write_string,
};
use super::{DecodeError, Serializer};
use crate::frame::{FrameBuffer, Opcode};
use crate::message::{Message, Name, Outgoing, Ref};
use crate::payload::{EncodeError, Payload};
use bytes::Bytes;
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess};
use serde_json::value::RawValue;
use std::fmt;
use std::str;

/// The messages of phoenix.js before 1.3, `vsn=1.0.x` or none: a text frame with the JSON object
/// `{"topic":…,"event":…,"payload":…,"ref":…}`. It has no word for binary payloads.
#[derive(Debug, Clone, Copy)]
pub struct V1;

impl Serializer for V1 {
    /// As in Phoenix, the object may come in a frame of any kind.
    fn decode<'f>(&self, _: Opcode, frame: &'f Bytes) -> Result<Message<'f>, DecodeError> {
        // Only now is what is skipped below known to be text.
        let text = str::from_utf8(frame).map_err(DecodeError::other)?;
        let Parts { join_ref, reference, topic, event, payload } = serde_json::from_str(text)?;
        Ok(Message {
            join_ref: decode_ref(join_ref)?,
            reference: decode_ref(reference)?,
            topic: decode_name(topic)?,
            event: decode_name(event)?,
            payload: decode_payload(frame, payload)?,
        })
    }

    /// Unlike in version 2, the payload of a push or broadcast may be any JSON value, and a `join_ref` is never sent.
    fn encode(&self, message: &Outgoing<'_>, buffer: &mut FrameBuffer) -> Result<Opcode, EncodeError> {
        match *message {
            Outgoing::Message { reference, topic, event, payload, .. } => {
                let json = json(payload)?;
                open(buffer, &Name::from(topic), event, reference);
                buffer.extend_from_slice(json.as_bytes());
            }
            Outgoing::Broadcast { topic, event, payload } => {
                let json = json(payload)?;
                open(buffer, &Name::from(topic), event, &Ref::NULL);
                buffer.extend_from_slice(json.as_bytes());
            }
            Outgoing::Reply { reference, topic, status, response, .. } => {
                let json = json(response)?;
                open(buffer, topic, "phx_reply", reference);
                write_answer(buffer, status, json);
            }
        }
        buffer.extend_from_slice(b"}");
        Ok(Opcode::Text)
    }
}

fn json(payload: &Payload) -> Result<&str, EncodeError> {
    payload.as_json().ok_or(EncodeError::Unsupported("a binary payload"))
}

/// `{"topic":…,"event":…,"ref":…,"payload":`
fn open(buffer: &mut FrameBuffer, topic: &Name<'_>, event: &str, reference: &Ref) {
    buffer.extend_from_slice(br#"{"topic":"#);
    write_name(buffer, topic);
    buffer.extend_from_slice(br#","event":"#);
    write_string(buffer, event);
    buffer.extend_from_slice(br#","ref":"#);
    write_ref(buffer, reference);
    buffer.extend_from_slice(br#","payload":"#);
}

/// The members of a JSON object that count. Of two with one name the first does, as Phoenix has it.
struct Parts<'f> {
    join_ref: &'f RawValue,
    reference: &'f RawValue,
    topic: &'f RawValue,
    event: &'f RawValue,
    payload: &'f RawValue,
}

impl<'de> Deserialize<'de> for Parts<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Parts<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with topic, event, payload and ref")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let [mut join_ref, mut reference, mut topic, mut event, mut payload] = [None; 5];
                while let Some(key) = map.next_key::<String>()? {
                    let part = match key.as_str() {
                        "join_ref" => &mut join_ref,
                        "ref" => &mut reference,
                        "topic" => &mut topic,
                        "event" => &mut event,
                        "payload" => &mut payload,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    let value = map.next_value::<&RawValue>()?;
                    part.get_or_insert(value);
                }
                let required =
                    |part: Option<&'de RawValue>, name| part.ok_or_else(|| de::Error::missing_field(name));
                Ok(Parts {
                    join_ref: join_ref.unwrap_or(RawValue::NULL),
                    reference: required(reference, "ref")?,
                    topic: required(topic, "topic")?,
                    event: required(event, "event")?,
                    payload: required(payload, "payload")?,
                })
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> Result<String, DecodeError> {
        let frame = Bytes::copy_from_slice(text.as_bytes());
        let Message { join_ref, reference, topic, event, payload } = V1.decode(Opcode::Text, &frame)?;
        Ok(format!("{join_ref:?} {reference:?} {topic} {event} {payload:?}"))
    }

    #[test]
    fn a_binary_frame_is_utf8_throughout() {
        let ends = (br#"{"topic":"t","event":"e","payload":{},"ref":"2","x":""#, br#""}"#);
        let decode = |middle: &[u8]| {
            let frame = Bytes::from([ends.0, middle, ends.1].concat());
            V1.decode(Opcode::Binary, &frame).is_ok()
        };
        assert!(decode("é".as_bytes()));
        assert!(!decode(b"\xff"));
    }

    #[test]
    fn four_members_are_required_and_may_be_null() {
        let decoded = decode(r#"{"topic":null,"event":null,"payload":null,"ref":null}"#).ok();
        assert_eq!(decoded.as_deref(), Some("null null null null Payload(null)"));
        let decoded =
            decode(r#"{"join_ref":"1","topic":"t","event":"e","payload":{},"ref":"2","x":[{}]}"#).ok();
        assert_eq!(decoded.as_deref(), Some(r#""1" "2" "t" "e" Payload({})"#));
        for text in [
            r#"{"event":"e","payload":{},"ref":"2"}"#,
            r#"{"topic":"t","payload":{},"ref":"2"}"#,
            r#"{"topic":"t","event":"e","ref":"2"}"#,
            r#"{"topic":"t","event":"e","payload":{}}"#,
            r#"["1","1","t","e",{}]"#,
            "{}",
            "null",
            "",
            r#"{"topic":"t","event":"e","payload":{},"ref":"2"}x"#,
        ] {
            assert!(matches!(decode(text), Err(DecodeError::Json(_))), "{text}");
        }
    }

    #[test]
    fn the_first_of_two_members_with_one_name_counts() {
        let decoded =
            decode(r#"{"topic":"t","topic":"u","event":"e","payload":1,"payload":2,"ref":"2"}"#).ok();
        assert_eq!(decoded.as_deref(), Some(r#"null "2" "t" "e" Payload(1)"#));
    }
}
