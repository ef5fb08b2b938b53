//! What no client can see, and what takes time.

use super::changes::DIFF_BYTES;
use super::topic::{CROWDED_BYTES, OVERDUE_BYTES};
use super::tracker::MAX_HELD;
use super::*;
use crate::outbox::Outbox;
use crate::payload::Payload;
use crate::pubsub::Subscriber;
use crate::serializer::SerializerHandle;
use crate::subscription::Subscription;
use serde::Deserialize;
use std::collections::{HashMap, VecDeque};
use std::error::Error;
use std::future::pending;
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

#[tokio::test(start_paused = true)]
async fn who_does_not_come_back_leaves_when_the_time_is_up() -> TestResult {
    let endpoint = endpoint()?;
    let mut diffs = endpoint.subscribe("room");
    let (ann, bo) = (holding(&endpoint), holding(&endpoint));
    ann.track("ann", &meta("{}")?);
    bo.track("bo", &meta("{}")?);
    assert_eq!(told(&mut diffs).await?, "+ann,bo -");
    let started = Instant::now();
    drop(ann);
    tokio::time::advance(Duration::from_secs(2)).await;
    drop(bo);
    assert_eq!(endpoint.presence().count("room"), 2);
    assert_eq!(told(&mut diffs).await?, "+ -ann");
    assert_eq!(started.elapsed().as_secs(), 5);
    assert_eq!(told(&mut diffs).await?, "+ -bo");
    assert_eq!(started.elapsed().as_secs(), 7);
    assert_eq!(endpoint.presence().count("room"), 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_in_the_last_moment_stays() -> TestResult {
    let endpoint = endpoint()?;
    let mut diffs = endpoint.subscribe("room");
    let first = holding(&endpoint);
    first.track("ann", &meta("{}")?);
    assert_eq!(told(&mut diffs).await?, "+ann -");
    let list = endpoint.presence().list("room").to_payload()?;
    drop(first);
    tokio::time::advance(GRACE.mul_f32(0.99)).await;
    let second = holding(&endpoint);
    assert!(second.track("ann", &meta("{}")?));
    tokio::time::advance(GRACE * 2).await;
    assert_eq!(endpoint.presence().list("room").to_payload()?.as_bytes(), list.as_bytes());
    // Nothing was told meanwhile.
    second.leave(false);
    assert_eq!(told(&mut diffs).await?, "+ -ann");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn so_many_leaves_are_held_back() -> TestResult {
    let endpoint = endpoint()?;
    let fields = meta("{}")?;
    for n in 0..=MAX_HELD {
        let topic = format!("room:{}", n % 10).into();
        endpoint.presence().holding(&topic).track(&format!("{n}"), &fields);
    }
    let present = || (0..10).map(|n| endpoint.presence().count(format!("room:{n}"))).sum::<usize>();
    assert_eq!(present(), MAX_HELD);
    tokio::time::sleep(GRACE).await;
    while present() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(endpoint.presence().tracker.held(), 0);
    Ok(())
}

/// Who comes back waits no more, however often.
#[tokio::test(start_paused = true)]
async fn who_is_taken_over_is_held_back_no_more() -> TestResult {
    let endpoint = endpoint()?;
    let fields = meta("{}")?;
    let mut held = holding(&endpoint);
    held.track("ann", &fields);
    for _ in 0..100 {
        drop(held);
        assert_eq!(endpoint.presence().tracker.held(), 1);
        held = holding(&endpoint);
        held.track("ann", &fields);
        assert_eq!(endpoint.presence().tracker.held(), 0);
    }
    drop(held);
    assert_eq!(endpoint.presence().tracker.read("room", |roster| roster.held()), Some(1));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn nobody_is_waited_for_longer_than_a_day() -> TestResult {
    let endpoint = Endpoint::builder().without_declared().presence_grace(Duration::MAX).build()?;
    holding(&endpoint).track("ann", &meta("{}")?);
    tokio::time::sleep(Duration::from_hours(23)).await;
    assert_eq!(endpoint.presence().count("room"), 1);
    tokio::time::sleep(Duration::from_hours(1) + Duration::from_secs(1)).await;
    assert_eq!(endpoint.presence().count("room"), 0);
    Ok(())
}

/// Never finds anything.
struct Hanging;

impl PresenceCallbacks for Hanging {
    type Extra = ();

    async fn fetch(
        &self,
        _: &str,
        _: &Presences,
    ) -> Result<HashMap<String, ()>, Box<dyn Error + Send + Sync>> {
        pending().await
    }
}

/// A meta of so many bytes and a few.
fn large(bytes: usize) -> Result<Fields, Box<dyn Error>> {
    meta(&format!(r#"{{"x":"{}"}}"#, "x".repeat(bytes)))
}

fn untold(endpoint: &Endpoint) -> usize {
    endpoint.presence().tracker.read("room", |roster| roster.changes().bytes()).unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_the_application_when_too_much_has_changed_meanwhile() -> TestResult {
    for (is_too_much, waits) in [(false, 5), (true, 0)] {
        let endpoint = Endpoint::builder().without_declared().presence(Hanging).build()?;
        let mut diffs = endpoint.subscribe_with("room", usize::MAX);
        let (first, second) = (holding(&endpoint), holding(&endpoint));
        first.track("first", &meta("{}")?);
        while untold(&endpoint) > 0 {
            tokio::task::yield_now().await;
        }
        let started = Instant::now();
        second.track("large", &large(OVERDUE_BYTES - 1000)?);
        assert!(untold(&endpoint) < OVERDUE_BYTES);
        if is_too_much {
            second.track("one more", &large(1000)?);
        }
        assert_eq!(told(&mut diffs).await?, "+first -");
        assert_eq!(started.elapsed().as_secs(), waits);
    }
    Ok(())
}

/// So that no diff is a burden, a burst is told in several, in order.
#[tokio::test(start_paused = true)]
async fn a_diff_has_so_many_bytes() -> TestResult {
    let endpoint = endpoint()?;
    let mut diffs = endpoint.subscribe("room");
    let ann = holding(&endpoint);
    for key in ["a", "b", "c", "d", "e"] {
        ann.track(key, &large(DIFF_BYTES / 3)?);
    }
    // More than a diff is to have is one by itself.
    ann.track("f", &large(DIFF_BYTES * 2)?);
    ann.track("g", &meta("{}")?);
    for expected in ["+a,b -", "+c,d -", "+e -", "+f -", "+g -"] {
        assert_eq!(told(&mut diffs).await?, expected);
    }
    Ok(())
}

/// Whoever changes more than can be told is to wait until it is.
#[tokio::test(start_paused = true)]
async fn who_changes_too_much_waits_until_it_is_told() -> TestResult {
    let endpoint = endpoint()?;
    let ann = holding(&endpoint);
    let meta = large(CROWDED_BYTES / 4)?;
    for key in ["a", "b", "c"] {
        ann.track(key, &meta);
    }
    assert!(!ann.waits());
    ann.track("d", &meta);
    assert!(ann.waits());
    ann.told().await;
    assert!(!ann.waits() && untold(&endpoint) <= CROWDED_BYTES);
    Ok(())
}

/// Panics where it should not.
struct Treacherous;

struct TreacherousError;

impl std::fmt::Display for TreacherousError {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("a bug in an error")
    }
}

impl std::fmt::Debug for TreacherousError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TreacherousError")
    }
}

impl Error for TreacherousError {}

/// Panics when it is given up.
struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("a bug in a drop");
    }
}

impl PresenceCallbacks for Treacherous {
    type Extra = ();

    async fn fetch(
        &self,
        _: &str,
        joined: &Presences,
    ) -> Result<HashMap<String, ()>, Box<dyn Error + Send + Sync>> {
        if joined.get("error").is_some() {
            return Err(TreacherousError.into());
        }
        if joined.get("drop").is_some() {
            let _guard = PanicsWhenDropped;
            return pending().await;
        }
        Ok(HashMap::new())
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_an_application_does_the_others_are_told() -> TestResult {
    let endpoint = Endpoint::builder().without_declared().presence(Treacherous).build()?;
    let mut diffs = endpoint.subscribe("room");
    for key in ["error", "drop", "fine"] {
        let tracked = endpoint.presence().track("room", key, &())?;
        assert_eq!(told(&mut diffs).await?, format!("+{key} -"));
        drop(tracked);
        assert_eq!(told(&mut diffs).await?, format!("+ -{key}"));
    }
    Ok(())
}

/// The runtime on which somebody came may end before that is told.
#[test]
fn a_runtime_that_ends_takes_nothing_with_it() -> TestResult {
    let endpoint = Endpoint::builder().without_declared().presence(Hanging).build()?;
    let mut diffs = endpoint.subscribe("room");
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build();
    let first = runtime()?;
    let ann = first.block_on(async {
        let ann = endpoint.presence().track("room", "ann", &());
        while untold(&endpoint) > 0 {
            tokio::task::yield_now().await;
        }
        ann
    })?;
    let _bo = first.block_on(async { endpoint.presence().track("room", "bo", &()) })?;
    drop(first);
    let second = runtime()?;
    assert_eq!(second.block_on(told(&mut diffs))?, "+ann -");
    assert_eq!(second.block_on(told(&mut diffs))?, "+bo -");
    second.block_on(async { drop(ann) });
    assert_eq!(second.block_on(told(&mut diffs))?, "+ -ann");
    Ok(())
}

/// A ghost would be somebody whose leave is told before the join.
#[test]
fn without_a_runtime_many_threads_tell_in_order() -> TestResult {
    let endpoint = endpoint()?;
    let mut diffs = endpoint.subscribe_with("room", usize::MAX);
    std::thread::scope(|scope| {
        for key in 0..4 {
            let presence = endpoint.presence();
            scope.spawn(move || (0..500).for_each(|_| drop(presence.track("room", key, &()))));
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(all_come_before_they_go(&mut diffs, 4 * 500))?;
    assert_eq!(endpoint.presence().tracker.topics(), 0);
    Ok(())
}

#[test]
fn without_a_runtime_changes_are_told_at_once() -> TestResult {
    let endpoint = endpoint()?;
    let mut diffs = endpoint.subscribe("room");
    let ann = endpoint.presence().track("room", "ann", &())?;
    assert_eq!(endpoint.presence().count("room"), 1);
    drop(ann);
    let held = holding(&endpoint);
    held.track("bo", &meta("{}")?);
    drop(held);
    assert_eq!(endpoint.presence().count("room"), 0);
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    for expected in ["+ann -", "+ -ann", "+bo -", "+ -bo"] {
        assert_eq!(runtime.block_on(told(&mut diffs))?, expected);
    }
    Ok(())
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_come_and_go_at_once_are_all_told_in_order() -> TestResult {
    const EACH: usize = 200;
    let endpoint = endpoint()?;
    let mut diffs = endpoint.subscribe_with("room", usize::MAX);
    let mut tasks = tokio::task::JoinSet::new();
    for key in 0..8 {
        let endpoint = endpoint.clone();
        tasks.spawn(async move {
            for _ in 0..EACH {
                let tracked = endpoint.presence().track("room", key, &());
                tokio::task::yield_now().await;
                drop(tracked);
            }
        });
    }
    tasks.join_all().await;
    all_come_before_they_go(&mut diffs, 8 * EACH).await?;
    assert_eq!(endpoint.presence().count("room"), 0);
    Ok(())
}

async fn all_come_before_they_go(diffs: &mut Subscription, all: usize) -> TestResult {
    let (mut there, mut gone) = (Vec::new(), 0);
    while gone < all {
        let diff: Diff = diffs.recv().await?.payload().decode()?;
        let refs = |side: Side| side.into_values().flat_map(|of| of.metas).map(|meta| meta.phx_ref);
        there.extend(refs(diff.joins));
        for left in refs(diff.leaves) {
            let place = there.iter().position(|there| *there == left).ok_or("left before it came")?;
            there.swap_remove(place);
            gone += 1;
        }
    }
    assert!(there.is_empty());
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
