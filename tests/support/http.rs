//! Raw requests, so that every header is the test's own.

pub(crate) use phx_runtime::testing::http::Answer;

use crate::support::TestServer;
use crate::support::client::PATIENCE;
use phx_runtime::testing::http::read;
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What a client sends to get a WebSocket, after the `host` header.
pub(crate) const UPGRADE: &str = "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                                  sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A good path and query.
pub(crate) const PATH: &str = "/socket/websocket?vsn=2.0.0";

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
    let mut reader = BufReader::new(reader);
    let both = async { tokio::try_join!(write, read(&mut reader, is_head)) };
    let ((), answer) = timeout(PATIENCE, both).await.map_err(|_| io::ErrorKind::TimedOut)??;
    Ok(answer)
}

/// The next answer on a connection.
pub(crate) async fn answer(reader: &mut BufReader<TcpStream>) -> io::Result<Answer> {
    timeout(PATIENCE, read(reader, false)).await.map_err(|_| io::ErrorKind::TimedOut)?
}
