//! The contract between a connection and what speaks over it: channels, or a protocol of the user's own.

use crate::compression::Compression;
use crate::connect_info::ConnectInfo;
use crate::endpoint::Endpoint;
use crate::frame::{CloseCode, Frame, Opcode};
use crate::hub::Hub;
use crate::inbox::Inbox;
use crate::mount::Mount;
use crate::outbox::Outbox;
use crate::params::Params;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use std::fmt;
use std::future::Future;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::task::{self, Poll};
use warp::reply::Response;

/// The contract between a connection and what is spoken over it: the counterpart of `Phoenix.Socket.Transport`. Channels
/// are one implementation; yours is a protocol of its own, without channels. Mount it with
/// [`EndpointBuilder::transport`](crate::EndpointBuilder::transport): it has the same handshake, limits, close codes and
/// drain.
///
/// The other side of the contract is what carries the messages: a WebSocket, [long polling](crate::LongPoll) where the
/// mount has it, or a [`Session`](crate::Session) of a transport of your own. Each of them calls
/// [`connect`](Self::connect) first, [`init`](Self::init) when the client is let in, then [`handle_in`](Self::handle_in)
/// with each message whenever [`poll_ready`](Self::poll_ready) allows, and [`terminate`](Self::terminate) in the end. What
/// is sent waits in the connection's outbox until it is written or fetched, and what closes a WebSocket with a code
/// ends any of them for that reason.
///
/// The callbacks run one at a time in the connection's own task and must not block. What takes long belongs in a task
/// of its own, which answers through a [`TransportSender`].
///
/// ```
/// use bytes::Bytes;
/// use phx_runtime::{ConnectRequest, Endpoint, EndpointError, Flow, Opcode, Transport, TransportContext};
/// use std::ops::ControlFlow::Continue;
///
/// /// Says everything back.
/// struct Echo;
///
/// impl Transport for Echo {
///     type Info = ();
///
///     async fn connect(_: &ConnectRequest<'_>) -> Result<Self, warp::reply::Response> { Ok(Self) }
///
///     fn handle_in(&mut self, opcode: Opcode, frame: Bytes, ctx: &mut TransportContext<'_, '_, Self>) -> Flow {
///         ctx.push(opcode, &frame);
///         Continue(())
///     }
/// }
///
/// # fn main() -> Result<(), EndpointError> {
/// // Clients connect to /echo/websocket.
/// let endpoint = Endpoint::builder().transport::<Echo>("/echo").build()?;
/// # Ok(())
/// # }
/// ```
pub trait Transport: Sized + Send + 'static {
    /// What other tasks may send to the connection; `()` if nothing.
    type Info: Send + 'static;

    /// Decides who may connect, before the connection begins.
    ///
    /// # Errors
    /// The HTTP answer that turns the client away, such as 403.
    fn connect(request: &ConnectRequest<'_>) -> impl Future<Output = Result<Self, Response>> + Send;

    /// The connection is open.
    fn init(&mut self, ctx: &mut TransportContext<'_, '_, Self>) -> Flow {
        let _ = ctx;
        ControlFlow::Continue(())
    }

    /// Whether the next message can be handled. While it is pending, nothing more is read from the client, whose own TCP
    /// connection then slows it down, or no POST of it is answered; the callback has to see to it that the task is woken.
    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Flow> {
        let _ = cx;
        Poll::Ready(ControlFlow::Continue(()))
    }

    /// A whole message from the client. A text is valid UTF-8.
    fn handle_in(&mut self, opcode: Opcode, frame: Bytes, ctx: &mut TransportContext<'_, '_, Self>) -> Flow;

    /// A control frame of a WebSocket, to observe: a ping has been answered already.
    fn handle_control(&mut self, control: Control, ctx: &mut TransportContext<'_, '_, Self>) -> Flow {
        let _ = (control, ctx);
        ControlFlow::Continue(())
    }

    /// What [`TransportSender::notify`] sent.
    fn handle_info(&mut self, info: Self::Info, ctx: &mut TransportContext<'_, '_, Self>) -> Flow {
        let _ = (info, ctx);
        ControlFlow::Continue(())
    }

    /// Runs beside the connections, once for each mount; as [`Socket::background`](crate::Socket::background).
    #[must_use = "the endpoint runs it"]
    fn background(endpoint: Endpoint) -> impl Future<Output = ()> + Send {
        drop(endpoint);
        std::future::ready(())
    }

    /// The connection ends: with this code, or `None` if the client is gone without a goodbye. Nothing can be sent any
    /// more.
    fn terminate(&mut self, code: Option<CloseCode>) {
        let _ = code;
    }
}

/// What [`Transport::connect`] decides on.
pub struct ConnectRequest<'r> {
    pub(crate) params: &'r Params<'r>,
    pub(crate) info: &'r ConnectInfo,
    pub(crate) outbox: &'r Arc<Outbox>,
    pub(crate) hub: &'r Arc<Hub>,
    pub(crate) mount: &'r Arc<Mount>,
    /// The client can be sent text only.
    pub(crate) text_only: bool,
}

impl ConnectRequest<'_> {
    /// The parameters, decoded as those of [`Socket::Params`](crate::Socket::Params) are.
    ///
    /// # Errors
    /// When they do not fit `P`; a socket answers 403 then.
    pub fn params<P: DeserializeOwned>(&self) -> Result<P, ParamsError> {
        self.params.decode().map_err(|error| ParamsError(error.to_string()))
    }

    /// What else is known of the client.
    #[must_use]
    pub fn info(&self) -> &ConnectInfo {
        self.info
    }
}

impl fmt::Debug for ConnectRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectRequest").field("info", self.info).finish_non_exhaustive()
    }
}

/// Parameters that do not fit the type asked for; the text says which and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the parameters do not fit: {0}")]
pub struct ParamsError(String);

/// What a callback of a [`Transport`] wants: go on, or close the connection with a code.
pub type Flow = ControlFlow<CloseCode>;

/// A control frame of the WebSocket protocol that a client sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Control {
    /// A ping with its payload.
    Ping(Bytes),
    /// A pong with its payload, asked for or not.
    Pong(Bytes),
}

/// What the callbacks of a [`Transport`] can do.
pub struct TransportContext<'c, 't, T: Transport> {
    pub(crate) line: &'c mut Line<T::Info>,
    /// The connection's task, for callbacks that wait for room.
    pub(crate) task: &'c mut task::Context<'t>,
}

impl<T: Transport> TransportContext<'_, '_, T> {
    /// Sends a message to the client. It does not wait: a client that lets
    /// [`outbox_bytes`](crate::Limits::outbox_bytes) pile up is closed with 1013.
    pub fn push(&mut self, opcode: Opcode, payload: &[u8]) {
        self.line.outbox.push(Frame::data(opcode, payload));
    }

    /// A handle by which other tasks reach this connection.
    pub fn sender(&mut self) -> TransportSender<T> {
        let Line { outbox, infos, mount, .. } = &mut *self.line;
        let limit = mount.options.limits.inbox_messages;
        let infos = infos.get_or_insert_with(|| Arc::new(Inbox::new(0, limit)));
        TransportSender { outbox: Arc::clone(outbox), infos: Arc::clone(infos) }
    }
}

impl<T: Transport> fmt::Debug for TransportContext<'_, '_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TransportContext")
    }
}

/// How a connection's task is reached from elsewhere.
pub(crate) struct Line<I> {
    pub(crate) outbox: Arc<Outbox>,
    /// Made when first asked for: channels never do.
    pub(crate) infos: Option<Arc<Inbox<I>>>,
    pub(crate) mount: Arc<Mount>,
    /// What was agreed on in the handshake.
    pub(crate) compression: Option<Arc<Compression>>,
}

/// Reaches a connection of a [`Transport`] from any task; made by [`TransportContext::sender`]. It does not keep the
/// connection open.
pub struct TransportSender<T: Transport> {
    outbox: Arc<Outbox>,
    infos: Arc<Inbox<T::Info>>,
}

impl<T: Transport> TransportSender<T> {
    /// Sends a message to the client; dropped if it is gone. See [`TransportContext::push`].
    pub fn push(&self, opcode: Opcode, payload: &[u8]) {
        self.outbox.push(Frame::data(opcode, payload));
    }

    /// Sends the connection a message, for [`Transport::handle_info`]; dropped if it has ended. One that lets
    /// [`inbox_messages`](crate::Limits::inbox_messages) pile up is closed with 1011.
    pub fn notify(&self, info: T::Info) {
        self.infos.push(info);
    }

    /// Closes the connection, after what waits for the client.
    pub fn close(&self, code: CloseCode) {
        self.outbox.close(code);
    }
}

impl<T: Transport> Clone for TransportSender<T> {
    fn clone(&self) -> Self {
        Self { outbox: Arc::clone(&self.outbox), infos: Arc::clone(&self.infos) }
    }
}

impl<T: Transport> fmt::Debug for TransportSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TransportSender")
    }
}
