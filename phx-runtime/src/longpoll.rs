//! What a mount may say about long polling.

mod answers;
mod newcomers;
mod polling;
mod posted;
mod requests;
mod sessions;

pub(crate) use newcomers::Newcomers;
pub(crate) use polling::Polling;
pub(crate) use posted::messages;
pub(crate) use requests::Polls;

use std::time::Duration;

/// Long polling: for clients whose network lets no WebSocket through. phoenix.js comes by it with
/// `transport: LongPoll`, or by itself with `longPollFallbackMs` when a WebSocket does not open. The same sockets and
/// channels serve both, under the same [`Limits`](crate::Limits).
///
/// It is off unless a mount asks for it: `#[socket("/socket", longpoll)]`, with settings
/// `#[socket("/socket", longpoll.window = Duration::from_secs(5))]`, or as here.
///
/// ```
/// # use phx_runtime::prelude::*;
/// # use phx_runtime::LongPoll;
/// # use std::time::Duration;
/// # struct UserSocket;
/// # #[socket] impl Socket for UserSocket {
/// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
/// # }
/// # fn main() -> Result<(), EndpointError> {
/// let mut longpoll = LongPoll::default();
/// longpoll.window = Duration::from_secs(5);
/// let mut builder = Endpoint::builder()
///     .socket_with::<UserSocket>("/socket", |options| options.longpoll = Some(longpoll));
/// if let Ok(secret) = std::env::var("SECRET_KEY_BASE") {
///     builder = builder.secret_key_base(secret);
/// }
/// let endpoint = builder.build()?;
/// # Ok(())
/// # }
/// ```
///
/// A client is a **session** here: it begins with a request that passes the same checks as a WebSocket's, and is named by
/// a signed token in each further one. A GET waits for messages, a POST brings some. A session ends when no GET has come
/// for one and a half [windows](Self::window).
///
/// Text is all that a poll can carry. Binary payloads of [`V2`](crate::V2) arrive as `{"base64": "…"}` instead of an
/// `ArrayBuffer`; a binary message of your own [`Serializer`](crate::Serializer) or [`Transport`](crate::Transport) is
/// its bytes in base64, unless the serializer has [a text](crate::Serializer::encode_text) for it. Clients send binary
/// messages as with Phoenix.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LongPoll {
    /// Where under the mount's path it is served. Default `longpoll`, which phoenix.js appends to the path it is given.
    /// Named segments are parameters, as in the mount's path. Phoenix: `path`.
    pub path: String,
    /// How long a GET may wait for a message, and a POST for the session to take what it brings. Default 10 s, as in
    /// Phoenix; phoenix.js gives a request up after 20 s. Phoenix: `window_ms`.
    pub window: Duration,
    /// The size of a POST in bytes; a larger one is answered with 400. Default 1 MiB, as for
    /// [`max_message_bytes`](crate::Limits::max_message_bytes), which bounds each message in it. Phoenix allows
    /// 8,000,000.
    pub max_body_bytes: usize,
    /// How many messages a POST may bring; one that brings more is refused as a whole, with the status 413 in the
    /// answer's body. Default 100, which is what phoenix.js sends at most. Phoenix drops the rest.
    pub max_batch: usize,
    /// How long the body of a POST may take to arrive; a slower one is answered with 408. Default 10 s: as long as the
    /// headers may take.
    pub body_timeout: Duration,
    /// How long after a session began its token still names it; with an older one, a new session begins. Default 14 days,
    /// as in Phoenix: no page stays open for so long. Phoenix: `crypto: [max_age: …]`, in seconds.
    pub token_max_age: Duration,
    /// How many sessions the mount may have at a time; a client that wants one more is answered with 503, and phoenix.js
    /// tries again. Default 100,000, as many as the [connections](crate::Server::max_connections) of a server: a session
    /// takes a few KiB, and lives for a while after its client has gone. It takes no connection of its own, so whoever can
    /// send some thousand requests a second can take them all: see to that in front of the server.
    pub max_sessions: usize,
    /// How many sessions that have never been polled may have come by one TCP connection; one more is answered with
    /// 503. Default 1,000: a client polls as soon as it has its token, so that this is enough even for a proxy that
    /// sends everybody's requests over one connection. Under another HTTP server than ours there is no such limit.
    pub max_newcomers: usize,
}

impl Default for LongPoll {
    fn default() -> Self {
        Self {
            path: "longpoll".to_owned(),
            window: Duration::from_secs(10),
            max_body_bytes: 1024 * 1024,
            max_batch: 100,
            body_timeout: Duration::from_secs(10),
            token_max_age: Duration::from_hours(14 * 24),
            max_sessions: 100_000,
            max_newcomers: 1000,
        }
    }
}

#[cfg(test)]
mod tests;
