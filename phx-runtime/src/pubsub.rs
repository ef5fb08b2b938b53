//! Topic to subscribers, on this node. Encodes a broadcast once per serializer, whoever listens.

use crate::broadcast::Broadcast;
use crate::frame::CloseCode;
use crate::metrics;
use crate::outbound::Outbound;
use crate::outbox::Outbox;
use crate::port::Port;
use crate::serializer::SerializerHandle;
use ::metrics::Counter;
use slab::Slab;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The map of topics is split so that joins and leaves of different topics rarely meet at a lock.
const SHARDS: usize = 64;

/// The event that closes the connections whose [`Socket::id`](crate::Socket::id) is the topic (docs/protocol.md §8).
pub(crate) const DISCONNECT: &str = "disconnect";

#[derive(Debug)]
pub(crate) struct PubSub {
    shards: [Mutex<HashMap<Arc<str>, Arc<Topic>>>; SHARDS],
    hasher: RandomState,
    broadcasts: Counter,
}

/// The subscribers of one topic. Its lock gives the topic's broadcasts one order for everybody.
#[derive(Debug)]
struct Topic {
    name: Arc<str>,
    subscribers: Mutex<Subscribers>,
}

#[derive(Debug, Default)]
struct Subscribers {
    slots: Slab<Subscriber>,
    /// The last one left and the topic is taken out of the map: a new subscriber must not come here.
    retired: bool,
}

/// Where a broadcast goes.
pub(crate) enum Subscriber {
    /// Straight to the client.
    Direct { outbox: Arc<Outbox>, serializer: SerializerHandle },
    /// Through the channel's `handle_out` for some events, straight to the client otherwise. Boxed: most channels
    /// intercept nothing.
    Intercepting { outbox: Arc<Outbox>, serializer: SerializerHandle, intercepts: Box<Intercepts> },
    /// The connection itself, which [`DISCONNECT`] closes.
    Connection(Arc<Outbox>),
    /// To somebody who has not joined the topic. Called under the topic's lock; says how many wait there now.
    Listening(Box<dyn Fn(Broadcast) -> usize + Send + Sync>),
}

pub(crate) struct Intercepts {
    pub(crate) channel: Arc<dyn Port>,
    pub(crate) events: &'static [&'static str],
}

/// How many messages wait in the fullest of the inboxes that a broadcast went to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Crowd(usize);

impl Crowd {
    /// How many turns the sender owes the others. Many who broadcast without a pause would fill the inboxes faster than
    /// their channels can run; a channel handles at least 32 messages in a turn.
    pub(crate) fn turns(self) -> usize {
        self.0 / 32
    }
}

impl std::fmt::Debug for Subscriber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Direct { .. } => "Direct",
            Self::Intercepting { .. } => "Intercepting",
            Self::Connection(_) => "Connection",
            Self::Listening(_) => "Listening",
        })
    }
}

/// A place among a topic's subscribers; dropping it gives the place up.
#[derive(Debug)]
pub(crate) struct Subscription {
    pubsub: Arc<PubSub>,
    topic: Arc<Topic>,
    slot: usize,
}

impl PubSub {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            shards: std::array::from_fn(|_| Mutex::new(HashMap::new())),
            hasher: RandomState::new(),
            broadcasts: metrics::broadcasts(),
        })
    }

    /// Subscribes, and runs `first` before the first broadcast can reach the subscriber.
    pub(crate) fn subscribe(
        self: &Arc<Self>,
        name: &Arc<str>,
        subscriber: Subscriber,
        first: impl FnOnce(),
    ) -> Subscription {
        loop {
            let topic = {
                let mut shard = self.shard(name);
                let topic = shard.entry(Arc::clone(name)).or_insert_with(|| {
                    Arc::new(Topic { name: Arc::clone(name), subscribers: Mutex::default() })
                });
                Arc::clone(topic)
            };
            let mut subscribers = topic.lock();
            if subscribers.retired {
                // Its last subscriber is about to take it out of the map.
                drop(subscribers);
                std::thread::yield_now();
                continue;
            }
            let slot = subscribers.slots.insert(subscriber);
            first();
            drop(subscribers);
            return Subscription { pubsub: Arc::clone(self), topic, slot };
        }
    }

    /// Sends to every subscriber of the topic.
    pub(crate) fn broadcast(&self, broadcast: Outbound<'_>) -> Crowd {
        self.publish(self.find(broadcast.topic()).as_deref(), broadcast, &[])
    }

    /// Sends to every subscriber of the topic but `from`, which need not be one of them.
    pub(crate) fn broadcast_from(&self, from: &Subscription, broadcast: Outbound<'_>) {
        let topic = self.find(broadcast.topic());
        let is_there = topic.as_ref().is_some_and(|topic| Arc::ptr_eq(topic, &from.topic));
        let except = if is_there { std::slice::from_ref(&from.slot) } else { &[] };
        self.publish(topic.as_deref(), broadcast, except);
    }

    /// Sends to the subscribers of the topic on this node.
    pub(crate) fn local_broadcast(&self, broadcast: Outbound<'_>) -> Crowd {
        self.broadcasts.increment(1);
        let topic = self.find(broadcast.topic());
        topic.map_or(Crowd::default(), |topic| topic.broadcast(broadcast, &[]))
    }

    /// What every broadcast passes that is not a local one. An engine that reaches other nodes is to get it here,
    /// before the subscribers on this node do: today this is the only node.
    fn publish(&self, topic: Option<&Topic>, broadcast: Outbound<'_>, except: &[usize]) -> Crowd {
        self.broadcasts.increment(1);
        topic.map_or(Crowd::default(), |topic| topic.broadcast(broadcast, except))
    }

    fn find(&self, name: &str) -> Option<Arc<Topic>> {
        self.shard(name).get(name).cloned()
    }

    /// How many topics have a subscriber.
    pub(crate) fn topics(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }

    fn shard(&self, name: &str) -> MutexGuard<'_, HashMap<Arc<str>, Arc<Topic>>> {
        // The remainder is below SHARDS, so it fits.
        let index = usize::try_from(self.hasher.hash_one(name) % SHARDS as u64).unwrap_or(0);
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscription {
    /// Sends a broadcast of the topic to every subscriber, this one included.
    pub(crate) fn broadcast(&self, broadcast: Outbound<'_>) -> Crowd {
        self.pubsub.publish(Some(&self.topic), broadcast, &[])
    }

    /// Sends a broadcast of the topic to every other subscriber, without the sender's other places there.
    pub(crate) fn broadcast_from(&self, broadcast: Outbound<'_>, others: &[Self]) -> Crowd {
        let others = others.iter().filter(|other| Arc::ptr_eq(&other.topic, &self.topic));
        let mut except: Vec<usize> = others.map(|other| other.slot).collect();
        if except.is_empty() {
            self.pubsub.publish(Some(&self.topic), broadcast, &[self.slot])
        } else {
            except.push(self.slot);
            self.pubsub.publish(Some(&self.topic), broadcast, &except)
        }
    }

    pub(crate) fn topic(&self) -> &str {
        &self.topic.name
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut subscribers = self.topic.lock();
        subscribers.slots.try_remove(self.slot);
        let is_last = subscribers.slots.is_empty();
        subscribers.retired = is_last;
        drop(subscribers);
        if is_last {
            self.pubsub.shard(&self.topic.name).remove(&self.topic.name);
        }
    }
}

impl Topic {
    fn broadcast(&self, mut broadcast: Outbound<'_>, except: &[usize]) -> Crowd {
        let mut crowd = 0;
        let subscribers = self.lock();
        for (slot, subscriber) in &subscribers.slots {
            if except.contains(&slot) {
                continue;
            }
            match subscriber {
                Subscriber::Intercepting { intercepts, .. }
                    if intercepts.events.contains(&broadcast.event()) =>
                {
                    crowd = crowd.max(intercepts.channel.intercept(broadcast.message(&self.name)));
                }
                Subscriber::Listening(listener) => {
                    crowd = crowd.max(listener(broadcast.message(&self.name)));
                }
                Subscriber::Direct { outbox, serializer }
                | Subscriber::Intercepting { outbox, serializer, .. } => {
                    if let Some(frame) = broadcast.frame(serializer) {
                        outbox.push(frame);
                    }
                }
                Subscriber::Connection(outbox) if broadcast.event() == DISCONNECT => {
                    outbox.close(CloseCode::GoingAway);
                }
                Subscriber::Connection(_) => {}
            }
        }
        Crowd(crowd)
    }

    fn lock(&self) -> MutexGuard<'_, Subscribers> {
        self.subscribers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::Next;
    use crate::payload::Payload;
    use std::collections::VecDeque;
    use std::task::{Context, Poll, Waker};

    fn subscribe(pubsub: &Arc<PubSub>, topic: &str) -> (Arc<Outbox>, Subscription) {
        let outbox = Arc::new(Outbox::new(1 << 20));
        let subscriber =
            Subscriber::Direct { outbox: Arc::clone(&outbox), serializer: SerializerHandle::v2() };
        let subscription = pubsub.subscribe(&topic.into(), subscriber, || ());
        (outbox, subscription)
    }

    fn waiting(outbox: &Outbox) -> Vec<*const u8> {
        let mut batch = VecDeque::new();
        match outbox.poll_take(&mut Context::from_waker(Waker::noop()), &mut batch) {
            Poll::Ready(Next::Write { .. }) => batch.iter().map(|frame| frame.as_bytes().as_ptr()).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn a_broadcast_is_encoded_once_for_all() {
        let pubsub = PubSub::new();
        let (first, _a) = subscribe(&pubsub, "t");
        let (second, _b) = subscribe(&pubsub, "t");
        let (other, _c) = subscribe(&pubsub, "u");
        pubsub.broadcast(Outbound::new("t", "e", &Payload::empty()));
        let (first, second) = (waiting(&first), waiting(&second));
        assert_eq!(first.len(), 1);
        assert_eq!(first, second, "both get the same bytes in memory");
        assert!(waiting(&other).is_empty());
    }

    #[test]
    fn the_sender_can_be_left_out() {
        let pubsub = PubSub::new();
        let (sender, subscription) = subscribe(&pubsub, "t");
        let (other, _other) = subscribe(&pubsub, "t");
        subscription.broadcast_from(Outbound::new("t", "e", &Payload::empty()), &[]);
        assert!(waiting(&sender).is_empty());
        assert_eq!(waiting(&other).len(), 1);
        subscription.broadcast(Outbound::new("t", "e", &Payload::empty()));
        assert_eq!(waiting(&sender).len(), 1);
    }

    #[test]
    fn a_topic_goes_with_its_last_subscriber_and_comes_back_with_the_next() {
        let pubsub = PubSub::new();
        let (_, first) = subscribe(&pubsub, "t");
        let (_, second) = subscribe(&pubsub, "t");
        drop(first);
        assert_eq!(pubsub.topics(), 1);
        drop(second);
        assert_eq!(pubsub.topics(), 0);
        let (outbox, _third) = subscribe(&pubsub, "t");
        pubsub.broadcast(Outbound::new("t", "e", &Payload::empty()));
        assert_eq!(waiting(&outbox).len(), 1);
    }

    #[test]
    fn subscribing_while_the_last_one_leaves_is_never_lost() {
        let pubsub = PubSub::new();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..2_000 {
                        let (outbox, _subscription) = subscribe(&pubsub, "t");
                        pubsub.broadcast(Outbound::new("t", "e", &Payload::empty()));
                        assert!(!waiting(&outbox).is_empty());
                    }
                });
            }
        });
        assert_eq!(pubsub.topics(), 0);
    }
}
