//! A channel, as the client that has joined it sees it.

use super::entry::End;
use super::inner::Inner;
use super::name::AnyEvent;
use super::replies;
use super::seek::{Kind, Sought};
use super::step::Step;
use super::wire::Sent;
use crate::event::EventName;
use crate::outbound::Outbound;
use crate::payload::{EncodeError, FromPayload, Payload, ToPayload};
use crate::pubsub::Subscription;
use std::fmt;
use std::future::pending;
use std::sync::Arc;

/// A topic that a [`TestClient`](super::TestClient) has joined.
///
/// * `assert_…` waits for something and compares it,
/// * `expect_…` waits for it and gives it, decoded,
/// * `refute_…` has it not come.
///
/// What an assertion finds, it takes: the next looks for another. Assertions need no order among themselves.
///
/// They are of this join of the topic: what came with another one of the same client is for the channel that this gave.
/// What came before the channel's end is there after it too. What has not come is waited for as ever in paused time, and
/// in real time for 100 ms more, or [as long as is asked for](super::TestClient::set_timeout): a channel may answer late
/// what it has [deferred](crate::Context::defer).
pub struct TestChannel {
    inner: Arc<Inner>,
    topic: String,
    join: u64,
    subscription: Option<Arc<Subscription>>,
}

/// A push of the client, to ask the channel for its reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    pub(super) client: u64,
    pub(super) topic: String,
    pub(super) join: u64,
    pub(super) reference: String,
    pub(super) event: String,
}

impl TestChannel {
    pub(super) fn new(inner: Arc<Inner>, topic: &str, join: u64, subscribes: bool) -> Self {
        let subscription = subscribes.then(|| inner.listen(topic));
        Self { inner, topic: topic.to_owned(), join, subscription }
    }

    /// The topic.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Sends an event to the channel. In process and by long polling this waits until the server has taken it.
    ///
    /// # Panics
    /// If it cannot be sent, since the connection is closed or the payload is none.
    pub fn push<P: ToPayload + ?Sized>(&self, event: impl EventName<P>, payload: &P) -> Step<Pushed> {
        self.send(event.name(), payload.to_payload())
    }

    fn send(&self, event: &str, payload: Result<Payload, EncodeError>) -> Step<Pushed> {
        let (inner, topic, join_ref) = (Arc::clone(&self.inner), self.topic.clone(), self.join.to_string());
        let (client, join) = (inner.number, self.join);
        let (reference, event) = (inner.next_ref().to_string(), event.to_owned());
        let pushed = Pushed { client, topic: topic.clone(), join, reference, event };
        Step::new(async move {
            let payload = payload.map_err(|error| error.to_string())?;
            let Pushed { reference, event, .. } = &pushed;
            let join_ref = Some(&*join_ref);
            inner.send(Sent { join_ref, reference, topic: &topic, event, payload: &payload }).await?;
            Ok(pushed)
        })
    }

    /// Waits for the reply to a push: `ok`, `error`, or a status of the channel's own, and this payload.
    ///
    /// # Panics
    /// If none comes in time, or another, or the push was made by another client or on another topic.
    pub fn assert_reply<P: ToPayload + ?Sized>(&self, to: &Pushed, status: &str, payload: &P) -> Step<()> {
        let (inner, topic, to) = (Arc::clone(&self.inner), self.topic.clone(), to.clone());
        let (status, payload) = (status.to_owned(), payload.to_payload());
        Step::new(async move {
            let payload = payload.map_err(|error| error.to_string())?;
            replies::assert(&inner, &topic, &to, &status, &payload).await
        })
    }

    /// Waits for the reply to a push with this status, and gives what it says.
    ///
    /// # Panics
    /// As [`assert_reply`](Self::assert_reply), or if it comes with another status, or with something else than a `P`.
    pub fn expect_reply<P: FromPayload + 'static>(&self, to: &Pushed, status: &str) -> Step<P> {
        let (inner, topic, to, status) =
            (Arc::clone(&self.inner), self.topic.clone(), to.clone(), status.to_owned());
        Step::new(async move { replies::expect(&inner, &topic, &to, &status).await })
    }

    /// Has no reply come to a push.
    ///
    /// # Panics
    /// If one has come or comes, or the push was made by another client or on another topic.
    pub fn refute_reply(&self, to: &Pushed) -> Step<()> {
        let to = to.clone();
        self.refute(move |inner, topic| replies::refute(inner, topic, &to))
    }

    /// Waits for an event that is pushed to the client, by [`Context::push`](crate::Context::push) or as a broadcast on
    /// the topic, with this payload.
    ///
    /// # Panics
    /// If none comes in time.
    pub fn assert_push<P: ToPayload + ?Sized>(&self, event: impl EventName<P>, payload: &P) -> Step<()> {
        self.assert(Kind::Push, event.name(), payload.to_payload())
    }

    /// Waits for an event that is pushed to the client, and gives what came with it.
    ///
    /// # Panics
    /// If none comes in time, or with something else than a `P`.
    pub fn expect_push<P: FromPayload + 'static>(&self, event: impl EventName<P>) -> Step<P> {
        self.expect(Kind::Push, event.name())
    }

    /// Has no such event pushed to the client.
    ///
    /// # Panics
    /// If one has come or comes.
    pub fn refute_push(&self, event: impl AnyEvent) -> Step<()> {
        let sought = self.sought(Kind::Push, event.any_name());
        self.refute(move |inner, _| sought.refute(&inner.ends.journal))
    }

    /// Waits for a broadcast on the topic, whether it reaches this client or not.
    ///
    /// # Panics
    /// If none comes in time, or the topic was joined without
    /// [`subscribe_and_join`](super::TestClient::subscribe_and_join).
    pub fn assert_broadcast<P: ToPayload + ?Sized>(&self, event: impl EventName<P>, payload: &P) -> Step<()> {
        self.assert(Kind::Broadcast, event.name(), payload.to_payload())
    }

    /// Waits for a broadcast on the topic, and gives what came with it.
    ///
    /// # Panics
    /// As [`assert_broadcast`](Self::assert_broadcast), or if it came with something else than a `P`.
    pub fn expect_broadcast<P: FromPayload + 'static>(&self, event: impl EventName<P>) -> Step<P> {
        self.expect(Kind::Broadcast, event.name())
    }

    /// Has no such broadcast sent on the topic.
    ///
    /// # Panics
    /// If one was sent since the join or is, or the topic was joined without
    /// [`subscribe_and_join`](super::TestClient::subscribe_and_join).
    pub fn refute_broadcast(&self, event: impl AnyEvent) -> Step<()> {
        let (sought, hears) = (self.sought(Kind::Broadcast, event.any_name()), self.hears(Kind::Broadcast));
        self.refute(move |inner, _| {
            hears.clone()?;
            sought.refute(&inner.ends.journal)
        })
    }

    /// Broadcasts an event to everyone who has joined the topic, this client included. Phoenix: `Endpoint.broadcast`.
    ///
    /// # Panics
    /// If the payload is neither a JSON object nor binary.
    #[track_caller]
    pub fn broadcast<P: ToPayload + ?Sized>(&self, event: impl EventName<P>, payload: &P) {
        if let Err(error) = self.inner.place.endpoint.broadcast(&self.topic, event, payload) {
            panic!("{error}");
        }
    }

    /// The same, but it is not heard by [`assert_broadcast`](Self::assert_broadcast) of this channel: the test is who sends
    /// it. Phoenix: `broadcast_from!/3`.
    ///
    /// # Panics
    /// If the payload is neither a JSON object nor binary.
    #[track_caller]
    pub fn broadcast_from<P: ToPayload + ?Sized>(&self, event: impl EventName<P>, payload: &P) {
        let Some(from) = &self.subscription else { return self.broadcast(event, payload) };
        match payload.to_payload().and_then(|payload| payload.check_object().map(|()| payload)) {
            Ok(payload) => {
                let outbound = Outbound::new(&self.topic, event.name(), &payload);
                self.inner.place.endpoint.hub.pubsub.broadcast_from(from, outbound);
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Leaves, and waits until the channel has said that it is closed.
    ///
    /// # Panics
    /// If it does not in time.
    pub fn leave(&self) -> Step<()> {
        let left = self.send("phx_leave", Ok(Payload::empty()));
        let (inner, topic, join) = (Arc::clone(&self.inner), self.topic.clone(), self.join);
        Step::new(async move {
            let left = left.into_result().await?;
            replies::next(&inner, &topic, &left).await?;
            replies::ended(&inner, &topic, join, End::Closed).await
        })
    }

    /// Waits until the channel has ended in good order: `phx_close`, after which a client does not come back by itself.
    ///
    /// # Panics
    /// If it does not in time, or crashes.
    pub fn assert_closed(&self) -> Step<()> {
        self.assert_end(End::Closed)
    }

    /// Waits until the channel has crashed, or stopped with an error: `phx_error`, after which a client joins again.
    ///
    /// # Panics
    /// If it does not in time, or ends in good order.
    pub fn assert_crashed(&self) -> Step<()> {
        self.assert_end(End::Crashed)
    }

    fn assert_end(&self, end: End) -> Step<()> {
        let (inner, topic, join) = (Arc::clone(&self.inner), self.topic.clone(), self.join);
        Step::new(async move { replies::ended(&inner, &topic, join, end).await })
    }

    fn assert(&self, kind: Kind, event: &str, payload: Result<Payload, EncodeError>) -> Step<()> {
        let (inner, join) = (Arc::clone(&self.inner), self.join);
        let (sought, hears) = (self.sought(kind, event), self.hears(kind));
        Step::new(async move {
            hears?;
            let payload = payload.map_err(|error| error.to_string())?;
            sought.assert(&inner.ends.journal, inner.patience(), over(&inner, kind, join), &payload).await
        })
    }

    fn expect<P: FromPayload + 'static>(&self, kind: Kind, event: &str) -> Step<P> {
        let (inner, join) = (Arc::clone(&self.inner), self.join);
        let (sought, hears) = (self.sought(kind, event), self.hears(kind));
        Step::new(async move {
            hears?;
            sought.expect(&inner.ends.journal, inner.patience(), over(&inner, kind, join)).await
        })
    }

    /// Looks whether something is there, now and when nothing more comes.
    fn refute(&self, look: impl Fn(&Inner, &str) -> Result<(), String> + Send + Sync + 'static) -> Step<()> {
        let (inner, topic, join) = (Arc::clone(&self.inner), self.topic.clone(), self.join);
        Step::new(async move {
            look(&inner, &topic)?;
            inner.settle(&topic, join).await;
            look(&inner, &topic)
        })
    }

    fn sought(&self, kind: Kind, event: &str) -> Sought {
        Sought { kind, join: Some(self.join), topic: self.topic.clone(), event: event.to_owned() }
    }

    /// Without a subscription nobody would ever hear a broadcast.
    fn hears(&self, kind: Kind) -> Result<(), String> {
        if kind == Kind::Broadcast && self.subscription.is_none() {
            let topic = &self.topic;
            return Err(format!(
                "nobody listens to broadcasts on {topic:?}: join it with `subscribe_and_join`"
            ));
        }
        Ok(())
    }
}

/// Waits until there is nothing to wait for. Anybody may broadcast on the topic of a channel that has ended.
async fn over(inner: &Inner, kind: Kind, join: u64) {
    match kind {
        Kind::Push => inner.over(join).await,
        Kind::Broadcast => pending().await,
    }
}

impl fmt::Debug for TestChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestChannel").field("topic", &self.topic).finish_non_exhaustive()
    }
}
