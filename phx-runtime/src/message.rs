//! A message from a client: five fields, no behaviour.

use crate::payload::Payload;
use std::borrow::Cow;
use std::fmt;

/// A `ref` or `join_ref` as the client sent it. Clients use strings, but any JSON value is echoed as it came and
/// compared strictly: `"1"` is not `1`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Ref(Option<Box<str>>);

impl Ref {
    pub(crate) const NULL: Self = Self(None);

    /// From the text of one JSON value.
    pub(crate) fn from_json(json: &str) -> Self {
        Self((json != "null").then(|| json.into()))
    }

    pub(crate) fn is_null(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn as_json(&self) -> &str {
        self.0.as_deref().unwrap_or("null")
    }
}

impl fmt::Debug for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_json())
    }
}

/// A topic or event as the client sent it: normally a string, but the protocol lets any JSON value through to the
/// answer "unmatched topic" or "unmatched event".
#[derive(Debug, Clone)]
pub(crate) struct Name<'f> {
    /// The text on the wire, to echo it.
    pub(crate) json: &'f str,
    /// The string it stands for, if it is one.
    pub(crate) text: Option<Cow<'f, str>>,
}

impl Name<'_> {
    pub(crate) fn is(&self, text: &str) -> bool {
        self.text.as_deref() == Some(text)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Message<'f> {
    pub(crate) join_ref: Ref,
    pub(crate) reference: Ref,
    pub(crate) topic: Name<'f>,
    pub(crate) event: Name<'f>,
    pub(crate) payload: Payload,
}

/// The topic of an answer: a channel's own, or whatever a client put in the topic's place.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Topic<'t> {
    Text(&'t str),
    Json(&'t str),
}

impl Topic<'_> {
    pub(crate) fn len(self) -> usize {
        let (Self::Text(topic) | Self::Json(topic)) = self;
        topic.len()
    }
}
