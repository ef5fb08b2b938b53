//! A topic that is joined again, and a connection that is made again: what came before is not taken for what comes now.

use super::failure::of;
use super::{said, start};
use phx_runtime::testing::{TestResult, over_each};
use serde_json::{Value, json};
use std::time::Duration;

#[test]
fn the_end_of_an_earlier_connection_is_not_that_of_this_one() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let ann = server.connect("/socket", &json!({"name": "ann"})).await?;
        ann.cut().await;
        ann.reconnect().await?;
        let (room, _) = ann.join("kit:1", &()).await?;
        server.endpoint().disconnect("user:ann");
        ann.assert_closed(1001).await;

        ann.reconnect().await?;
        let (again, _) = ann.join("kit:1", &()).await?;
        // Of the connection before.
        let ended = of(room.assert_push("said", &())).await;
        assert!(ended.text.contains("did not come before the connection was closed"), "{ended:?}");
        server.endpoint().disconnect("user:ann");
        let ended = of(again.assert_crashed()).await;
        assert!(
            ended.text.contains("did not end with phx_error before the connection was closed"),
            "{ended:?}"
        );
        ann.reconnect().await?;
        ann.set_timeout(Duration::from_millis(50));
        let open = of(ann.assert_closed(1001)).await;
        assert!(open.text.starts_with("the connection was not closed within 50ms"), "{open:?}");
        Ok(())
    })
}

#[test]
fn a_client_that_goes_by_itself_is_not_closed() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let client = server.connect("/socket", &()).await?;
        client.close().await;
        let own = of(client.assert_closed(1000)).await;
        assert_eq!(
            own.text,
            format!(
                "the connection was to be closed with 1000, and the client has ended it itself\n\n\
                 nothing came to the client ({over}) that no assertion has taken"
            )
        );
        client.reconnect().await?;
        client.cut().await;
        let own = of(client.assert_closed(1001)).await;
        assert!(own.text.contains("the client has ended it itself"), "{own:?}");
        Ok(())
    })
}

#[test]
fn a_connection_is_closed_once() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let ann = server.connect("/socket", &json!({"name": "ann"})).await?;
        server.endpoint().disconnect("user:ann");
        ann.assert_closed(1001).await;
        let taken = of(ann.assert_closed(1001)).await;
        assert!(taken.text.contains("an earlier assertion has taken its end"), "{taken:?}");
        Ok(())
    })
}

#[test]
fn broadcasts_are_heard_once_by_who_has_subscribed_twice() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let client = server.connect("/socket", &json!({"name": "ann"})).await?;
        let (room, _) = client.subscribe_and_join("kit:1", &()).await?;
        room.leave().await;
        let left = json!({"name": "ann", "reason": "Left"});
        room.assert_broadcast("left", &left).await;

        let (again, _) = client.subscribe_and_join("kit:1", &()).await?;
        again.push("say", &said("hi")).await;
        again.assert_broadcast("said", &said("hi")).await;
        again.refute_broadcast("said").await;
        again.broadcast_from("said", &said("from outside"));
        again.refute_broadcast("said").await;
        drop(room);
        again.leave().await;
        again.assert_broadcast("left", &left).await;
        again.refute_broadcast("left").await;
        Ok(())
    })
}

#[test]
fn broadcasts_before_a_join_are_not_heard_by_it() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let client = server.connect("/socket", &()).await?;
        let (room, _) = client.subscribe_and_join("kit:1", &()).await?;
        room.broadcast("said", &said("before"));
        let (again, _) = client.subscribe_and_join("kit:1", &()).await?;
        again.refute_broadcast("said").await;
        room.assert_broadcast("said", &said("before")).await;
        Ok(())
    })
}

#[test]
fn pushes_are_those_of_their_join() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let client = server.connect("/socket", &()).await?;
        let (first, _) = client.join("kit:1", &()).await?;
        first.push("push", &json!({"n": 1})).await;
        first.push("say", &said("hi")).await;
        first.leave().await;
        let (second, _) = client.join("kit:1", &()).await?;
        second.refute_push("pushed").await;
        second.refute_push("said").await;
        second.push("push", &json!({"n": 2})).await;
        second.push("say", &said("ho")).await;
        let (third, _) = client.join("kit:1", &()).await?;
        third.refute_push("pushed").await;
        assert_eq!(second.expect_push::<Value>("pushed").await, json!({"n": 2}));
        second.assert_push("said", &said("ho")).await;
        first.assert_push("said", &said("hi")).await;
        first.assert_push("pushed", &json!({"n": 1})).await;
        client.set_timeout(Duration::from_millis(50));
        third.push("push", &json!({"n": 3})).await;
        third.refute_push("said").await;
        let earlier = of(second.assert_push("pushed", &json!({"n": 3}))).await;
        assert!(earlier.text.contains("\n  it came with another join of the topic\n"), "{}", earlier.text);
        Ok(())
    })
}
