//! Protocol §9: long polling, request by request. That channels are the same over it is for the tests of channels,
//! which run over both transports; what takes time is tested beside the code, in paused time.

mod attacks;
mod cut;
mod envelope;
mod life;
mod mounts;
mod polls;
mod posts;
mod preflight;
mod refused;
mod tokens;

use crate::support::http::{self, Answer};
use crate::support::{TestResult, TestServer};
use phx_runtime::{Limits, LongPoll};
use serde::Deserialize;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// A good path and query of the channels that the tests talk to.
const PATH: &str = "/socket/longpoll?vsn=2.0.0";

const NDJSON: &str = "application/x-ndjson";

/// One session, spoken to request by request, each on a connection of its own.
struct Session {
    addr: SocketAddr,
    path: String,
    token: String,
}

/// The body of an answer.
#[derive(Debug, Deserialize, PartialEq, Eq)]
struct Body {
    status: u16,
    token: Option<String>,
    messages: Option<Vec<String>>,
}

async fn start(
    configure: impl FnOnce(&mut LongPoll, &mut Limits),
) -> Result<TestServer, phx_runtime::ServeError> {
    TestServer::start_with_options(|options| {
        let mut longpoll = LongPoll::default();
        configure(&mut longpoll, &mut options.limits);
        options.longpoll = Some(longpoll);
    })
    .await
}

/// A window whose end no test waits for.
const HOUR: Duration = Duration::from_hours(1);

/// A window that a test waits for the end of.
const SHORT: Duration = Duration::from_millis(200);

impl Session {
    async fn begin(server: &TestServer) -> Result<Self, Box<dyn std::error::Error>> {
        Self::begin_at(server, PATH).await
    }

    async fn begin_at(server: &TestServer, path: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let begun = body(&http::request(server, "GET", path, "").await?)?;
        assert_eq!((begun.status, begun.messages), (410, Some(Vec::new())));
        let token = begun.token.ok_or("no token")?;
        Ok(Self { addr: server.addr, path: path.to_owned(), token })
    }

    /// As above, and has joined a topic with the ref `"1"`.
    async fn join(server: &TestServer, topic: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let session = Self::begin(server).await?;
        session.say(&format!(r#"["1","1","{topic}","phx_join",{{}}]"#)).await?;
        let answer = format!(r#"["1","1","{topic}","phx_reply",{{"response":{{}},"status":"ok"}}]"#);
        assert_eq!(session.messages().await?, [answer]);
        Ok(session)
    }

    async fn get(&self) -> Result<Body, Box<dyn std::error::Error>> {
        let request = format!("GET {}&token={} HTTP/1.1\r\nhost: localhost\r\n\r\n", self.path, self.token);
        body(&http::send(self.addr, request.as_bytes()).await?)
    }

    /// Sends a poll, which the server knows of when this is done, and leaves the answer to the test.
    async fn poll(&self) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect(self.addr).await?;
        let request = format!("GET {}&token={} HTTP/1.1\r\nhost: localhost\r\n\r\n", self.path, self.token);
        stream.write_all(request.as_bytes()).await?;
        // Server and test share a thread: what it has seen before this, it has dealt with.
        let other = http::send(self.addr, b"GET /nothing HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
        assert_eq!(other.status, 404);
        Ok(stream)
    }

    /// What a poll brings, which must be something.
    async fn messages(&self) -> Result<Vec<String>, Box<dyn std::error::Error>> {
        let got = self.get().await?;
        assert_eq!((got.status, got.token.as_deref()), (200, Some(&*self.token)));
        Ok(got.messages.ok_or("no messages")?)
    }

    async fn post(&self, content_type: &str, body: impl AsRef<[u8]>) -> io::Result<Answer> {
        http::send(self.addr, &self.request(content_type, body.as_ref())).await
    }

    fn request(&self, content_type: &str, body: &[u8]) -> Vec<u8> {
        let Self { path, token, .. } = self;
        let length = body.len();
        let head = format!(
            "POST {path}&token={token} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {content_type}\r\n\
             content-length: {length}\r\n\r\n"
        );
        [head.as_bytes(), body].concat()
    }

    /// The status of a POST with these lines.
    async fn status_of(&self, lines: impl AsRef<[u8]>) -> Result<u16, Box<dyn std::error::Error>> {
        Ok(body(&self.post(NDJSON, lines).await?)?.status)
    }

    /// Posts lines that are taken.
    async fn say(&self, lines: &str) -> TestResult {
        assert_eq!(self.status_of(lines).await?, 200, "{lines}");
        Ok(())
    }

    /// Proves that nothing is on its way but these messages.
    async fn gets_only(&self, expected: &[String]) -> TestResult {
        self.say(r#"[null,"fence","phoenix","heartbeat",{}]"#).await?;
        let fence = r#"[null,"fence","phoenix","phx_reply",{"response":{},"status":"ok"}]"#;
        let mut got = Vec::new();
        while got.last().map(String::as_str) != Some(fence) {
            got.extend(self.messages().await?);
        }
        got.pop();
        assert_eq!(got, expected);
        Ok(())
    }

    /// The next poll says that there is no such session any more.
    async fn is_gone(&self) -> TestResult {
        let got = self.get().await?;
        assert_eq!((got.status, got.token.as_deref() == Some(&*self.token)), (410, false), "{got:?}");
        Ok(())
    }
}

fn body(answer: &Answer) -> Result<Body, Box<dyn std::error::Error>> {
    assert_eq!(answer.status, 200, "{answer:?}");
    Ok(serde_json::from_str(&answer.body)?)
}

fn status(answer: &Answer) -> Result<u16, Box<dyn std::error::Error>> {
    Ok(body(answer)?.status)
}
