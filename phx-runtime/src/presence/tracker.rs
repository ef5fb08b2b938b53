//! Who is present where, for all topics of an endpoint, and the clock of those that are held back.

use super::callbacks::AnyCallbacks;
use super::meta::{Fields, Refs};
use super::roster::{Changes, Holder, Roster};
use super::settings::Settings;
use super::teller;
use crate::endpoint::{Endpoint, WeakEndpoint};
use crate::pubsub::PubSub;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Leaves that may be held back at a topic at a time; beyond it they are told at once. A client that comes back with
/// another key each time leaves one behind for as long as the grace period.
pub(super) const MAX_HELD: usize = 10_000;

/// Metas that may have come and gone while what stands beside them is fetched; from then on nobody waits for that.
pub(super) const MAX_UNTOLD: usize = 10_000;

pub(crate) struct Tracker {
    topics: Mutex<HashMap<Arc<str>, Arc<Topic>>>,
    holders: AtomicU64,
    refs: Refs,
    settings: Settings,
    pub(super) pubsub: Arc<PubSub>,
    /// For the callbacks.
    endpoint: OnceLock<WeakEndpoint>,
}

/// A topic at which somebody is present, or of which something has yet to be told.
pub(super) struct Topic {
    pub(super) name: Arc<str>,
    state: Mutex<State>,
    /// Told of changes while a task tells of earlier ones.
    stirred: Notify,
    /// Told when what was fetched is there.
    pub(super) fetched: Notify,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) roster: Roster,
    /// In the order in which they are due: all wait equally long.
    held: VecDeque<Held>,
    /// A task tells of the changes.
    is_told: bool,
    /// Taken out of the map: a new entry must not come here.
    retired: bool,
}

/// Entries whose holder is gone.
struct Held {
    until: Instant,
    holder: Holder,
    key: Arc<str>,
}

/// What is to be done about a topic.
pub(super) enum Next {
    Tell(Changes),
    Wait(Instant),
    Nothing,
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
        self.change(&topic, |state| {
            let mut was_there = false;
            for key in keys {
                if holds_back && state.held.len() < MAX_HELD {
                    if state.roster.hold(holder, key) {
                        let until = Instant::now() + grace;
                        state.held.push_back(Held { until, holder, key: Arc::clone(key) });
                        was_there = true;
                    }
                } else {
                    was_there |= state.roster.leave(holder, key);
                }
            }
            was_there
        })
    }

    /// Done when for none of these keys something has yet to be fetched. The task that tells of them sees to that, in
    /// bounded time.
    pub(super) async fn fetched(&self, topic: &str, keys: &[Arc<str>]) {
        let Some(topic) = self.find(topic) else { return };
        loop {
            let fetched = topic.fetched.notified();
            if !keys.iter().any(|key| topic.lock().roster.is_bare(key)) {
                return;
            }
            fetched.await;
        }
    }

    /// Reads what is known of a topic; `None` if nobody is there.
    pub(super) fn read<T>(&self, topic: &str, read: impl FnOnce(&mut Roster) -> T) -> Option<T> {
        Some(read(&mut self.find(topic)?.lock().roster))
    }

    /// Changes a topic, and has the change told.
    fn change<T>(self: &Arc<Self>, topic: &Arc<Topic>, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = topic.lock();
        let outcome = change(&mut state);
        if state.is_settled() {
            return outcome;
        }
        let is_told = state.is_told;
        let runtime = Handle::try_current();
        state.is_told |= runtime.is_ok();
        drop(state);
        match runtime {
            _ if is_told => topic.stirred.notify_one(),
            Ok(runtime) => drop(runtime.spawn(teller::tell(Arc::clone(self), Arc::clone(topic)))),
            Err(_) => teller::tell_without_runtime(self, topic),
        }
        outcome
    }

    /// Whether there is nothing more to be told of a topic. The task that tells ends then, and with the last entry the
    /// topic goes.
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

impl fmt::Debug for Tracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracker").field("topics", &self.topics()).finish_non_exhaustive()
    }
}

impl State {
    fn is_settled(&self) -> bool {
        self.roster.changes().len() == 0 && self.held.is_empty()
    }

    /// Lets those leave that nobody has taken over in time.
    fn expire(&mut self, now: Instant) {
        while let Some(held) = self.held.pop_front_if(|held| held.until <= now) {
            // Who takes an entry over has another holder.
            self.roster.leave(held.holder, &held.key);
        }
    }
}

impl Topic {
    fn new(name: &Arc<str>) -> Arc<Self> {
        Arc::new(Self {
            name: Arc::clone(name),
            state: Mutex::default(),
            stirred: Notify::new(),
            fetched: Notify::new(),
        })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn next(&self) -> Next {
        let mut state = self.lock();
        if !state.held.is_empty() {
            state.expire(Instant::now());
        }
        if state.roster.changes().len() > 0 {
            return Next::Tell(state.roster.take_changes());
        }
        state.held.front().map_or(Next::Nothing, |held| Next::Wait(held.until))
    }

    pub(super) async fn stirred(&self) {
        self.stirred.notified().await;
    }

    /// Done when too much has changed for anybody to wait for what is being fetched.
    pub(super) async fn is_overdue(&self) {
        while self.lock().roster.changes().len() < MAX_UNTOLD {
            self.stirred().await;
        }
    }
}
