//! What goes wrong on the way, when a test asks for it.

use std::sync::atomic::{AtomicBool, Ordering};

#[derive(Debug, Default)]
pub(super) struct Faults {
    loses_next_sent: AtomicBool,
    loses_next_received: AtomicBool,
}

impl Faults {
    pub(super) fn lose_next_sent(&self) {
        self.loses_next_sent.store(true, Ordering::Relaxed);
    }

    pub(super) fn lose_next_received(&self) {
        self.loses_next_received.store(true, Ordering::Relaxed);
    }

    /// Whether this message of the client is lost.
    pub(super) fn loses_sent(&self) -> bool {
        self.loses_next_sent.swap(false, Ordering::Relaxed)
    }

    /// Whether this message of the server is lost.
    pub(super) fn loses_received(&self) -> bool {
        self.loses_next_received.swap(false, Ordering::Relaxed)
    }
}
