//! What no client can see, and what takes time.

use super::tracker::{MAX_HELD, MAX_UNTOLD};
use super::*;
use crate::payload::Payload;
use crate::subscription::Subscription;
use serde::Deserialize;
use std::collections::HashMap;
use std::error::Error;
use std::future::pending;
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
    bo.end(true);
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
    second.end(false);
    assert_eq!(told(&mut diffs).await?, "+ -ann");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn so_many_leaves_are_held_back() -> TestResult {
    let endpoint = endpoint()?;
    let fields = meta("{}")?;
    for n in 0..=MAX_HELD {
        let holding = holding(&endpoint);
        holding.track(&format!("{n}"), &fields);
    }
    assert_eq!(endpoint.presence().count("room"), MAX_HELD);
    let mut diffs = endpoint.subscribe("room");
    assert!(told(&mut diffs).await?.starts_with("+0,1,10,"));
    told(&mut diffs).await?;
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

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_fetch_when_too_much_has_changed_meanwhile() -> TestResult {
    for (changes, waits) in [(MAX_UNTOLD - 1, 5), (MAX_UNTOLD, 0)] {
        let endpoint = Endpoint::builder().without_declared().presence(Hanging).build()?;
        let mut diffs = endpoint.subscribe("room");
        let first = holding(&endpoint);
        first.track("first", &meta("{}")?);
        while endpoint.presence().tracker.read("room", |roster| roster.changes().len()) != Some(0) {
            tokio::task::yield_now().await;
        }
        let started = Instant::now();
        let second = holding(&endpoint);
        for n in 0..changes {
            second.track(&format!("{n}"), &meta("{}")?);
        }
        assert_eq!(told(&mut diffs).await?, "+first -");
        assert_eq!(started.elapsed().as_secs(), waits, "after {changes}");
    }
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
    let (mut there, mut gone) = (Vec::new(), 0);
    while gone < 8 * EACH {
        let diff: Diff = diffs.recv().await?.payload().decode()?;
        let refs = |side: Side| side.into_values().flat_map(|of| of.metas).map(|meta| meta.phx_ref);
        there.extend(refs(diff.joins));
        for left in refs(diff.leaves) {
            let place = there.iter().position(|there| *there == left).ok_or("left before it came")?;
            there.swap_remove(place);
            gone += 1;
        }
    }
    assert_eq!((there.len(), endpoint.presence().count("room")), (0, 0));
    Ok(())
}
