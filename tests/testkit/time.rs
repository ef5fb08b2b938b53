//! Paused time: no test waits.

use super::endpoint;
use crate::support::signals::gate;
use phx_runtime::Payload;
use phx_runtime::testing::{TestClient, TestResult, TestSubscription};
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, timeout};

#[tokio::test(start_paused = true)]
async fn an_assertion_waits_100_ms_of_paused_time() -> TestResult {
    let client = TestClient::connect(&endpoint()?, "/socket", &()).await?;
    let (room, _) = client.join("kit:1", &()).await?;
    let started = Instant::now();
    super::failure::of(room.assert_push("said", &())).await;
    assert_eq!(started.elapsed(), Duration::from_millis(100));
    room.push("push_after", &99).await;
    room.assert_push("later", &()).await;
    room.push("push_after", &101).await;
    room.refute_push("later").await;
    room.assert_push("later", &()).await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_subscription_waits_as_long_as_it_is_told_to() -> TestResult {
    let orders = TestSubscription::new(&endpoint()?, "orders");
    for wait in [Duration::from_millis(100), Duration::from_hours(1)] {
        let started = Instant::now();
        super::failure::of(orders.assert_broadcast("placed", &())).await;
        super::failure::of(orders.expect_broadcast::<Payload>("placed")).await;
        orders.refute_broadcast("placed").await;
        assert_eq!(started.elapsed(), wait * 3);
        orders.set_timeout(Duration::from_hours(1));
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn hours_pass_at_once_and_the_client_stays_connected() -> TestResult {
    let client = TestClient::connect(&endpoint()?, "/socket", &()).await?;
    let (room, _) = client.join("kit:1", &()).await?;
    // Who waited for these in real time would not be seen again.
    let hours = 3 * 3_600_000;
    client.set_timeout(Duration::from_millis(hours));
    room.push("push_after", &(hours - 1)).await;
    room.assert_push("later", &()).await;
    room.refute_push("later").await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_client_waits_a_minute_to_be_connected() -> TestResult {
    let started = Instant::now();
    let error = TestClient::connect(&endpoint()?, "/socket", &json!({"name": "sleeper"})).await.err();
    assert_eq!(error.map(|error| error.to_string()).as_deref(), Some("cannot connect: no answer within 60s"));
    assert_eq!(started.elapsed(), Duration::from_mins(1));
    Ok(())
}

#[tokio::test]
async fn in_real_time_nothing_is_waited_for_that_is_not_on_its_way() -> TestResult {
    let client = TestClient::connect(&endpoint()?, "/socket", &()).await?;
    let (room, _) = client.join("kit:1", &()).await?;
    client.set_timeout(Duration::from_hours(1));
    timeout(Duration::from_mins(1), room.refute_push("said")).await?;
    Ok(())
}

#[tokio::test]
async fn in_real_time_what_a_channel_tells_itself_meanwhile_is_waited_for() -> TestResult {
    let client = TestClient::connect(&endpoint()?, "/socket", &()).await?;
    let (room, _) = client.join("kit:gated", &()).await?;
    client.set_timeout(Duration::from_mins(1));
    room.push("push_gated", &()).await;
    let open = async {
        // What the kit asks the channel waits behind what that is doing.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        gate("kit:gated").add_permits(1);
    };
    let (refuted, ()) = tokio::join!(super::failure::of(room.refute_push("later")), open);
    assert!(refuted.text.starts_with(r#"the push "later" on "kit:gated" was not to come"#), "{refuted:?}");
    Ok(())
}
