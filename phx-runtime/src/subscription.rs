//! A topic as heard by code outside of channels.

use crate::broadcast::Broadcast;
use crate::endpoint::Endpoint;
use crate::pubsub::{self, Subscriber};
use crate::topic_name::TopicName;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The broadcasts of one topic, for code that is no channel; made by [`Endpoint::subscribe`]. Dropping it
/// unsubscribes.
///
/// Broadcasts wait here until [`recv`](Self::recv) takes them, up to a capacity: whoever sends them never waits.
pub struct Subscription {
    place: pubsub::Subscription,
    mailbox: Arc<Mailbox>,
}

/// More broadcasts came in than a [`Subscription`] holds: so many, the oldest ones, are lost.
///
/// ```
/// # use phx_runtime::prelude::*;
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let endpoint = Endpoint::builder().build()?;
/// let mut latest = endpoint.subscribe_with("prices", 1);
/// for price in [10, 11, 12] {
///     endpoint.broadcast("prices", "changed", &serde_json::json!({"price": price}))?;
/// }
/// assert_eq!(latest.recv().await.err().map(|missed| missed.count()), Some(2));
/// assert_eq!(latest.recv().await?.payload().as_bytes(), br#"{"price":12}"#);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("missed {count} broadcast(s): more came in than the subscription holds")]
pub struct Missed {
    count: u64,
}

impl Missed {
    /// How many broadcasts are lost.
    #[must_use]
    pub fn count(self) -> u64 {
        self.count
    }
}

impl Subscription {
    /// How many broadcasts wait for a subscriber unless it says otherwise: 1,024, as many messages as may wait for a
    /// channel. They take memory only while they wait.
    pub const CAPACITY: usize = 1024;

    /// The topic subscribed to.
    #[must_use]
    pub fn topic(&self) -> &str {
        self.place.topic()
    }

    /// Waits for the next broadcast. A call that is dropped, as in `tokio::select!`, loses none.
    ///
    /// # Errors
    /// When broadcasts were [`Missed`] since the last call, because more came in than may wait. The next call goes on
    /// with what came after them.
    pub async fn recv(&mut self) -> Result<Broadcast, Missed> {
        loop {
            if let Some(next) = self.mailbox.take() {
                return next;
            }
            self.mailbox.arrived.notified().await;
        }
    }

    /// Gives the subscription up, as dropping it does.
    pub fn unsubscribe(self) {}

    pub(crate) fn place(&self) -> &pubsub::Subscription {
        &self.place
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("topic", &self.topic()).finish_non_exhaustive()
    }
}

impl Endpoint {
    /// Listens to the broadcasts of a topic from outside any channel, whether a client has joined it or not.
    ///
    /// At most [`Subscription::CAPACITY`] broadcasts wait; then the oldest are dropped, and
    /// [`recv`](Subscription::recv) says how many. A topic that is subscribed to twice is delivered twice.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let endpoint = Endpoint::builder().build()?;
    /// let mut orders = endpoint.subscribe("orders");
    /// endpoint.broadcast("orders", "placed", &serde_json::json!({"id": 7}))?;
    /// assert_eq!(orders.recv().await?.event(), "placed");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "dropping a subscription unsubscribes"]
    pub fn subscribe(&self, topic: impl TopicName) -> Subscription {
        self.subscribe_with(topic, Subscription::CAPACITY)
    }

    /// As [`subscribe`](Self::subscribe), with room for `capacity` broadcasts, at least one.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # fn main() -> Result<(), EndpointError> {
    /// # let endpoint = Endpoint::builder().build()?;
    /// let ticks = endpoint.subscribe_with("ticks", 16);
    /// assert_eq!(endpoint.topics(), 1);
    /// ticks.unsubscribe();
    /// assert_eq!(endpoint.topics(), 0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "dropping a subscription unsubscribes"]
    pub fn subscribe_with(&self, topic: impl TopicName, capacity: usize) -> Subscription {
        let mailbox = Arc::new(Mailbox::new(capacity));
        let subscriber = Subscriber::Listening({
            let mailbox = Arc::clone(&mailbox);
            // What is too much here is dropped, and nobody is to wait for it.
            Box::new(move |broadcast| {
                mailbox.push(broadcast);
                0
            })
        });
        Subscription { place: self.hub.pubsub.subscribe(&topic.name().into(), subscriber, || ()), mailbox }
    }
}

/// What waits for a subscriber. Any task may put a broadcast in; only the subscription takes them out.
struct Mailbox {
    waiting: Mutex<Waiting>,
    capacity: usize,
    arrived: Notify,
}

#[derive(Default)]
struct Waiting {
    broadcasts: VecDeque<Broadcast>,
    /// How many were dropped since the subscriber was last told.
    missed: u64,
}

impl Mailbox {
    fn new(capacity: usize) -> Self {
        Self { waiting: Mutex::default(), capacity: capacity.max(1), arrived: Notify::new() }
    }

    /// Puts a broadcast in, in place of the oldest one if there is no room.
    fn push(&self, broadcast: Broadcast) {
        let mut waiting = self.lock();
        if waiting.broadcasts.len() >= self.capacity {
            waiting.broadcasts.pop_front();
            waiting.missed += 1;
        }
        waiting.broadcasts.push_back(broadcast);
        drop(waiting);
        self.arrived.notify_one();
    }

    fn take(&self) -> Option<Result<Broadcast, Missed>> {
        let mut waiting = self.lock();
        if waiting.missed > 0 {
            return Some(Err(Missed { count: std::mem::take(&mut waiting.missed) }));
        }
        let next = waiting.broadcasts.pop_front()?;
        if waiting.broadcasts.is_empty() {
            // A burst must not leave its memory behind.
            waiting.broadcasts = VecDeque::new();
        }
        Some(Ok(next))
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
