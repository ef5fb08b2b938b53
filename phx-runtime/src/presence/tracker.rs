//! Who is present where, for all topics of an endpoint.

use super::callbacks::AnyCallbacks;
use super::meta::{Fields, Refs};
use super::roster::{Holder, Roster};
use super::settings::Settings;
use super::teller;
use super::topic::{CROWDED_BYTES, Next, State, Topic};
use crate::endpoint::{Endpoint, WeakEndpoint};
use crate::pubsub::PubSub;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::Instant;

/// Leaves that are held back at a time, at all topics together; beyond it they are told at once. A client that comes back
/// with another key each time leaves one behind for as long as the grace period.
pub(super) const MAX_HELD: usize = 100_000;

pub(crate) struct Tracker {
    topics: Mutex<HashMap<Arc<str>, Arc<Topic>>>,
    holders: AtomicU64,
    refs: Refs,
    settings: Settings,
    pub(super) pubsub: Arc<PubSub>,
    /// For the callbacks.
    endpoint: OnceLock<WeakEndpoint>,
    /// How many leaves are held back.
    held: AtomicUsize,
}

impl Tracker {
    pub(crate) fn new(pubsub: &Arc<PubSub>, settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            topics: Mutex::default(),
            holders: AtomicU64::new(0),
            refs: Refs::default(),
            settings,
            pubsub: Arc::clone(pubsub),
            endpoint: OnceLock::new(),
            held: AtomicUsize::new(0),
        })
    }

    /// Lets callbacks know their endpoint.
    pub(crate) fn belongs_to(&self, endpoint: &Endpoint) {
        self.endpoint.get_or_init(|| endpoint.downgrade());
    }

    pub(super) fn endpoint(&self) -> Option<Endpoint> {
        self.endpoint.get()?.upgrade()
    }

    pub(super) fn callbacks(&self) -> Option<&dyn AnyCallbacks> {
        self.settings.callbacks.as_deref()
    }

    pub(super) fn timeout(&self) -> Duration {
        self.settings.timeout
    }

    pub(super) fn new_holder(&self) -> Holder {
        Holder::local(self.holders.fetch_add(1, Ordering::Relaxed))
    }

    /// Adds an entry; says whether it is new.
    pub(super) fn track(
        self: &Arc<Self>,
        topic: &Arc<str>,
        holder: Holder,
        key: &Arc<str>,
        fields: &Fields,
    ) -> bool {
        let fetches = self.settings.callbacks.is_some();
        loop {
            let found = Arc::clone(self.lock().entry(Arc::clone(topic)).or_insert_with(|| Topic::new(topic)));
            let tracked = self.change(&found, |state| {
                (!state.retired)
                    .then(|| state.roster.track(holder, Arc::clone(key), fields, &self.refs, fetches))
            });
            // If it has just been retired, it is no longer in the map.
            if let Some(tracked) = tracked {
                return tracked;
            }
        }
    }

    /// Replaces what an entry says; says whether it is there.
    pub(super) fn update(self: &Arc<Self>, topic: &str, holder: Holder, key: &str, fields: &Fields) -> bool {
        let update = |state: &mut State| state.roster.update(holder, key, fields, &self.refs);
        self.find(topic).is_some_and(|topic| self.change(&topic, update))
    }

    /// Removes entries, or holds them back for a while in case somebody takes them over.
    pub(super) fn leave(
        self: &Arc<Self>,
        topic: &str,
        holder: Holder,
        keys: &[Arc<str>],
        may_return: bool,
    ) -> bool {
        let Some(topic) = self.find(topic) else { return false };
        let grace = self.settings.grace;
        // Without a runtime there is no clock.
        let holds_back = may_return && !grace.is_zero() && Handle::try_current().is_ok();
        let until = Instant::now() + grace;
        self.change(&topic, |state| {
            let mut was_there = false;
            for (place, key) in keys.iter().enumerate() {
                was_there |= if holds_back && self.held.load(Ordering::Relaxed) + place < MAX_HELD {
                    state.roster.hold(holder, key, until)
                } else {
                    state.roster.leave(holder, key)
                };
            }
            was_there
        })
    }

    /// Done when for none of these keys something has yet to be fetched. Whoever tells of them sees to that, in bounded
    /// time.
    pub(super) async fn fetched(&self, topic: &str, keys: &[Arc<str>]) {
        if let Some(topic) = self.find(topic) {
            topic.until(|roster| !keys.iter().any(|key| roster.is_bare(key))).await;
        }
    }

    /// Whether so much has yet to be told of a topic that those who change something are to wait.
    pub(super) fn is_crowded(&self, topic: &str) -> bool {
        self.read(topic, |roster| is_crowded(roster)).unwrap_or_default()
    }

    /// Done when less has yet to be told of it.
    pub(super) async fn told(&self, topic: &str) {
        if let Some(topic) = self.find(topic) {
            topic.until(|roster| !is_crowded(roster)).await;
        }
    }

    /// Reads what is known of a topic; `None` if nobody is there.
    pub(super) fn read<T>(&self, topic: &str, read: impl FnOnce(&mut Roster) -> T) -> Option<T> {
        Some(read(&mut self.find(topic)?.lock().roster))
    }

    /// Changes a topic, and has the change told.
    fn change<T>(self: &Arc<Self>, topic: &Arc<Topic>, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = topic.lock();
        let outcome = self.counting_held(&mut state, change);
        if state.is_settled() {
            return outcome;
        }
        if state.is_told {
            topic.stir();
            return outcome;
        }
        state.is_told = true;
        drop(state);
        let task = teller::Teller::new(Arc::clone(self), Arc::clone(topic));
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(task.tell())),
            Err(_) => task.tell_now(),
        }
        outcome
    }

    /// What is to be done about a topic next, as of now.
    pub(super) fn next(&self, topic: &Topic, now: Instant) -> Next {
        self.counting_held(&mut topic.lock(), |state| {
            state.roster.expire(now);
            state.next()
        })
    }

    /// Lets everybody leave who is held back.
    pub(super) fn expire_all(&self, topic: &Topic) {
        self.counting_held(&mut topic.lock(), |state| {
            while let Some(due) = state.roster.due() {
                state.roster.expire(due);
            }
        });
    }

    fn counting_held<T>(&self, state: &mut State, change: impl FnOnce(&mut State) -> T) -> T {
        let before = state.roster.held();
        let outcome = change(state);
        let after = state.roster.held();
        // Wraps, which takes away what is less.
        self.held.fetch_add(after.wrapping_sub(before), Ordering::Relaxed);
        outcome
    }

    /// Whether there is nothing more to be told of a topic. Whoever tells stops then, and with the last entry the topic
    /// goes.
    pub(super) fn rests(&self, topic: &Topic) -> bool {
        let mut topics = self.lock();
        let mut state = topic.lock();
        if !state.is_settled() {
            return false;
        }
        state.is_told = false;
        if state.roster.len() == 0 && !state.retired {
            state.retired = true;
            topics.remove(&topic.name);
        }
        true
    }

    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// At how many topics somebody is present, or something has yet to be told.
    pub(super) fn topics(&self) -> usize {
        self.lock().len()
    }

    fn find(&self, topic: &str) -> Option<Arc<Topic>> {
        self.lock().get(topic).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Arc<Topic>>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_crowded(roster: &Roster) -> bool {
    roster.changes().bytes() > CROWDED_BYTES
}

impl fmt::Debug for Tracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracker").field("topics", &self.topics()).finish_non_exhaustive()
    }
}
