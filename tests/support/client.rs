//! An independent WebSocket client that speaks in transcripts.

use futures_util::{SinkExt, StreamExt};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// An upper bound, not a pause: a test that waits so long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    name: &'static str,
}

impl Client {
    pub(crate) async fn connect(url: &str) -> Self {
        match connect_async(url).await {
            Ok((socket, _)) => Self { socket, name: "client" },
            Err(error) => panic!("cannot connect to {url}: {error}"),
        }
    }

    /// The bare WebSocket, for a client that sends and reads at the same time.
    pub(crate) fn into_socket(self) -> WebSocketStream<MaybeTlsStream<TcpStream>> {
        self.socket
    }

    /// A name for the client in failures, where several talk.
    pub(crate) fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// Plays a conversation: `-> text` sends a text frame, `<- text` expects exactly that text frame next,
    /// `<- close 1011` expects a close frame with that code and then the end. `=>` and `<=` do the same with binary
    /// frames, as hexadecimal bytes and quoted strings: `=> 00 01 "room:1" de ad`. Other lines are comments.
    pub(crate) async fn talk(&mut self, transcript: &str) {
        for line in transcript.lines().map(str::trim) {
            if let Some(text) = line.strip_prefix("-> ") {
                self.send(text).await;
            } else if let Some(bytes) = line.strip_prefix("=>") {
                self.send_message(Message::binary(bytes_of(bytes))).await;
            } else if let Some(bytes) = line.strip_prefix("<= ") {
                let frame = self.next_message().await;
                let expected = Some(Message::binary(bytes_of(bytes)));
                assert_eq!(frame, expected, "\n{} was to get the right one in:\n{transcript}", self.name);
            } else if let Some(code) = line.strip_prefix("<- close ") {
                self.expect_close(code.parse().unwrap_or_default()).await;
            } else if let Some(text) = line.strip_prefix("<- ") {
                let frame = self.next().await;
                assert_eq!(frame, text, "\n{} was to get the right one in:\n{transcript}", self.name);
            }
        }
    }

    /// Joins `topic` with the ref `"1"` and an empty payload.
    pub(crate) async fn join(&mut self, topic: &str) {
        self.send(&format!(r#"["1","1","{topic}","phx_join",{{}}]"#)).await;
        let frame = self.next().await;
        assert_eq!(frame, format!(r#"["1","1","{topic}","phx_reply",{{"response":{{}},"status":"ok"}}]"#));
    }

    /// Proves that nothing is on its way: whatever the server had queued for this client, and whatever the channel
    /// joined on `topic` with ref `"1"` had to do, comes before the answer to this echo.
    pub(crate) async fn nothing_more_from(&mut self, topic: &str) {
        self.send(&format!(r#"["1","fence","{topic}","echo",{{}}]"#)).await;
        let frame = self.next().await;
        let echo = format!(r#"["1","fence","{topic}","phx_reply",{{"response":{{}},"status":"ok"}}]"#);
        assert_eq!(frame, echo, "nothing was to come before the echo");
    }

    /// Proves that the connection itself has queued nothing, by a heartbeat.
    pub(crate) async fn nothing_more(&mut self) {
        self.talk(
            r#"
            -> [null,"fence","phoenix","heartbeat",{}]
            <- [null,"fence","phoenix","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.send_message(Message::text(text)).await;
    }

    pub(crate) async fn send_message(&mut self, message: Message) {
        if let Err(error) = self.socket.send(message).await {
            panic!("{} cannot send: {error}", self.name);
        }
    }

    /// Sends bytes beneath the WebSocket protocol.
    pub(crate) async fn send_raw(&mut self, bytes: &[u8]) {
        let MaybeTlsStream::Plain(stream) = self.socket.get_mut() else { panic!("not a plain connection") };
        if let Err(error) = stream.write_all(bytes).await {
            panic!("{} cannot send: {error}", self.name);
        }
    }

    pub(crate) async fn close(&mut self, code: u16) {
        let frame = CloseFrame { code: CloseCode::from(code), reason: "".into() };
        self.send_message(Message::Close(Some(frame))).await;
    }

    /// The next frame as text.
    pub(crate) async fn next(&mut self) -> String {
        match self.next_message().await {
            Some(Message::Text(text)) => text.to_string(),
            other => panic!("{} expected a text frame, got {other:?}", self.name),
        }
    }

    pub(crate) async fn next_message(&mut self) -> Option<Message> {
        match tokio::time::timeout(PATIENCE, self.socket.next()).await {
            Ok(Some(Ok(message))) => Some(message),
            Ok(Some(Err(error))) => panic!("{} cannot read: {error}", self.name),
            Ok(None) => None,
            Err(elapsed) => panic!("{} waited {PATIENCE:?} for a frame: {elapsed}", self.name),
        }
    }

    /// Expects a close, and then goes as a client should: the server waits for that.
    pub(crate) async fn goes_after_close(mut self, code: u16) {
        self.expect_close(code).await;
    }

    pub(crate) async fn expect_close(&mut self, code: u16) {
        match self.next_message().await {
            Some(Message::Close(Some(frame))) => assert_eq!(u16::from(frame.code), code),
            other => panic!("{} expected a close with {code}, got {other:?}", self.name),
        }
    }
}

/// The bytes that a line of a transcript spells.
fn bytes_of(spelled: &str) -> Vec<u8> {
    spelled
        .split_whitespace()
        .flat_map(|word| match word.strip_prefix('"') {
            Some(text) => text.trim_end_matches('"').as_bytes().to_vec(),
            None => vec![u8::from_str_radix(word, 16).unwrap_or_else(|error| panic!("{word}: {error}"))],
        })
        .collect()
}
