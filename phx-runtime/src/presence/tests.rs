//! What no client can see, and what takes time.

mod bounds;
mod held;
mod telling;

use super::*;
use crate::outbox::Outbox;
use crate::payload::Payload;
use crate::pubsub::Subscriber;
use crate::serializer::SerializerHandle;
use crate::subscription::Subscription;
use serde::Deserialize;
use std::collections::VecDeque;
use std::error::Error;
use std::task::{Context, Waker};
use std::time::Duration;
use tokio::time::Instant;

type TestResult = Result<(), Box<dyn Error>>;

const GRACE: Duration = Duration::from_secs(5);

fn endpoint() -> Result<Endpoint, Box<dyn Error>> {
    Ok(Endpoint::builder().without_declared().presence_grace(GRACE).build()?)
}

/// As a channel is present.
fn holding(endpoint: &Endpoint) -> Holding {
    endpoint.presence().holding(&"room".into())
}

fn meta(json: &str) -> Result<Fields, Box<dyn Error>> {
    Ok(Fields::of_meta(&Payload::from_json(json)?)?)
}

#[derive(Deserialize)]
struct Diff {
    joins: Side,
    leaves: Side,
}

type Side = BTreeMap<String, Metas>;

#[derive(Deserialize)]
struct Metas {
    metas: Vec<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    phx_ref: String,
}

/// The keys of the next diff: `+a,b -c`.
async fn told(diffs: &mut Subscription) -> Result<String, Box<dyn Error>> {
    let broadcast = diffs.recv().await?;
    assert_eq!(broadcast.event(), "presence_diff");
    let diff: Diff = broadcast.payload().decode()?;
    let keys = |side: Side| side.into_keys().collect::<Vec<_>>().join(",");
    Ok(format!("+{} -{}", keys(diff.joins), keys(diff.leaves)))
}

/// A meta of so many bytes and a few.
fn large(bytes: usize) -> Result<Fields, Box<dyn Error>> {
    meta(&format!(r#"{{"x":"{}"}}"#, "x".repeat(bytes)))
}

fn untold(endpoint: &Endpoint) -> usize {
    endpoint.presence().tracker.read("room", |roster| roster.changes().bytes()).unwrap_or_default()
}

/// A topic takes memory while somebody is there or something is to be told of it.
#[tokio::test(start_paused = true)]
async fn a_topic_goes_with_the_last_one_and_comes_back_with_the_next() -> TestResult {
    let endpoint = endpoint()?;
    let topics = || endpoint.presence().tracker.topics();
    let mut diffs = endpoint.subscribe("room");
    for _ in 0..2 {
        let ann = endpoint.presence().track("room", "ann", &())?;
        assert_eq!(told(&mut diffs).await?, "+ann -");
        assert_eq!(topics(), 1);
        drop(ann);
        assert_eq!(told(&mut diffs).await?, "+ -ann");
        while topics() > 0 {
            tokio::task::yield_now().await;
        }
    }
    // Asking leaves nothing behind.
    let presence = endpoint.presence();
    let asked = (presence.count("other"), presence.list("other").len(), presence.get_by_key("other", "x"));
    assert!(matches!(asked, (0, 0, None)));
    assert!(!holding(&endpoint).update("x", &meta("{}")?) && !holding(&endpoint).untrack("x"));
    assert_eq!(topics(), 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_list_is_made_and_written_once_until_something_changes() -> TestResult {
    let endpoint = endpoint()?;
    let ann = holding(&endpoint);
    ann.track("ann", &meta("{}")?);
    let list = || endpoint.presence().list("room").to_payload();
    let (first, second) = (list()?, list()?);
    assert_eq!(first.as_bytes().as_ptr(), second.as_bytes().as_ptr());
    ann.update("ann", &meta("{}")?);
    assert_ne!(list()?.as_bytes(), first.as_bytes());
    Ok(())
}

/// A client may know the meta from a list, so that it has to hear of its end.
#[tokio::test(start_paused = true)]
async fn what_comes_and_goes_at_once_is_told_both_ways() -> TestResult {
    let endpoint = endpoint()?;
    let mut diffs = endpoint.subscribe("room");
    let ann = holding(&endpoint);
    ann.track("ann", &meta("{}")?);
    ann.untrack("ann");
    assert_eq!(told(&mut diffs).await?, "+ann -ann");
    Ok(())
}

/// Whoever listens gets the same bytes.
#[tokio::test(start_paused = true)]
async fn a_diff_is_encoded_once_for_all_of_a_serializer() -> TestResult {
    let endpoint = endpoint()?;
    let pubsub = &endpoint.hub.pubsub;
    let listen = || {
        let outbox = Arc::new(Outbox::new(1_000_000));
        let serializer = SerializerHandle::v2();
        let subscriber = Subscriber::Direct { outbox: Arc::clone(&outbox), serializer };
        let place = pubsub.subscribe(&"room".into(), subscriber, || ());
        (outbox, place)
    };
    let (first, second) = (listen(), listen());
    holding(&endpoint).track("ann", &meta("{}")?);
    let mut diffs = endpoint.subscribe("room");
    told(&mut diffs).await?;
    let bytes = |outbox: &Outbox| {
        let mut batch = VecDeque::new();
        let taken = outbox.poll_take(&mut Context::from_waker(Waker::noop()), &mut batch);
        assert!(taken.is_ready() && batch.len() == 1);
        batch.pop_front().map(|frame| frame.as_bytes().as_ptr())
    };
    assert_eq!(bytes(&first.0), bytes(&second.0));
    Ok(())
}
