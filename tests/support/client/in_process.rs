//! A transport of the test's own, on `Endpoint::connect`: what it brings and fetches goes over no network.

use super::Failure;
use phx_runtime::{Arrival, CloseCode, Endpoint, Opcode, Session, SessionError};
use std::collections::VecDeque;
use tokio_tungstenite::tungstenite::Message;

pub(crate) struct InProcess {
    session: Session,
    to_send: Vec<Message>,
    received: VecDeque<Message>,
}

impl InProcess {
    pub(crate) async fn connect(endpoint: &Endpoint, arrival: Arrival) -> Result<Self, Failure> {
        let session = endpoint.connect(arrival).await.map_err(|refusal| refusal.status().to_string())?;
        Ok(Self { session, to_send: Vec::new(), received: VecDeque::new() })
    }

    pub(crate) fn feed(&mut self, message: Message) {
        self.to_send.push(message);
    }

    pub(crate) async fn flush(&mut self) -> Result<(), Failure> {
        for message in self.to_send.drain(..) {
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

    /// The next message, or the code with which the session has ended.
    pub(crate) async fn next(&mut self) -> Result<Result<Message, CloseCode>, Failure> {
        loop {
            if let Some(message) = self.received.pop_front() {
                return Ok(Ok(message));
            }
            let delivery = match self.session.recv().await {
                Ok(delivery) => delivery,
                Err(SessionError::Ended(code)) => return Ok(Err(code)),
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
