//! Which sessions are open. Whoever knows a session's name can speak for it, so it cannot be guessed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use phx_runtime::Session;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Clone, Default)]
pub(crate) struct Sessions(Arc<Mutex<HashMap<String, Arc<Session>>>>);

/// A session's place among the others, until it is dropped.
pub(crate) struct Place {
    sessions: Sessions,
    id: String,
    session: Arc<Session>,
}

impl Sessions {
    pub(crate) fn put(&self, session: Session) -> Place {
        let mut id = [0; 16];
        if let Err(error) = getrandom::fill(&mut id) {
            panic!("the operating system has no random numbers: {error}");
        }
        let (id, session) = (URL_SAFE_NO_PAD.encode(id), Arc::new(session));
        self.open(|open| open.insert(id.clone(), Arc::clone(&session)));
        Place { sessions: self.clone(), id, session }
    }

    pub(crate) fn find(&self, id: &str) -> Option<Arc<Session>> {
        self.open(|open| open.get(id).cloned())
    }

    fn open<T>(&self, look: impl FnOnce(&mut HashMap<String, Arc<Session>>) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Place {
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.sessions.open(|open| open.remove(&self.id));
    }
}
