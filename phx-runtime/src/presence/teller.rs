//! Tells clients who has come and gone at a topic: one task for each topic with something to tell, so that they hear of
//! it in order, and of what happens at once in one diff.

use super::callbacks::{AnyCallbacks, Extras};
use super::presences::{PresenceDiff, Presences};
use super::roster::Changes;
use super::tracker::{Next, Topic, Tracker};
use crate::crash::panic_text;
use crate::outbound::Outbound;
use crate::payload::ToPayload;
use crate::pubsub::Crowd;
use futures_util::FutureExt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// The event by which phoenix.js knows it.
const PRESENCE_DIFF: &str = "presence_diff";

pub(super) async fn tell(tracker: Arc<Tracker>, topic: Arc<Topic>) {
    loop {
        // Those who come or go at the same time get into the same diff.
        tokio::task::yield_now().await;
        match topic.next() {
            Next::Tell(changes) => tell_changes(&tracker, &topic, changes).await,
            Next::Wait(until) => tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                () = topic.stirred() => {}
            },
            Next::Nothing if tracker.rests(&topic) => return,
            Next::Nothing => {}
        }
    }
}

/// For those who come or go where no task can be started: without the callbacks.
pub(super) fn tell_without_runtime(tracker: &Tracker, topic: &Topic) {
    while let Next::Tell(mut changes) = topic.next() {
        keep(topic, &mut changes, None);
        broadcast(tracker, topic, &changes.into_diff());
    }
    tracker.rests(topic);
}

async fn tell_changes(tracker: &Tracker, topic: &Topic, mut changes: Changes) {
    if let Some(callbacks) = tracker.callbacks()
        && !changes.joins.is_empty()
    {
        enrich(tracker, callbacks, topic, &mut changes).await;
    }
    let diff = changes.into_diff();
    let crowd = broadcast(tracker, topic, &diff);
    // Channels that intercept it are to keep up.
    for _ in 0..crowd.turns() {
        tokio::task::yield_now().await;
    }
    if let (Some(callbacks), Some(endpoint)) = (tracker.callbacks(), tracker.endpoint()) {
        let handle_metas = callbacks.handle_metas(&topic.name, &diff, &endpoint);
        if let Err(failure) = within(tracker, handle_metas).await {
            tracing::error!(topic = &*topic.name, failure, "`handle_metas` failed");
        }
    }
}

/// Puts beside the metas what the application knows of their keys.
async fn enrich(tracker: &Tracker, callbacks: &dyn AnyCallbacks, topic: &Topic, changes: &mut Changes) {
    let joined = Presences::new(changes.joins.clone());
    let fetched = tokio::select! {
        biased;
        fetched = within(tracker, callbacks.fetch(&topic.name, &joined)) => fetched,
        () = topic.is_overdue() => Err("too much has changed meanwhile".to_owned()),
    };
    let found = fetched.and_then(|found| found.map_err(|error| error.to_string()));
    if let Err(failure) = &found {
        let topic = &*topic.name;
        tracing::error!(topic, failure, "`fetch` failed: clients do without what it finds");
    }
    keep(topic, changes, found.ok().as_ref());
}

/// Keeps what was found, or else what was there before.
fn keep(topic: &Topic, changes: &mut Changes, found: Option<&Extras>) {
    let mut state = topic.lock();
    for (key, known) in &mut changes.joins {
        if let Some(found) = found {
            Arc::make_mut(known).extra = found.get(&**key).cloned();
        }
        state.roster.enrich(key, known.extra.as_ref());
    }
    drop(state);
    topic.fetched.notify_waiters();
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

/// What a callback comes to, if it neither panics nor takes too long.
async fn within<T>(tracker: &Tracker, callback: impl Future<Output = T>) -> Result<T, String> {
    let limit = tracker.timeout();
    match tokio::time::timeout(limit, AssertUnwindSafe(callback).catch_unwind()).await {
        Ok(outcome) => outcome.map_err(|panic| panic_text(&*panic).to_owned()),
        Err(_) => Err(format!("it took longer than {limit:?}")),
    }
}
