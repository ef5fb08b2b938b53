//! How a client is turned away.

use std::error::Error;
use std::fmt;
use warp::http::StatusCode;

/// Why a client is not connected.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The server has answered, and not let the client in.
    #[error("the connection was refused with {status}{}", if .body.is_empty() { String::new() } else { format!(": {body}") })]
    Refused {
        /// The status: 403 from [`Socket::connect`](crate::Socket::connect), unless
        /// [`Socket::refused`](crate::Socket::refused) chooses another. Long polling has 403 for each of them.
        status: StatusCode,
        /// The body of the answer, as text. Long polling has none.
        body: String,
    },
    /// The server has answered 404, since no socket is mounted at the path, or not for this transport: which there are.
    #[error("{0}")]
    NotMounted(String),
    /// There was no answer, or one that no client understands.
    #[error("cannot connect: {0}")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

impl ConnectError {
    /// The status with which the server has refused the client.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            Self::NotMounted(_) => Some(StatusCode::NOT_FOUND),
            Self::Failed(_) => None,
        }
    }

    pub(super) fn refused(status: StatusCode, body: &[u8]) -> Self {
        Self::Refused { status, body: String::from_utf8_lossy(body).into_owned() }
    }

    pub(super) fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(error.into())
    }
}

/// As `Display`, so that a test that returns the error shows it to be read.
impl fmt::Debug for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
