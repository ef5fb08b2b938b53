//! A client without a network: a transport of its own, on `Endpoint::connect`.

use super::connect_error::ConnectError;
use super::connection::Failure;
use super::link::closed_with;
use crate::arrival::Arrival;
use crate::endpoint::Endpoint;
use crate::frame::Opcode;
use crate::session::{Session, SessionError};
use hyper::body::Body;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use tokio_tungstenite::tungstenite::Message;
use warp::reply::Response;

/// Begins a session.
pub(super) async fn connect(endpoint: &Endpoint, arrival: Arrival) -> Result<(Sends, Fetches), ConnectError> {
    let session = match endpoint.connect(arrival).await {
        Ok(session) => Arc::new(session),
        Err(refusal) => return Err(refused(refusal).await),
    };
    let fetches = Fetches { session: Arc::clone(&session), received: VecDeque::new(), has_ended: false };
    Ok((Sends { session, waiting: Vec::new() }, fetches))
}

async fn refused(refusal: Response) -> ConnectError {
    let status = refusal.status();
    let mut body = refusal.into_body();
    let mut bytes = Vec::new();
    while let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        bytes.extend_from_slice(frame.data_ref().map(AsRef::as_ref).unwrap_or_default());
    }
    ConnectError::refused(status, &bytes)
}

/// What brings the client's messages.
pub(super) struct Sends {
    session: Arc<Session>,
    waiting: Vec<Message>,
}

impl Sends {
    pub(super) fn feed(&mut self, message: Message) {
        self.waiting.push(message);
    }

    pub(super) async fn flush(&mut self) -> Result<(), Failure> {
        for message in self.waiting.drain(..) {
            let sent = match message {
                Message::Text(text) => self.session.send(Opcode::Text, text.to_string()).await,
                Message::Binary(bytes) => self.session.send(Opcode::Binary, bytes).await,
                other => return Err(format!("a session has no {other:?}").into()),
            };
            // Who fetches hears of the end, after what comes before it.
            if let Err(error) = sent
                && !matches!(error, SessionError::Ended(_))
            {
                return Err(error.into());
            }
        }
        Ok(())
    }
}

/// What fetches messages for the client.
pub(super) struct Fetches {
    session: Arc<Session>,
    received: VecDeque<Message>,
    has_ended: bool,
}

impl Fetches {
    /// The next message; at the end one that says with which code, as a WebSocket would be told, and then `None`.
    pub(super) async fn next(&mut self) -> Result<Option<Message>, Failure> {
        loop {
            if let Some(message) = self.received.pop_front() {
                return Ok(Some(message));
            }
            let delivery = match self.session.recv().await {
                Ok(delivery) => delivery,
                Err(SessionError::Ended(_)) if self.has_ended => return Ok(None),
                Err(SessionError::Ended(code)) => {
                    self.has_ended = true;
                    return Ok(Some(closed_with(code.as_u16())));
                }
                Err(error) => return Err(error.into()),
            };
            self.received.extend(delivery.messages().map(|(opcode, message)| match opcode {
                Opcode::Text => Message::text(String::from_utf8_lossy(message).into_owned()),
                Opcode::Binary => Message::binary(message.to_vec()),
            }));
            delivery.delivered();
        }
    }
}
