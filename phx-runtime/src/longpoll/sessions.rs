//! The sessions of a mount, and the tokens that name them (docs/protocol.md §9.3).

use super::newcomers::Newcomer;
use crate::keys::Keys;
use crate::random::random;
use crate::session::Session;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Of what is signed: so that a later version can tell.
const VERSION: u8 = 1;

/// What the key is for.
pub(super) const PURPOSE: &str = "phx long polling session";

/// Random, so that nobody can name a session that is not theirs even to a server with the same secret.
type Id = [u8; 16];

/// Which run of which server a session belongs to.
type Node = [u8; 8];

pub(crate) struct Sessions {
    keys: Arc<Keys>,
    node: Node,
    limit: usize,
    token_max_age: Duration,
    open: Mutex<HashMap<Id, Option<Open>>>,
}

struct Open {
    session: Arc<Session>,
    since: Instant,
    /// Until it is polled.
    newcomer: Option<Newcomer>,
}

/// A session's place among the others, until it is dropped.
pub(crate) struct Place {
    sessions: Arc<Sessions>,
    id: Id,
}

impl Sessions {
    pub(crate) fn new(keys: Arc<Keys>, limit: usize, token_max_age: Duration) -> Arc<Self> {
        Arc::new(Self { keys, node: random(), limit, token_max_age, open: Mutex::default() })
    }

    /// Sets a place aside; `None` if there are too many sessions.
    pub(crate) fn reserve(self: &Arc<Self>) -> Option<Place> {
        let mut open = self.lock();
        if open.len() >= self.limit {
            return None;
        }
        let id = random();
        open.insert(id, None);
        drop(open);
        Some(Place { sessions: Arc::clone(self), id })
    }

    /// Puts the session in its place, if it has not ended already, and gives its token.
    pub(crate) fn put(&self, id: Id, session: Session, newcomer: Option<Newcomer>) -> String {
        let open = Open { session: Arc::new(session), since: Instant::now(), newcomer };
        if let Some(place) = self.lock().get_mut(&id) {
            *place = Some(open);
        }
        self.keys.sign(&[&[VERSION][..], &self.node, &id].concat())
    }

    /// The session that a token names.
    pub(crate) fn find(&self, token: &str, to_poll: bool) -> Option<Arc<Session>> {
        let signed = self.keys.verify(token)?;
        let id = signed.strip_prefix(&[VERSION])?.strip_prefix(&self.node)?;
        let mut places = self.lock();
        let open = places.get_mut(id)?.as_mut()?;
        if to_poll {
            open.newcomer = None;
        }
        (open.since.elapsed() <= self.token_max_age).then(|| Arc::clone(&open.session))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Id, Option<Open>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    pub(crate) fn id(&self) -> Id {
        self.id
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Dropped when the lock is free again: ending a session takes others.
        let _session = self.sessions.lock().remove(&self.id);
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("open", &self.lock().len()).finish_non_exhaustive()
    }
}
