//! Bytes to message and back: the trait, and which serializer a client gets.

mod binary;
mod json;
mod v1;
mod v2;

pub use v1::V1;
pub use v2::V2;

use crate::frame::{Frame, FrameBuffer, Opcode};
use crate::message::{Message, Outgoing};
use crate::payload::EncodeError;
use bytes::Bytes;
use semver::Version;
use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

/// How messages are written on a WebSocket, for the clients of one version of the protocol.
///
/// [`V1`] and [`V2`] are what phoenix.js speaks. Implement the trait for another encoding and add it to a mount with
/// [`Serializers::add`]; clients ask for it with the parameter `vsn`.
///
/// ```
/// use bytes::Bytes;
/// use phx_runtime::{DecodeError, EncodeError, FrameBuffer, Message, Name, Opcode, Outgoing, Payload, Ref, Serializer};
///
/// /// Lines of text, tab-separated: topic, event, JSON.
/// struct Tabs;
///
/// impl Serializer for Tabs {
///     fn decode<'f>(&self, _: Opcode, frame: &'f Bytes) -> Result<Message<'f>, DecodeError> {
///         let text = std::str::from_utf8(frame).map_err(DecodeError::other)?;
///         let mut fields = text.splitn(3, '\t');
///         let mut next = || fields.next().ok_or(DecodeError::Malformed("expected three fields"));
///         Ok(Message {
///             join_ref: Ref::NULL,
///             reference: Ref::text("1"),
///             topic: Name::from(next()?),
///             event: Name::from(next()?),
///             payload: Payload::from_json(next()?).map_err(DecodeError::other)?,
///         })
///     }
///
///     fn encode(&self, message: &Outgoing<'_>, buffer: &mut FrameBuffer) -> Result<Opcode, EncodeError> {
///         let (topic, event, payload) = match message {
///             Outgoing::Message { topic, event, payload, .. } | Outgoing::Broadcast { topic, event, payload } => {
///                 (*topic, *event, *payload)
///             }
///             Outgoing::Reply { topic, status, response, .. } => {
///                 (topic.as_text().unwrap_or_default(), *status, *response)
///             }
///         };
///         let json = payload.as_json().ok_or(EncodeError::Unsupported("binary payloads"))?;
///         buffer.extend_from_slice(format!("{topic}\t{event}\t{json}").as_bytes());
///         Ok(Opcode::Text)
///     }
/// }
/// ```
pub trait Serializer: Send + Sync + 'static {
    /// Reads the message in a frame. The bytes of a text frame are valid UTF-8.
    ///
    /// # Errors
    /// When the frame holds no message, which closes the connection with 1011.
    fn decode<'f>(&self, opcode: Opcode, frame: &'f Bytes) -> Result<Message<'f>, DecodeError>;

    /// Appends a message to `buffer` and returns what kind of frame it makes.
    ///
    /// # Errors
    /// When the encoding has no way to say it. A push or reply that fails ends its channel; a broadcast skips the
    /// clients of this serializer. So does a panic, which is caught.
    fn encode(&self, message: &Outgoing<'_>, buffer: &mut FrameBuffer) -> Result<Opcode, EncodeError>;

    /// As [`encode`](Self::encode), for clients that can be sent text only, such as those that poll. [`V2`] writes bytes
    /// as `{"base64": "…"}` here. What is binary all the same is sent as its bytes in base64. By default what `encode`
    /// makes.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    fn encode_text(&self, message: &Outgoing<'_>, buffer: &mut FrameBuffer) -> Result<Opcode, EncodeError> {
        self.encode(message, buffer)
    }
}

/// A frame that holds no message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// Not the JSON it should be.
    #[error("not a message: {0}")]
    Json(#[from] serde_json::Error),
    /// JSON allows `"\ud800"`, but it stands for no text.
    #[error("a string holds half of a surrogate pair")]
    LoneSurrogate,
    /// What is wrong, in a few words.
    #[error("not a message: {0}")]
    Malformed(&'static str),
    /// Any other error of a serializer.
    #[error("not a message: {0}")]
    Other(Box<dyn Error + Send + Sync>),
}

impl DecodeError {
    /// Wraps the error of another library.
    pub fn other(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Other(Box::new(error))
    }
}

/// A serializer as connections share it. Two handles are equal if one encoding serves both.
#[derive(Clone)]
pub(crate) struct SerializerHandle {
    serializer: Arc<dyn Serializer>,
    /// Its clients can be sent text only.
    text_only: bool,
}

impl SerializerHandle {
    pub(crate) fn new(serializer: impl Serializer) -> Self {
        Self { serializer: Arc::new(serializer), text_only: false }
    }

    pub(crate) fn v1() -> Self {
        static V1_HANDLE: LazyLock<SerializerHandle> = LazyLock::new(|| SerializerHandle::new(V1));
        V1_HANDLE.clone()
    }

    pub(crate) fn v2() -> Self {
        static V2_HANDLE: LazyLock<SerializerHandle> = LazyLock::new(|| SerializerHandle::new(V2));
        V2_HANDLE.clone()
    }

    /// The same one for a client that can be sent text only.
    pub(crate) fn for_text(self) -> Self {
        Self { text_only: true, ..self }
    }

    /// Whether it is one of the default ones.
    pub(crate) fn is_of_phoenix(&self) -> bool {
        self.has_the_serializer_of(&Self::v2()) || self.has_the_serializer_of(&Self::v1())
    }

    fn has_the_serializer_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.serializer, &other.serializer)
    }

    pub(crate) fn decode<'f>(&self, opcode: Opcode, frame: &'f Bytes) -> Result<Message<'f>, DecodeError> {
        self.serializer.decode(opcode, frame)
    }

    pub(crate) fn encode(&self, message: &Outgoing<'_>) -> Result<Frame, EncodeError> {
        let Self { serializer, text_only } = self;
        let write = |buffer: &mut FrameBuffer| match text_only {
            true => serializer.encode_text(message, buffer),
            false => serializer.encode(message, buffer),
        };
        // The user's code, and a broadcast must reach the clients of the other serializers.
        let encode = || Frame::message(message.size_hint(), write);
        catch_unwind(AssertUnwindSafe(encode)).unwrap_or(Err(EncodeError::Panicked))
    }
}

impl PartialEq for SerializerHandle {
    fn eq(&self, other: &Self) -> bool {
        self.has_the_serializer_of(other) && self.text_only == other.text_only
    }
}

impl fmt::Debug for SerializerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Serializer")
    }
}

/// The serializers of a mount, each with the versions it is for. The first whose requirement fits the client's `vsn`
/// is used; none closes the door with 403. The default is [`V1`] for `~> 1.0.0` and [`V2`] for `~> 2.0.0`, as in
/// Phoenix.
#[derive(Debug, Clone)]
pub struct Serializers(Vec<(String, SerializerHandle)>);

impl Default for Serializers {
    fn default() -> Self {
        let list = [("~> 1.0.0", SerializerHandle::v1()), ("~> 2.0.0", SerializerHandle::v2())];
        Self(list.map(|(requirement, handle)| (requirement.to_owned(), handle)).into())
    }
}

impl Serializers {
    /// None at all, to [`add`](Self::add) to.
    #[must_use]
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// Adds a serializer for the versions of a requirement: `~> 3.0.0` is at least 3.0.0 and below 3.1.0. Anything
    /// else than `~>` and three numbers is an error of [`build`](crate::EndpointBuilder::build).
    pub fn add(&mut self, requirement: &str, serializer: impl Serializer) {
        self.0.push((requirement.to_owned(), SerializerHandle::new(serializer)));
    }

    /// The requirements that cannot be read.
    pub(crate) fn mistakes(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .map(|(requirement, _)| requirement.as_str())
            .filter(|text| least_version(text).is_none())
    }

    /// The serializer for a client's `vsn`. Phoenix takes a missing one for 1.0.0.
    pub(crate) fn negotiate(&self, vsn: Option<&str>) -> Option<SerializerHandle> {
        let version = Version::parse(vsn.unwrap_or("1.0.0")).ok()?;
        let fits = |requirement: &str| {
            least_version(requirement).is_some_and(|least| {
                version >= least && version.major == least.major && version.minor == least.minor
            })
        };
        self.0.iter().find(|(requirement, _)| fits(requirement)).map(|(_, handle)| handle.clone())
    }
}

fn least_version(requirement: &str) -> Option<Version> {
    Version::parse(requirement.strip_prefix("~>")?.trim_start()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_a_semantic_version_in_the_range_of_a_serializer() {
        let serializers = Serializers::default();
        for vsn in [None, Some("1.0.0"), Some("1.0.5"), Some("1.0.1-rc.1"), Some("1.0.0+x")] {
            assert_eq!(serializers.negotiate(vsn), Some(SerializerHandle::v1()), "{vsn:?}");
        }
        for vsn in ["2.0.0", "2.0.9", "2.0.1-rc.1", "2.0.0+x"] {
            assert_eq!(serializers.negotiate(Some(vsn)), Some(SerializerHandle::v2()), "{vsn}");
        }
        for vsn in ["1.1.0", "1.0.0-rc.1", "2.1.0", "3.0.0", "2.0", "2", "", "abc", "02.0.0", "2.0.0-rc.1"] {
            assert_eq!(serializers.negotiate(Some(vsn)), None, "{vsn}");
        }
    }

    #[test]
    fn the_first_that_fits_is_taken_and_a_requirement_needs_three_numbers() {
        let mut serializers = Serializers::none();
        serializers.add("~> 2.0.5", V2);
        serializers.add("~> 2.0.0", V1);
        let first = serializers.negotiate(Some("2.0.5"));
        assert!(first.is_some() && first != serializers.negotiate(Some("2.0.4")));
        assert_eq!(serializers.negotiate(Some("1.0.0")), None);
        assert_eq!(serializers.mistakes().count(), 0);
        serializers.add("2.0", V2);
        serializers.add("~> 2.0", V2);
        assert_eq!(serializers.mistakes().collect::<Vec<_>>(), ["2.0", "~> 2.0"]);
    }
}
