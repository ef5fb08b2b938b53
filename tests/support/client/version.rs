//! Transcripts are written as arrays of version 2; what a client of version 1 has instead.

use serde_json::value::RawValue;
use std::borrow::Cow;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// Protocol §3.1.
    V1,
    /// Protocol §3.2.
    V2,
}

impl Version {
    pub(crate) fn vsn(self) -> &'static str {
        match self {
            Self::V1 => "1.0.0",
            Self::V2 => "2.0.0",
        }
    }

    /// What a client sends for a message. A `join_ref` is read in version 1 too. What is no array of version 2 is no
    /// message in either, and goes as it is.
    pub(crate) fn sends(self, message: &str) -> Cow<'_, str> {
        match (self, parts(message)) {
            (Self::V1, Some([join_ref, reference, topic, event, payload])) => Cow::Owned(format!(
                r#"{{"topic":{topic},"event":{event},"payload":{payload},"ref":{reference},"join_ref":{join_ref}}}"#
            )),
            _ => Cow::Borrowed(message),
        }
    }

    /// What a client gets for a message, byte for byte: no `join_ref` in version 1.
    pub(crate) fn gets(self, message: &str) -> Cow<'_, str> {
        match (self, parts(message)) {
            (Self::V1, Some([_, reference, topic, event, payload])) => Cow::Owned(format!(
                r#"{{"topic":{topic},"event":{event},"ref":{reference},"payload":{payload}}}"#
            )),
            _ => Cow::Borrowed(message),
        }
    }
}

/// The elements as they are spelled, so that `null`, numbers and escapes stay what they are.
fn parts(message: &str) -> Option<[&RawValue; 5]> {
    serde_json::from_str(message).ok()
}
