//! The versions of the protocol, and what a message of one is in another.

use serde_json::value::RawValue;
use std::borrow::Cow;

/// A version of the protocol that clients speak.
///
/// Messages are most easily written as the arrays of version 2. [`sends`](Self::sends) and [`gets`](Self::gets) say what
/// they are on the wire of either version, byte for byte:
///
/// ```
/// use phx_runtime::testing::Version;
///
/// let message = r#"["1","2","room:lobby","shout",{"loud":true}]"#;
/// assert_eq!(Version::V2.sends(message), message);
/// assert_eq!(
///     Version::V1.sends(message),
///     r#"{"topic":"room:lobby","event":"shout","payload":{"loud":true},"ref":"2","join_ref":"1"}"#,
/// );
/// assert_eq!(
///     Version::V1.gets(message),
///     r#"{"topic":"room:lobby","event":"shout","ref":"2","payload":{"loud":true}}"#,
/// );
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// Objects, as phoenix.js has them before Phoenix 1.3.
    V1,
    /// Arrays, and bytes for binary payloads.
    V2,
}

impl Version {
    /// The parameter with which a client asks for it.
    #[must_use]
    pub fn vsn(self) -> &'static str {
        match self {
            Self::V1 => "1.0.0",
            Self::V2 => "2.0.0",
        }
    }

    /// What a client sends for a message. The `join_ref` goes along in version 1 too. What is no array of version 2 is no
    /// message in either, and goes as it is.
    #[must_use]
    pub fn sends(self, message: &str) -> Cow<'_, str> {
        match (self, parts(message)) {
            (Self::V1, Some([join_ref, reference, topic, event, payload])) => Cow::Owned(format!(
                r#"{{"topic":{topic},"event":{event},"payload":{payload},"ref":{reference},"join_ref":{join_ref}}}"#
            )),
            _ => Cow::Borrowed(message),
        }
    }

    /// What a client gets for a message: no `join_ref` in version 1.
    #[must_use]
    pub fn gets(self, message: &str) -> Cow<'_, str> {
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
