//! Tells clients who has come and gone at a topic: one for each topic with something to tell, so that they hear of it in
//! order, and of what happens at once in one diff.

use super::callbacks::{AnyCallbacks, Extras};
use super::changes::Untold;
use super::presences::{PresenceDiff, Presences};
use super::topic::{Next, Topic};
use super::tracker::Tracker;
use crate::crash::panic_text;
use crate::outbound::Outbound;
use crate::payload::ToPayload;
use crate::pubsub::Crowd;
use futures_util::FutureExt;
use std::error::Error;
use std::future::Future;
use std::mem;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::time::Instant;

/// The event by which phoenix.js knows it.
const PRESENCE_DIFF: &str = "presence_diff";

/// Made by whoever finds that nobody tells of a topic, and is there until there is nothing more to tell. If it is
/// dropped before, since its runtime ends or something has panicked, it tells the rest then: others rely on it.
pub(super) struct Teller {
    tracker: Arc<Tracker>,
    topic: Arc<Topic>,
    /// What is being told.
    untold: Option<Untold>,
    rests: bool,
}

impl Teller {
    pub(super) fn new(tracker: Arc<Tracker>, topic: Arc<Topic>) -> Self {
        Self { tracker, topic, untold: None, rests: false }
    }

    pub(super) async fn tell(mut self) {
        while !self.rests {
            // Those who come or go at the same time get into the same diff.
            tokio::task::yield_now().await;
            match self.tracker.next(&self.topic, Instant::now()) {
                Next::Tell(untold) => {
                    self.topic.has_progressed();
                    self.untold = Some(untold);
                    self.tell_untold().await;
                }
                Next::Wait(until) => tokio::select! {
                    () = tokio::time::sleep_until(until) => {}
                    () = self.topic.stirred() => {}
                },
                Next::Nothing => self.rests = self.tracker.rests(&self.topic),
            }
        }
    }

    /// For those who come or go where no task can be started: without the callbacks, and without a clock.
    pub(super) fn tell_now(mut self) {
        self.tell_rest();
    }

    fn tell_rest(&mut self) {
        while !self.rests {
            if let Some(mut untold) = self.untold.take() {
                keep(&self.topic, &mut untold, None);
                broadcast(&self.tracker, &self.topic, &diff(untold));
            }
            match self.tracker.next(&self.topic, Instant::now()) {
                Next::Tell(untold) => self.untold = Some(untold),
                Next::Wait(_) => self.tracker.expire_all(&self.topic),
                Next::Nothing => self.rests = self.tracker.rests(&self.topic),
            }
        }
        self.topic.has_progressed();
    }

    async fn tell_untold(&mut self) {
        let Self { tracker, topic, untold, .. } = self;
        if let (Some(callbacks), Some(untold)) = (tracker.callbacks(), untold.as_mut())
            && !untold.joins.is_empty()
        {
            enrich(tracker, callbacks, topic, untold).await;
        }
        let diff = diff(mem::take(untold).unwrap_or_default());
        let crowd = broadcast(tracker, topic, &diff);
        // Channels that intercept it are to keep up.
        for _ in 0..crowd.turns() {
            tokio::task::yield_now().await;
        }
        if let (Some(callbacks), Some(endpoint)) = (tracker.callbacks(), tracker.endpoint()) {
            let handle_metas = callbacks.handle_metas(&topic.name, &diff, &endpoint);
            let handled = within(tracker, topic, async {
                handle_metas.await;
                Ok(())
            });
            if let Err(failure) = handled.await {
                tracing::error!(topic = &*topic.name, failure, "`handle_metas` failed");
            }
        }
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.tell_rest();
    }
}

/// Puts beside the metas what the application knows of their keys.
async fn enrich(tracker: &Tracker, callbacks: &dyn AnyCallbacks, topic: &Topic, untold: &mut Untold) {
    let joined = Presences::new(untold.joins.clone());
    let found = within(tracker, topic, callbacks.fetch(&topic.name, &joined)).await;
    if let Err(failure) = &found {
        let topic = &*topic.name;
        tracing::error!(topic, failure, "`fetch` failed: clients do without what it finds");
    }
    keep(topic, untold, found.ok().as_ref());
}

/// Keeps what was found, or else what was there before.
fn keep(topic: &Topic, untold: &mut Untold, found: Option<&Extras>) {
    let mut state = topic.lock();
    for (key, known) in &mut untold.joins {
        if let Some(found) = found {
            Arc::make_mut(known).extra = found.get(&**key).cloned();
        }
        state.roster.enrich(key, known.extra.as_ref());
    }
    drop(state);
    topic.has_progressed();
}

fn diff(untold: Untold) -> PresenceDiff {
    PresenceDiff::new(Presences::new(untold.joins), Presences::new(untold.leaves))
}

fn broadcast(tracker: &Tracker, topic: &Topic, diff: &PresenceDiff) -> Crowd {
    match diff.to_payload() {
        Ok(payload) => tracker.pubsub.local_broadcast(Outbound::new(&topic.name, PRESENCE_DIFF, &payload)),
        Err(error) => {
            tracing::error!(topic = &*topic.name, %error, "a presence diff cannot be written");
            Crowd::default()
        }
    }
}

/// What a callback comes to, if it neither fails, nor panics, nor takes too long.
async fn within<T>(
    tracker: &Tracker,
    topic: &Topic,
    callback: impl Future<Output = Result<T, Box<dyn Error + Send + Sync>>>,
) -> Result<T, String> {
    let limit = tracker.timeout();
    // The text of an error is the user's code too.
    let callback = AssertUnwindSafe(async { callback.await.map_err(|error| error.to_string()) });
    tokio::select! {
        biased;
        outcome = callback.catch_unwind() => outcome.map_err(|panic| panic_text(&*panic).to_owned()).flatten(),
        () = tokio::time::sleep(limit) => Err(format!("it took longer than {limit:?}")),
        () = topic.is_overdue() => Err("too much has changed meanwhile".to_owned()),
    }
}
