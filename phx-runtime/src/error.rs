//! The outcomes of a channel's callbacks that are not the user's own value.

use crate::payload::{EncodeError, Payload, PayloadError};

/// A join that succeeded. `Ok(Self { .. })` of a `#[join]` method becomes one; see [`Channel`](crate::Channel) for one
/// made by hand.
#[derive(Debug)]
pub struct Joined<C> {
    /// The new channel.
    pub channel: C,
    /// The response of the `ok` reply.
    pub response: Payload,
}

/// Why [`Channel::join`](crate::Channel::join) made no channel.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// No `#[join]` pattern accepts the topic. The client gets `{"reason":"unmatched topic"}`.
    #[error("no join of the channel accepts the topic")]
    UnmatchedTopic,
    /// The join's payload does not fit. The client gets `{"reason":"invalid payload","detail":…}`.
    #[error("the payload of the join does not fit: {0}")]
    InvalidPayload(#[from] PayloadError),
    /// The channel refused. The client gets this payload.
    #[error("the join was refused")]
    Refused(Payload),
    /// The answer could not be encoded. The client gets `{"reason":"join crashed"}`.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// Why a message to a joined channel has no answer of the channel's own.
///
/// ```
/// use phx_runtime::{HandleError, Payload};
///
/// fn number(payload: Payload) -> Result<u8, HandleError> {
///     Ok(payload.decode()?)
/// }
///
/// # fn main() -> Result<(), phx_runtime::PayloadError> {
/// assert!(matches!(number(Payload::from_json("-1")?), Err(HandleError::InvalidPayload(_))));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandleError {
    /// No `#[handle_in]` names this event. The client gets `{"reason":"unmatched event"}` and the channel lives on.
    #[error("unmatched event")]
    UnmatchedEvent,
    /// The payload does not fit. The client gets `{"reason":"invalid payload","detail":…}` and the channel lives on.
    #[error("invalid payload: {0}")]
    InvalidPayload(#[from] PayloadError),
    /// The answer could not be encoded, which ends the channel with `phx_error`.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}
