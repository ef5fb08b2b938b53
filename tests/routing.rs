//! Protocol §4: what each message means, by the state of its topic.

use crate::support::signals::{gate, reported};
use crate::support::{Over, TestResult, TestServer, apply, each_transport};

#[apply(each_transport)]
#[tokio::test]
async fn rule_1_a_heartbeat_is_answered_with_a_null_join_ref(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    server
        .connect(over)
        .await
        .talk(
            r#"
            -> [null,"7","phoenix","heartbeat",{}]
            <- [null,"7","phoenix","phx_reply",{"response":{},"status":"ok"}]
            -> ["3","8","phoenix","heartbeat",{"any":"payload"}]
            <- [null,"8","phoenix","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn rule_1_a_heartbeat_is_one_even_if_a_channel_is_joined_on_topic_phoenix(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    server
        .connect(over)
        .await
        .talk(
            r#"
            -> ["1","1","phoenix","phx_join",{}]
            <- ["1","1","phoenix","phx_reply",{"response":{},"status":"ok"}]
            -> ["1","2","phoenix","heartbeat",{}]
            <- [null,"2","phoenix","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn other_events_on_topic_phoenix_follow_the_normal_rules(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    server
        .connect(over)
        .await
        .talk(
            r#"
            -> [null,"1","phoenix","ping",{}]
            <- [null,"1","phoenix","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn rule_4_a_leave_counts_with_the_joins_ref_or_null_and_is_ignored_with_another(
    over: Over,
) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client
        .talk(
            r#"
            -> ["2","2","room:1","phx_join",{}]
            <- ["2","2","room:1","phx_reply",{"response":{},"status":"ok"}]
               a stale leave gets no answer; the echo shows that the channel lives
            -> ["1","3","room:1","phx_leave",{}]
            -> ["2","4","room:1","echo",{}]
            <- ["2","4","room:1","phx_reply",{"response":{},"status":"ok"}]
            -> [null,"5","room:1","phx_leave",{}]
            <- ["2","5","room:1","phx_reply",{"response":{},"status":"ok"}]
            <- ["2","2","room:1","phx_close",{}]
            -> ["6","6","room:1","phx_join",{}]
            <- ["6","6","room:1","phx_reply",{"response":{},"status":"ok"}]
            -> ["6","7","room:1","phx_leave",{}]
            <- ["6","7","room:1","phx_reply",{"response":{},"status":"ok"}]
            <- ["6","6","room:1","phx_close",{}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn rule_5_a_push_counts_with_the_joins_ref_or_null_and_is_ignored_with_another(
    over: Over,
) -> TestResult {
    let server = TestServer::start().await?;
    server
        .connect(over)
        .await
        .talk(
            r#"
            -> ["2","2","room:1","phx_join",{}]
            <- ["2","2","room:1","phx_reply",{"response":{},"status":"ok"}]
            -> ["1","3","room:1","echo",{"stale":true}]
            -> ["2","4","room:1","echo",{"equal":true}]
            <- ["2","4","room:1","phx_reply",{"response":{"equal":true},"status":"ok"}]
            -> [null,"5","room:1","echo",{"null":true}]
            <- ["2","5","room:1","phx_reply",{"response":{"null":true},"status":"ok"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn rule_6_leaving_a_topic_that_is_not_joined_is_answered_with_ok(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    server
        .connect(over)
        .await
        .talk(
            r#"
            -> ["4","5","room:1","phx_leave",{}]
            <- ["4","5","room:1","phx_reply",{"response":{},"status":"ok"}]
            -> [null,"6","no such topic","phx_leave",{}]
            <- [null,"6","no such topic","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn rule_7_anything_else_to_a_topic_that_is_not_joined_is_unmatched_with_a_null_join_ref(
    over: Over,
) -> TestResult {
    let server = TestServer::start().await?;
    server
        .connect(over)
        .await
        .talk(
            r#"
            -> ["4","5","room:1","echo",{}]
            <- [null,"5","room:1","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn the_stored_join_ref_is_the_one_sent_and_the_channel_uses_the_ref_instead_of_null(
    over: Over,
) -> TestResult {
    let server = TestServer::start().await?;
    server
        .connect(over)
        .await
        .talk(
            r#"
            -> [null,"21","room:1","phx_join",{}]
            <- [null,"21","room:1","phx_reply",{"response":{},"status":"ok"}]
            -> [null,"22","room:1","push",{"a":1}]
            <- ["21",null,"room:1","pushed",{"a":1}]
            -> [null,"23","room:1","echo",{}]
            <- ["21","23","room:1","phx_reply",{"response":{},"status":"ok"}]
               a message with join_ref "21" is stale
            -> ["21","24","room:1","echo",{}]
            -> [null,"25","room:1","echo",{}]
            <- ["21","25","room:1","phx_reply",{"response":{},"status":"ok"}]
               the end of the channel carries the stored one
            -> [null,"26","room:1","stop",{}]
            <- [null,null,"room:1","phx_close",{}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn refs_are_compared_strictly_and_echoed_as_they_came(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    server
        .connect(over)
        .await
        .talk(
            r#"
            -> [1,1,"room:1","phx_join",{}]
            <- [1,1,"room:1","phx_reply",{"response":{},"status":"ok"}]
               "1" is not 1
            -> ["1",2,"room:1","echo",{}]
            -> [1,[2.50],"room:1","echo",{}]
            <- [1,[2.50],"room:1","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_topic_that_is_no_string_is_unmatched(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    server
        .connect(over)
        .await
        .talk(
            r#"
            -> ["1","1",5,"phx_join",{}]
            <- [null,"1",5,"phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]
            -> ["1","2",null,"echo",{}]
            <- [null,"2",null,"phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn reserved_event_names_of_a_client_reach_the_channel_like_any_event(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    server
        .connect(over)
        .await
        .talk(
            r#"
            -> ["1","1","raw:1","phx_join",{}]
            <- ["1","1","raw:1","phx_reply",{"response":{},"status":"ok"}]
            -> ["1","2","raw:1","phx_reply",{}]
            <- ["1","2","raw:1","phx_reply",{"response":["phx_reply",{}],"status":"ok"}]
            -> ["1","3","raw:1","phx_error",{}]
            <- ["1","3","raw:1","phx_reply",{"response":["phx_error",{}],"status":"ok"}]
            -> ["1","4","raw:1","phx_close",{}]
            <- ["1","4","raw:1","phx_reply",{"response":["phx_close",{}],"status":"ok"}]
            -> ["1","5","raw:1","phx_drain",{}]
            <- ["1","5","raw:1","phx_reply",{"response":["phx_drain",{}],"status":"ok"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn unmatched_topic_covers_an_unknown_join_and_a_push_after_the_channel_has_ended(
    over: Over,
) -> TestResult {
    let server = TestServer::start().await?;
    server
        .connect(over)
        .await
        .talk(
            r#"
            -> ["16","16","nope","phx_join",{}]
            <- [null,"16","nope","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]
            -> ["1","1","room:1","phx_join",{}]
            <- ["1","1","room:1","phx_reply",{"response":{},"status":"ok"}]
            -> ["1","2","room:1","stop",{}]
            <- ["1","1","room:1","phx_close",{}]
            -> ["1","3","room:1","echo",{}]
            <- [null,"3","room:1","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn patterns_are_tried_in_order_and_a_star_matches_an_empty_rest(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    server
        .connect(over)
        .await
        .talk(
            r#"
            -> ["1","1","room:lobby","phx_join",{}]
            <- ["1","1","room:lobby","phx_reply",{"response":"this is the lobby","status":"ok"}]
            -> ["2","2","room:","phx_join",{}]
            <- ["2","2","room:","phx_reply",{"response":{},"status":"ok"}]
            -> ["3","3","room","phx_join",{}]
            <- [null,"3","room","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]
            -> ["4","4","xroom:1","phx_join",{}]
            <- [null,"4","xroom:1","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn topics_and_events_may_hold_any_text(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    server
        .connect(over)
        .await
        .talk(
            r#"
            -> ["1","1","raw:\"\\ü\n😀","phx_join",{}]
            <- ["1","1","raw:\"\\ü\n😀","phx_reply",{"response":{},"status":"ok"}]
            -> ["1","2","raw:\"\\\u00fc\n\ud83d\ude00","\u0065vent",{}]
            <- ["1","2","raw:\"\\ü\n😀","phx_reply",{"response":["event",{}],"status":"ok"}]
            "#,
        )
        .await;
    Ok(())
}

/// Phoenix crashes the channel here. A typed server can do better: a client must not spend a join per bad message.
#[apply(each_transport)]
#[tokio::test]
async fn an_event_nobody_handles_is_refused_and_the_channel_lives_on(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.join("room:1").await;
    client
        .talk(
            r#"
            -> ["1","2","room:1","nobody handles this",{}]
            <- ["1","2","room:1","phx_reply",{"response":{"reason":"unmatched event"},"status":"error"}]
            -> ["1","3","room:1",42,{}]
            <- ["1","3","room:1","phx_reply",{"response":{"reason":"unmatched event"},"status":"error"}]
            "#,
        )
        .await;
    client.nothing_more_from("room:1").await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_payload_that_does_not_fit_is_refused_with_a_detail_and_the_channel_lives_on(
    over: Over,
) -> TestResult {
    let server = TestServer::start().await?;
    server
        .connect(over)
        .await
        .talk(
            r#"
            -> ["1","1","typed:7","phx_join",{"name":"ann"}]
            <- ["1","1","typed:7","phx_reply",{"response":"ann at 7","status":"ok"}]
            -> ["1","2","typed:7","hello",{"nam":"bo"}]
            <- ["1","2","typed:7","phx_reply",{"response":{"reason":"invalid payload","detail":"missing field `name` at line 1 column 12"},"status":"error"}]
            -> ["1","3","typed:7","hello",{"name":"bo"}]
            <- ["1","3","typed:7","phx_reply",{"response":[7,"bo"],"status":"ok"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_capture_that_does_not_parse_makes_the_join_not_match(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    server
        .connect(over)
        .await
        .talk(
            r#"
            -> ["1","1","typed:name:cleo","phx_join",{}]
            <- ["1","1","typed:name:cleo","phx_reply",{"response":"cleo","status":"ok"}]
            -> ["2","2","typed:seven","phx_join",{"name":"ann"}]
            <- ["2","2","typed:seven","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]
            -> ["3","3","typed:8","phx_join",{}]
            <- ["3","3","typed:8","phx_reply",{"response":{"reason":"invalid payload","detail":"missing field `name` at line 1 column 2"},"status":"error"}]
            "#,
        )
        .await;
    Ok(())
}

/// Phoenix blocks the whole connection while a join or a handler runs.
#[apply(each_transport)]
#[tokio::test]
async fn a_slow_channel_delays_neither_heartbeats_nor_other_channels(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.send(r#"["1","1","room:gated:ok:slow","phx_join",{}]"#).await;
    assert_eq!(reported("room:gated:ok:slow").await, "joining");
    client.nothing_more().await;
    client.join("room:fast").await;
    client.send(r#"["1","2","room:fast","gated",{}]"#).await;
    assert_eq!(reported("room:fast").await, "handling");
    client.nothing_more().await;
    gate("room:gated:ok:slow").add_permits(1);
    client.talk(r#"<- ["1","1","room:gated:ok:slow","phx_reply",{"response":{},"status":"ok"}]"#).await;
    gate("room:fast").add_permits(1);
    client.talk(r#"<- ["1","2","room:fast","phx_reply",{"response":{},"status":"ok"}]"#).await;
    Ok(())
}
