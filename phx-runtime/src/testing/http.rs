//! HTTP/1.1 as little as a client needs.

use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// An answer to a request.
#[derive(Debug)]
pub struct Answer {
    /// The status, and 0 if the server went before its answer.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// The body, as text.
    pub body: String,
}

impl Answer {
    /// The first header of a name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The status, and whether there is a body: all there is to most refusals.
    ///
    /// # Panics
    /// If it is another.
    #[track_caller]
    pub fn assert_empty(&self, status: u16, what: &str) {
        assert_eq!((self.status, self.body.as_str()), (status, ""), "{what}: {self:?}");
    }
}

/// Reads one answer.
///
/// # Errors
/// When the connection fails, or ends within a body.
pub async fn read(reader: &mut (impl AsyncBufReadExt + Unpin), is_head: bool) -> io::Result<Answer> {
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

/// A connection that is kept for one request after the other.
#[derive(Debug)]
pub struct KeptAlive {
    addr: SocketAddr,
    stream: BufReader<TcpStream>,
}

impl KeptAlive {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn connect(addr: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        Ok(Self { addr, stream: BufReader::new(stream) })
    }

    /// A request with these headers, each with its line end.
    ///
    /// # Errors
    /// When the connection fails, or the server has gone before its answer.
    pub async fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> io::Result<Answer> {
        if self.is_closed()? {
            *self = Self::connect(self.addr).await?;
        }
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\n{headers}content-length: {length}\r\n\r\n{body}"
        );
        self.stream.write_all(request.as_bytes()).await?;
        match read(&mut self.stream, false).await? {
            Answer { status: 0, .. } => Err(io::ErrorKind::UnexpectedEof.into()),
            answer => Ok(answer),
        }
    }

    /// Whether the server has closed it since the last answer.
    fn is_closed(&self) -> io::Result<bool> {
        match self.stream.get_ref().try_read(&mut [0]) {
            Ok(0) => Ok(true),
            Ok(_) => Err(io::Error::other("the server said something unasked")),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(_) => Ok(true),
        }
    }
}
