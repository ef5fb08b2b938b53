//! Who tells, whatever happens meanwhile.

use super::*;
use crate::presence::topic::OVERDUE_BYTES;
use std::collections::HashMap;
use std::future::pending;

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
