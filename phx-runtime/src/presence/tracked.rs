//! Entries of one holder, which go with it.

use super::meta::Fields;
use super::roster::Holder;
use super::tracker::Tracker;
use crate::payload::{EncodeError, ToPayload};
use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What one holder has tracked at one topic. Dropping it is the end of the holder, as by a crash.
pub(crate) struct Holding {
    tracker: Arc<Tracker>,
    topic: Arc<str>,
    holder: Holder,
    keys: Mutex<Vec<Arc<str>>>,
}

impl Holding {
    pub(super) fn new(tracker: &Arc<Tracker>, topic: Arc<str>) -> Self {
        let holder = tracker.new_holder();
        Self { tracker: Arc::clone(tracker), topic, holder, keys: Mutex::default() }
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
        is_new
    }

    pub(super) fn update(&self, key: &str, fields: &Fields) -> bool {
        self.tracker.update(&self.topic, self.holder, key, fields)
    }

    pub(super) fn untrack(&self, key: &str) -> bool {
        let mut keys = self.lock();
        let Some(place) = keys.iter().position(|known| &**known == key) else { return false };
        let key = keys.swap_remove(place);
        drop(keys);
        self.tracker.leave(&self.topic, self.holder, &[key], false)
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
    pub(crate) fn end(self, may_return: bool) {
        self.leave(may_return);
    }

    fn leave(&self, may_return: bool) {
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
    /// Until it is dropped.
    holding: Option<Holding>,
}

impl Tracked {
    pub(super) fn new(holding: Holding, key: String, meta: &Fields) -> Self {
        holding.track(&key, meta);
        Self { key: key.into(), holding: Some(holding) }
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
        if let Some(holding) = &self.holding {
            holding.update(&self.key, &fields);
        }
        Ok(())
    }

    /// Leaves, as dropping it does.
    pub fn untrack(self) {}
}

impl Drop for Tracked {
    fn drop(&mut self) {
        if let Some(holding) = self.holding.take() {
            holding.end(false);
        }
    }
}

impl fmt::Debug for Tracked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracked").field("key", &self.key).finish_non_exhaustive()
    }
}
