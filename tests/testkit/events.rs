//! Pushes, replies and broadcasts.

use super::failure::of;
use super::{Kit, Refusal, Said, said, start};
use phx_runtime::Binary;
use phx_runtime::testing::{Over, TestResult, TestSubscription, Version, over_each};
use serde_json::{Value, json};

#[test]
fn a_push_is_replied_to() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let client = server.connect("/socket", &()).await?;
        let (room, _) = client.join("kit:1", &()).await?;
        let first = room.push("ping", &json!({"n": 1})).await;
        let second = room.push("ping", &json!({"n": 2})).await;
        let third = room.push("fail", &()).await;
        room.assert_reply(&second, "ok", &json!({"n": 2})).await;
        let said: Value = room.expect_reply(&first, "ok").await;
        assert_eq!(said, json!({"n": 1}));
        let refusal: Refusal = room.expect_reply(&third, "error").await;
        assert_eq!(refusal.reason, "no");
        let silent = room.push("silent", &()).await;
        room.refute_reply(&silent).await;
        Ok(())
    })
}

#[test]
fn a_reply_comes_where_its_push_was_made() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let (ann, bo) = (server.connect("/socket", &()).await?, server.connect("/socket", &()).await?);
        let (at_ann, _) = ann.join("kit:1", &()).await?;
        let (at_bo, _) = bo.join("kit:1", &()).await?;
        let (elsewhere, _) = ann.join("kit:2", &()).await?;
        let (first, second) = (at_ann.push("ping", &()).await, at_bo.push("ping", &()).await);
        assert_ne!(first, second);
        for failure in [
            of(at_bo.assert_reply(&first, "ok", &())).await,
            of(at_bo.expect_reply::<Value>(&first, "ok")).await,
            of(at_bo.refute_reply(&first)).await,
        ] {
            assert_eq!(
                failure.text,
                r#""ping" was pushed by another client: ask the channel that has pushed it for the reply"#
            );
        }
        assert_eq!(
            of(elsewhere.assert_reply(&first, "ok", &())).await.text,
            r#""ping" was pushed on "kit:1", not on "kit:2": ask the channel that has pushed it for the reply"#
        );
        at_ann.assert_reply(&first, "ok", &()).await;
        at_bo.assert_reply(&second, "ok", &()).await;
        Ok(())
    })
}

#[test]
fn events_are_pushed_and_taken_in_any_order() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let client = server.connect("/socket", &()).await?;
        let (room, _) = client.join("kit:1", &()).await?;
        for n in [1, 2] {
            room.push("push", &json!({"n": n})).await;
        }
        room.push("say", &said("hi")).await;
        let hi: Said = room.expect_push(Kit::SAID).await;
        assert_eq!(hi, said("hi"));
        room.assert_push("pushed", &json!({"n": 2})).await;
        room.assert_push("pushed", &json!({"n": 1})).await;
        room.refute_push("pushed").await;
        room.refute_push(Kit::SAID).await;
        Ok(())
    })
}

#[test]
fn broadcasts_are_heard_whether_they_reach_the_client_or_not() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let ann = server.connect("/socket", &json!({"name": "ann"})).await?;
        let bo = server.connect("/socket", &json!({"name": "bo"})).await?;
        let (at_ann, _) = ann.subscribe_and_join("kit:1", &()).await?;
        let (at_bo, _) = bo.subscribe_and_join("kit:1", &()).await?;
        at_ann.push("say_from", &said("hi")).await;
        at_ann.assert_broadcast(Kit::SAID, &said("hi")).await;
        at_ann.refute_push(Kit::SAID).await;
        let heard: Said = at_bo.expect_broadcast(Kit::SAID).await;
        assert_eq!(heard, said("hi"));
        at_bo.assert_push(Kit::SAID, &said("hi")).await;
        at_bo.refute_broadcast(Kit::SAID).await;

        at_ann.broadcast("whispered", &said("bo"));
        at_bo.assert_push("whispered", &said("bo")).await;
        at_ann.assert_broadcast("whispered", &said("bo")).await;
        at_ann.refute_push("whispered").await;
        Ok(())
    })
}

#[test]
fn what_the_test_broadcasts_from_a_channel_reaches_all_but_the_test() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let client = server.connect("/socket", &()).await?;
        let (room, _) = client.subscribe_and_join("kit:1", &()).await?;
        let others = TestSubscription::new(server.endpoint(), "kit:1");
        room.broadcast_from("said", &said("from outside"));
        room.assert_push("said", &said("from outside")).await;
        room.refute_broadcast("said").await;
        let heard: Said = others.expect_broadcast("said").await;
        assert_eq!(heard, said("from outside"));
        Ok(())
    })
}

#[test]
fn nothing_comes_means_not_even_what_a_channel_tells_itself() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let client = server.connect("/socket", &()).await?;
        let (room, _) = client.join("kit:1", &()).await?;
        room.push("push_later", &()).await;
        let refuted = super::failure::of(room.refute_push("later")).await;
        assert!(refuted.text.starts_with(r#"the push "later" on "kit:1" was not to come"#), "{refuted:?}");
        Ok(())
    })
}

#[test]
fn bytes_go_and_come_as_bytes_where_there_are_some() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let client = server.connect("/socket", &()).await?;
        let (room, _) = client.join("kit:1", &()).await?;
        let bytes = Binary(vec![0, 1, 255].into());
        if over.version() == Version::V1 {
            let cannot = super::failure::of(room.push("ping", &bytes)).await;
            assert!(cannot.text.contains("version 1 of the protocol has no binary payloads"), "{cannot:?}");
            return Ok(());
        }
        let ping = room.push("ping", &bytes).await;
        room.push("push", &bytes).await;
        room.broadcast("said", &bytes);
        if over == Over::LongPollV2 {
            room.assert_reply(&ping, "ok", &json!({"base64": "AAH/"})).await;
            room.assert_push("pushed", &json!({"base64": "AAH/"})).await;
            room.assert_push("said", &json!({"base64": "AAH/"})).await;
        } else {
            room.assert_reply(&ping, "ok", &bytes).await;
            room.assert_push("pushed", &bytes).await;
            assert_eq!(room.expect_push::<Binary>("said").await, bytes);
        }
        Ok(())
    })
}
