//! Erlang terms, which tokens and session cookies are made of (docs/protocol.md §11.2).

mod plain;
mod value;

use phx_runtime::{__fuzz, Atom, Token, TokenError};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::LazyLock;
pub use value::Value;

/// The input is a term. It is read as what a plain reader makes of it, or refused as it does, and what is read is the same
/// after it was written. So is what is read as a struct, a tuple or an enum. No input is a token that was never made.
///
/// # Panics
/// If that does not hold.
pub fn terms(bytes: &[u8]) {
    let found = __fuzz::read_term::<Value>(bytes);
    // Whether the compressed form is right is for zlib to tell.
    if bytes.get(1) != Some(&80) {
        assert_eq!(found.as_ref().ok(), plain::read(bytes).as_ref(), "{found:?} of {bytes:?}");
    }
    if let Ok(value) = found {
        match __fuzz::write_term(&value) {
            Ok(written) => {
                let again = __fuzz::read_term::<Value>(&written).map(Value::sorted);
                assert_eq!(again, Ok(value.clone().sorted()));
            }
            Err(error) => assert!(value.has_repeated_key() || bytes.len() > 4096, "{error} of {value:?}"),
        }
        assert!(__fuzz::read_term::<serde_json::Value>(bytes).is_ok() || !value.is_json(), "{value:?}");
    }
    stays_itself::<Record>(bytes);
    stays_itself::<Kind>(bytes);
    stays_itself::<(Option<Atom>, BTreeMap<i64, [u8; 2]>, char)>(bytes);
    assert!(__fuzz::read_term::<Value>(bytes).is_err() || __fuzz::read_term::<IgnoredAny>(bytes).is_ok());

    let text = String::from_utf8_lossy(bytes);
    assert_eq!(TOKENS.verify::<u64>(&*text), Err(TokenError::Invalid));
    assert_eq!(TOKENS.decrypt::<u64>(&*text), Err(TokenError::Invalid));
}

static TOKENS: LazyLock<Token> = LazyLock::new(|| match Token::new("a secret of 20 bytes or more", "none") {
    Ok(tokens) => tokens.key_iterations(1).never_expires(),
    Err(error) => panic!("{error}"),
});

/// If the term is of the type.
fn stays_itself<T: DeserializeOwned + Serialize + PartialEq + Debug>(bytes: &[u8]) {
    let Ok(value) = __fuzz::read_term::<T>(bytes) else { return };
    let written = __fuzz::write_term(&value).unwrap_or_else(|error| panic!("{error} of {value:?}"));
    assert_eq!(__fuzz::read_term::<T>(&written), Ok(value));
}

/// As a user may have it in a token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// An integer.
    pub id: i128,
    /// A text or nothing.
    pub name: Option<String>,
    /// Variants.
    #[serde(default)]
    pub kinds: Vec<Kind>,
}

/// A variant of each form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Nothing in it.
    Guest,
    /// One value.
    User(u64),
    /// Two.
    Pair(bool, f64),
    /// With a name.
    Named {
        /// The name.
        text: String,
    },
}
