//! Bytes to message and back. Only this file knows a version of the protocol.

use crate::frame::Frame;
use crate::limits::Limits;
use crate::message::{Message, Name, Ref, Topic};
use crate::payload::Payload;
use crate::reply::Answer;
use bytes::Bytes;
use semver::Version;
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, SeqAccess};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The encodings a client can ask for with the parameter `vsn`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Serializer {
    /// `vsn=2.0.x`: a message is the JSON array `[join_ref, ref, topic, event, payload]`.
    V2,
}

/// How many serializers there are: the size of a cache with one encoding for each.
pub(crate) const SERIALIZERS: usize = 1;

/// A message that is no message.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecodeError {
    #[error("not a message: {0}")]
    Json(#[from] serde_json::Error),
    #[error("a string holds half of a surrogate pair")]
    LoneSurrogate,
    #[error("the message's {0} is longer than allowed")]
    TooLong(&'static str),
}

impl Serializer {
    /// Phoenix takes a missing `vsn` for 1.0.0 and matches `~> 2.0.0`: at least 2.0.0 and below 2.1.0.
    pub(crate) fn negotiate(vsn: Option<&str>) -> Option<Self> {
        let version = Version::parse(vsn.unwrap_or("1.0.0")).ok()?;
        let in_range = version.major == 2 && version.minor == 0;
        (in_range && version >= Version::new(2, 0, 0)).then_some(Self::V2)
    }

    /// This serializer's place in a cache of [`SERIALIZERS`] encodings.
    pub(crate) fn index(self) -> usize {
        self as usize
    }

    /// Reads a text frame, which the codec has checked to be UTF-8.
    pub(crate) fn decode<'f>(self, frame: &'f Bytes, limits: &Limits) -> Result<Message<'f>, DecodeError> {
        let Self::V2 = self;
        let Parts([join_ref, reference, topic, event, payload]) = serde_json::from_slice(frame)?;
        for (name, part, limit) in [
            ("join_ref", join_ref, limits.max_ref_bytes),
            ("ref", reference, limits.max_ref_bytes),
            ("topic", topic, limits.max_topic_bytes),
            ("event", event, limits.max_event_bytes),
        ] {
            // The quotes of a string are not part of it.
            let quotes = if part.get().starts_with('"') { 2 } else { 0 };
            if part.get().len() - quotes > limit {
                return Err(DecodeError::TooLong(name));
            }
        }
        if has_lone_surrogate(payload.get().as_bytes()) {
            return Err(DecodeError::LoneSurrogate);
        }
        Ok(Message {
            join_ref: decode_ref(join_ref)?,
            reference: decode_ref(reference)?,
            topic: decode_name(topic)?,
            event: decode_name(event)?,
            payload: Payload::from_trusted(own(frame, payload.get().as_bytes())),
        })
    }

    /// `[join_ref, ref, topic, "phx_reply", {"response": …, "status": …}]`
    pub(crate) fn reply(self, join_ref: &Ref, reference: &Ref, topic: Topic<'_>, reply: &Answer) -> Frame {
        let Self::V2 = self;
        let response = reply.response.as_bytes();
        let size = 64 + join_ref.as_json().len() + reference.as_json().len() + topic.len() + response.len();
        Frame::text(size, |buffer| {
            open(buffer, join_ref, reference, topic);
            buffer.extend_from_slice(br#","phx_reply",{"response":"#);
            buffer.extend_from_slice(response);
            buffer.extend_from_slice(br#","status":"#);
            write_string(buffer, &reply.status);
            buffer.extend_from_slice(b"}]");
        })
    }

    /// `[join_ref, null, topic, event, payload]`
    pub(crate) fn push(self, join_ref: &Ref, topic: &str, event: &str, payload: &Payload) -> Frame {
        let Self::V2 = self;
        let size = 32 + join_ref.as_json().len() + topic.len() + event.len() + payload.as_bytes().len();
        Frame::text(size, |buffer| {
            open(buffer, join_ref, &Ref::NULL, Topic::Text(topic));
            buffer.push(b',');
            write_string(buffer, event);
            buffer.push(b',');
            buffer.extend_from_slice(payload.as_bytes());
            buffer.push(b']');
        })
    }

    /// `[null, null, topic, event, payload]`
    pub(crate) fn broadcast(self, topic: &str, event: &str, payload: &Payload) -> Frame {
        self.push(&Ref::NULL, topic, event, payload)
    }

    /// `[join_ref, join_ref, topic, "phx_close", {}]`: the server ended the channel in good order.
    pub(crate) fn channel_closed(self, join_ref: &Ref, topic: &str) -> Frame {
        self.end(join_ref, topic, br#","phx_close",{}]"#)
    }

    /// `[join_ref, join_ref, topic, "phx_error", …]`: the channel crashed.
    pub(crate) fn channel_crashed(self, join_ref: &Ref, topic: &str) -> Frame {
        self.end(join_ref, topic, br#","phx_error",{"reason":"channel_crash"}]"#)
    }

    fn end(self, join_ref: &Ref, topic: &str, rest: &[u8]) -> Frame {
        let Self::V2 = self;
        let size = 8 + 2 * join_ref.as_json().len() + topic.len() + rest.len();
        Frame::text(size, |buffer| {
            open(buffer, join_ref, join_ref, Topic::Text(topic));
            buffer.extend_from_slice(rest);
        })
    }
}

/// A part of a frame to be kept. A small part is copied: it must not keep a large frame, or the buffer that the frame
/// was read into, in memory.
fn own(frame: &Bytes, part: &[u8]) -> Bytes {
    const SMALL: usize = 4096;
    if part.len() < SMALL || part.len() < frame.len() / 2 {
        Bytes::copy_from_slice(part)
    } else {
        frame.slice_ref(part)
    }
}

/// `[join_ref,ref,topic`
fn open(buffer: &mut Vec<u8>, join_ref: &Ref, reference: &Ref, topic: Topic<'_>) {
    buffer.push(b'[');
    buffer.extend_from_slice(join_ref.as_json().as_bytes());
    buffer.push(b',');
    buffer.extend_from_slice(reference.as_json().as_bytes());
    buffer.push(b',');
    match topic {
        Topic::Text(text) => write_string(buffer, text),
        Topic::Json(json) => buffer.extend_from_slice(json.as_bytes()),
    }
}

fn write_string(buffer: &mut Vec<u8>, text: &str) {
    // Writing a string to memory has no way to fail.
    let _ = serde_json::to_writer(buffer, text);
}

/// Refs are kept as JSON; a string is written anew if it has escapes, so that equal strings compare equal.
fn decode_ref(raw: &RawValue) -> Result<Ref, DecodeError> {
    let json = raw.get();
    if json.starts_with('"') && json.contains('\\') {
        let text: String = serde_json::from_str(json)?;
        return Ok(Ref::from_json(&serde_json::to_string(&text)?));
    }
    if has_lone_surrogate(json.as_bytes()) {
        return Err(DecodeError::LoneSurrogate);
    }
    Ok(Ref::from_json(json))
}

fn decode_name(raw: &RawValue) -> Result<Name<'_>, DecodeError> {
    let json = raw.get();
    let text = if json.starts_with('"') {
        let unquoted = json.get(1..json.len() - 1).unwrap_or_default();
        Some(if unquoted.contains('\\') {
            Cow::Owned(serde_json::from_str(json)?)
        } else {
            Cow::Borrowed(unquoted)
        })
    } else {
        None
    };
    if text.is_none() && has_lone_surrogate(json.as_bytes()) {
        return Err(DecodeError::LoneSurrogate);
    }
    Ok(Name { json, text })
}

/// Whether valid JSON escapes half of a UTF-16 surrogate pair, which stands for no character. Skipping over a raw
/// value does not notice, and what we pass on must be readable to every client.
fn has_lone_surrogate(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let escape = &rest[at + 1..];
        if escape.first() != Some(&b'u') {
            rest = escape.get(1..).unwrap_or_default();
            continue;
        }
        rest = escape.get(5..).unwrap_or_default();
        match code_unit(&escape[1..]) {
            Some(0xDC00..=0xDFFF) => return true,
            Some(0xD800..=0xDBFF) => {
                let low = rest.strip_prefix(br"\u").and_then(code_unit);
                if !matches!(low, Some(0xDC00..=0xDFFF)) {
                    return true;
                }
                rest = rest.get(6..).unwrap_or_default();
            }
            _ => {}
        }
    }
    false
}

/// The number that four hexadecimal digits stand for.
fn code_unit(digits: &[u8]) -> Option<u16> {
    let digits = std::str::from_utf8(digits.get(..4)?).ok()?;
    u16::from_str_radix(digits, 16).ok()
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

    fn decode(text: &str) -> Result<(String, String, String, String, String), DecodeError> {
        let frame = Bytes::copy_from_slice(text.as_bytes());
        let message = Serializer::V2.decode(&frame, &Limits::default())?;
        Ok((
            message.join_ref.as_json().to_owned(),
            message.reference.as_json().to_owned(),
            format!("{:?}", message.topic.text),
            format!("{:?}", message.event.text),
            format!("{:?}", message.payload),
        ))
    }

    #[test]
    fn the_version_is_a_semantic_version_in_the_range_of_2_0() {
        for vsn in ["2.0.0", "2.0.9", "2.0.1-rc.1", "2.0.0+x"] {
            assert_eq!(Serializer::negotiate(Some(vsn)), Some(Serializer::V2), "{vsn}");
        }
        for vsn in ["1.1.0", "2.1.0", "3.0.0", "2.0", "2", "", "abc", "02.0.0", "2.0.0-rc.1"] {
            assert_eq!(Serializer::negotiate(Some(vsn)), None, "{vsn}");
        }
    }

    #[test]
    fn refs_are_compared_as_the_values_they_stand_for() {
        let same = |a, b| decode_ref(raw(a)).ok().zip(decode_ref(raw(b)).ok()).is_some_and(|(a, b)| a == b);
        assert!(same(r#""1""#, r#""\u0031""#));
        assert!(!same(r#""1""#, "1"));
        assert!(same("null", "null"));
    }

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap_or(RawValue::NULL)
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
        let expected = ("1", "null", "None", "None", "Payload(null)");
        assert_eq!(decoded.as_ref().map(|d| (&*d.0, &*d.1, &*d.2, &*d.3, &*d.4)), Some(expected));
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
    fn names_are_bounded() {
        let topic = |length: usize| format!(r#"["1","1","{}","e",{{}}]"#, "t".repeat(length));
        assert!(decode(&topic(1024)).is_ok());
        assert!(matches!(decode(&topic(1025)), Err(DecodeError::TooLong("topic"))));
        let event = |length: usize| format!(r#"["1","1","t","{}",{{}}]"#, "e".repeat(length));
        assert!(decode(&event(255)).is_ok());
        assert!(matches!(decode(&event(256)), Err(DecodeError::TooLong("event"))));
        let refs = |a: usize, b: usize| format!(r#"["{}","{}","t","e",{{}}]"#, "j".repeat(a), "r".repeat(b));
        assert!(decode(&refs(255, 255)).is_ok());
        assert!(matches!(decode(&refs(256, 1)), Err(DecodeError::TooLong("join_ref"))));
        assert!(matches!(decode(&refs(1, 256)), Err(DecodeError::TooLong("ref"))));
    }
}
