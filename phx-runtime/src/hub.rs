//! What all connections of one endpoint share.

use crate::frame::CloseCode;
use crate::outbox::Outbox;
use crate::pubsub::PubSub;
use slab::Slab;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

#[derive(Debug)]
pub(crate) struct Hub {
    pub(crate) pubsub: Arc<PubSub>,
    connections: Mutex<Connections>,
    channels: AtomicUsize,
    /// Told whenever a connection or a channel has ended.
    ended: Notify,
}

#[derive(Debug, Default)]
struct Connections {
    open: Slab<Arc<Outbox>>,
    /// The endpoint shuts down: who still comes is closed at once.
    closing: bool,
}

/// An open connection's entry; dropping it takes the connection out of the books.
pub(crate) struct ConnectionEntry {
    hub: Arc<Hub>,
    slot: usize,
}

impl Hub {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            pubsub: PubSub::new(),
            connections: Mutex::default(),
            channels: AtomicUsize::new(0),
            ended: Notify::new(),
        })
    }

    pub(crate) fn connected(self: &Arc<Self>, outbox: &Arc<Outbox>) -> ConnectionEntry {
        let mut connections = self.lock();
        if connections.closing {
            outbox.close(CloseCode::ServiceRestart);
        }
        let slot = connections.open.insert(Arc::clone(outbox));
        ConnectionEntry { hub: Arc::clone(self), slot }
    }

    pub(crate) fn channel_started(&self) {
        self.channels.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn channel_ended(&self) {
        self.channels.fetch_sub(1, Ordering::Relaxed);
        self.ended.notify_waiters();
    }

    pub(crate) fn connections(&self) -> usize {
        self.lock().open.len()
    }

    pub(crate) fn channels(&self) -> usize {
        self.channels.load(Ordering::Relaxed)
    }

    /// Closes every connection, those that are yet to come too, and waits until all have ended with their channels.
    pub(crate) async fn close_all(&self) {
        {
            let mut connections = self.lock();
            connections.closing = true;
            for (_, outbox) in &connections.open {
                outbox.close(CloseCode::ServiceRestart);
            }
        }
        loop {
            let ended = self.ended.notified();
            if self.connections() == 0 && self.channels() == 0 {
                return;
            }
            ended.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ConnectionEntry {
    fn drop(&mut self) {
        self.hub.lock().open.try_remove(self.slot);
        self.hub.ended.notify_waiters();
    }
}
