//! What all connections of one endpoint share.

use crate::background::Background;
use crate::frame::CloseCode;
use crate::keys::Secrets;
use crate::mount::Mount;
use crate::outbox::Outbox;
use crate::presence::{self, Presence};
use crate::pubsub::PubSub;
use slab::Slab;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

#[derive(Debug)]
pub(crate) struct Hub {
    pub(crate) pubsub: Arc<PubSub>,
    pub(crate) presence: Presence,
    pub(crate) background: Background,
    /// What tokens are made with, if the endpoint has any.
    pub(crate) secrets: Option<Arc<Secrets>>,
    connections: Mutex<Connections>,
    channels: AtomicUsize,
    /// Told whenever a connection or a channel has ended.
    ended: Notify,
    /// Told when all are being closed.
    closing: Notify,
}

#[derive(Debug, Default)]
struct Connections {
    /// Each with its mount. The pair takes no more room here than its half would.
    open: Slab<(Arc<Outbox>, Arc<Mount>)>,
    /// The endpoint shuts down: who still comes is closed at once.
    closing: bool,
}

/// An open connection's entry; dropping it takes the connection out of the books.
pub(crate) struct ConnectionEntry {
    hub: Arc<Hub>,
    slot: usize,
}

impl Hub {
    pub(crate) fn new(presence: presence::Settings, secrets: Option<Arc<Secrets>>) -> Arc<Self> {
        let pubsub = PubSub::new();
        Arc::new(Self {
            presence: Presence::new(&pubsub, presence),
            pubsub,
            background: Background::default(),
            secrets,
            connections: Mutex::default(),
            channels: AtomicUsize::new(0),
            ended: Notify::new(),
            closing: Notify::new(),
        })
    }

    pub(crate) fn connected(self: &Arc<Self>, outbox: &Arc<Outbox>, mount: &Arc<Mount>) -> ConnectionEntry {
        let mut connections = self.lock();
        if connections.closing {
            outbox.close(CloseCode::ServiceRestart);
        }
        mount.metrics.connections.increment(1);
        let slot = connections.open.insert((Arc::clone(outbox), Arc::clone(mount)));
        ConnectionEntry { hub: Arc::clone(self), slot }
    }

    pub(crate) fn channel_started(&self) {
        self.channels.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn channel_ended(&self) {
        self.channels.fetch_sub(1, Ordering::Relaxed);
        self.ended.notify_waiters();
    }

    /// Done when nothing waits for a client whose session is being closed: it has to come for that.
    pub(crate) async fn all_fetched(&self) {
        // Looking is cheap, unless everybody who leaves has it done again.
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        while self.lock().open.iter().any(|(_, (outbox, _))| outbox.has_yet_to_be_fetched()) {
            looks.tick().await;
        }
    }

    pub(crate) fn connections(&self) -> usize {
        self.lock().open.len()
    }

    pub(crate) fn channels(&self) -> usize {
        self.channels.load(Ordering::Relaxed)
    }

    /// The connections that are open now at `mount`.
    pub(crate) fn connected_to(&self, mount: &Arc<Mount>) -> Vec<Arc<Outbox>> {
        let connections = self.lock();
        let there = connections.open.iter().filter(|(_, (_, its_mount))| Arc::ptr_eq(its_mount, mount));
        there.map(|(_, (outbox, _))| Arc::clone(outbox)).collect()
    }

    /// Done as soon as every connection is being closed.
    pub(crate) async fn closing(&self) {
        loop {
            let closing = self.closing.notified();
            if self.lock().closing {
                return;
            }
            closing.await;
        }
    }

    /// Closes every connection, those that are yet to come too, and waits until all have ended with their channels.
    pub(crate) async fn close_all(&self) {
        {
            let mut connections = self.lock();
            connections.closing = true;
            for (_, (outbox, _)) in &connections.open {
                outbox.close(CloseCode::ServiceRestart);
            }
        }
        self.closing.notify_waiters();
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
        if let Some((_, mount)) = self.hub.lock().open.try_remove(self.slot) {
            mount.metrics.connections.decrement(1);
        }
        self.hub.ended.notify_waiters();
    }
}
