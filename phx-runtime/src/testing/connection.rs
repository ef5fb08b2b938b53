//! A client's connection, message by message.

use super::connect_error::ConnectError;
use super::link::{Incoming, Outgoing, WebSocket};
use super::version::Version;
use super::{in_process, longpoll};
use crate::arrival::Arrival;
use crate::endpoint::Endpoint;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures_util::StreamExt;
use std::fmt;
use std::net::SocketAddr;
use tokio_tungstenite::connect_async_with_config;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error as WebSocketError, Message};
use warp::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};

pub(super) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A connection that has failed, for the reason of its transport.
#[derive(Debug, thiserror::Error)]
#[error("the connection has failed: {0}")]
pub struct ConnectionError(#[source] Failure);

/// A client's connection, over any transport: for what no [`TestClient`](super::TestClient) says, such as the messages
/// of a [`Serializer`](crate::Serializer) of your own. What goes over it are bytes; it knows nothing of channels, and
/// sends no heartbeats.
///
/// ```
/// # use phx_runtime::prelude::*;
/// # struct UserSocket;
/// # #[socket] impl Socket for UserSocket {
/// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
/// # }
/// use phx_runtime::Arrival;
/// use phx_runtime::testing::{Connection, tungstenite::Message};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let endpoint = Endpoint::builder().socket::<UserSocket>("/socket").build()?;
/// let mut client = Connection::in_process(&endpoint, Arrival::new("/socket", "vsn=2.0.0")).await?;
/// client.send(Message::text(r#"[null,"1","phoenix","heartbeat",{}]"#)).await?;
/// let answer = r#"[null,"1","phoenix","phx_reply",{"response":{},"status":"ok"}]"#;
/// assert_eq!(client.next().await?, Some(Message::text(answer)));
/// # Ok(())
/// # }
/// ```
pub struct Connection {
    outgoing: Outgoing,
    incoming: Incoming,
}

impl Connection {
    /// Connects without a network, by a [`Session`](crate::Session).
    ///
    /// # Errors
    /// When the server refuses the client.
    pub async fn in_process(endpoint: &Endpoint, arrival: Arrival) -> Result<Self, ConnectError> {
        let (sends, fetches) = in_process::connect(endpoint, arrival).await?;
        Ok(Self { outgoing: Outgoing::InProcess(sends), incoming: Incoming::InProcess(fetches) })
    }

    /// Opens a WebSocket, such as `ws://127.0.0.1:4000/socket/websocket?vsn=2.0.0`, with more headers. The header
    /// `x-phoenix-authtoken` travels as phoenix.js sends it here, as a subprotocol.
    ///
    /// # Errors
    /// When the server refuses the client, or cannot be reached.
    pub async fn websocket(url: &str, headers: &HeaderMap) -> Result<Self, ConnectError> {
        let mut request = url.into_client_request().map_err(ConnectError::failed)?;
        for (name, value) in headers {
            if name == "x-phoenix-authtoken" {
                let token = BASE64_URL_SAFE_NO_PAD.encode(value.as_bytes());
                let offers = HeaderValue::try_from(format!("phoenix, base64url.bearer.phx.{token}"));
                let offers = offers.map_err(ConnectError::failed)?;
                request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, offers);
            } else {
                request.headers_mut().append(name, value.clone());
            }
        }
        let without_nagle = true;
        match connect_async_with_config(request, None, without_nagle).await {
            Ok((socket, _)) => Ok(Self::from_websocket(socket)),
            Err(WebSocketError::Http(answer)) => {
                let status = StatusCode::from_u16(answer.status().as_u16()).map_err(ConnectError::failed)?;
                Err(ConnectError::refused(status, answer.body().as_deref().unwrap_or_default()))
            }
            Err(error) => Err(ConnectError::failed(error)),
        }
    }

    /// Takes a WebSocket that was opened in another way.
    #[must_use]
    pub fn from_websocket(socket: WebSocket) -> Self {
        let (sink, stream) = socket.split();
        let (outgoing, incoming) =
            (Outgoing::WebSocket(Box::new(sink)), Incoming::WebSocket(Box::new(stream)));
        Self { outgoing, incoming }
    }

    /// Opens a session of long polling, such as `http://127.0.0.1:4000/socket/longpoll?vsn=2.0.0`, whose requests have
    /// these headers besides their own. The host has to be an address.
    ///
    /// # Errors
    /// When the server refuses the client, or cannot be reached.
    pub async fn longpoll(url: &str, headers: &HeaderMap) -> Result<Self, ConnectError> {
        let uri: Uri = url.parse().map_err(ConnectError::failed)?;
        let addr = uri.authority().map(|host| host.as_str().parse::<SocketAddr>());
        let addr = addr.ok_or_else(|| ConnectError::failed("an address without a host"))?;
        let addr = addr.map_err(ConnectError::failed)?;
        let path = uri.path_and_query().map(ToString::to_string).unwrap_or_default();
        let version = version_in(uri.query().unwrap_or_default());
        let (posts, polls) = longpoll::connect(addr, path, headers, version).await?;
        let (outgoing, incoming) = (Outgoing::LongPoll(Box::new(posts)), Incoming::LongPoll(Box::new(polls)));
        Ok(Self { outgoing, incoming })
    }

    /// Takes a message, to send it together with the next.
    ///
    /// # Errors
    /// When a WebSocket has failed.
    pub async fn feed(&mut self, message: Message) -> Result<(), ConnectionError> {
        self.outgoing.feed(message).await.map_err(ConnectionError)
    }

    /// Sends what it has taken. Without a network and by long polling that waits until the server has taken it.
    ///
    /// # Errors
    /// When the transport fails, or has no such message: only a WebSocket has pings and closes.
    pub async fn flush(&mut self) -> Result<(), ConnectionError> {
        self.outgoing.flush().await.map_err(ConnectionError)
    }

    /// Sends a message, as [`feed`](Self::feed) and [`flush`](Self::flush) do.
    ///
    /// # Errors
    /// As those.
    pub async fn send(&mut self, message: Message) -> Result<(), ConnectionError> {
        self.feed(message).await?;
        self.flush().await
    }

    /// The next message, or `None` at the end. A WebSocket brings a [`Message::Close`] before that, and without a network
    /// there is one with the code that a WebSocket would be closed with; long polling just ends.
    ///
    /// # Errors
    /// When the transport fails.
    pub async fn next(&mut self) -> Result<Option<Message>, ConnectionError> {
        self.incoming.next().await.map_err(ConnectionError)
    }

    /// Whether it is a session of long polling.
    #[must_use]
    pub fn is_longpoll(&self) -> bool {
        matches!(self.incoming, Incoming::LongPoll(_))
    }

    /// The bare WebSocket, for what is beneath messages; `None` over other transports.
    #[must_use]
    pub fn into_websocket(self) -> Option<WebSocket> {
        match (self.outgoing, self.incoming) {
            (Outgoing::WebSocket(sink), Incoming::WebSocket(stream)) => sink.reunite(*stream).ok(),
            _ => None,
        }
    }

    pub(super) fn split(self) -> (Outgoing, Incoming) {
        (self.outgoing, self.incoming)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}

/// A client that asks for no version gets the first.
fn version_in(query: &str) -> Version {
    let vsn = query.split('&').find_map(|parameter| parameter.strip_prefix("vsn="));
    if vsn.is_none_or(|vsn| vsn.starts_with("1.")) { Version::V1 } else { Version::V2 }
}
