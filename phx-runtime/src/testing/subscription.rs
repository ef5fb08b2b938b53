//! What is broadcast on a topic, whoever gets it.

use super::clock;
use super::entry::Entry;
use super::journal::Journal;
use super::name::AnyEvent;
use super::seek::{Kind, Sought};
use super::step::Step;
use crate::broadcast::Broadcast;
use crate::endpoint::Endpoint;
use crate::event::EventName;
use crate::payload::{FromPayload, ToPayload};
use crate::pubsub::{self, Subscriber};
use crate::topic_name::TopicName;
use std::fmt;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The broadcasts on a topic, heard beside its channels: for a test without a client, or for another topic than the
/// client's. [`TestClient::subscribe_and_join`](super::TestClient::subscribe_and_join) listens for you.
///
/// ```
/// # use phx_runtime::prelude::*;
/// use phx_runtime::testing::TestSubscription;
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> phx_runtime::testing::TestResult {
/// let endpoint = Endpoint::builder().build()?;
/// let orders = TestSubscription::new(&endpoint, "orders");
/// endpoint.broadcast("orders", "placed", &json!({"id": 7}))?;
/// orders.assert_broadcast("placed", &json!({"id": 7})).await;
/// orders.refute_broadcast("cancelled").await;
/// # Ok(())
/// # }
/// ```
#[must_use = "dropping it ends the subscription"]
pub struct TestSubscription {
    topic: String,
    journal: Arc<Journal>,
    timeout: Mutex<Option<Duration>>,
    _place: pubsub::Subscription,
}

impl TestSubscription {
    /// Listens from now on.
    pub fn new(endpoint: &Endpoint, topic: impl TopicName) -> Self {
        let topic = topic.name().to_owned();
        let journal = Arc::new(Journal::new(format!("those who listen to {topic:?}")));
        let place = listen(endpoint, &topic, {
            let journal = Arc::clone(&journal);
            // Nobody joins here.
            move |broadcast| journal.add(Entry::broadcast(broadcast, 0))
        });
        Self { topic, journal, timeout: Mutex::default(), _place: place }
    }

    /// How long assertions wait, from now on, and those that say that nothing comes. By default 100 ms; where time is real,
    /// an assertion by default waits up to 5 s.
    pub fn set_timeout(&self, timeout: Duration) {
        *self.timeout.lock().unwrap_or_else(PoisonError::into_inner) = Some(timeout);
    }

    /// Waits for a broadcast of this event with this payload.
    ///
    /// # Panics
    /// If none comes in time: 100 ms, or 5 s where time is real, unless [`set_timeout`](Self::set_timeout) says another.
    pub fn assert_broadcast<P: ToPayload + ?Sized>(&self, event: impl EventName<P>, payload: &P) -> Step<()> {
        let (sought, journal) = (self.sought(event.name()), Arc::clone(&self.journal));
        let (payload, timeout) = (payload.to_payload(), self.asked());
        Step::new(async move {
            let payload = payload.map_err(|error| error.to_string())?;
            sought.assert(&journal, clock::patience(timeout), pending(), &payload).await
        })
    }

    /// Waits for a broadcast of this event, and gives what came with it.
    ///
    /// # Panics
    /// If none comes in time, or with something else than a `P`.
    pub fn expect_broadcast<P: FromPayload + 'static>(&self, event: impl EventName<P>) -> Step<P> {
        let (sought, journal) = (self.sought(event.name()), Arc::clone(&self.journal));
        let timeout = self.asked();
        Step::new(async move { sought.expect(&journal, clock::patience(timeout), pending()).await })
    }

    /// Waits for 100 ms, in real time too, or what [`set_timeout`](Self::set_timeout) says, and has no broadcast of this
    /// event come.
    ///
    /// # Panics
    /// If one has come or comes.
    pub fn refute_broadcast(&self, event: impl AnyEvent) -> Step<()> {
        let (sought, journal) = (self.sought(event.any_name()), Arc::clone(&self.journal));
        let timeout = self.asked().unwrap_or(clock::PAUSED);
        Step::new(async move {
            sought.refute(&journal)?;
            tokio::time::sleep(timeout).await;
            sought.refute(&journal)
        })
    }

    fn asked(&self) -> Option<Duration> {
        *self.timeout.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sought(&self, event: &str) -> Sought {
        Sought { kind: Kind::Broadcast, join: None, topic: self.topic.clone(), event: event.to_owned() }
    }
}

impl fmt::Debug for TestSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestSubscription").field("topic", &self.topic).finish_non_exhaustive()
    }
}

/// Has what is broadcast on a topic told at once, before anybody else does anything with it.
pub(super) fn listen(
    endpoint: &Endpoint,
    topic: &str,
    tell: impl Fn(&Broadcast) + Send + Sync + 'static,
) -> pubsub::Subscription {
    let subscriber = Subscriber::Listening(Box::new(move |broadcast| {
        tell(&broadcast);
        // Nobody is to wait for a test.
        0
    }));
    endpoint.hub.pubsub.subscribe(&topic.into(), subscriber, || ())
}
