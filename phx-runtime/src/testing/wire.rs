//! A client's side of the protocol: what it writes, and how it reads what it gets.

use super::version::Version;
use crate::payload::Payload;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::str;
use tokio_tungstenite::tungstenite::Message;

/// What frames of bytes begin with.
const PUSH: u8 = 0;
const REPLY: u8 = 1;
const BROADCAST: u8 = 2;

/// A message to the server.
pub(super) struct Sent<'m> {
    pub(super) join_ref: Option<&'m str>,
    pub(super) reference: &'m str,
    pub(super) topic: &'m str,
    pub(super) event: &'m str,
    pub(super) payload: &'m Payload,
}

impl Sent<'_> {
    pub(super) fn encode(&self, version: Version) -> Result<Message, String> {
        let Self { join_ref, reference, topic, event, payload } = self;
        if let Some(json) = payload.as_json() {
            let quoted = |text: &str| serde_json::Value::from(text).to_string();
            let join_ref = join_ref.map_or_else(|| "null".to_owned(), quoted);
            let fields = [join_ref, quoted(reference), quoted(topic), quoted(event), json.to_owned()];
            let text = format!("[{}]", fields.join(","));
            return Ok(Message::text(version.sends(&text).into_owned()));
        }
        if version == Version::V1 {
            return Err("version 1 of the protocol has no binary payloads".to_owned());
        }
        let fields = [join_ref.unwrap_or_default(), reference, topic, event];
        let mut frame = vec![PUSH];
        for field in fields {
            let length = u8::try_from(field.len());
            frame.push(length.map_err(|_| format!("{field:?} has no room in a binary message"))?);
        }
        frame.extend(fields.concat().bytes());
        frame.extend_from_slice(payload.as_bytes());
        Ok(Message::binary(frame))
    }
}

/// A message of the server.
pub(super) enum Got {
    Reply { reference: String, topic: String, status: String, response: Payload },
    Event { join_ref: Option<String>, topic: String, event: String, payload: Payload },
}

type PartsV2<'m> = (Option<String>, Option<String>, String, String, &'m RawValue);

#[derive(Deserialize)]
struct PartsV1<'m> {
    topic: String,
    event: String,
    r#ref: Option<String>,
    #[serde(borrow)]
    payload: &'m RawValue,
}

#[derive(Deserialize)]
struct Answer<'m> {
    status: String,
    #[serde(borrow)]
    response: &'m RawValue,
}

impl Got {
    /// What a data message says, or what is wrong with it.
    pub(super) fn decode(version: Version, message: &Message) -> Result<Self, String> {
        match message {
            Message::Text(text) => Self::read_text(version, text).map_err(|error| error.to_string()),
            Message::Binary(bytes) => Self::read_bytes(bytes).ok_or_else(|| "cut short".to_owned()),
            other => Err(format!("{other:?}")),
        }
    }

    fn read_text(version: Version, text: &str) -> Result<Self, serde_json::Error> {
        let (join_ref, reference, topic, event, payload) = match version {
            Version::V1 => {
                let PartsV1 { topic, event, r#ref, payload } = serde_json::from_str(text)?;
                // The end of a channel has that of its join.
                (r#ref.clone(), r#ref, topic, event, payload)
            }
            Version::V2 => serde_json::from_str::<PartsV2<'_>>(text)?,
        };
        if event == "phx_reply" {
            let Answer { status, response } = serde_json::from_str(payload.get())?;
            let reference = reference.unwrap_or_default();
            return Ok(Self::Reply { reference, topic, status, response: json(response) });
        }
        Ok(Self::Event { join_ref, topic, event, payload: json(payload) })
    }

    fn read_bytes(frame: &Bytes) -> Option<Self> {
        let kind = *frame.first()?;
        let fields = match kind {
            PUSH => 3,
            REPLY => 4,
            BROADCAST => 2,
            _ => return None,
        };
        let mut texts = Vec::new();
        let mut start = 1 + fields;
        for length in frame.get(1..start)? {
            let end = start + usize::from(*length);
            texts.push(str::from_utf8(frame.get(start..end)?).ok()?.to_owned());
            start = end;
        }
        let payload = Payload::from_bytes(frame.slice(start..));
        let mut texts = texts.into_iter();
        let mut next = || texts.next().unwrap_or_default();
        Some(match kind {
            PUSH => Self::Event { join_ref: Some(next()), topic: next(), event: next(), payload },
            BROADCAST => Self::Event { join_ref: None, topic: next(), event: next(), payload },
            _ => {
                // The join_ref stands first.
                let _ = next();
                Self::Reply { reference: next(), topic: next(), status: next(), response: payload }
            }
        })
    }
}

fn json(value: &RawValue) -> Payload {
    Payload::from_trusted(Bytes::copy_from_slice(value.get().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_end_too_early_are_no_message() {
        let whole = b"\x01\x01\x01\x01\x02jrtokpay";
        for end in 0..10 {
            assert!(Got::read_bytes(&Bytes::from_static(&whole[..end])).is_none(), "{end}");
        }
        let Some(Got::Reply { reference, topic, status, response }) =
            Got::read_bytes(&Bytes::from_static(whole))
        else {
            panic!("not a reply");
        };
        assert_eq!((&*reference, &*topic, &*status), ("r", "t", "ok"));
        assert_eq!(response, Payload::from_bytes("pay"));
    }

    #[test]
    fn what_no_version_knows_is_no_message() {
        for text in ["", "{}", "[]", r#"[null,null,"t","e"]"#, r#"[null,1,"t","e",{}]"#] {
            assert!(Got::decode(Version::V2, &Message::text(text)).is_err(), "{text}");
            assert!(Got::decode(Version::V1, &Message::text(text)).is_err(), "{text}");
        }
        assert!(Got::decode(Version::V2, &Message::binary(vec![3, 0])).is_err());
        assert!(Got::decode(Version::V2, &Message::Ping(Bytes::new())).is_err());
    }

    #[test]
    fn a_binary_message_has_room_for_255_bytes_of_a_name() {
        let payload = Payload::from_bytes("x");
        let encode = |event: &str, version| {
            Sent { join_ref: Some("1"), reference: "2", topic: "t", event, payload: &payload }.encode(version)
        };
        assert!(encode(&"e".repeat(255), Version::V2).is_ok());
        assert!(encode(&"e".repeat(256), Version::V2).is_err());
        assert!(encode("e", Version::V1).is_err());
    }
}
