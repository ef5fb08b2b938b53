//! Captures: text of a topic as values, and values as text of a topic.

use std::fmt::Display;
use std::str::FromStr;

/// What a `#[join]` method can take of a topic: everything that has [`FromStr`].
///
/// ```
/// use phx_runtime::FromCapture;
///
/// assert_eq!(u64::from_capture("7"), Some(7));
/// assert_eq!(u64::from_capture("seven"), None);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a topic, so it cannot be a capture",
    label = "not a capture",
    note = "implement `std::str::FromStr` for `{Self}`, or take a `String`",
    note = "an argument named like a capture receives that capture: for the payload, give it another name"
)]
pub trait FromCapture: Sized {
    /// The value, or `None` if the text is none: the join does not match then, and the next one is tried.
    fn from_capture(text: &str) -> Option<Self>;
}

#[diagnostic::do_not_recommend]
impl<T: FromStr> FromCapture for T {
    fn from_capture(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// The text of a value as one segment of a topic. What `#[channel]` builds topics with.
///
/// ```
/// use phx_runtime::segment;
///
/// assert_eq!(segment("lobby").ok().as_deref(), Some("lobby"));
/// assert!(segment("lobby:admin").is_err());
/// ```
///
/// # Errors
/// If there is a `:` in it, where another segment would begin: nothing is escaped in a topic, so no client could have
/// joined it by this value, and it may be the topic of something else.
pub fn segment<T: Display + ?Sized>(value: &T) -> Result<String, TopicError> {
    let text = value.to_string();
    if text.contains(':') { Err(TopicError { text }) } else { Ok(text) }
}

/// A value that cannot be a segment of a topic, since there is a `:` in its text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} cannot be one segment of a topic, since there is a `:` in it")]
pub struct TopicError {
    text: String,
}
