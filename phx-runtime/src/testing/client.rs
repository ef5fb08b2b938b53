//! A client of a test.

use super::channel::TestChannel;
use super::connect_error::ConnectError;
use super::entry::Entry;
use super::inner::Inner;
use super::join::{join, refused};
use super::join_error::JoinError;
use super::journal::Journal;
use super::line::Ends;
use super::over::Over;
use super::place::Place;
use super::step::Step;
use crate::arrival::Arrival;
use crate::endpoint::Endpoint;
use crate::payload::{FromPayload, Payload, ToPayload};
use crate::topic_name::TopicName;
use serde::Serialize;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A client, connected to a socket of an endpoint. It reads all the time, sends a heartbeat when it has been silent for
/// 30 s, and knows what has come to it: assertions take that, in any order.
///
/// It is connected until it is [closed](Self::close), or it and all its channels are dropped.
///
/// ```
/// use phx_runtime::prelude::*;
/// use phx_runtime::testing::{TestClient, TestResult};
/// use serde_json::json;
///
/// struct UserSocket;
///
/// #[socket]
/// impl Socket for UserSocket {
///     channel!("room:*", Room);
///     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
/// }
///
/// struct Room;
///
/// #[channel(socket = UserSocket)]
/// impl Room {
///     #[join("room:*")]
///     fn join() -> Result<(Self, String), Refused> { Ok((Self, "welcome".into())) }
///
///     #[handle_in("ping")]
///     fn ping(&mut self, ping: Payload) -> Result<Payload, Refused> { Ok(ping) }
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> TestResult {
/// let endpoint = Endpoint::builder().socket::<UserSocket>("/socket").build()?;
/// let client = TestClient::connect(&endpoint, "/socket", &()).await?;
/// let (room, welcome) = client.join("room:lobby", &()).await?;
/// assert_eq!(welcome, json!("welcome"));
/// let ping = room.push("ping", &json!({"n": 1})).await;
/// room.assert_reply(&ping, "ok", &json!({"n": 1})).await;
/// # Ok(())
/// # }
/// ```
pub struct TestClient {
    inner: Arc<Inner>,
}

impl TestClient {
    /// Connects to the socket that is mounted at `path`, without a network. The parameters are what
    /// [`Socket::connect`](crate::Socket::connect) gets: anything that can stand in a query, nested or not, `&()` for
    /// none. They travel as text, so that a number arrives as digits.
    ///
    /// # Errors
    /// When the server refuses the client: [`ConnectError::Refused`] with the answer.
    pub async fn connect<P: Serialize>(
        endpoint: &Endpoint,
        path: &str,
        params: &P,
    ) -> Result<Self, ConnectError> {
        Self::connect_with(endpoint, path, params, |_| ()).await
    }

    /// As [`connect`](Self::connect), with what there is to an arrival besides: [headers](Arrival::headers), such as
    /// `origin`, and an [address](Arrival::peer_addr).
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # struct UserSocket;
    /// # #[socket] impl Socket for UserSocket {
    /// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
    /// # }
    /// use phx_runtime::testing::TestClient;
    /// use warp::http::{HeaderValue, StatusCode};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> phx_runtime::testing::TestResult {
    /// let endpoint = Endpoint::builder().socket::<UserSocket>("/socket").build()?;
    /// let stranger = TestClient::connect_with(&endpoint, "/socket", &(), |arrival| {
    ///     arrival.headers.insert("origin", HeaderValue::from_static("https://elsewhere.example"));
    /// });
    /// assert_eq!(stranger.await.err().and_then(|error| error.status()), Some(StatusCode::FORBIDDEN));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn connect_with<P: Serialize>(
        endpoint: &Endpoint,
        path: &str,
        params: &P,
        configure: impl FnOnce(&mut Arrival),
    ) -> Result<Self, ConnectError> {
        let place = Place { endpoint: endpoint.clone(), over: Over::InProcess, addr: None };
        Self::arrive(place, path, params, configure).await
    }

    pub(super) async fn arrive<P: Serialize>(
        place: Place,
        path: &str,
        params: &P,
        configure: impl FnOnce(&mut Arrival),
    ) -> Result<Self, ConnectError> {
        let version = place.over.version();
        let params = serde_qs::to_string(params).map_err(|error| ConnectError::failed(error.to_string()))?;
        let separator = if params.is_empty() { "" } else { "&" };
        let mut arrival = Arrival::new(path, format!("vsn={}{separator}{params}", version.vsn()));
        configure(&mut arrival);
        let journal = Journal::new(format!("the client ({})", place.over));
        Ok(Self { inner: Inner::connect(place, arrival, Ends::new(version, journal)).await? })
    }

    /// Joins a topic. Gives the channel as the client has it, and what `#[join]` replied: compare it with a
    /// [`serde_json::Value`], or [decode](Payload::decode) it. Phoenix: `join/3`.
    ///
    /// # Errors
    /// When the channel refuses the client, and when there is no answer in time.
    pub async fn join<P: ToPayload + ?Sized>(
        &self,
        topic: impl TopicName,
        params: &P,
    ) -> Result<(TestChannel, Payload), JoinError> {
        join(&self.inner, topic.name(), params.to_payload(), false).await
    }

    /// As [`join`](Self::join), and listens to the broadcasts on the topic besides, for
    /// [`assert_broadcast`](TestChannel::assert_broadcast). Phoenix: `subscribe_and_join/3`.
    ///
    /// # Errors
    /// As [`join`](Self::join).
    pub async fn subscribe_and_join<P: ToPayload + ?Sized>(
        &self,
        topic: impl TopicName,
        params: &P,
    ) -> Result<(TestChannel, Payload), JoinError> {
        join(&self.inner, topic.name(), params.to_payload(), true).await
    }

    /// Has a join refused, and gives what it was refused with.
    ///
    /// # Panics
    /// If the client may join, or there is no answer in time, or another than a `R`.
    pub fn expect_refusal<R: FromPayload + 'static>(
        &self,
        topic: impl TopicName,
        params: &(impl ToPayload + ?Sized),
    ) -> Step<R> {
        let (inner, topic, params) = (Arc::clone(&self.inner), topic.name().to_owned(), params.to_payload());
        Step::new(async move { refused(&inner, &topic, params).await })
    }

    /// How long assertions of this client and its channels wait, from now on, and those that say that nothing comes. By
    /// default 100 ms, as in Phoenix. Where time is real, an assertion by default waits up to 5 s, since the machine may
    /// be busy.
    pub fn set_timeout(&self, timeout: Duration) {
        self.inner.set_timeout(timeout);
    }

    /// Waits until the server has closed the connection with this code, such as 1013 because the client does not read.
    /// Long polling has no codes, so that any end will do there. Only the end of the latest connection counts, and only
    /// one that the client has not made itself.
    ///
    /// # Panics
    /// If it does not in time, or closes it with another code.
    pub fn assert_closed(&self, code: u16) -> Step<()> {
        let inner = Arc::clone(&self.inner);
        Step::new(async move {
            let (timeout, journal) = (inner.patience(), &inner.ends.journal);
            let closed = journal.take_until_closed(timeout, |entry| match entry {
                Entry::Closed { code } => Some(*code),
                _ => None,
            });
            let got = match closed.await {
                Some(got) if got == Some(code) || inner.place.over.transport() == "longpoll" => return Ok(()),
                Some(Some(got)) => format!("the connection was to be closed with {code}, and was with {got}"),
                Some(None) => format!("the connection was to be closed with {code}, and just ended"),
                None if journal.has_left() => {
                    format!("the connection was to be closed with {code}, and the client has ended it itself")
                }
                None if journal.is_closed() => {
                    format!(
                        "the connection was to be closed with {code}, and an earlier assertion has taken its end"
                    )
                }
                None => format!("the connection was not closed within {timeout:?}"),
            };
            Err(format!("{got}\n\n{}", journal.listed()))
        })
    }

    /// Goes in good order: its channels end with [`Reason::Closed`](crate::Reason::Closed).
    pub async fn close(&self) {
        self.inner.close().await;
    }

    /// Has the connection cut: the client is gone without a word, as when its program is killed.
    pub async fn cut(&self) {
        self.inner.cut().await;
    }

    /// Connects again with the same parameters, after the connection has ended in any way. The channels are gone: the
    /// client has to join again.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn reconnect(&self) -> Result<(), ConnectError> {
        self.inner.cut().await;
        self.inner.connect_again().await
    }

    /// Reads nothing from now on, as a client whose program hangs or whose network is slow; it still sends. What the
    /// server has to say to it piles up, first in the buffers of the network, if there is one, then at the server, until
    /// that closes the connection with 1013: see [`Limits::outbox_bytes`](crate::Limits::outbox_bytes).
    pub fn stop_reading(&self) {
        self.inner.read(false);
    }

    /// Reads again after [`stop_reading`](Self::stop_reading), beginning with what piled up.
    pub fn resume_reading(&self) {
        self.inner.read(true);
    }

    /// Has the next message that the client sends lost on its way; called twice, the next two.
    pub fn lose_next_sent(&self) {
        self.inner.ends.faults.lose_next_sent();
    }

    /// Has the next message of the server lost on its way; called twice, the next two. The answers to heartbeats do not
    /// count.
    pub fn lose_next_received(&self) {
        self.inner.ends.faults.lose_next_received();
    }
}

impl fmt::Debug for TestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestClient").field("over", &self.inner.place.over).finish_non_exhaustive()
    }
}
