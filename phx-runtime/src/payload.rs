//! What an argument of a callback can be, and what can be sent.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::str;

/// The undecoded payload of a message: JSON text, exactly as the client wrote it, or bytes.
///
/// Take a `Payload` in a callback to look at the payload later, or to pass it on untouched: broadcasting or
/// replying with it copies bytes and never parses them. Cloning is cheap, the text is shared. For bytes alone, take a
/// [`Binary`].
///
/// ```
/// use phx_runtime::Payload;
///
/// # fn main() -> Result<(), phx_runtime::PayloadError> {
/// let payload = Payload::from_json(r#"{"body":"hi"}"#)?;
/// #[derive(serde::Deserialize)]
/// struct Message { body: String }
/// assert_eq!(payload.decode::<Message>()?.body, "hi");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Payload {
    kind: Kind,
    bytes: Bytes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Valid UTF-8 and valid JSON, without surrounding white space.
    Json,
    Binary,
}

impl Payload {
    /// Checks that `json` is one JSON value and keeps its text.
    ///
    /// # Errors
    /// When `json` is not valid JSON.
    pub fn from_json(json: impl Into<String>) -> Result<Self, PayloadError> {
        let json = json.into();
        let value: &serde_json::value::RawValue = serde_json::from_str(&json)?;
        let text = value.get();
        if text.len() == json.len() {
            return Ok(Self::from_trusted(Bytes::from(json)));
        }
        Ok(Self::from_trusted(Bytes::copy_from_slice(text.as_bytes())))
    }

    /// A binary payload, as clients send it with an `ArrayBuffer`.
    #[must_use]
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        Self { kind: Kind::Binary, bytes: bytes.into() }
    }

    /// The payload of a message without content: `{}`.
    #[must_use]
    pub const fn empty() -> Self {
        Self { kind: Kind::Json, bytes: Bytes::from_static(b"{}") }
    }

    /// Trusts the caller that `json` is one valid JSON value.
    pub(crate) fn from_trusted(json: Bytes) -> Self {
        debug_assert!(serde_json::from_slice::<serde::de::IgnoredAny>(&json).is_ok());
        Self { kind: Kind::Json, bytes: json }
    }

    /// The JSON text or the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The JSON text; `None` if the payload is binary.
    #[must_use]
    pub fn as_json(&self) -> Option<&str> {
        match self.kind {
            Kind::Json => str::from_utf8(&self.bytes).ok(),
            Kind::Binary => None,
        }
    }

    /// The bytes, without copying them, to send on; `None` if the payload is JSON.
    ///
    /// ```
    /// use phx_runtime::{Binary, Payload};
    ///
    /// assert_eq!(Payload::from_bytes(vec![1, 2]).as_binary(), Some(Binary(vec![1, 2].into())));
    /// ```
    #[must_use]
    pub fn as_binary(&self) -> Option<Binary> {
        self.is_binary().then(|| Binary(self.bytes.clone()))
    }

    /// Whether the payload is bytes and not JSON.
    #[must_use]
    pub fn is_binary(&self) -> bool {
        self.kind == Kind::Binary
    }

    /// Whether clients can be expected to understand it unasked: it is a JSON object, or binary.
    pub(crate) fn check_object(&self) -> Result<(), EncodeError> {
        self.kind_unless_object().map_or(Ok(()), |kind| Err(EncodeError::NotAnObject(kind)))
    }

    /// What it is, if it is JSON but no object.
    pub(crate) fn kind_unless_object(&self) -> Option<&'static str> {
        self.as_json().filter(|json| !json.starts_with('{')).map(kind_of)
    }

    /// Reads the payload as a `T`.
    ///
    /// # Errors
    /// When the JSON does not fit `T`, and the error says where; or when the payload is binary.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, PayloadError> {
        match self.kind {
            Kind::Json => Ok(serde_json::from_slice(&self.bytes)?),
            Kind::Binary => Err(PayloadError::NotJson),
        }
    }
}

/// What a valid JSON text is. The text itself may hold what a log must not.
fn kind_of(json: &str) -> &'static str {
    match json.as_bytes().first() {
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_json() {
            Some(json) => write!(f, "Payload({json})"),
            None => write!(f, "Payload({} bytes)", self.bytes.len()),
        }
    }
}

/// A binary payload: as an argument of a callback it takes bytes and nothing else, and sent it goes out as bytes.
/// phoenix.js sends an `ArrayBuffer` so, and receives one.
///
/// ```
/// # use phx_runtime::{Binary, prelude::*};
/// # struct UserSocket;
/// # #[socket] impl Socket for UserSocket {
/// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
/// # }
/// # struct Room;
/// # #[channel(socket = UserSocket)]
/// # impl Room {
/// #     #[join("room:*")] fn join() -> Result<Self, Refused> { Ok(Room) }
/// #[handle_in("chunk")]
/// fn chunk(&mut self, Binary(bytes): Binary, ctx: &mut Context<Self>) -> Result<Binary, Refused> {
///     ctx.broadcast_from("chunk", &Binary(bytes.clone()));
///     Ok(Binary(bytes.slice(..bytes.len().min(4))))
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binary(pub Bytes);

/// A payload that could not be read as the type a callback asked for. Its text is the `detail` a client gets.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// The JSON does not fit.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// Bytes came where JSON was expected.
    #[error("expected JSON, got a binary payload")]
    NotJson,
    /// JSON came where bytes were expected.
    #[error("expected a binary payload, got JSON")]
    NotBinary,
}

/// A value that cannot be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// `Serialize` returned an error.
    #[error("the value cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// Phoenix clients read the payload of a push or broadcast as an object.
    #[error("the payload of a push or broadcast must be a JSON object or binary, got {0}")]
    NotAnObject(&'static str),
    /// The meta of somebody who is present, and what stands beside it, are objects.
    #[error("what is told of somebody who is present must be a JSON object, got {0}")]
    NotAMap(&'static str),
    /// They stand some levels deeper in what clients get, and are to be readable there.
    #[error("what is told of somebody who is present is nested more than {0} levels deep")]
    TooDeep(usize),
    /// A field of a binary frame has at most 255 bytes.
    #[error("the {field} of a binary message has at most 255 bytes, got {bytes}")]
    TooLong {
        /// Which field.
        field: &'static str,
        /// How long it is.
        bytes: usize,
    },
    /// The client's serializer has no way to say it.
    #[error("the serializer of the client cannot write {0}")]
    Unsupported(&'static str),
    /// The client's serializer has panicked.
    #[error("the serializer of the client panicked")]
    Panicked,
    /// Any other error of a serializer.
    #[error("the message cannot be written: {0}")]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl EncodeError {
    /// Wraps the error of another library.
    pub fn other(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Other(Box::new(error))
    }
}

/// What an owned argument of a callback can be: any [`serde::Deserialize`] type, [`Binary`] for
/// bytes, or [`Payload`] for either, undecoded.
///
/// ```
/// use phx_runtime::{FromPayload, Payload};
///
/// # fn main() -> Result<(), phx_runtime::PayloadError> {
/// assert_eq!(u8::from_payload(Payload::from_json("7")?)?, 7);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a message payload",
    label = "not a payload",
    note = "add `#[derive(serde::Deserialize)]` to `{Self}`, or to what is in it, or take `Payload` to get the undecoded JSON"
)]
pub trait FromPayload: Sized {
    /// Decodes the payload.
    ///
    /// # Errors
    /// When the payload does not fit; the client gets `{"reason":"invalid payload","detail":…}`.
    fn from_payload(payload: Payload) -> Result<Self, PayloadError>;
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> FromPayload for T {
    fn from_payload(payload: Payload) -> Result<Self, PayloadError> {
        payload.decode()
    }
}

impl FromPayload for Payload {
    fn from_payload(payload: Payload) -> Result<Self, PayloadError> {
        Ok(payload)
    }
}

impl FromPayload for Binary {
    fn from_payload(payload: Payload) -> Result<Self, PayloadError> {
        match payload.kind {
            Kind::Json => Err(PayloadError::NotBinary),
            Kind::Binary => Ok(Self(payload.bytes)),
        }
    }
}

/// What can be sent as the payload of a push, broadcast or reply: any [`serde::Serialize`], a
/// [`Binary`] or a [`Payload`].
///
/// A value of a unit type (`()` or `struct Empty;`) is sent as `{}`, the payload of a message without content.
///
/// ```
/// use phx_runtime::ToPayload;
///
/// # fn main() -> Result<(), phx_runtime::EncodeError> {
/// assert_eq!([1, 2].to_payload()?.as_bytes(), b"[1,2]");
/// assert_eq!(().to_payload()?.as_bytes(), b"{}");
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent as a payload",
    label = "not a payload",
    note = "add `#[derive(serde::Serialize)]` to `{Self}`, or to what is in it",
    note = "or turn the error of another crate into one for the client: `.map_err(|_| Refused::new(\"…\"))`"
)]
pub trait ToPayload {
    /// Encodes the value.
    ///
    /// # Errors
    /// When the value cannot be written as JSON.
    fn to_payload(&self) -> Result<Payload, EncodeError>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + ?Sized> ToPayload for T {
    fn to_payload(&self) -> Result<Payload, EncodeError> {
        let json = serde_json::to_vec(self)?;
        if size_of_val(self) == 0 && json == b"null" {
            return Ok(Payload::empty());
        }
        Ok(Payload::from_trusted(json.into()))
    }
}

impl ToPayload for Payload {
    fn to_payload(&self) -> Result<Payload, EncodeError> {
        Ok(self.clone())
    }
}

impl ToPayload for Binary {
    fn to_payload(&self) -> Result<Payload, EncodeError> {
        Ok(Payload::from_bytes(self.0.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_keeps_the_text_it_was_made_of() -> Result<(), PayloadError> {
        let payload = Payload::from_json(" {\"a\": 1.0, \"a\": 18446744073709551617 }\n")?;
        assert_eq!(payload.as_bytes(), b"{\"a\": 1.0, \"a\": 18446744073709551617 }");
        assert!(Payload::from_json("{").is_err());
        Ok(())
    }

    #[test]
    fn unit_values_are_empty_objects_and_null_stays_null() -> Result<(), EncodeError> {
        #[derive(Serialize)]
        struct Nothing;
        assert_eq!(().to_payload()?.as_bytes(), b"{}");
        assert_eq!(Nothing.to_payload()?.as_bytes(), b"{}");
        assert_eq!(None::<u8>.to_payload()?.as_bytes(), b"null");
        assert_eq!("x".to_payload()?.as_bytes(), b"\"x\"");
        Ok(())
    }

    #[test]
    fn bytes_are_not_json_and_json_is_not_bytes() -> Result<(), PayloadError> {
        let payload = Payload::from_bytes(vec![b'7']);
        assert!(matches!(u8::from_payload(payload.clone()), Err(PayloadError::NotJson)));
        assert_eq!(Binary::from_payload(payload)?, Binary(Bytes::from_static(b"7")));
        assert!(matches!(Binary::from_payload(Payload::from_json("7")?), Err(PayloadError::NotBinary)));
        Ok(())
    }
}
