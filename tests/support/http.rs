//! Raw requests, so that every header is the test's own.

use crate::support::TestServer;
use crate::support::client::PATIENCE;
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What a client sends to get a WebSocket, after the `host` header.
pub(crate) const UPGRADE: &str = "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                                  sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A good path and query.
pub(crate) const PATH: &str = "/socket/websocket?vsn=2.0.0";

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The status, and whether there is a body: all there is to most refusals.
    #[track_caller]
    pub(crate) fn assert_empty(&self, status: u16, what: &str) {
        assert_eq!((self.status, self.body.as_str()), (status, ""), "{what}: {self:?}");
    }
}

/// A request with the upgrade headers and more.
pub(crate) async fn upgrade(server: &TestServer, path: &str, headers: &str) -> io::Result<Answer> {
    request(server, "GET", path, &format!("{UPGRADE}{headers}")).await
}

/// A request with a `host` header and those given, each with its line end.
pub(crate) async fn request(
    server: &TestServer,
    method: &str,
    path: &str,
    headers: &str,
) -> io::Result<Answer> {
    let request = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
    send(server.addr, request.as_bytes()).await
}

/// Sends these bytes and reads one answer, which may come before the last of them is sent.
pub(crate) async fn send(addr: SocketAddr, request: &[u8]) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(addr).await?;
    let (reader, mut writer) = stream.split();
    let is_head = request.starts_with(b"HEAD ");
    // A server that has seen enough closes; the answer says why.
    let write = async { writer.write_all(request).await.or(Ok(())) };
    let both = async { tokio::try_join!(write, read(BufReader::new(reader), is_head)) };
    let ((), answer) = timeout(PATIENCE, both).await.map_err(|_| io::ErrorKind::TimedOut)??;
    Ok(answer)
}

async fn read(mut reader: BufReader<impl AsyncReadExt + Unpin>, is_head: bool) -> io::Result<Answer> {
    let mut line = String::new();
    reader.read_line(&mut line).await?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end_matches(['\r', '\n']).split_once(": ") else { break };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let mut answer = Answer { status, headers, body: String::new() };
    let length = answer.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    if !is_head {
        let mut body = vec![0; length];
        reader.read_exact(&mut body).await?;
        answer.body = String::from_utf8_lossy(&body).into_owned();
    }
    Ok(answer)
}
