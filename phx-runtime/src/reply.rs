//! What a callback may return.

use crate::capture::TopicError;
use crate::channel::Channel;
use crate::error::{HandleError, JoinError, Joined};
use crate::message::{Name, Outgoing, Ref};
use crate::payload::{EncodeError, Payload, PayloadError, ToPayload};
use crate::table::Replies;
use serde::Serialize;
use std::borrow::Cow;
use std::fmt;

/// The answer to one message: a status and a response.
///
/// Returning `Result<T, E>` covers the usual `ok` and `error`. Return a `Reply` for another status:
///
/// ```
/// # use phx_runtime::Reply;
/// let reply = Reply::status("queued", &serde_json::json!({"position": 3}));
/// ```
///
/// A response that cannot be encoded ends the channel with `phx_error`, as a panic does.
#[derive(Debug)]
pub struct Reply {
    status: Cow<'static, str>,
    response: Result<Payload, EncodeError>,
}

impl Reply {
    /// Status `ok`. Send `&()` for an empty response.
    pub fn ok<P: ToPayload + ?Sized>(response: &P) -> Self {
        Self::status("ok", response)
    }

    /// Status `error`.
    pub fn error<P: ToPayload + ?Sized>(response: &P) -> Self {
        Self::status("error", response)
    }

    /// Any other status; phoenix.js receives it with `.receive("status", …)`.
    pub fn status<P: ToPayload + ?Sized>(status: impl Into<Cow<'static, str>>, response: &P) -> Self {
        Self { status: status.into(), response: response.to_payload() }
    }

    pub(crate) fn into_answer(self) -> Result<Answer, EncodeError> {
        Ok(Answer { status: self.status, response: self.response? })
    }
}

/// A reply whose response could be encoded.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: Cow<'static, str>,
    pub(crate) response: Payload,
}

impl Answer {
    pub(crate) fn ok(response: Payload) -> Self {
        Self { status: Cow::Borrowed("ok"), response }
    }

    pub(crate) fn empty_ok() -> Self {
        Self::ok(Payload::empty())
    }

    pub(crate) fn error(response: Payload) -> Self {
        Self { status: Cow::Borrowed("error"), response }
    }

    pub(crate) fn to_reply<'a>(
        &'a self,
        join_ref: &'a Ref,
        reference: &'a Ref,
        topic: &'a Name<'a>,
    ) -> Outgoing<'a> {
        Outgoing::Reply { join_ref, reference, topic, status: &self.status, response: &self.response }
    }

    /// `{"reason": …}` with status error.
    pub(crate) fn refusal(reason: &'static str) -> Self {
        Self::error(json_of(&Refused::new(reason)))
    }

    pub(crate) fn invalid_payload(error: &PayloadError) -> Self {
        #[derive(Serialize)]
        struct Invalid {
            reason: &'static str,
            detail: String,
        }
        // The text may quote the payload.
        let detail = error.to_string().chars().take(MAX_DETAIL).collect();
        Self::error(json_of(&Invalid { reason: "invalid payload", detail }))
    }
}

/// As it goes to the log.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.response.as_json().unwrap_or("(binary)"))
    }
}

/// Characters of a decoder's complaint that a client gets to read.
const MAX_DETAIL: usize = 200;

/// Strings in a struct have no way to fail.
fn json_of(strings: &impl Serialize) -> Payload {
    strings.to_payload().unwrap_or_else(|_| Payload::empty())
}

/// A refusal with a reason; the client gets `{"reason":"…"}`.
///
/// ```
/// # use phx_runtime::Refused;
/// let refused = Refused::new("unauthorized");
/// assert_eq!(serde_json::to_string(&refused).ok().as_deref(), Some(r#"{"reason":"unauthorized"}"#));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{reason}")]
pub struct Refused {
    reason: Cow<'static, str>,
}

impl Refused {
    /// Refuses with this reason.
    #[must_use]
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into() }
    }

    /// The reason given.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// So that `RoomChannel::topic(&name)?` refuses a name that cannot be in a topic.
impl From<TopicError> for Refused {
    fn from(error: TopicError) -> Self {
        Self::new(error.to_string())
    }
}

/// What a `#[handle_in]` method may return: `()` for no answer, `Result<T, E>` for `ok` or `error`, a [`Reply`]
/// or `Option<Reply>`. `T` and `E` are anything that can be sent as a payload.
///
/// ```
/// # use phx_runtime::prelude::*;
/// # struct UserSocket;
/// # #[socket] impl Socket for UserSocket {
/// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
/// # }
/// # struct Room;
/// # #[channel(socket = UserSocket)]
/// # impl Room {
/// #     #[join("room:*")] fn join() -> Result<Self, Refused> { Ok(Room) }
/// #[handle_in("nothing")]
/// fn nothing(&mut self) {}
///
/// #[handle_in("half")]
/// fn half(&mut self, number: u32) -> Result<u32, Refused> {
///     if number % 2 == 0 { Ok(number / 2) } else { Err(Refused::new("odd")) }
/// }
///
/// #[handle_in("queue")]
/// fn queue(&mut self) -> Reply {
///     Reply::status("queued", &serde_json::json!({"position": 3}))
/// }
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from a `#[handle_in]` method: expected `()` or `Result<T, E>`",
    label = "not an answer",
    note = "return `()` to send nothing, `Result<T, E>` to answer `ok` or `error`, or a `Reply` for another status"
)]
pub trait IntoReply {
    /// What a [`Table`](crate::Table) says of the answers.
    const REPLIES: Replies = Replies::Untyped;

    /// The answer to send, if any.
    ///
    /// # Errors
    /// An error takes the place of the answer; see [`HandleError`].
    fn into_reply(self) -> Result<Option<Reply>, HandleError>;
}

impl IntoReply for () {
    const REPLIES: Replies = Replies::None;

    fn into_reply(self) -> Result<Option<Reply>, HandleError> {
        Ok(None)
    }
}

impl IntoReply for Reply {
    fn into_reply(self) -> Result<Option<Reply>, HandleError> {
        Ok(Some(self))
    }
}

impl IntoReply for Option<Reply> {
    fn into_reply(self) -> Result<Option<Reply>, HandleError> {
        Ok(self)
    }
}

impl<T: ToPayload, E: ToPayload> IntoReply for Result<T, E> {
    const REPLIES: Replies = Replies::of::<T, E>();

    fn into_reply(self) -> Result<Option<Reply>, HandleError> {
        Ok(Some(match self {
            Ok(response) => Reply::ok(&response),
            Err(response) => Reply::error(&response),
        }))
    }
}

/// What a `#[join]` method may return: `Result<Self, E>`, or `Result<(Self, T), E>` to answer the join with a `T`.
///
/// ```
/// # use phx_runtime::prelude::*;
/// # struct UserSocket;
/// # #[socket] impl Socket for UserSocket {
/// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
/// # }
/// struct Room;
///
/// #[channel(socket = UserSocket)]
/// impl Room {
///     #[join("room:open")]
///     fn open() -> Result<Self, Refused> { Ok(Room) }
///
///     #[join("room:{name}")]
///     fn named(name: String) -> Result<(Self, String), Refused> { Ok((Room, format!("welcome to {name}"))) }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from a `#[join]` method: expected `Result<Self, E>` or `Result<(Self, T), E>`",
    label = "not the result of a join",
    note = "`Ok(Self {{ .. }})` admits the client, `Err(Refused::new(\"…\"))` turns it away"
)]
pub trait IntoJoined<C: Channel> {
    /// What a [`Table`](crate::Table) says of the answers.
    const REPLIES: Replies = Replies::Untyped;

    /// The channel that was created and the answer to the join.
    ///
    /// # Errors
    /// When the join was refused, or its answer cannot be encoded.
    fn into_joined(self) -> Result<Joined<C>, JoinError>;
}

impl<C: Channel, E: ToPayload> IntoJoined<C> for Result<C, E> {
    const REPLIES: Replies = Replies::of::<(), E>();

    fn into_joined(self) -> Result<Joined<C>, JoinError> {
        match self {
            Ok(channel) => Ok(Joined { channel, response: Payload::empty() }),
            Err(refused) => Err(JoinError::Refused(refused.to_payload()?)),
        }
    }
}

impl<C: Channel, T: ToPayload, E: ToPayload> IntoJoined<C> for Result<(C, T), E> {
    const REPLIES: Replies = Replies::of::<T, E>();

    fn into_joined(self) -> Result<Joined<C>, JoinError> {
        match self {
            Ok((channel, response)) => Ok(Joined { channel, response: response.to_payload()? }),
            Err(refused) => Err(JoinError::Refused(refused.to_payload()?)),
        }
    }
}
