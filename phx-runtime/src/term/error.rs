//! What can be wrong with a term. No text of these has anything of the term in it, which may be secret: kinds only.

use super::{MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS, atom};
use serde::de::{Expected, Unexpected};
use std::fmt;

/// Bytes that are no term, a term that is not of the type it is read as, or a value that no term can be.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TermError {
    #[error("it does not begin as a term does")]
    Version,
    #[error("it ends too early")]
    Truncated,
    #[error("something follows the term")]
    Left,
    #[error("terms of the kind {0} are not known")]
    Tag(u8),
    #[error("it has more than {MAX_BYTES} bytes")]
    Size,
    #[error("it has more than {MAX_ELEMENTS} values")]
    Elements,
    #[error("it has more than {MAX_DEPTH} lists, tuples and maps in each other")]
    Depth,
    #[error("a list ends in something that is no list")]
    Improper,
    #[error("the name of an atom is no text, or has more than {} characters", atom::MAX_CHARACTERS)]
    AtomName,
    #[error("a float is not a finite number")]
    Float,
    #[error("an integer has more than 128 bits")]
    Integer,
    #[error("it cannot be inflated")]
    Compressed,
    #[error("one key stands twice in a map")]
    RepeatedKey,
    #[error("a length is not the one that was announced")]
    Length,
    #[error("a list or tuple has too many elements")]
    TooMany,
    #[error("the name of a variant is an atom or a string")]
    VariantName,
    #[error("a variant has more or fewer values with it, expected {0}")]
    VariantValues(usize),
    /// What the type says of it is left out, as it may quote the value.
    #[error("a value is not one that the type accepts")]
    NotAccepted,
    #[error("{0}")]
    Other(String),
}

impl TermError {
    /// What is expected is the type's own text.
    pub(super) fn invalid_type(found: &str, expected: &dyn Expected) -> Self {
        Self::Other(format!("invalid type: {found}, expected {expected}"))
    }
}

impl serde::de::Error for TermError {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::NotAccepted
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(kind(found), expected)
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Other(format!("invalid value: {}, expected {expected}", kind(found)))
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::Other(format!("invalid length, expected {expected}"))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::Other(format!("unknown variant, expected {}", one_of(expected)))
    }

    fn unknown_field(_: &str, expected: &'static [&'static str]) -> Self {
        Self::Other(format!("unknown field, expected {}", one_of(expected)))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Other(format!("missing field `{field}`"))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::Other(format!("duplicate field `{field}`"))
    }
}

fn kind(found: Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "an integer",
        Unexpected::Float(_) => "a float",
        Unexpected::Char(_) | Unexpected::Str(_) => "a string",
        Unexpected::Bytes(_) => "bytes",
        Unexpected::Unit | Unexpected::Option => "nil",
        Unexpected::Seq => "a list or tuple",
        Unexpected::Map => "a map",
        Unexpected::Enum
        | Unexpected::UnitVariant
        | Unexpected::NewtypeVariant
        | Unexpected::TupleVariant
        | Unexpected::StructVariant => "a variant",
        // The text of the last of these may be anything.
        Unexpected::NewtypeStruct | Unexpected::Other(_) => "another kind of value",
    }
}

fn one_of(names: &[&str]) -> String {
    match names {
        [] => "none".to_owned(),
        [name] => format!("`{name}`"),
        _ => format!("one of `{}`", names.join("`, `")),
    }
}

/// Of a value that is in nothing yet: what the type says of it is for the one who writes it.
impl serde::ser::Error for TermError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }
}
