//! A session of long polling, as phoenix.js has it.

use super::connect_error::ConnectError;
use super::connection::Failure;
use super::http::KeptAlive;
use super::version::Version;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use std::collections::VecDeque;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio_tungstenite::tungstenite::Message;
use warp::http::{HeaderMap, StatusCode};

/// So many messages fit into one POST.
const BATCH: usize = 100;

/// What all requests of a session have.
struct Session {
    /// With the parameters.
    path: String,
    /// Of the client, each with its line end.
    headers: String,
    version: Version,
    token: String,
}

#[derive(Debug, Deserialize)]
struct Answer {
    status: u16,
    #[serde(default)]
    token: String,
    #[serde(default)]
    messages: Vec<String>,
}

/// Opens a session at `path`, which has the parameters.
pub(super) async fn connect(
    addr: SocketAddr,
    path: String,
    headers: &HeaderMap,
    version: Version,
) -> Result<(Posts, Polls), ConnectError> {
    let mut text = String::new();
    for (name, value) in headers {
        // Writing to a string cannot fail.
        let _ = write!(text, "{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes()));
    }
    let session = Session { path, headers: text, version, token: String::new() };
    let posts = KeptAlive::connect(addr).await.map_err(ConnectError::failed)?;
    let mut http = KeptAlive::connect(addr).await.map_err(ConnectError::failed)?;
    let answer = session.poll(&mut http).await.map_err(ConnectError::failed)?;
    if answer.status != 200 {
        return Err(ConnectError::refused(status(answer.status), answer.body.as_bytes()));
    }
    match serde_json::from_str(&answer.body).map_err(ConnectError::failed)? {
        Answer { status: 410, token, messages } if !token.is_empty() && messages.is_empty() => {
            let session = Arc::new(Session { token, ..session });
            let polls = Polls { session: Arc::clone(&session), http, received: VecDeque::new() };
            Ok((Posts { session, http: posts, waiting: Vec::new() }, polls))
        }
        Answer { status: code @ 400.., .. } => Err(ConnectError::refused(status(code), b"")),
        answer => Err(ConnectError::failed(format!("expected a new session, got {answer:?}"))),
    }
}

fn status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

impl Session {
    /// The token goes in the query here, and in a header in a POST: clients do either.
    async fn poll(&self, http: &mut KeptAlive) -> std::io::Result<super::http::Answer> {
        let Self { path, token, headers, .. } = self;
        let path = match token.as_str() {
            "" => path.clone(),
            token => format!("{path}&token={token}"),
        };
        http.request("GET", &path, &format!("accept: application/json\r\n{headers}"), "").await
    }
}

/// The requests that bring the client's messages.
pub(super) struct Posts {
    session: Arc<Session>,
    http: KeptAlive,
    waiting: Vec<Message>,
}

impl Posts {
    pub(super) fn feed(&mut self, message: Message) {
        self.waiting.push(message);
    }

    /// Posts what was fed. The server answers when it has taken it.
    pub(super) async fn flush(&mut self) -> Result<(), Failure> {
        for batch in self.batches()? {
            let Session { path, headers, version, token } = &*self.session;
            // A line that starts with `[` is text, so objects of version 1 are posted one by one.
            let content_type = match version {
                Version::V1 => "application/json",
                Version::V2 => "application/x-ndjson",
            };
            let headers =
                format!("content-type: {content_type}\r\nx-phoenix-longpoll-token: {token}\r\n{headers}");
            let answer = self.http.request("POST", path, &headers, &batch).await?;
            if (answer.status, answer.body.as_str()) != (200, r#"{"status":200}"#) {
                return Err(format!("a POST was answered {answer:?}").into());
            }
        }
        Ok(())
    }

    fn batches(&mut self) -> Result<Vec<String>, Failure> {
        let size = if self.session.version == Version::V1 { 1 } else { BATCH };
        let lines = self.waiting.drain(..).map(line).collect::<Result<Vec<_>, _>>()?;
        Ok(lines.chunks(size).map(|lines| lines.join("\n")).collect())
    }
}

/// What stands for a message in a body.
fn line(message: Message) -> Result<String, Failure> {
    match message {
        Message::Binary(bytes) => Ok(BASE64_STANDARD.encode(bytes)),
        Message::Text(text) => Ok(text.to_string()),
        other => Err(format!("long polling has no {other:?}").into()),
    }
}

/// The requests that fetch messages for the client.
pub(super) struct Polls {
    session: Arc<Session>,
    http: KeptAlive,
    received: VecDeque<String>,
}

impl Polls {
    /// The next message, or `None` when the session is gone.
    pub(super) async fn next(&mut self) -> Result<Option<Message>, Failure> {
        loop {
            if let Some(text) = self.received.pop_front() {
                return Ok(Some(Message::text(text)));
            }
            let answer = self.session.poll(&mut self.http).await?;
            if answer.status != 200 {
                return Err(format!("a poll was answered {answer:?}").into());
            }
            let ours = &self.session.token;
            match serde_json::from_str(&answer.body)? {
                Answer { status: 200, token, messages } if token == *ours && !messages.is_empty() => {
                    self.received.extend(messages);
                }
                Answer { status: 204, messages, .. } if messages.is_empty() => {}
                Answer { status: 410, token, messages } if token != *ours && messages.is_empty() => {
                    return Ok(None);
                }
                answer => return Err(format!("a poll was answered {answer:?}").into()),
            }
        }
    }
}
