//! What a client and the server say to each other, whatever the encoding: fields, and no behaviour.

use crate::payload::Payload;
use std::borrow::Cow;
use std::fmt;

/// A `ref` or `join_ref` as the client sent it. Clients use strings, but any JSON value is echoed as it came and
/// compared strictly: `"1"` is not `1`.
///
/// ```
/// use phx_runtime::Ref;
///
/// assert_eq!(Ref::text("1").as_json(), r#""1""#);
/// assert_eq!(Ref::text("1").as_text().as_deref(), Some("1"));
/// assert!(Ref::NULL.is_null());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Ref(Option<Box<str>>);

impl Ref {
    /// No ref.
    pub const NULL: Self = Self(None);

    /// A ref that is a string, as clients send them.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self(Some(quoted(text).into()))
    }

    /// From the text of one JSON value, in which a string has no more escapes than it needs.
    pub(crate) fn from_json(json: &str) -> Self {
        Self((json != "null").then(|| json.into()))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.0.is_none()
    }

    /// The JSON value that it is on the wire.
    #[must_use]
    pub fn as_json(&self) -> &str {
        self.0.as_deref().unwrap_or("null")
    }

    /// The string that it is; `None` for null and for what is no string.
    #[must_use]
    pub fn as_text(&self) -> Option<Cow<'_, str>> {
        let json = self.0.as_deref()?;
        let unquoted = json.strip_prefix('"')?.strip_suffix('"')?;
        Some(if unquoted.contains('\\') {
            Cow::Owned(serde_json::from_str(json).ok()?)
        } else {
            Cow::Borrowed(unquoted)
        })
    }
}

impl fmt::Debug for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_json())
    }
}

/// A topic or event: normally a string, but the protocol lets any JSON value of a client through to the answer
/// "unmatched topic" or "unmatched event".
///
/// ```
/// use phx_runtime::Name;
///
/// let topic = Name::from("room:lobby");
/// assert_eq!(topic.as_text(), Some("room:lobby"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name<'a> {
    /// A string.
    Text(Cow<'a, str>),
    /// The JSON text of anything else.
    Json(Cow<'a, str>),
}

impl Name<'_> {
    /// The string, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Json(_) => None,
        }
    }

    pub(crate) fn is(&self, text: &str) -> bool {
        self.as_text() == Some(text)
    }

    pub(crate) fn len(&self) -> usize {
        let (Self::Text(text) | Self::Json(text)) = self;
        text.len()
    }
}

/// As it would be written in JSON, for a log.
impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::Json(json) => f.write_str(json),
        }
    }
}

impl<'a> From<&'a str> for Name<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Name<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

/// A string as JSON. Writing one has no way to fail.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// A message from a client, decoded by a [`Serializer`](crate::Serializer).
#[derive(Debug, Clone)]
pub struct Message<'f> {
    /// The ref of the join that the message belongs to.
    pub join_ref: Ref,
    /// What the answer refers to.
    pub reference: Ref,
    /// The topic.
    pub topic: Name<'f>,
    /// The event.
    pub event: Name<'f>,
    /// The payload, undecoded.
    pub payload: Payload,
}

/// A message to a client, to be encoded by a [`Serializer`](crate::Serializer).
#[derive(Debug, Clone, Copy)]
pub enum Outgoing<'a> {
    /// An event for one channel of the client: a push with its join's `join_ref` and a null ref, or the end of the
    /// channel (`phx_close`, `phx_error`) with the `join_ref` in both places.
    Message {
        /// The ref of the join that the channel came from.
        join_ref: &'a Ref,
        /// Null in a push.
        reference: &'a Ref,
        /// The channel's topic.
        topic: &'a str,
        /// The event.
        event: &'a str,
        /// What goes with it.
        payload: &'a Payload,
    },
    /// The answer to one message of the client.
    Reply {
        /// The `join_ref` of the channel or message, or null.
        join_ref: &'a Ref,
        /// The ref of the message that is answered.
        reference: &'a Ref,
        /// The topic of that message.
        topic: &'a Name<'a>,
        /// `ok`, `error`, or a status of the channel's own.
        status: &'a str,
        /// The response.
        response: &'a Payload,
    },
    /// An event for everyone on a topic: encoded once for all clients of a serializer, so without refs.
    Broadcast {
        /// The topic.
        topic: &'a str,
        /// The event.
        event: &'a str,
        /// What goes with it.
        payload: &'a Payload,
    },
}

impl Outgoing<'_> {
    /// About how many bytes the message takes, escapes aside.
    pub(crate) fn size_hint(&self) -> usize {
        const PUNCTUATION: usize = 80;
        PUNCTUATION
            + match self {
                Self::Message { join_ref, reference, topic, event, payload } => {
                    let refs = join_ref.as_json().len() + reference.as_json().len();
                    refs + topic.len() + event.len() + payload.as_bytes().len()
                }
                Self::Reply { join_ref, reference, topic, status, response } => {
                    let refs = join_ref.as_json().len() + reference.as_json().len();
                    refs + topic.len() + status.len() + response.as_bytes().len()
                }
                Self::Broadcast { topic, event, payload } => {
                    topic.len() + event.len() + payload.as_bytes().len()
                }
            }
    }
}
