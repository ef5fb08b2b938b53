//! What carries a client's messages.

use super::Failure;
use super::in_process::InProcess;
use super::longpoll::LongPoll;
use futures_util::{SinkExt, StreamExt};
use std::io;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

pub(crate) type WebSocket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(crate) enum Link {
    WebSocket(Box<WebSocket>),
    LongPoll(Box<LongPoll>),
    InProcess(InProcess),
}

impl Link {
    /// Takes a message, to send it together with the next.
    pub(crate) async fn feed(&mut self, message: Message) -> Result<(), Failure> {
        match self {
            Self::WebSocket(socket) => socket.feed(message).await?,
            Self::LongPoll(session) => session.feed(message),
            Self::InProcess(session) => session.feed(message),
        }
        Ok(())
    }

    pub(crate) async fn flush(&mut self) -> Result<(), Failure> {
        match self {
            Self::WebSocket(socket) => socket.flush().await?,
            Self::LongPoll(session) => session.flush().await?,
            Self::InProcess(session) => session.flush().await?,
        }
        Ok(())
    }

    /// The next message, or `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Message>, Failure> {
        match self {
            Self::WebSocket(socket) => Ok(socket.next().await.transpose()?),
            Self::LongPoll(session) => session.next().await,
            Self::InProcess(session) => Ok(session.next().await?.ok()),
        }
    }

    /// The next message, or `None` if the server closes with this code where there are codes. A session of long
    /// polling is then gone, and at a shutdown perhaps its server too.
    pub(crate) async fn next_or_close(&mut self, code: u16) -> Result<Option<Message>, Failure> {
        if let Self::InProcess(session) = self {
            return match session.next().await? {
                Ok(message) => Ok(Some(message)),
                Err(end) if end.as_u16() == code => Ok(None),
                Err(end) => Err(format!("the end with {}", end.as_u16()).into()),
            };
        }
        let next = self.next().await;
        match (&self, next) {
            (Self::WebSocket(_), Ok(Some(Message::Close(Some(frame))))) if u16::from(frame.code) == code => {
                Ok(None)
            }
            (Self::WebSocket(_), Ok(None)) => Err("the end without a close".into()),
            (Self::LongPoll(_), Err(error)) if code == 1012 && error.is::<io::Error>() => Ok(None),
            (_, next) => next,
        }
    }
}
