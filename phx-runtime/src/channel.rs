//! The trait behind `#[channel]`.

use crate::context::{Context, Stop};
use crate::error::{HandleError, JoinError, Joined};
use crate::joining::Joining;
use crate::payload::Payload;
use crate::reply::Reply;
use crate::socket::Socket;
use crate::table::Table;
use std::future::Future;

/// One client joined to one topic: the value is created by `join` and dropped when the client leaves.
///
/// `#[channel(socket = YourSocket)]` on an `impl` block writes this implementation from your annotated methods.
/// Nothing hidden is involved; this is what it expands to, written by hand:
///
/// ```
/// use phx_runtime::prelude::*;
/// use phx_runtime::{
///     EventIn, FromPayload, HandleError, IntoJoined, IntoReply, Join, JoinError, Joined, Pattern, Reply, Segment, Table,
///     TypeInfo,
/// };
/// # struct UserSocket;
/// # #[socket] impl Socket for UserSocket {
/// #     type Params = NoParams;
/// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
/// # }
/// struct Echo;
///
/// const ECHO: Pattern = Pattern::exact("echo", &[Segment::Literal("echo")]);
///
/// impl Channel for Echo {
///     type Socket = UserSocket;
///     type Data = ();
///     const TABLE: Table =
///         Table::new(&[Join::new("join", ECHO)]).events_in(&[EventIn::new("echo", "echo").payload(TypeInfo::of::<Payload>())]);
///
///     async fn join(topic: &str, _: Payload, _: &mut Joining<Self>) -> Result<Joined<Self>, JoinError> {
///         let Some([]) = ECHO.captures(topic) else { return Err(JoinError::UnmatchedTopic) };
///         Ok::<_, Refused>(Echo).into_joined()
///     }
///
///     async fn handle_in(
///         &mut self, event: &str, payload: Payload, _: &mut Context<Self>,
///     ) -> Result<Option<Reply>, HandleError> {
///         match event {
///             "echo" => Ok::<_, Refused>(Payload::from_payload(payload)?).into_reply(),
///             _ => Err(HandleError::UnmatchedEvent),
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a channel",
    label = "not a channel",
    note = "write `#[channel(socket = YourSocket)]` above an `impl {Self} {{ … }}` block with a `#[join]` method"
)]
pub trait Channel: Sized + Send + 'static {
    /// The socket this channel is mounted on.
    type Socket: Socket;

    /// What each `channel!` line gives the channel, as [`Context::data`]; `()` for nothing.
    type Data: Send + Sync + 'static;

    /// What the channel takes and sends, as data: its joins, events and intercepts.
    const TABLE: Table;

    /// Decides whether the client may join `topic`.
    ///
    /// The returned future is dropped if the client disconnects before it is done.
    ///
    /// # Errors
    /// See [`JoinError`] for what each kind tells the client.
    fn join(
        topic: &str,
        payload: Payload,
        ctx: &mut Joining<Self>,
    ) -> impl Future<Output = Result<Joined<Self>, JoinError>> + Send;

    /// Handles one message from the client.
    ///
    /// # Errors
    /// See [`HandleError`] for what each kind tells the client.
    fn handle_in(
        &mut self,
        event: &str,
        payload: Payload,
        ctx: &mut Context<Self>,
    ) -> impl Future<Output = Result<Option<Reply>, HandleError>> + Send {
        let _ = (event, payload, ctx);
        std::future::ready(Err(HandleError::UnmatchedEvent))
    }

    /// Handles a broadcast of an event that is one of the [`intercepts`](Table::intercepts).
    ///
    /// # Errors
    /// A payload that does not fit is logged and the broadcast skipped for this client.
    fn handle_out(
        &mut self,
        event: &str,
        payload: Payload,
        ctx: &mut Context<Self>,
    ) -> impl Future<Output = Result<(), HandleError>> + Send {
        let _ = (event, payload, ctx);
        std::future::ready(Err(HandleError::UnmatchedEvent))
    }

    /// Called once when a joined channel ends, whatever ended it. After a panic, the channel is as the panic left it.
    ///
    /// When the client has joined again, this may take [`replace_timeout`](crate::Limits::replace_timeout).
    fn terminate(&mut self, reason: Reason, ctx: &mut Context<Self>) -> impl Future<Output = ()> + Send {
        let _ = (reason, ctx);
        std::future::ready(())
    }
}

/// Receives messages of type `M`: those that the channel sent itself with [`Context::notify`] or
/// [`Context::send_after`], those that came through its [`Sender`](crate::Sender), and, if `M` is a
/// [`Broadcast`](crate::Broadcast), those of the topics that it subscribed to.
///
/// `#[handle_info]` writes this implementation; a channel may have one per message type.
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
/// #[handle_info]
/// fn tick(&mut self, _: std::time::Instant, ctx: &mut Context<Self>) {
///     ctx.push("tick", &());
/// }
/// # }
/// ```
pub trait HandleInfo<M>: Channel {
    /// Handles one message.
    fn handle_info(&mut self, message: M, ctx: &mut Context<Self>) -> impl Future<Output = ()> + Send;
}

/// A message that the channel `C` handles: anything that one of its `#[handle_info]` methods takes.
///
/// It follows from [`HandleInfo`], and says the same from the message's side, so that a message nobody handles is an
/// error about the message.
///
/// ```
/// use phx_runtime::{Channel, Context, Info};
///
/// /// Works for every channel that handles a `String`.
/// fn remind<C: Channel>(ctx: &mut Context<C>) where String: Info<C> {
///     ctx.notify("remember".to_owned());
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{C}` does not handle the message `{Self}`",
    label = "no `#[handle_info]` method takes this",
    note = "add `#[handle_info] async fn name(&mut self, message: {Self}, ctx: &mut Context<Self>)` to the `#[channel]` impl of `{C}`"
)]
pub trait Info<C: Channel>: Send + Sized + 'static {
    /// Has the channel handle the message.
    fn give(self, channel: &mut C, ctx: &mut Context<C>) -> impl Future<Output = ()> + Send;
}

#[diagnostic::do_not_recommend]
impl<C: HandleInfo<M>, M: Send + 'static> Info<C> for M {
    fn give(self, channel: &mut C, ctx: &mut Context<C>) -> impl Future<Output = ()> + Send {
        channel.handle_info(self, ctx)
    }
}

/// Why a channel ends, as `#[terminate]` gets it.
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
/// #[terminate]
/// fn ended(&mut self, reason: Reason) {
///     if reason == Reason::Crashed { eprintln!("a room crashed"); }
/// }
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The client left the topic.
    Left,
    /// The connection is gone.
    Closed,
    /// The server shuts down, and has closed the connection so that the client comes back.
    Draining,
    /// The channel stopped itself with [`Context::stop_with`], in this way.
    Stopped(Stop),
    /// A callback panicked, or sent something that cannot be encoded, or the channel went beyond one of its limits.
    Crashed,
    /// The same client joined the same topic again.
    Replaced,
}
