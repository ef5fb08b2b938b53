//! Those who are waited for.

use super::*;
use crate::presence::tracker::MAX_HELD;

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
