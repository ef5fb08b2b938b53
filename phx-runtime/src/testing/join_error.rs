//! How a join fails.

use super::compare::shown;
use crate::payload::Payload;
use std::fmt;

/// Why a client has not joined.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// The channel has refused it, or there is none.
    #[error("{topic:?} refused the join: {status} {}", shown(.response))]
    Refused {
        /// What was to be joined.
        topic: String,
        /// `error`.
        status: String,
        /// What `#[join]` returned as its error, such as `{"reason": "unauthorized"}`.
        response: Payload,
    },
    /// There was no answer: what did come, as a failed assertion tells it.
    #[error("{0}")]
    Unanswered(String),
}

impl JoinError {
    /// What the channel has refused the client with.
    #[must_use]
    pub fn response(&self) -> Option<&Payload> {
        match self {
            Self::Refused { response, .. } => Some(response),
            Self::Unanswered(_) => None,
        }
    }
}

/// As `Display`, so that a test that returns the error shows it to be read.
impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
