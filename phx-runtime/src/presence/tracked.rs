//! Entries of one holder, which go with it.

use super::meta::{Fields, Meta};
use super::roster::Holder;
use super::tracker::Tracker;
use crate::payload::{EncodeError, ToPayload};
use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What one holder has tracked at one topic. Dropping it is the end of the holder, as by a crash.
pub(crate) struct Holding {
    tracker: Arc<Tracker>,
    topic: Arc<str>,
    holder: Holder,
    keys: Mutex<Vec<Arc<str>>>,
    /// So much has yet to be told of the topic that it is to change nothing more before that.
    waits: AtomicBool,
}

impl Holding {
    pub(super) fn new(tracker: &Arc<Tracker>, topic: Arc<str>) -> Self {
        let holder = tracker.new_holder();
        Self {
            tracker: Arc::clone(tracker),
            topic,
            holder,
            keys: Mutex::default(),
            waits: AtomicBool::new(false),
        }
    }

    /// Says whether the key is new here.
    pub(super) fn track(&self, key: &str, fields: &Fields) -> bool {
        let key = Arc::from(key);
        let is_new = self.tracker.track(&self.topic, self.holder, &key, fields);
        if is_new {
            let mut keys = self.lock();
            // Most channels track one.
            keys.reserve_exact(1);
            keys.push(key);
        }
        self.wait_if_crowded();
        is_new
    }

    pub(super) fn update(&self, key: &str, fields: &Fields) -> bool {
        let is_there = self.tracker.update(&self.topic, self.holder, key, fields);
        self.wait_if_crowded();
        is_there
    }

    pub(super) fn untrack(&self, key: &str) -> bool {
        let mut keys = self.lock();
        let Some(place) = keys.iter().position(|known| &**known == key) else { return false };
        let key = keys.swap_remove(place);
        drop(keys);
        let was_there = self.tracker.leave(&self.topic, self.holder, &[key], false);
        self.wait_if_crowded();
        was_there
    }

    fn wait_if_crowded(&self) {
        self.waits.store(self.tracker.is_crowded(&self.topic), Ordering::Relaxed);
    }

    pub(crate) fn waits(&self) -> bool {
        self.waits.load(Ordering::Relaxed)
    }

    /// Waits until less has yet to be told.
    pub(crate) async fn told(&self) {
        self.tracker.told(&self.topic).await;
        self.waits.store(false, Ordering::Relaxed);
    }

    /// What is told of a key, if it has that.
    pub(super) fn meta(&self, key: &str) -> Option<Meta> {
        self.tracker.read(&self.topic, |roster| roster.meta(self.holder, key)).flatten()
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.lock().iter().any(|known| &**known == key)
    }

    pub(super) fn keys(&self) -> Vec<Arc<str>> {
        self.lock().clone()
    }

    /// How many keys it has.
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Ends it, at once if it is not to come back.
    pub(crate) fn leave(&self, may_return: bool) {
        let keys = mem::take(&mut *self.lock());
        if !keys.is_empty() {
            self.tracker.leave(&self.topic, self.holder, &keys, may_return);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<str>>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        self.leave(true);
    }
}

/// Something that is present without being a channel, such as a bot; from [`Presence::track`](crate::Presence::track).
/// Dropping it is how it leaves, at once.
#[must_use = "dropping it is how it leaves"]
pub struct Tracked {
    key: Box<str>,
    holding: Holding,
}

impl Tracked {
    pub(super) fn new(holding: Holding, key: String, meta: &Fields) -> Self {
        holding.track(&key, meta);
        Self { key: key.into(), holding }
    }

    /// The key it is tracked by.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Replaces what is told of it.
    ///
    /// # Errors
    /// When the meta is not a JSON object; nothing changes then.
    pub fn update<P: ToPayload + ?Sized>(&self, meta: &P) -> Result<(), EncodeError> {
        let fields = Fields::of_meta(&meta.to_payload()?)?;
        self.holding.update(&self.key, &fields);
        Ok(())
    }

    /// Leaves, as dropping it does.
    pub fn untrack(self) {}
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.holding.leave(false);
    }
}

impl fmt::Debug for Tracked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracked").field("key", &self.key).finish_non_exhaustive()
    }
}
