//! A client that comes by another way than a WebSocket of ours: what brings its messages, and fetches those for it.

use crate::delivery::Delivery;
use crate::desk::Desk;
use crate::frame::{CloseCode, Opcode};
use bytes::Bytes;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// One client of a mounted socket, connected by [`Endpoint::connect`](crate::Endpoint::connect): the side of the
/// contract that a transport of your own sees, as [`Transport`](crate::Transport) is the side of what is spoken over it.
///
/// Bring it what the client says with [`send`](Self::send), fetch what the client is to get with [`recv`](Self::recv),
/// and drop it when the client is gone. Everything else is as on a WebSocket: the same [`Limits`](crate::Limits), and
/// the client is closed when the server drains, when its socket's id is disconnected, and when it is silent for
/// [`idle_timeout`](crate::Limits::idle_timeout). Long polling is built on it too.
///
/// ```
/// # use phx_runtime::prelude::*;
/// # struct UserSocket;
/// # #[socket] impl Socket for UserSocket {
/// #     channel!("room:*", Room);
/// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
/// # }
/// # struct Room;
/// # #[channel(socket = UserSocket)] impl Room {
/// #     #[join("room:*")] fn join() -> Result<Self, Refused> { Ok(Self) }
/// # }
/// use phx_runtime::{Arrival, Opcode};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let endpoint = Endpoint::builder().socket::<UserSocket>("/socket").build()?;
/// let session = endpoint.connect(Arrival::new("/socket", "vsn=2.0.0")).await.map_err(|_| "refused")?;
/// session.send(Opcode::Text, r#"["1","1","room:lobby","phx_join",{}]"#).await?;
/// let delivery = session.recv().await?;
/// let answer = br#"["1","1","room:lobby","phx_reply",{"response":{},"status":"ok"}]"#;
/// assert_eq!(delivery.messages().next(), Some((Opcode::Text, &answer[..])));
/// delivery.delivered();
/// # Ok(())
/// # }
/// ```
pub struct Session {
    desk: Arc<Desk>,
}

/// Why a session does not do what it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The session has ended, for the reason that a WebSocket would be told with this code.
    #[error("the session has ended, with {}", .0.as_u16())]
    Ended(CloseCode),
    /// A later [`Session::recv`] waits in the place of this one.
    #[error("somebody else has come for the messages")]
    Replaced,
}

impl Session {
    pub(crate) fn new(desk: Arc<Desk>) -> Self {
        Self { desk }
    }

    /// Brings a message from the client, and waits until it is taken: while the client's channels have too much to do,
    /// or too much waits for the client itself, that is when there is room. Dropping the future leaves the message where
    /// it is.
    ///
    /// # Errors
    /// [`SessionError::Ended`], if the session ended earlier, or by this message.
    pub async fn send(&self, opcode: Opcode, message: impl Into<Bytes>) -> Result<(), SessionError> {
        let turn = self.turn().await?;
        self.bring(turn, [(opcode, message.into())].into()).taken().await
    }

    /// Waits until something is to be sent to the client, and takes all of it. One takes at a time: a second call takes
    /// the place of the first. Until what was taken before is [delivered](Delivery::delivered) or dropped, nothing
    /// more is.
    ///
    /// When the session ends, what waits can still be taken for
    /// [`close_timeout`](crate::Limits::close_timeout).
    ///
    /// # Errors
    /// When the session has ended and nothing waits any more, or somebody else receives.
    pub async fn recv(&self) -> Result<Delivery, SessionError> {
        // Whoever stops to ask, for whatever reason, has asked until then.
        let _until_then = Seen::now(&self.desk);
        self.desk
            .wait()
            .await
            .map_err(|_| self.desk.ended().map_or(SessionError::Replaced, SessionError::Ended))
    }

    /// Waits until the session has ended and nothing can be fetched any more. The code is the one that a WebSocket would
    /// be closed with.
    pub async fn ended(&self) -> CloseCode {
        self.desk.over().await;
        self.desk.ended().unwrap_or(CloseCode::GoingAway)
    }

    /// Ends the session, as [`TransportSender::close`](crate::TransportSender::close) does.
    pub fn close(&self, code: CloseCode) {
        self.desk.outbox.close(code);
    }

    /// Waits until nobody else brings messages.
    pub(crate) async fn turn(&self) -> Result<OwnedSemaphorePermit, SessionError> {
        self.desk.turn().await.map_err(|_| self.ended_by_now())
    }

    /// Brings messages, one after the other.
    pub(crate) fn bring(
        &self,
        turn: OwnedSemaphorePermit,
        messages: VecDeque<(Opcode, Bytes)>,
    ) -> Brought<'_> {
        let (number, taken) = self.desk.put(turn, messages);
        Brought { session: self, number, taken }
    }

    /// Whether it takes no more messages; some may still wait for the client.
    pub(crate) fn has_ended(&self) -> bool {
        self.desk.ended().is_some()
    }

    /// After something that happens only when it has.
    fn ended_by_now(&self) -> SessionError {
        SessionError::Ended(self.desk.ended().unwrap_or(CloseCode::GoingAway))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.desk.hang_up();
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("ended", &self.desk.ended()).finish_non_exhaustive()
    }
}

/// Messages that are on their way in.
pub(crate) struct Brought<'s> {
    session: &'s Session,
    number: u64,
    taken: tokio::sync::oneshot::Receiver<()>,
}

impl Brought<'_> {
    /// Done when all are taken.
    pub(crate) async fn taken(&mut self) -> Result<(), SessionError> {
        (&mut self.taken).await.map_err(|_| self.session.ended_by_now())
    }

    /// Takes back those that are not taken yet.
    pub(crate) fn withdraw(self) {
        self.session.desk.withdraw(self.number);
    }
}

/// The client is asking for messages.
struct Seen<'d>(&'d Desk);

impl<'d> Seen<'d> {
    fn now(desk: &'d Desk) -> Self {
        desk.saw_poll();
        Self(desk)
    }
}

impl Drop for Seen<'_> {
    fn drop(&mut self) {
        self.0.saw_poll();
    }
}
