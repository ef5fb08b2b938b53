//! What an argument of a callback can be, and what can be sent.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;

/// The undecoded payload of a message: JSON text, exactly as the client wrote it.
///
/// Take a `Payload` in a callback to look at the payload later, or to pass it on untouched: broadcasting or
/// replying with it copies bytes and never parses them. Cloning is cheap, the text is shared.
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
    /// Valid UTF-8 and valid JSON, without surrounding white space.
    json: Bytes,
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
            return Ok(Self { json: Bytes::from(json) });
        }
        Ok(Self { json: Bytes::copy_from_slice(text.as_bytes()) })
    }

    /// The payload of a message without content: `{}`.
    #[must_use]
    pub const fn empty() -> Self {
        Self { json: Bytes::from_static(b"{}") }
    }

    /// Trusts the caller that `json` is one valid JSON value.
    pub(crate) fn from_trusted(json: Bytes) -> Self {
        debug_assert!(serde_json::from_slice::<serde::de::IgnoredAny>(&json).is_ok());
        Self { json }
    }

    /// The JSON text.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.json
    }

    /// Reads the payload as a `T`.
    ///
    /// # Errors
    /// When the JSON does not fit `T`; the error says where.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, PayloadError> {
        Ok(serde_json::from_slice(&self.json)?)
    }

    /// Whether the payload is a JSON object, which pushes and broadcasts must be.
    pub(crate) fn is_object(&self) -> bool {
        self.json.first() == Some(&b'{')
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({})", String::from_utf8_lossy(&self.json))
    }
}

/// A payload that could not be read as the type a callback asked for. Its text is the `detail` a client gets.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct PayloadError(#[from] serde_json::Error);

/// A value that cannot be sent: its `Serialize` failed, or it is a push or broadcast that is not a JSON object.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// `Serialize` returned an error.
    #[error("the value cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// Phoenix clients read the payload of a push or broadcast as an object.
    #[error("the payload of a push or broadcast must be a JSON object, got {0}")]
    NotAnObject(String),
}

/// What an owned argument of a callback can be: any [`serde::Deserialize`] type, or [`Payload`] itself.
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
    note = "add `#[derive(serde::Deserialize)]` to `{Self}`, or take `Payload` to get the undecoded JSON"
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

/// What can be sent as the payload of a push, broadcast or reply: any [`serde::Serialize`], or a [`Payload`].
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
    note = "add `#[derive(serde::Serialize)]` to `{Self}`"
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
        Ok(Payload { json: json.into() })
    }
}

impl ToPayload for Payload {
    fn to_payload(&self) -> Result<Payload, EncodeError> {
        Ok(self.clone())
    }
}

/// Encodes what Phoenix requires to be a JSON object.
pub(crate) fn to_object<P: ToPayload + ?Sized>(value: &P) -> Result<Payload, EncodeError> {
    let payload = value.to_payload()?;
    if payload.is_object() {
        return Ok(payload);
    }
    let shown: String = String::from_utf8_lossy(payload.as_bytes()).chars().take(40).collect();
    Err(EncodeError::NotAnObject(shown))
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
    fn only_objects_can_be_pushed() {
        assert!(to_object(&serde_json::json!({"a": 1})).is_ok());
        for value in [serde_json::json!([1]), serde_json::json!("x"), serde_json::json!(null)] {
            assert!(matches!(to_object(&value), Err(EncodeError::NotAnObject(_))), "{value}");
        }
    }
}
