//! A WebSocket client of bare frames, for what the independent one does not know: compressed messages. Deflating and
//! inflating is `flate2`'s.

use super::TestServer;
use super::client::PATIENCE;
use super::http::{PATH, UPGRADE};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// First bytes of frames: FIN, RSV1, opcode.
pub(crate) const TEXT: u8 = 0x81;
pub(crate) const COMPRESSED_TEXT: u8 = 0xC1;
pub(crate) const BINARY: u8 = 0x82;
pub(crate) const COMPRESSED_BINARY: u8 = 0xC2;
pub(crate) const PING: u8 = 0x89;
pub(crate) const PONG: u8 = 0x8A;
const CLOSE: u8 = 0x88;

/// What a browser offers.
pub(crate) const OFFER: &str = "permessage-deflate; client_max_window_bits";

pub(crate) struct DeflateClient {
    stream: TcpStream,
}

impl DeflateClient {
    /// Connects with the offer of a browser.
    pub(crate) async fn connect(server: &TestServer) -> std::io::Result<Self> {
        let (client, answer) = Self::offer(server, &[OFFER]).await?;
        assert!(answer.is_some(), "the offer was to be accepted");
        Ok(client)
    }

    /// Connects with any offers, each in a header of its own, and returns the answer to them.
    pub(crate) async fn offer(
        server: &TestServer,
        offers: &[&str],
    ) -> std::io::Result<(Self, Option<String>)> {
        let mut stream = TcpStream::connect(server.addr).await?;
        let mut request = format!("GET {PATH} HTTP/1.1\r\nhost: localhost\r\n{UPGRADE}");
        for offer in offers {
            request.extend(["sec-websocket-extensions: ", offer, "\r\n"]);
        }
        request.push_str("\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head);
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        let name = "sec-websocket-extensions: ";
        let answer = head.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
        Ok((Self { stream }, answer))
    }

    /// Sends a masked frame.
    pub(crate) async fn send_frame(&mut self, first_byte: u8, payload: &[u8]) -> std::io::Result<()> {
        let mask = [1, 2, 3, 4];
        let mut frame = vec![first_byte, 0x80 | 127];
        frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        frame.extend_from_slice(&mask);
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        self.stream.write_all(&frame).await
    }

    /// Sends a compressed text message.
    pub(crate) async fn send(&mut self, text: &str) -> std::io::Result<()> {
        self.send_frame(COMPRESSED_TEXT, &deflate(text.as_bytes())).await
    }

    /// The first byte and the payload of the next frame.
    pub(crate) async fn next_frame(&mut self) -> std::io::Result<(u8, Vec<u8>)> {
        tokio::time::timeout(PATIENCE, self.read_frame()).await?
    }

    async fn read_frame(&mut self) -> std::io::Result<(u8, Vec<u8>)> {
        let first_byte = self.stream.read_u8().await?;
        let length = match self.stream.read_u8().await? {
            126 => u64::from(self.stream.read_u16().await?),
            127 => self.stream.read_u64().await?,
            short => u64::from(short),
        };
        let mut payload = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        self.stream.read_exact(&mut payload).await?;
        Ok((first_byte, payload))
    }

    /// Expects exactly this text next, in a compressed message.
    pub(crate) async fn expect(&mut self, text: &str) -> std::io::Result<()> {
        let (first_byte, payload) = self.next_frame().await?;
        assert_eq!(first_byte, COMPRESSED_TEXT, "expected a compressed text frame");
        assert_eq!(String::from_utf8_lossy(&inflate(&payload)), text);
        Ok(())
    }

    /// Expects exactly this text next, in a message that is not compressed.
    pub(crate) async fn expect_plain(&mut self, text: &str) -> std::io::Result<()> {
        let (first_byte, payload) = self.next_frame().await?;
        assert_eq!((first_byte, &*String::from_utf8_lossy(&payload)), (TEXT, text));
        Ok(())
    }

    /// Expects a close frame with this code next.
    pub(crate) async fn expect_close(&mut self, code: u16) -> std::io::Result<()> {
        let frame = self.next_frame().await?;
        assert_eq!(frame, (CLOSE, code.to_be_bytes().to_vec()), "expected a close with {code}");
        Ok(())
    }

    /// Joins `topic` with the ref `"1"`.
    pub(crate) async fn join(&mut self, topic: &str) -> std::io::Result<()> {
        self.send(&format!(r#"["1","1","{topic}","phx_join",{{}}]"#)).await?;
        let answer = format!(r#"["1","1","{topic}","phx_reply",{{"response":{{}},"status":"ok"}}]"#);
        self.expect_plain(&answer).await
    }
}

/// RFC 7692 §7.2.1: deflated, flushed, and without the last four bytes.
pub(crate) fn deflate(message: &[u8]) -> Vec<u8> {
    let mut output = Vec::with_capacity(message.len() + 1024);
    let result =
        Compress::new(Compression::best(), false).compress_vec(message, &mut output, FlushCompress::Sync);
    assert!(result.is_ok() && output.ends_with(&[0, 0, 0xFF, 0xFF]));
    output.truncate(output.len() - 4);
    output
}

/// RFC 7692 §7.2.2, with a window that starts empty.
pub(crate) fn inflate(message: &[u8]) -> Vec<u8> {
    let mut output = Vec::with_capacity(4 << 20);
    let message = [message, &[0, 0, 0xFF, 0xFF]].concat();
    let result = Decompress::new(false).decompress_vec(&message, &mut output, FlushDecompress::Sync);
    assert!(result.is_ok(), "{result:?}");
    output
}
