//! What carries a client's messages: one half for each direction, so that neither waits for the other.

use super::connection::Failure;
use super::{in_process, longpoll};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// A WebSocket of an independent library.
pub type WebSocket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(super) enum Outgoing {
    WebSocket(Box<SplitSink<WebSocket, Message>>),
    LongPoll(Box<longpoll::Posts>),
    InProcess(in_process::Sends),
}

impl Outgoing {
    /// Takes a message, to send it together with the next.
    pub(super) async fn feed(&mut self, message: Message) -> Result<(), Failure> {
        match self {
            Self::WebSocket(socket) => socket.feed(message).await?,
            Self::LongPoll(session) => session.feed(message),
            Self::InProcess(session) => session.feed(message),
        }
        Ok(())
    }

    pub(super) async fn flush(&mut self) -> Result<(), Failure> {
        match self {
            Self::WebSocket(socket) => socket.flush().await?,
            Self::LongPoll(session) => session.flush().await?,
            Self::InProcess(session) => session.flush().await?,
        }
        Ok(())
    }

    /// Goes in good order, where there is a word for it.
    pub(super) async fn close(&mut self) -> Result<(), Failure> {
        match self {
            Self::WebSocket(socket) => {
                socket.send(closed_with(1000)).await?;
                Ok(())
            }
            Self::LongPoll(_) | Self::InProcess(_) => Ok(()),
        }
    }
}

pub(super) enum Incoming {
    WebSocket(Box<SplitStream<WebSocket>>),
    LongPoll(Box<longpoll::Polls>),
    InProcess(in_process::Fetches),
}

impl Incoming {
    /// The next message, or `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Message>, Failure> {
        match self {
            Self::WebSocket(socket) => Ok(socket.next().await.transpose()?),
            Self::LongPoll(session) => session.next().await,
            Self::InProcess(session) => session.next().await,
        }
    }

    /// Whether a call of [`next`](Self::next) that is dropped loses nothing.
    pub(super) fn may_stop_waiting(&self) -> bool {
        !matches!(self, Self::LongPoll(_))
    }
}

pub(super) fn closed_with(code: u16) -> Message {
    Message::Close(Some(CloseFrame { code: code.into(), reason: "".into() }))
}
