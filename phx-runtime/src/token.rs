//! Tokens, as those of `Phoenix.Token`.

use crate::envelope::{self, MaxAge};
use crate::keys::{Derivation, KeyDigest, Keys, Secrets};
use crate::token_error::TokenError;
use crate::token_text::TokenText;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// In bytes, as in Phoenix. The secrets of an endpoint have more.
const MIN_SECRET_BYTES: usize = 20;

/// Makes and reads tokens for one purpose: texts, fit for a URL or a header, that hold a value and cannot be forged.
/// They are those of `Phoenix.Token`, both ways: what a Phoenix application signs with the same secret and salt is read
/// here, and the other way round.
///
/// Most programs take the one of the endpoint: [`Endpoint::token`](crate::Endpoint::token), and in
/// [`Socket::connect`](crate::Socket::connect) [`ConnectInfo::token`](crate::ConnectInfo::token). They keep the keys, each
/// of which takes a thousand rounds of a hash to make.
///
/// ```
/// use phx_runtime::{Token, TokenError};
/// use std::time::Duration;
///
/// # fn main() -> Result<(), TokenError> {
/// let tokens = Token::new("a secret of 20 bytes or more", "user auth")?;
/// let token = tokens.sign(&7)?;
/// assert_eq!(tokens.verify::<u64>(&token), Ok(7));
/// assert_eq!(tokens.verify::<u64>("forged"), Err(TokenError::Invalid));
/// assert_eq!(tokens.verify::<u64>(None), Err(TokenError::Missing));
///
/// let strict = tokens.clone().max_age(Duration::ZERO);
/// assert_eq!(strict.verify::<u64>(&token), Err(TokenError::Expired));
///
/// // What is signed can be read by everybody; what is encrypted cannot.
/// let secret = tokens.encrypt(&("room", 5))?;
/// assert_eq!(tokens.decrypt(&secret), Ok(("room".to_owned(), 5)));
/// # Ok(())
/// # }
/// ```
///
/// # The data
///
/// It is anything that serde can write, and is kept as an Erlang term:
///
/// | Rust | Elixir |
/// | --- | --- |
/// | `String`, `char` | `"text"`; an atom is read too |
/// | integers of up to 128 bits, floats, `bool` | `7`, `0.5`, `true` |
/// | `()`, `None` | `nil` |
/// | `Some(7)`, `struct Id(u64)` | what is in it |
/// | `Vec<T>` | a list, and a charlist is one of integers |
/// | `(1, "a")`, `[u8; 3]` | a tuple, `{1, "a"}`; read from a list too |
/// | a struct, a map | a map, `%{"id" => 7}`; read with atoms as keys too, `%{id: 7}` |
/// | [`Atom`](crate::Atom) | `:admin` |
/// | enum variants: `Guest`, `User(5)`, `Pair(1, 2)`, `Named { id: 7 }` | `:Guest`, `{:User, 5}`, `{:Pair, 1, 2}`, `{:Named, %{"id" => 7}}`; use `#[serde(rename_all = "snake_case")]` |
/// | bytes, as by `serde_bytes` | a binary that is no text |
///
/// Elixir's compressed terms are read. A pid, a reference, a function and a bitstring are not. A term has at most 1 MiB,
/// 65,536 values, and 64 lists, tuples and maps in each other, with the one around the data; none of these matters before
/// the signature is found to be right.
#[derive(Clone)]
pub struct Token {
    secrets: Arc<Secrets>,
    purpose: String,
    derivation: Derivation,
    max_age: Option<MaxAge>,
}

impl Token {
    /// Tokens that are made with `secret`, of at least 20 bytes that nobody can guess. `salt` names their purpose:
    /// what is signed for one is nothing to another. It is no secret. Phoenix: the `key_base` and the salt.
    ///
    /// # Errors
    /// [`TokenError::ShortSecret`].
    pub fn new(secret: impl Into<String>, salt: impl Into<String>) -> Result<Self, TokenError> {
        Ok(Self::of(Secrets::new(long_enough(secret)?, Vec::new()), salt))
    }

    pub(crate) fn of(secrets: Arc<Secrets>, salt: impl Into<String>) -> Self {
        Self { secrets, purpose: salt.into(), derivation: Derivation::default(), max_age: None }
    }

    /// Reads what was made with `secret` too, and makes nothing with it: for the time in which a new secret takes the
    /// place of this one. For all tokens of an endpoint, whose keys are kept, there is
    /// [`EndpointBuilder::old_secret_key_base`](crate::EndpointBuilder::old_secret_key_base); this makes keys anew.
    ///
    /// ```
    /// # use phx_runtime::{Token, TokenError};
    /// # fn main() -> Result<(), TokenError> {
    /// let token = Token::new("the secret until today", "user auth")?.sign("ann")?;
    /// let tokens = Token::new("the secret from today on", "user auth")?;
    /// assert_eq!(tokens.verify::<String>(&token), Err(TokenError::Invalid));
    /// let tokens = tokens.old_secret("the secret until today")?;
    /// assert_eq!(tokens.verify(&token), Ok("ann".to_owned()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`TokenError::ShortSecret`].
    pub fn old_secret(mut self, secret: impl Into<String>) -> Result<Self, TokenError> {
        self.secrets = self.secrets.with_old(long_enough(secret)?);
        Ok(self)
    }

    /// For how long a token is good. The one who reads it decides; if they say nothing, it is what was said when the
    /// token was made. Default a day. Phoenix: `max_age`, in seconds.
    #[must_use]
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(MaxAge::For(max_age));
        self
    }

    /// Tokens are good for ever. Phoenix: `max_age: :infinity`.
    #[must_use]
    pub fn never_expires(mut self) -> Self {
        self.max_age = Some(MaxAge::Infinite);
        self
    }

    /// How often the secret is hashed to make a key; 0 is 1. Default 1,000, which is enough for a secret that nobody can
    /// guess. Phoenix: `key_iterations`.
    #[must_use]
    pub fn key_iterations(mut self, iterations: u32) -> Self {
        self.derivation.iterations = iterations.max(1);
        self
    }

    /// The length of a key in bytes, from 1 to 1,024. Default 32, which encryption needs. Phoenix: `key_length`.
    #[must_use]
    pub fn key_length(mut self, bytes: usize) -> Self {
        self.derivation.length = bytes;
        self
    }

    /// The hash with which a key is made. Default [`KeyDigest::Sha256`]. The signature is one with SHA-256 in any case.
    /// Phoenix: `key_digest`.
    #[must_use]
    pub fn key_digest(mut self, digest: KeyDigest) -> Self {
        self.derivation.digest = digest;
        self
    }

    /// Signs a value, as of now. Everybody can read it, and nobody change it.
    ///
    /// # Errors
    /// [`TokenError::Unwritable`] for a value that cannot be an Erlang term, and [`TokenError::KeyLength`].
    pub fn sign<T: Serialize + ?Sized>(&self, data: &T) -> Result<String, TokenError> {
        self.sign_at(data, SystemTime::now())
    }

    /// Signs a value as of another time than now, to the millisecond. Phoenix: `signed_at`.
    ///
    /// ```
    /// # use phx_runtime::{Token, TokenError};
    /// use std::time::{Duration, SystemTime};
    /// # fn main() -> Result<(), TokenError> {
    /// let tokens = Token::new("a secret of 20 bytes or more", "user auth")?.max_age(Duration::from_secs(60));
    /// let token = tokens.sign_at("ann", SystemTime::now() - Duration::from_secs(61))?;
    /// assert_eq!(tokens.verify::<String>(&token), Err(TokenError::Expired));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`sign`](Self::sign).
    pub fn sign_at<T: Serialize + ?Sized>(&self, data: &T, at: SystemTime) -> Result<String, TokenError> {
        let term = envelope::close(data, at, self.max_age.unwrap_or_default())?;
        Ok(self.keys()?.sign(&term))
    }

    /// Reads the value in a signed token: a `&str`, a `&String`, or an `Option<&str>` if it may be missing, such as
    /// [`ConnectInfo::auth_token`](crate::ConnectInfo::auth_token).
    ///
    /// ```
    /// # use phx_runtime::{Token, TokenError};
    /// # fn main() -> Result<(), TokenError> {
    /// let tokens = Token::new("a secret of 20 bytes or more", "user auth")?;
    /// let token: Option<String> = Some(tokens.sign("ann")?);
    /// assert_eq!(tokens.verify(token.as_deref()), Ok("ann".to_owned()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A token of any length is hashed once with each secret before it is known to be good, as in Phoenix. Those in messages,
    /// queries and headers are as short as [`Limits`](crate::Limits) and the server let these be; where you take one from
    /// elsewhere, look at its length first.
    ///
    /// # Errors
    /// [`TokenError::Missing`], [`TokenError::Invalid`], also for one that was signed in the future,
    /// [`TokenError::Expired`], [`TokenError::Mismatch`] if it holds another type, and [`TokenError::KeyLength`].
    pub fn verify<'t, T: DeserializeOwned>(&self, token: impl TokenText<'t>) -> Result<T, TokenError> {
        self.open(token.text(), |keys, token| Ok(keys.verify(token)))
    }

    /// Encrypts a value, as of now. Only those with the secret can read it.
    ///
    /// # Errors
    /// As [`sign`](Self::sign).
    pub fn encrypt<T: Serialize + ?Sized>(&self, data: &T) -> Result<String, TokenError> {
        self.encrypt_at(data, SystemTime::now())
    }

    /// Encrypts a value as of another time than now, to the millisecond.
    ///
    /// # Errors
    /// As [`sign`](Self::sign).
    pub fn encrypt_at<T: Serialize + ?Sized>(&self, data: &T, at: SystemTime) -> Result<String, TokenError> {
        let term = envelope::close(data, at, self.max_age.unwrap_or_default())?;
        self.keys()?.encrypt(&term).ok_or(TokenError::KeyLength)
    }

    /// Reads the value in an encrypted token. The older form, with AES-GCM, whose
    /// texts begin with `QTEyOEdDTQ`, is invalid.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn decrypt<'t, T: DeserializeOwned>(&self, token: impl TokenText<'t>) -> Result<T, TokenError> {
        self.open(token.text(), |keys, token| {
            if keys.can_encrypt() { Ok(keys.decrypt(token)) } else { Err(TokenError::KeyLength) }
        })
    }

    fn open<T: DeserializeOwned>(
        &self,
        token: Option<&str>,
        take_out: impl FnOnce(&Keys, &str) -> Result<Option<Vec<u8>>, TokenError>,
    ) -> Result<T, TokenError> {
        let token = token.ok_or(TokenError::Missing)?;
        let term = take_out(&*self.keys()?, token)?.ok_or(TokenError::Invalid)?;
        envelope::open(&term, SystemTime::now(), self.max_age)
    }

    fn keys(&self) -> Result<Arc<Keys>, TokenError> {
        if !self.derivation.is_allowed() {
            return Err(TokenError::KeyLength);
        }
        Ok(self.secrets.keys(&self.purpose, self.derivation))
    }
}

fn long_enough(secret: impl Into<String>) -> Result<String, TokenError> {
    let secret = secret.into();
    if secret.len() < MIN_SECRET_BYTES { Err(TokenError::ShortSecret) } else { Ok(secret) }
}

/// Without the secret.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("salt", &self.purpose).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
