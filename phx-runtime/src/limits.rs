//! Every bound of a connection in one place, each with its reason.

use std::time::Duration;

/// What one connection may use, and the request that opens it. Set them per mount:
///
/// ```
/// # use phx_runtime::prelude::*;
/// # struct UserSocket;
/// # #[socket] impl Socket for UserSocket {
/// #     type Params = NoParams;
/// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
/// # }
/// # fn main() -> Result<(), EndpointError> {
/// let endpoint = Endpoint::builder()
///     .socket_with::<UserSocket>("/socket", |options| {
///         options.limits.max_channels = 10;
///         options.limits.max_message_bytes = 64 * 1024;
///     })
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Limits {
    /// Length of the query of a request that connects, in bytes as sent; a longer one is answered with 414. Default
    /// 16 KiB: Phoenix allows 1,000,000, but its HTTP servers answer 414 from 8,000 or 10,000 bytes on by default, so
    /// that no client relies on more. The HTTP server here answers 414 itself beyond 65,534 bytes of path and query.
    pub max_query_bytes: usize,
    /// Topics one connection may have joined at a time; a further join is refused with `too many channels joined`.
    /// Default 100, as in Phoenix: each one is a task. Joining a joined topic again takes no further place, but a
    /// connection never has more than twice as many tasks.
    pub max_channels: usize,
    /// Size of one message from a client, in bytes of payload, fragmented or not; a larger one closes the
    /// connection with 1009. Default 1 MiB: Phoenix allows 10 MB, which is more than a chat or a game needs and
    /// lets a few thousand clients fill a server's memory.
    pub max_message_bytes: usize,
    /// Length of a message's topic in bytes; a longer one closes the connection with
    /// 1009. Default 1,024: the topic is kept for as long as the channel is joined.
    pub max_topic_bytes: usize,
    /// Length of a message's event in bytes; a longer one closes the connection with
    /// 1009. Default 255, the most that Phoenix's binary frames can carry.
    pub max_event_bytes: usize,
    /// Length of a message's `ref` and of its `join_ref` as JSON, in bytes without the quotes; a longer one closes the
    /// connection with 1009. Default 255, as for events: the `join_ref` is kept for as long as the channel is joined.
    pub max_ref_bytes: usize,
    /// Bytes that may wait to be written to a client; a client that lets more pile up is closed with 1013. From a
    /// quarter of it on, nothing more is read from that client, so that it cannot pile up answers to itself. A single
    /// frame is let through even if it is larger, when nothing else waits. Default 4 MiB: that quarter, what may wait
    /// in `inbox_bytes` and one more message always fit, and so does a burst of another client.
    pub outbox_bytes: usize,
    /// How much may wait for one channel before a further push to it has to wait too. The connection then stops
    /// reading, heartbeats included, until the channel has caught up: the client's own TCP connection slows it down,
    /// and nothing is lost. Default 64.
    pub inbox_pushes: usize,
    /// Bytes of a client's messages that may wait for all its channels together, payloads of running joins included,
    /// before the connection stops reading. A single message is let through even if it is larger, when nothing else
    /// waits. Default 2 MiB: two of the largest messages.
    pub inbox_bytes: usize,
    /// Everything that may wait for one channel: pushes, intercepted broadcasts, those of other topics, and
    /// notifications. Those cannot wait for room, so a channel that lets more pile up ends with `phx_error`. Default
    /// 1,024.
    pub inbox_messages: usize,
    /// Timers that one channel may have set at a time; a channel that sets one more ends with `phx_error`, as a client
    /// may be behind it. Default 1,024, as many as messages may wait.
    pub timers: usize,
    /// Other topics that one channel may have subscribed to at a time, each counted as often as it was; a channel that
    /// subscribes once more ends with `phx_error`, as a client may be behind it. Default 1,024: enough for somebody
    /// with many friends, and each takes memory.
    pub subscriptions: usize,
    /// Keys by which one channel may be [present](crate::Context::track) at a time; a channel that tracks one more ends with
    /// `phx_error`, as a client may be behind it. Default 16: a channel is present as its user, seldom as more.
    pub presence_keys: usize,
    /// Length of a key and of what is [tracked](crate::Context::track) by it, together, in bytes as JSON and without the
    /// quotes of the key; a channel that tracks more ends with `phx_error`. Default 16 KiB: everybody at the topic gets it,
    /// and with it everything that the others have tracked.
    pub presence_bytes: usize,
    /// How long a connection may stay silent before it is closed with 1001. Received bytes count, sent ones do not. A
    /// connection that is read no further is closed with 1013 after that long: if its channels have too much to do,
    /// unless one of its messages finds room; if too much waits for the client, unless that takes some of it. Default 60 s:
    /// phoenix.js sends a heartbeat every 30 s.
    pub idle_timeout: Duration,
    /// How long a closed connection may take to be read to its end by the client. Default 5 s.
    pub close_timeout: Duration,
    /// How long a channel whose client joins the same topic again may take to finish the callback it is in, before
    /// that callback is dropped. Its join and `#[terminate]` have this long too. Default 5 s, as in Phoenix.
    pub replace_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_query_bytes: 16 * 1024,
            max_channels: 100,
            max_message_bytes: 1024 * 1024,
            max_topic_bytes: 1024,
            max_event_bytes: 255,
            max_ref_bytes: 255,
            outbox_bytes: 4 * 1024 * 1024,
            inbox_pushes: 64,
            inbox_bytes: 2 * 1024 * 1024,
            inbox_messages: 1024,
            timers: 1024,
            subscriptions: 1024,
            presence_keys: 16,
            presence_bytes: 16 * 1024,
            idle_timeout: Duration::from_mins(1),
            close_timeout: Duration::from_secs(5),
            replace_timeout: Duration::from_secs(5),
        }
    }
}
