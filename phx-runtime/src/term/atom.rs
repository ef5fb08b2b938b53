//! Erlang's atoms.

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// By which the two sides of serde know it.
pub(super) const NAME: &str = "$phx_runtime::Atom";

/// Erlang's own limit.
pub(super) const MAX_CHARACTERS: usize = 255;

/// An atom of Elixir in the data of a [`Token`](crate::Token): `Atom::new("admin")` is `:admin` there, where a `String`
/// is `"admin"`. To read one, a `String` does as well, and the variants of an enum are atoms by themselves.
///
/// To other formats of serde than that of tokens, it is a string.
///
/// ```
/// use phx_runtime::{Atom, Token, TokenError};
///
/// # fn main() -> Result<(), TokenError> {
/// let tokens = Token::new("a secret of 20 bytes or more", "role")?;
/// let token = tokens.sign(&Atom::new("admin"))?;
/// assert_eq!(tokens.verify::<Atom>(&token)?.as_str(), "admin");
/// // A string is not an atom.
/// assert!(tokens.verify::<Atom>(&tokens.sign("admin")?).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Atom(Cow<'static, str>);

impl Atom {
    /// The atom of this name. Erlang has none with more than 255 characters, and such a one is not written.
    #[must_use]
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self(name.into())
    }

    /// Its name, without the colon of Elixir.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Its name.
impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Atom {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(NAME, &*self.0)
    }
}

impl<'de> Deserialize<'de> for Atom {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(NAME, AtomVisitor)
    }
}

struct AtomVisitor;

impl<'de> Visitor<'de> for AtomVisitor {
    type Value = Atom;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an atom")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Atom, E> {
        Ok(Atom::new(name.to_owned()))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Atom, D::Error> {
        String::deserialize(deserializer).map(Atom::new)
    }
}
