//! A topic at which somebody is present, or of which something has yet to be told.

use super::changes::Untold;
use super::roster::Roster;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::time::Instant;

/// Bytes of changes that wait to be told from which on a channel that changes something waits too, so that its client
/// cannot have it change more than can be told.
pub(super) const CROWDED_BYTES: usize = 1024 * 1024;

/// The same, from which on nobody waits for what the application adds.
pub(super) const OVERDUE_BYTES: usize = 8 * 1024 * 1024;

pub(super) struct Topic {
    pub(super) name: Arc<str>,
    state: Mutex<State>,
    /// Told of changes while somebody tells of earlier ones.
    stirred: Notify,
    /// Told when less waits to be told, or to be fetched for.
    progress: Notify,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) roster: Roster,
    /// Somebody tells of the changes: nobody else does.
    pub(super) is_told: bool,
    /// Taken out of the map: a new entry must not come here.
    pub(super) retired: bool,
}

/// What is to be done about a topic.
pub(super) enum Next {
    Tell(Untold),
    /// For those who may come back.
    Wait(Instant),
    Nothing,
}

impl State {
    pub(super) fn is_settled(&self) -> bool {
        self.roster.changes().is_empty() && self.roster.due().is_none()
    }

    pub(super) fn next(&mut self) -> Next {
        match (self.roster.take_changes(), self.roster.due()) {
            (Some(untold), _) => Next::Tell(untold),
            (None, Some(until)) => Next::Wait(until),
            (None, None) => Next::Nothing,
        }
    }
}

impl Topic {
    pub(super) fn new(name: &Arc<str>) -> Arc<Self> {
        Arc::new(Self {
            name: Arc::clone(name),
            state: Mutex::default(),
            stirred: Notify::new(),
            progress: Notify::new(),
        })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stir(&self) {
        self.stirred.notify_one();
    }

    pub(super) async fn stirred(&self) {
        self.stirred.notified().await;
    }

    pub(super) fn has_progressed(&self) {
        self.progress.notify_waiters();
    }

    /// Done when this is so, which it becomes by progress.
    pub(super) async fn until(&self, is_so: impl Fn(&Roster) -> bool) {
        loop {
            let progress = self.progress.notified();
            if is_so(&self.lock().roster) {
                return;
            }
            progress.await;
        }
    }

    /// Done when too much has changed for anybody to wait for the application.
    pub(super) async fn is_overdue(&self) {
        while self.lock().roster.changes().bytes() < OVERDUE_BYTES {
            self.stirred().await;
        }
    }
}
