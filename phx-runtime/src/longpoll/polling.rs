//! Long polling at a mount: its settings and its sessions.

use super::LongPoll;
use super::sessions::{self, Sessions};
use crate::complaints::Complaints;
use crate::keys::{Derivation, Secrets};
use crate::log::log;
use crate::mount::Mount;
use std::fmt;
use std::sync::Arc;

pub(crate) struct Polling {
    pub(super) options: LongPoll,
    pub(super) sessions: Arc<Sessions>,
    complaints: Complaints,
}

impl Polling {
    pub(crate) fn new(options: LongPoll, secrets: &Secrets) -> Self {
        let keys = secrets.keys(sessions::PURPOSE, Derivation::default());
        let sessions = Sessions::new(keys, options.max_sessions, options.token_max_age);
        Self { options, sessions, complaints: Complaints::default() }
    }

    /// The settings with which nobody could use it.
    pub(crate) fn zeros(longpoll: &LongPoll) -> impl Iterator<Item = &'static str> {
        let settings = [
            ("window", longpoll.window.is_zero()),
            ("body_timeout", longpoll.body_timeout.is_zero()),
            ("token_max_age", longpoll.token_max_age.is_zero()),
            ("max_body_bytes", longpoll.max_body_bytes == 0),
            ("max_batch", longpoll.max_batch == 0),
            ("max_sessions", longpoll.max_sessions == 0),
            ("max_newcomers", longpoll.max_newcomers == 0),
        ];
        settings.into_iter().filter(|(_, is_zero)| *is_zero).map(|(setting, _)| setting)
    }

    /// Any client can cause it, as often as it likes.
    pub(super) fn complain(&self, mount: &Mount, reason: &impl fmt::Display) {
        if let Some(unsaid) = self.complaints.next() {
            log!(mount.options.log.client_error, path = mount.path, unsaid, "refused a request: {reason}");
        }
    }
}

impl fmt::Debug for Polling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Polling").field("sessions", &self.sessions).finish_non_exhaustive()
    }
}
