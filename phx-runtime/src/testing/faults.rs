//! What goes wrong on the way, when a test asks for it.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How many messages are yet to be lost.
#[derive(Debug, Default)]
pub(super) struct Faults {
    sent: AtomicUsize,
    received: AtomicUsize,
}

impl Faults {
    pub(super) fn lose_next_sent(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn lose_next_received(&self) {
        self.received.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether this message of the client is lost.
    pub(super) fn loses_sent(&self) -> bool {
        loses(&self.sent)
    }

    /// Whether this message of the server is lost.
    pub(super) fn loses_received(&self) -> bool {
        loses(&self.received)
    }
}

fn loses(count: &AtomicUsize) -> bool {
    count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_sub(1)).is_ok()
}
