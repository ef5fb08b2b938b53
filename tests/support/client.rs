//! An independent client that speaks in transcripts, over any transport: on the connections of the test kit.

use phx_runtime::testing::tungstenite::Message;
use phx_runtime::testing::tungstenite::protocol::CloseFrame;
use phx_runtime::testing::tungstenite::protocol::frame::coding::CloseCode;
use phx_runtime::testing::{Connection, Version, WebSocket};
use phx_runtime::{Arrival, Endpoint};
use std::borrow::Cow;
use std::error::Error;
use std::io;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::MaybeTlsStream;
use warp::http::HeaderMap;

/// An upper bound, not a pause: a test that waits so long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Client {
    /// Always there, but while bytes are sent beneath it.
    connection: Option<Connection>,
    /// What the arrays of version 2 that the test has written become on their way.
    version: Version,
    name: &'static str,
}

impl Client {
    fn new(connection: Connection, version: Version) -> Self {
        Self { connection: Some(connection), version, name: "client" }
    }

    /// Connects a WebSocket, and sends and expects what is written as it is.
    pub(crate) async fn connect(url: &str) -> Self {
        match Connection::websocket(url, &HeaderMap::new()).await {
            Ok(connection) => Self::new(connection, Version::V2),
            Err(error) => panic!("{url}: {error}"),
        }
    }

    /// Opens a session of long polling.
    pub(crate) async fn connect_longpoll(url: &str, version: Version) -> Self {
        match Connection::longpoll(url, &HeaderMap::new()).await {
            Ok(connection) => Self::new(connection, version),
            Err(error) => panic!("{url}: {error}"),
        }
    }

    /// Begins a session without a network.
    pub(crate) async fn connect_in_process(endpoint: &Endpoint, arrival: Arrival) -> Self {
        match Connection::in_process(endpoint, arrival).await {
            Ok(connection) => Self::new(connection, Version::V2),
            Err(error) => panic!("{error}"),
        }
    }

    /// Has what is written in version 2 sent and expected in another.
    pub(crate) fn translating_to(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// What carries the messages, for a client that must not panic.
    pub(crate) fn into_connection(mut self) -> Connection {
        match self.connection.take() {
            Some(connection) => connection,
            None => panic!("{} has no connection", self.name),
        }
    }

    /// The bare WebSocket, for a client that sends and reads at the same time.
    pub(crate) fn into_socket(self) -> WebSocket {
        let name = self.name;
        match self.into_connection().into_websocket() {
            Some(socket) => socket,
            None => panic!("{name} has no WebSocket"),
        }
    }

    fn connection(&mut self) -> &mut Connection {
        match &mut self.connection {
            Some(connection) => connection,
            None => panic!("{} has no connection", self.name),
        }
    }

    /// A name for the client in failures, where several talk.
    pub(crate) fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// Plays a conversation: `-> text` sends a text message, `<- text` expects exactly that text next, both written in
    /// version 2 of the protocol, `<- close 1011` expects a close with that code. `=>` and `<=` do the same with binary
    /// messages, as hexadecimal bytes and quoted strings: `=> 00 01 "room:1" de ad`. Other lines are comments. What is
    /// sent without waiting for something in between is sent together.
    pub(crate) async fn talk(&mut self, transcript: &str) {
        for line in transcript.lines().map(str::trim) {
            if let Some(text) = line.strip_prefix("-> ") {
                self.feed(Message::text(self.version.sends(text).into_owned())).await;
            } else if let Some(bytes) = line.strip_prefix("=>") {
                self.feed(Message::binary(bytes_of(bytes))).await;
            } else if let Some(bytes) = line.strip_prefix("<= ") {
                let frame = self.next_message().await;
                let expected = Some(Message::binary(bytes_of(bytes)));
                assert_eq!(frame, expected, "\n{} was to get the right one in:\n{transcript}", self.name);
            } else if let Some(code) = line.strip_prefix("<- close ") {
                self.expect_close(code.parse().unwrap_or_default()).await;
            } else if let Some(text) = line.strip_prefix("<- ") {
                let frame = self.next().await;
                let expected = self.version.gets(text);
                assert_eq!(frame, expected, "\n{} was to get the right one in:\n{transcript}", self.name);
            }
        }
        self.flush().await;
    }

    /// How a message of the server that is written in version 2 comes to this client.
    pub(crate) fn gets<'m>(&self, message: &'m str) -> Cow<'m, str> {
        self.version.gets(message)
    }

    /// Expects these messages, written in version 2, next.
    pub(crate) async fn gets_in_any_order<const N: usize>(&mut self, messages: [&str; N]) {
        let mut expected = messages.map(|message| self.gets(message));
        let mut frames = Vec::new();
        for _ in 0..N {
            frames.push(self.next().await);
        }
        frames.sort();
        expected.sort();
        assert_eq!(frames, expected, "{} was to get the right ones", self.name);
    }

    /// Joins `topic` with the ref `"1"` and an empty payload.
    pub(crate) async fn join(&mut self, topic: &str) {
        self.talk(&format!(
            r#"
            -> ["1","1","{topic}","phx_join",{{}}]
            <- ["1","1","{topic}","phx_reply",{{"response":{{}},"status":"ok"}}]
            "#
        ))
        .await;
    }

    /// Proves that nothing is on its way: whatever the server had queued for this client, and whatever the channel
    /// joined on `topic` with ref `"1"` had to do, comes before the answer to this echo.
    pub(crate) async fn nothing_more_from(&mut self, topic: &str) {
        self.talk(&format!(
            r#"
            -> ["1","fence","{topic}","echo",{{}}]
            <- ["1","fence","{topic}","phx_reply",{{"response":{{}},"status":"ok"}}]
            "#
        ))
        .await;
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

    /// Sends a text message, written in version 2.
    pub(crate) async fn send(&mut self, text: &str) {
        self.send_message(Message::text(self.version.sends(text).into_owned())).await;
    }

    pub(crate) async fn send_message(&mut self, message: Message) {
        self.feed(message).await;
        self.flush().await;
    }

    async fn feed(&mut self, message: Message) {
        if let Err(error) = self.connection().feed(message).await {
            panic!("{} cannot send: {error}", self.name);
        }
    }

    async fn flush(&mut self) {
        if let Err(error) = self.connection().flush().await {
            panic!("{} cannot send: {error}", self.name);
        }
    }

    /// Sends bytes beneath the WebSocket protocol.
    pub(crate) async fn send_raw(&mut self, bytes: &[u8]) {
        let socket = self.connection.take().and_then(Connection::into_websocket);
        let Some(mut socket) = socket else { panic!("not a WebSocket") };
        let MaybeTlsStream::Plain(stream) = socket.get_mut() else { panic!("not a plain connection") };
        if let Err(error) = stream.write_all(bytes).await {
            panic!("{} cannot send: {error}", self.name);
        }
        self.connection = Some(Connection::from_websocket(socket));
    }

    /// Closes a WebSocket.
    pub(crate) async fn close(&mut self, code: u16) {
        let frame = CloseFrame { code: CloseCode::from(code), reason: "".into() };
        self.send_message(Message::Close(Some(frame))).await;
    }

    /// The next message as the text that came.
    pub(crate) async fn next(&mut self) -> String {
        match self.next_message().await {
            Some(Message::Text(text)) => text.to_string(),
            other => panic!("{} expected a text message, got {other:?}", self.name),
        }
    }

    pub(crate) async fn next_message(&mut self) -> Option<Message> {
        self.flush().await;
        match tokio::time::timeout(PATIENCE, self.connection().next()).await {
            Ok(Ok(message)) => message,
            Ok(Err(error)) => panic!("{} cannot read: {error}", self.name),
            Err(elapsed) => panic!("{} waited {PATIENCE:?} for a message: {elapsed}", self.name),
        }
    }

    /// Expects a close, and then goes as a client should: the server waits for that.
    pub(crate) async fn goes_after_close(mut self, code: u16) {
        self.expect_close(code).await;
    }

    pub(crate) async fn expect_close(&mut self, code: u16) {
        match self.next_or_close(code).await {
            None => {}
            Some(message) => panic!("{} expected a close with {code}, got {message:?}", self.name),
        }
    }

    /// Expects a close, whatever comes before it.
    pub(crate) async fn expect_close_after_messages(&mut self, code: u16) {
        while self.next_or_close(code).await.is_some() {}
    }

    /// The next message, or `None` if the server closes with this code where there are codes. A session of long polling
    /// is then gone, and at a shutdown perhaps its server too.
    async fn next_or_close(&mut self, code: u16) -> Option<Message> {
        self.flush().await;
        let is_longpoll = self.connection().is_longpoll();
        match tokio::time::timeout(PATIENCE, self.connection().next()).await {
            Ok(Ok(Some(Message::Close(Some(frame))))) if u16::from(frame.code) == code => None,
            Ok(Ok(None)) if is_longpoll => None,
            Ok(Ok(None)) => panic!("{} got the end without a close", self.name),
            Ok(Ok(message)) => message,
            Ok(Err(error))
                if is_longpoll
                    && code == 1012
                    && error.source().is_some_and(<dyn Error>::is::<io::Error>) =>
            {
                None
            }
            Ok(Err(error)) => panic!("{} cannot read: {error}", self.name),
            Err(elapsed) => panic!("{} waited {PATIENCE:?} for a close: {elapsed}", self.name),
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
