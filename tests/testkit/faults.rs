//! What goes wrong on the way, and what the server does then.

use super::{endpoint_with, said, start};
use phx_runtime::Payload;
use phx_runtime::testing::{JoinError, TestResult, TestServer, over_each};
use serde_json::json;
use std::time::Duration;
use tokio::time::timeout;

#[test]
fn a_client_that_does_not_read_is_closed_with_1013() -> TestResult {
    over_each(async |over| {
        let endpoint = endpoint_with(|limits| {
            limits.outbox_bytes = 64 * 1024;
            limits.close_timeout = Duration::from_hours(1);
        })?;
        let server = TestServer::start(&endpoint, over).await?;
        let slow = server.connect("/socket", &json!({"name": "slow"})).await?;
        let reader = server.connect("/socket", &json!({"name": "reader"})).await?;
        slow.join("kit:1", &()).await?;
        let (at_reader, _) = reader.join("kit:1", &()).await?;
        slow.stop_reading();
        let text = "x".repeat(32 * 1024);
        // More than the kernel keeps for a client.
        let count = if over.transport() == "websocket" { 1000 } else { 20 };
        for _ in 0..count {
            at_reader.broadcast("said", &said(&text));
            at_reader.expect_push::<Payload>("said").await;
        }
        at_reader.assert_push("left", &json!({"name": "slow", "reason": "Closed"})).await;
        slow.resume_reading();
        slow.assert_closed(1013).await;
        Ok(())
    })
}

#[test]
fn a_client_that_does_not_read_has_nothing_come() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let client = server.connect("/socket", &()).await?;
        let (room, _) = client.subscribe_and_join("kit:1", &()).await?;
        client.stop_reading();
        room.push("say", &said("hi")).await;
        room.assert_broadcast("said", &said("hi")).await;
        room.refute_push("said").await;
        client.resume_reading();
        room.assert_push("said", &said("hi")).await;
        Ok(())
    })
}

#[test]
fn a_client_that_does_not_read_goes_without_waiting() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let slow = server.connect("/socket", &json!({"name": "slow"})).await?;
        let reader = server.connect("/socket", &json!({"name": "reader"})).await?;
        let (at_reader, _) = reader.join("kit:1", &()).await?;
        slow.join("kit:1", &()).await?;
        slow.stop_reading();
        // It would wait for 5 s.
        timeout(Duration::from_secs(4), slow.close()).await?;
        if over.transport() != "longpoll" {
            at_reader.assert_push("left", &json!({"name": "slow", "reason": "Closed"})).await;
        }
        Ok(())
    })
}

#[test]
fn a_client_that_is_cut_off_is_missed_and_comes_back() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let ann = server.connect("/socket", &json!({"name": "ann"})).await?;
        let bo = server.connect("/socket", &json!({"name": "bo"})).await?;
        let (at_bo, _) = bo.join("kit:1", &()).await?;
        let (at_ann, _) = ann.join("kit:1", &()).await?;
        ann.cut().await;
        if over.transport() != "longpoll" {
            at_bo.assert_push("left", &json!({"name": "ann", "reason": "Closed"})).await;
        }
        let cannot = super::failure::of(at_ann.push("ping", &())).await;
        assert!(cannot.text.contains("the connection is closed"), "{cannot:?}");
        ann.reconnect().await?;
        let (again, welcome) = ann.join("kit:1", &()).await?;
        assert_eq!(welcome, json!({"hello": "ann"}));
        let ping = again.push("ping", &()).await;
        again.assert_reply(&ping, "ok", &()).await;
        Ok(())
    })
}

#[test]
fn a_message_of_the_client_that_is_lost_never_happened() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let client = server.connect("/socket", &()).await?;
        let (room, _) = client.subscribe_and_join("kit:1", &()).await?;
        client.lose_next_sent();
        client.lose_next_sent();
        room.push("say", &said("lost")).await;
        room.push("say", &said("lost too")).await;
        room.push("say", &said("heard")).await;
        room.assert_broadcast("said", &said("heard")).await;
        room.refute_broadcast("said").await;
        Ok(())
    })
}

#[test]
fn a_message_of_the_server_that_is_lost_has_happened_there() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let client = server.connect("/socket", &()).await?;
        let (room, _) = client.subscribe_and_join("kit:1", &()).await?;
        client.lose_next_received();
        room.push("say", &said("lost")).await;
        room.push("say", &said("heard")).await;
        room.assert_broadcast("said", &said("lost")).await;
        room.assert_push("said", &said("heard")).await;
        room.refute_push("said").await;
        Ok(())
    })
}

#[test]
fn a_join_whose_answer_is_lost_is_made_again_and_replaces_the_first() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let client = server.connect("/socket", &json!({"name": "ann"})).await?;
        let bo = server.connect("/socket", &json!({"name": "bo"})).await?;
        let (at_bo, _) = bo.join("kit:1", &()).await?;
        client.set_timeout(Duration::from_millis(100));
        client.lose_next_received();
        let lost = client.join("kit:1", &()).await.err();
        assert!(matches!(lost, Some(JoinError::Unanswered(_))), "{lost:?}");
        client.set_timeout(Duration::from_secs(10));
        let (room, _) = client.join("kit:1", &()).await?;
        at_bo.assert_push("left", &json!({"name": "ann", "reason": "Replaced"})).await;
        let ping = room.push("ping", &()).await;
        room.assert_reply(&ping, "ok", &()).await;
        Ok(())
    })
}
