//! What can be wrong with a token.

use crate::reply::Refused;

/// Why a [`Token`](crate::Token) is not made or not accepted. Its text holds nothing that was in a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// There is none to verify.
    #[error("there is no token")]
    Missing,
    /// It was not made with this secret for this purpose, or is no token at all. Or it is from the future.
    #[error("the token is not valid")]
    Invalid,
    /// It was valid, but is too old.
    #[error("the token has expired")]
    Expired,
    /// It is ours and in time, but what is in it is not of the type that was asked for; with the kinds of what it is and
    /// of what the type expects. What else the type's `Deserialize` has to say is left out.
    #[error("the data of the token does not fit: {0}")]
    Mismatch(String),
    /// The value cannot be in a token; with the reason, which may be what the type's `Serialize` has to say.
    #[error("the value cannot be written as an Erlang term: {0}")]
    Unwritable(String),
    /// The endpoint was built without
    /// [`EndpointBuilder::secret_key_base`](crate::EndpointBuilder::secret_key_base).
    #[error("the endpoint has no secret: give `EndpointBuilder::secret_key_base` one")]
    NoSecret,
    /// A secret has fewer than 20 bytes.
    #[error("a secret for tokens has fewer than 20 bytes: make one with `openssl rand -base64 48`")]
    ShortSecret,
    /// [`Token::key_length`](crate::Token::key_length) is out of bounds.
    #[error("keys have 1 to 1,024 bytes, and those to encrypt with have 32")]
    KeyLength,
}

/// So that `info.token("user")?.verify(info.auth_token())?` in [`Socket::connect`](crate::Socket::connect) refuses those
/// without a good token. A client learns whether it has expired, and not why its data does not fit.
impl From<TokenError> for Refused {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Mismatch(_) => TokenError::Invalid.into(),
            TokenError::Unwritable(_) => Self::new("no token can be made"),
            _ => Self::new(error.to_string()),
        }
    }
}
