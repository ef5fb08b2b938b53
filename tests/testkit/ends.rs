//! How channels and connections end.

use super::failure::of;
use super::{endpoint, said, start};
use crate::support::signals::gate;
use phx_runtime::testing::{TestClient, TestResult, over_each};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;

#[test]
fn a_client_leaves_and_may_join_again() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let client = server.connect("/socket", &json!({"name": "ann"})).await?;
        let (room, _) = client.subscribe_and_join("kit:1", &()).await?;
        room.leave().await;
        room.assert_broadcast("left", &json!({"name": "ann", "reason": "Left"})).await;
        let (again, _) = client.join("kit:1", &()).await?;
        let ping = again.push("ping", &()).await;
        again.assert_reply(&ping, "ok", &()).await;
        Ok(())
    })
}

#[test]
fn a_channel_stops_or_crashes() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let client = server.connect("/socket", &()).await?;
        for (event, crashes) in [("stop", false), ("stop_with_error", true), ("crash", true)] {
            let (room, _) = client.join("kit:1", &()).await?;
            room.push(event, &()).await;
            if crashes {
                room.assert_crashed().await;
            } else {
                room.assert_closed().await;
            }
        }
        Ok(())
    })
}

#[test]
fn the_channels_of_a_client_that_closes_end() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let ann = server.connect("/socket", &json!({"name": "ann"})).await?;
        let bo = server.connect("/socket", &json!({"name": "bo"})).await?;
        let (at_bo, _) = bo.join("kit:1", &()).await?;
        let (at_ann, _) = ann.join("kit:1", &()).await?;
        ann.close().await;
        // A session of long polling is only missed after a while.
        if over.transport() != "longpoll" {
            at_bo.assert_push("left", &json!({"name": "ann", "reason": "Closed"})).await;
        }
        let cannot = super::failure::of(at_ann.push("say", &said("hi"))).await;
        assert!(
            cannot.text.starts_with(r#"cannot send "say" to "kit:1": the connection is closed"#),
            "{cannot:?}"
        );
        Ok(())
    })
}

#[test]
fn a_client_is_connected_as_long_as_it_or_a_channel_is_there() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let (room, _) = server.connect("/socket", &()).await?.join("kit:1", &()).await?;
        let ping = room.push("ping", &()).await;
        room.assert_reply(&ping, "ok", &()).await;
        Ok(())
    })
}

#[test]
fn an_end_is_that_of_its_join_and_not_of_a_later_one() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let client = server.connect("/socket", &()).await?;
        let (first, _) = client.join("kit:1", &()).await?;
        first.push("crash", &()).await;
        let ping = first.push("ping", &()).await;
        // Of a channel that is gone.
        first.assert_reply(&ping, "error", &json!({"reason": "unmatched topic"})).await;
        let (second, _) = client.join("kit:1", &()).await?;
        client.set_timeout(Duration::from_millis(50));
        let no_end = super::failure::of(second.assert_crashed()).await;
        assert!(no_end.text.contains("did not end with phx_error"), "{no_end:?}");
        first.assert_crashed().await;
        Ok(())
    })
}

#[tokio::test]
async fn in_real_time_no_more_than_a_little_is_waited_for_after_the_end_of_a_channel() -> TestResult {
    let client = TestClient::connect(&endpoint()?, "/socket", &()).await?;
    let (room, _) = client.join("kit:1", &()).await?;
    let silent = room.push("silent", &()).await;
    room.push("crash", &()).await;
    // Each would be waited for for 5 s.
    let brief = Duration::from_secs(4);
    let no_push = timeout(brief, of(room.assert_push("said", &()))).await?;
    assert!(no_push.text.contains("did not come before the channel crashed"), "{no_push:?}");
    let no_reply = timeout(brief, of(room.expect_reply::<Value>(&silent, "ok"))).await?;
    assert!(no_reply.text.contains("came before the channel crashed"), "{no_reply:?}");
    let no_end = timeout(brief, of(room.assert_closed())).await?;
    assert!(no_end.text.contains("and did with phx_error"), "{no_end:?}");
    let no_end = timeout(brief, of(room.assert_closed())).await?;
    assert!(no_end.text.contains("an earlier assertion has taken its phx_error"), "{no_end:?}");
    Ok(())
}

#[test]
fn what_came_before_the_end_is_there_after_it_and_replies_may_come_later() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let client = server.connect("/socket", &()).await?;
        let (room, _) = client.join("kit:gated", &()).await?;
        let ping = room.push("ping", &()).await;
        let gated = room.push("answer_gated", &()).await;
        room.push("push", &json!({"n": 1})).await;
        room.push("stop", &()).await;
        room.assert_closed().await;
        room.assert_push("pushed", &json!({"n": 1})).await;
        room.assert_reply(&ping, "ok", &()).await;
        room.refute_reply(&gated).await;
        client.set_timeout(Duration::from_secs(10));
        let ((), ()) = tokio::join!(room.assert_reply(&gated, "ok", "at last"), async {
            gate("kit:gated").add_permits(1);
        });
        Ok(())
    })
}
