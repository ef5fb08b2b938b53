//! Protocol §9: a session of long polling, as phoenix.js has it.

use super::Failure;
use super::http::KeptAlive;
use super::version::Version;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use std::collections::VecDeque;
use std::net::SocketAddr;
use tokio_tungstenite::tungstenite::Message;

/// So many messages fit into one POST.
const BATCH: usize = 100;

pub(crate) struct LongPoll {
    /// With the parameters.
    path: String,
    version: Version,
    token: String,
    polls: KeptAlive,
    posts: KeptAlive,
    to_send: Vec<Message>,
    received: VecDeque<String>,
}

#[derive(Debug, Deserialize)]
struct Answer {
    status: u16,
    #[serde(default)]
    token: String,
    #[serde(default)]
    messages: Vec<String>,
}

impl LongPoll {
    /// Opens a session at `path`, which has the parameters.
    pub(crate) async fn connect(addr: SocketAddr, path: String, version: Version) -> Result<Self, Failure> {
        let (polls, posts) = (KeptAlive::connect(addr).await?, KeptAlive::connect(addr).await?);
        let (to_send, received) = (Vec::new(), VecDeque::new());
        let mut session = Self { path, version, token: String::new(), polls, posts, to_send, received };
        match session.poll().await? {
            Answer { status: 410, token, messages } if !token.is_empty() && messages.is_empty() => {
                session.token = token;
                Ok(session)
            }
            answer => Err(format!("expected a new session, got {answer:?}").into()),
        }
    }

    pub(crate) fn feed(&mut self, message: Message) {
        self.to_send.push(message);
    }

    /// Posts what was fed. The server answers when it has taken it.
    pub(crate) async fn flush(&mut self) -> Result<(), Failure> {
        for batch in self.batches() {
            // A line that starts with `[` is text, so objects of version 1 are posted one by one.
            let content_type = match self.version {
                Version::V1 => "application/json",
                Version::V2 => "application/x-ndjson",
            };
            let token = &self.token;
            let headers = format!("content-type: {content_type}\r\nx-phoenix-longpoll-token: {token}\r\n");
            let answer = self.posts.request("POST", &self.path, &headers, &batch).await?;
            if (answer.status, answer.body.as_str()) != (200, r#"{"status":200}"#) {
                return Err(format!("a POST was answered {answer:?}").into());
            }
        }
        Ok(())
    }

    fn batches(&mut self) -> Vec<String> {
        let size = if self.version == Version::V1 { 1 } else { BATCH };
        let lines: Vec<_> = self.to_send.drain(..).map(line).collect();
        lines.chunks(size).map(|lines| lines.join("\n")).collect()
    }

    /// The next message, or `None` when the session is gone.
    pub(crate) async fn next(&mut self) -> Result<Option<Message>, Failure> {
        loop {
            if let Some(text) = self.received.pop_front() {
                return Ok(Some(Message::text(text)));
            }
            match self.poll().await? {
                Answer { status: 200, token, messages } if token == self.token && !messages.is_empty() => {
                    self.received.extend(messages);
                }
                Answer { status: 204, messages, .. } if messages.is_empty() => {}
                Answer { status: 410, token, messages } if token != self.token && messages.is_empty() => {
                    return Ok(None);
                }
                answer => return Err(format!("a poll was answered {answer:?}").into()),
            }
        }
    }

    /// The token goes in the query here, and in a header in `flush`: clients do either.
    async fn poll(&mut self) -> Result<Answer, Failure> {
        let path = match self.token.as_str() {
            "" => self.path.clone(),
            token => format!("{}&token={token}", self.path),
        };
        let answer = self.polls.request("GET", &path, "accept: application/json\r\n", "").await?;
        if answer.status != 200 {
            return Err(format!("a poll was answered {answer:?}").into());
        }
        Ok(serde_json::from_str(&answer.body)?)
    }
}

/// What stands for a message in a body.
fn line(message: Message) -> String {
    match message {
        Message::Binary(bytes) => BASE64_STANDARD.encode(bytes),
        Message::Text(text) => text.to_string(),
        other => panic!("long polling has no {other:?}"),
    }
}
