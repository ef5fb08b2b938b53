//! Protocol §4, rule 3, and §5.2: joining a topic that is already joined.

use crate::support::client::PATIENCE;
use crate::support::signals::{gate, reported};
use crate::support::{Over, TestResult, TestServer, apply, each_transport};
use std::time::Duration;

#[apply(each_transport)]
#[tokio::test]
async fn the_new_joins_answer_comes_first_and_the_old_joins_close_after_it(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.join("room:dup").await;
    client
        .talk(
            r#"
            -> ["2","9","room:dup","phx_join",{}]
            <- ["2","9","room:dup","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","1","room:dup","phx_close",{}]
            -> ["2","10","room:dup","echo",{}]
            <- ["2","10","room:dup","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    assert_eq!(reported("room:dup").await, "Replaced");
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_new_join_that_is_refused_ends_the_old_channel_too(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    server
        .connect(over)
        .await
        .talk(
            r#"
            -> ["1","1","typed:7","phx_join",{"name":"ann"}]
            <- ["1","1","typed:7","phx_reply",{"response":"ann at 7","status":"ok"}]
            -> ["2","2","typed:7","phx_join",{}]
            <- ["2","2","typed:7","phx_reply",{"response":{"reason":"invalid payload","detail":"missing field `name` at line 1 column 2"},"status":"error"}]
            <- ["1","1","typed:7","phx_close",{}]
            -> ["2","3","typed:7","hello",{"name":"ann"}]
            <- [null,"3","typed:7","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn messages_still_queued_in_the_old_channel_are_lost(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.join("room:queued").await;
    client.send(r#"["1","2","room:queued","gated",{}]"#).await;
    assert_eq!(reported("room:queued").await, "handling");
    client
        .talk(
            r#"
            -> ["1","3","room:queued","echo",{}]
            -> ["1","4","room:queued","phx_leave",{}]
            -> ["5","5","room:queued","phx_join",{}]
            "#,
        )
        .await;
    // The heartbeat shows that the join has arrived before the old channel goes on.
    client.nothing_more().await;
    gate("room:queued").add_permits(1);
    client
        .talk(
            r#"
               the callback that was running finishes
            <- ["1","2","room:queued","phx_reply",{"response":{},"status":"ok"}]
            <- ["5","5","room:queued","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","1","room:queued","phx_close",{}]
            -> ["5","6","room:queued","echo",{}]
            <- ["5","6","room:queued","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    assert_eq!(reported("room:queued").await, "Replaced");
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_callback_that_outlasts_its_time_is_dropped(over: Over) -> TestResult {
    let server = TestServer::start_with(|limits| limits.replace_timeout = Duration::from_millis(20)).await?;
    let mut client = server.connect(over).await;
    client.join("room:outlasts").await;
    client
        .talk(
            r#"
            -> ["1","2","room:outlasts","gated",{}]
            -> ["3","3","room:outlasts","phx_join",{}]
            <- ["3","3","room:outlasts","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","1","room:outlasts","phx_close",{}]
            -> ["3","4","room:outlasts","echo",{}]
            <- ["3","4","room:outlasts","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    assert_eq!(reported("room:outlasts").await, "handling");
    assert_eq!(reported("room:outlasts").await, "Crashed");
    Ok(())
}

/// Three joins at once of which the first hangs, in a join or in a handler, and then the client goes.
#[tokio::test(flavor = "multi_thread")]
async fn channels_that_wait_for_each_other_all_end_with_their_client() -> TestResult {
    let server = TestServer::start_with(|limits| limits.replace_timeout = Duration::from_millis(5)).await?;
    for round in 0..50 {
        let mut client = server.websocket().await;
        for number in 1..=3 {
            client
                .send(&format!(r#"["{number}","{number}","room:gated:ok:hang{round}","phx_join",{{}}]"#))
                .await;
        }
        client.send(r#"["1","1","room:hang","phx_join",{}]"#).await;
        // The time of the joins before it may be up by now, which is answered too.
        let joined = r#"["1","1","room:hang","phx_reply",{"response":{},"status":"ok"}]"#;
        while client.next().await != joined {}
        client.send(r#"["1","2","room:hang","gated",{}]"#).await;
        for number in 3..=4 {
            client.send(&format!(r#"["{number}","{number}","room:hang","phx_join",{{}}]"#)).await;
        }
        drop(client);
    }
    let started = std::time::Instant::now();
    let endpoint = &server.endpoint;
    while (endpoint.connections(), endpoint.channels(), endpoint.topics()) != (0, 0, 0) {
        assert!(started.elapsed() < PATIENCE, "{} channels are left", endpoint.channels());
        // Handlers that were running when their client went may finish.
        gate("room:hang").add_permits(1);
        server.websocket().await.nothing_more().await;
    }
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_channel_that_is_about_to_end_when_the_client_joins_again_is_closed_after_the_answer(
    over: Over,
) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    for (event, reference) in [("stop", 2), ("panic", 3)] {
        client.join("room:dying").await;
        client
            .talk(
                r#"
                -> ["1","a","room:dying","gated_end",{}]
                "#,
            )
            .await;
        client.send(&format!(r#"["1","b","room:dying","{event}",{{}}]"#)).await;
        assert_eq!(reported("room:dying").await, "terminating");
        client.send(&format!(r#"["{reference}","{reference}","room:dying","phx_join",{{}}]"#)).await;
        client.nothing_more().await;
        gate("room:dying").add_permits(1);
        let topic = "room:dying";
        client
            .talk(&format!(
                r#"
                <- ["{reference}","{reference}","{topic}","phx_reply",{{"response":{{}},"status":"ok"}}]
                <- ["1","1","{topic}","phx_close",{{}}]
                -> ["{reference}","c","{topic}","phx_leave",{{}}]
                <- ["{reference}","c","{topic}","phx_reply",{{"response":{{}},"status":"ok"}}]
                <- ["{reference}","{reference}","{topic}","phx_close",{{}}]
                "#
            ))
            .await;
        reported("room:dying").await;
        reported("room:dying").await;
    }
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_join_during_a_join_waits_for_it(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client
        .talk(
            r#"
            -> ["1","1","room:gated:ok:twice","phx_join",{}]
            -> ["2","2","room:gated:ok:twice","phx_join",{}]
            "#,
        )
        .await;
    client.nothing_more().await;
    gate("room:gated:ok:twice").add_permits(2);
    client
        .talk(
            r#"
            <- ["1","1","room:gated:ok:twice","phx_reply",{"response":{},"status":"ok"}]
            <- ["2","2","room:gated:ok:twice","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","1","room:gated:ok:twice","phx_close",{}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_join_during_a_join_that_is_refused_has_nothing_to_close(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client
        .talk(
            r#"
            -> ["1","1","room:gated:no:twice","phx_join",{}]
            -> ["2","2","room:gated:no:twice","phx_join",{}]
            "#,
        )
        .await;
    client.nothing_more().await;
    gate("room:gated:no:twice").add_permits(2);
    client
        .talk(
            r#"
            <- ["1","1","room:gated:no:twice","phx_reply",{"response":{"reason":"no"},"status":"error"}]
            <- ["2","2","room:gated:no:twice","phx_reply",{"response":{"reason":"no"},"status":"error"}]
            "#,
        )
        .await;
    client.join("room:fence").await;
    client.nothing_more_from("room:fence").await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_join_that_outlasts_the_next_ones_patience_has_crashed(over: Over) -> TestResult {
    let server = TestServer::start_with(|limits| limits.replace_timeout = Duration::from_millis(20)).await?;
    let mut client = server.connect(over).await;
    client
        .talk(
            r#"
            -> ["1","1","room:gated:ok:outlasts","phx_join",{}]
            -> ["2","2","room:gated:ok:outlasts","phx_join",{}]
            <- ["1","1","room:gated:ok:outlasts","phx_reply",{"response":{"reason":"join crashed"},"status":"error"}]
            "#,
        )
        .await;
    gate("room:gated:ok:outlasts").add_permits(1);
    client.talk(r#"<- ["2","2","room:gated:ok:outlasts","phx_reply",{"response":{},"status":"ok"}]"#).await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn joins_of_one_topic_that_wait_for_each_other_cannot_pile_up(over: Over) -> TestResult {
    let server = TestServer::start_with(|limits| limits.max_channels = 2).await?;
    let mut client = server.connect(over).await;
    client
        .talk(
            r#"
            -> ["1","1","room:gated:ok:pile","phx_join",{}]
            -> ["2","2","room:gated:ok:pile","phx_join",{}]
            -> ["3","3","room:gated:ok:pile","phx_join",{}]
            -> ["4","4","room:gated:ok:pile","phx_join",{}]
               twice as many tasks as channels, and no more
            -> ["5","5","room:gated:ok:pile","phx_join",{}]
            <- ["5","5","room:gated:ok:pile","phx_reply",{"response":{"reason":"too many channels joined"},"status":"error"}]
            "#,
        )
        .await;
    gate("room:gated:ok:pile").add_permits(4);
    client
        .talk(
            r#"
            <- ["1","1","room:gated:ok:pile","phx_reply",{"response":{},"status":"ok"}]
            <- ["2","2","room:gated:ok:pile","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","1","room:gated:ok:pile","phx_close",{}]
            <- ["3","3","room:gated:ok:pile","phx_reply",{"response":{},"status":"ok"}]
            <- ["2","2","room:gated:ok:pile","phx_close",{}]
            <- ["4","4","room:gated:ok:pile","phx_reply",{"response":{},"status":"ok"}]
            <- ["3","3","room:gated:ok:pile","phx_close",{}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn joining_again_while_the_old_channel_leaves_or_after_it_has_ended(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.join("room:again").await;
    client
        .talk(
            r#"
            -> ["1","2","room:again","phx_leave",{}]
            <- ["1","2","room:again","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","1","room:again","phx_close",{}]
            -> ["3","3","room:again","phx_join",{}]
            <- ["3","3","room:again","phx_reply",{"response":{},"status":"ok"}]
            -> ["3","4","room:again","panic",{}]
            <- ["3","3","room:again","phx_error",{"reason":"channel_crash"}]
            -> ["5","5","room:again","phx_join",{}]
            <- ["5","5","room:again","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    // A leave that still waits behind a running callback: the join overtakes it, and the old channel gets a close.
    client.send(r#"["5","6","room:again","gated",{}]"#).await;
    for expected in ["Left", "Crashed", "handling"] {
        assert_eq!(reported("room:again").await, expected);
    }
    client
        .talk(
            r#"
            -> ["5","7","room:again","phx_leave",{}]
            -> ["8","8","room:again","phx_join",{}]
            "#,
        )
        .await;
    client.nothing_more().await;
    gate("room:again").add_permits(1);
    client
        .talk(
            r#"
            <- ["5","6","room:again","phx_reply",{"response":{},"status":"ok"}]
            <- ["8","8","room:again","phx_reply",{"response":{},"status":"ok"}]
            <- ["5","5","room:again","phx_close",{}]
            "#,
        )
        .await;
    Ok(())
}
