//! Version 2: a JSON array in a text frame, or a binary frame (docs/protocol.md §3.2, §3.3).

use super::json::{
    decode_name, decode_payload, decode_ref, write_answer, write_name, write_ref, write_string,
};
use super::{DecodeError, Serializer, binary};
use crate::frame::{FrameBuffer, Opcode};
use crate::message::{Message, Name, Outgoing, Ref};
use crate::payload::{EncodeError, Payload};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, SeqAccess};
use serde_json::value::RawValue;
use std::fmt;

/// The messages of phoenix.js since 1.3, `vsn=2.0.x`: a text frame with the JSON array
/// `[join_ref, ref, topic, event, payload]`, or a binary frame where the payload is binary.
#[derive(Debug, Clone, Copy)]
pub struct V2;

impl Serializer for V2 {
    fn decode<'f>(&self, opcode: Opcode, frame: &'f Bytes) -> Result<Message<'f>, DecodeError> {
        if opcode == Opcode::Binary {
            return binary::decode(frame);
        }
        let Parts([join_ref, reference, topic, event, payload]) = serde_json::from_slice(frame)?;
        Ok(Message {
            join_ref: decode_ref(join_ref)?,
            reference: decode_ref(reference)?,
            topic: decode_name(topic)?,
            event: decode_name(event)?,
            payload: decode_payload(frame, payload)?,
        })
    }

    fn encode(&self, message: &Outgoing<'_>, buffer: &mut FrameBuffer) -> Result<Opcode, EncodeError> {
        match *message {
            Outgoing::Message { join_ref, reference, topic, event, payload } => {
                let Some(json) = object(payload)? else { return binary::encode(message, buffer) };
                write_message(buffer, join_ref, reference, topic, event, json);
            }
            Outgoing::Broadcast { topic, event, payload } => {
                let Some(json) = object(payload)? else { return binary::encode(message, buffer) };
                write_message(buffer, &Ref::NULL, &Ref::NULL, topic, event, json);
            }
            Outgoing::Reply { join_ref, reference, topic, status, response } => {
                let Some(json) = response.as_json() else { return binary::encode(message, buffer) };
                open(buffer, join_ref, reference, topic);
                buffer.extend_from_slice(br#","phx_reply","#);
                write_answer(buffer, status, json);
                buffer.extend_from_slice(b"]");
            }
        }
        Ok(Opcode::Text)
    }

    /// With bytes as `{"base64":"…"}`, in the place of the payload or the response (docs/protocol.md §9.7).
    fn encode_text(&self, message: &Outgoing<'_>, buffer: &mut FrameBuffer) -> Result<Opcode, EncodeError> {
        let mut message = *message;
        let (Outgoing::Message { payload, .. }
        | Outgoing::Broadcast { payload, .. }
        | Outgoing::Reply { response: payload, .. }) = &mut message;
        let in_text = payload.as_binary().map(|bytes| in_text(&bytes.0));
        if let Some(in_text) = &in_text {
            *payload = in_text;
        }
        self.encode(&message, buffer)
    }
}

fn in_text(bytes: &[u8]) -> Payload {
    Payload::from_trusted(format!(r#"{{"base64":"{}"}}"#, STANDARD.encode(bytes)).into())
}

/// The JSON of a payload that is an object, as clients expect of what the server sends unasked; `None` if it is binary.
fn object(payload: &Payload) -> Result<Option<&str>, EncodeError> {
    payload.check_object()?;
    Ok(payload.as_json())
}

/// `[join_ref,ref,topic,event,payload]`
fn write_message(
    buffer: &mut FrameBuffer,
    join_ref: &Ref,
    reference: &Ref,
    topic: &str,
    event: &str,
    json: &str,
) {
    open(buffer, join_ref, reference, &Name::from(topic));
    buffer.extend_from_slice(b",");
    write_string(buffer, event);
    buffer.extend_from_slice(b",");
    buffer.extend_from_slice(json.as_bytes());
    buffer.extend_from_slice(b"]");
}

/// `[join_ref,ref,topic`
fn open(buffer: &mut FrameBuffer, join_ref: &Ref, reference: &Ref, topic: &Name<'_>) {
    buffer.extend_from_slice(b"[");
    write_ref(buffer, join_ref);
    buffer.extend_from_slice(b",");
    write_ref(buffer, reference);
    buffer.extend_from_slice(b",");
    write_name(buffer, topic);
}

/// The first five elements of a JSON array; Phoenix ignores any that follow.
struct Parts<'f>([&'f RawValue; 5]);

impl<'de> Deserialize<'de> for Parts<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Parts<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("[join_ref, ref, topic, event, payload]")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut parts = [RawValue::NULL; 5];
                for (count, part) in parts.iter_mut().enumerate() {
                    *part = seq.next_element()?.ok_or_else(|| de::Error::invalid_length(count, &self))?;
                }
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Parts(parts))
            }
        }

        deserializer.deserialize_seq(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serializer::SerializerHandle;

    fn decode(text: &str) -> Result<String, DecodeError> {
        let frame = Bytes::copy_from_slice(text.as_bytes());
        let Message { join_ref, reference, topic, event, payload } = V2.decode(Opcode::Text, &frame)?;
        Ok(format!("{join_ref:?} {reference:?} {topic} {event} {payload:?}"))
    }

    #[test]
    fn elements_after_the_fifth_are_ignored_and_fewer_are_an_error() {
        assert!(decode(r#"["1","1","t","e",{}, 6, [7]]"#).is_ok());
        for text in [r#"["1","1","t","e"]"#, "{}", "[]", "", "1", r#"["1","1","t","e",{}"#, "[1,2,3,4,5]x"] {
            assert!(matches!(decode(text), Err(DecodeError::Json(_))), "{text}");
        }
    }

    #[test]
    fn no_element_has_a_required_type() {
        let decoded = decode(r"[1, null, 5, [2], null]").ok();
        assert_eq!(decoded.as_deref(), Some("1 null 5 [2] Payload(null)"));
    }

    #[test]
    fn half_a_surrogate_pair_is_refused_wherever_it_stands() {
        for text in [
            r#"["1","1","t","e",{"a":"\ud800"}]"#,
            r#"["1","1","t","e",{"a":"\udc00\ud800"}]"#,
            r#"["1","1","t","e",{"a":"\ud800\u0041"}]"#,
            r#"["1","1","t\ud800","e",{}]"#,
            r#"["1","\ud800","t","e",{}]"#,
            r#"[["\ud800"],"1","t","e",{}]"#,
        ] {
            assert!(decode(text).is_err(), "{text}");
        }
        for text in [r#"["1","1","t","e",{"a":"\ud83d\ude00"}]"#, r#"["1","1","t","e",{"a":"\\ud800"}]"#] {
            assert!(decode(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn only_objects_and_bytes_can_be_pushed_and_a_reply_is_any_value() -> Result<(), crate::PayloadError> {
        let v2 = SerializerHandle::v2();
        for (json, can_be_pushed) in [("{}", true), ("[]", false), ("\"x\"", false), ("null", false)] {
            let payload = &Payload::from_json(json)?;
            let (topic, event) = ("t", "e");
            let broadcast = Outgoing::Broadcast { topic, event, payload };
            let push =
                Outgoing::Message { join_ref: &Ref::NULL, reference: &Ref::NULL, topic, event, payload };
            let reply = Outgoing::Reply {
                join_ref: &Ref::NULL,
                reference: &Ref::NULL,
                topic: &Name::from(topic),
                status: "ok",
                response: payload,
            };
            assert_eq!(v2.encode(&broadcast).is_ok(), can_be_pushed, "{json}");
            assert_eq!(v2.encode(&push).is_ok(), can_be_pushed, "{json}");
            assert!(v2.encode(&reply).is_ok(), "{json}");
        }
        Ok(())
    }
}
