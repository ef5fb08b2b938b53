//! Protocol §4, rule 2, and §5.1: joining.

use crate::support::signals::{gate, reported};
use crate::support::{Over, TestResult, TestServer, apply, each_transport, each_websocket};

#[apply(each_transport)]
#[tokio::test]
async fn ok_without_a_reply_value(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    server
        .connect(over)
        .await
        .talk(
            r#"
            -> ["4","4","room:1","phx_join",{}]
            <- ["4","4","room:1","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn ok_with_a_reply_value_of_any_kind(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    server
        .connect(over)
        .await
        .talk(
            r#"
            -> ["1","1","room:params","phx_join",{"nick":"ann","n":1.0,"n":12345678901234567890123}]
            <- ["1","1","room:params","phx_reply",{"response":{"nick":"ann","n":1.0,"n":12345678901234567890123},"status":"ok"}]
            -> ["2","2","room:params","phx_join",[1,"two"]]
            <- ["2","2","room:params","phx_reply",{"response":[1,"two"],"status":"ok"}]
            <- ["1","1","room:params","phx_close",{}]
            -> ["3","3","room:params","phx_join",null]
            <- ["3","3","room:params","phx_reply",{"response":null,"status":"ok"}]
            <- ["2","2","room:params","phx_close",{}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn refused_with_a_value_and_no_close_follows(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client
        .talk(
            r#"
            -> ["4","4","room:refused","phx_join",{}]
            <- ["4","4","room:refused","phx_reply",{"response":{"reason":"unauthorized"},"status":"error"}]
            -> ["5","5","room:refused_with_list","phx_join",{}]
            <- ["5","5","room:refused_with_list","phx_reply",{"response":[1,2],"status":"error"}]
            "#,
        )
        .await;
    client.join("room:fence").await;
    client
        .talk(
            r#"
               the topic is free
            -> ["4","6","room:refused","echo",{}]
            <- [null,"6","room:refused","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_join_that_panics_or_cannot_encode_its_answer_has_crashed_and_nothing_else_follows(
    over: Over,
) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client
        .talk(
            r#"
            -> ["4","4","room:panics","phx_join",{}]
            <- ["4","4","room:panics","phx_reply",{"response":{"reason":"join crashed"},"status":"error"}]
               Phoenix closes the whole connection for this one
            -> ["5","5","room:unencodable","phx_join",{}]
            <- ["5","5","room:unencodable","phx_reply",{"response":{"reason":"join crashed"},"status":"error"}]
            "#,
        )
        .await;
    client.join("room:fence").await;
    client.nothing_more_from("room:fence").await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn the_answer_carries_join_ref_and_ref_as_sent(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    server
        .connect(over)
        .await
        .talk(
            r#"
            -> ["a","b","room:1","phx_join",{}]
            <- ["a","b","room:1","phx_reply",{"response":{},"status":"ok"}]
            -> [null,null,"room:2","phx_join",{}]
            <- [null,null,"room:2","phx_reply",{"response":{},"status":"ok"}]
            -> ["c",{"odd":1},"room:refused","phx_join",{}]
            <- ["c",{"odd":1},"room:refused","phx_reply",{"response":{"reason":"unauthorized"},"status":"error"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn as_many_channels_as_the_limit_may_be_joined_and_one_more_is_refused(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    for number in 0..100 {
        client.join(&format!("room:{number}")).await;
    }
    client
        .talk(
            r#"
            -> ["j","r","room:100","phx_join",{}]
            <- ["j","r","room:100","phx_reply",{"response":{"reason":"too many channels joined"},"status":"error"}]
               joining a joined topic again takes no further place
            -> ["6","6","room:99","phx_join",{}]
            <- ["6","6","room:99","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","1","room:99","phx_close",{}]
            -> ["6","7","room:99","phx_leave",{}]
            <- ["6","7","room:99","phx_reply",{"response":{},"status":"ok"}]
            <- ["6","6","room:99","phx_close",{}]
               a channel that has ended gives its place back
            -> ["8","8","room:100","phx_join",{}]
            <- ["8","8","room:100","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_channel_that_is_leaving_counts_until_it_is_closed(over: Over) -> TestResult {
    let server = TestServer::start_with(|limits| limits.max_channels = 1).await?;
    let mut client = server.connect(over).await;
    client.join("room:leaving").await;
    client
        .talk(
            r#"
            -> ["1","2","room:leaving","gated",{}]
            -> ["1","3","room:leaving","phx_leave",{}]
            -> ["4","4","room:next","phx_join",{}]
            <- ["4","4","room:next","phx_reply",{"response":{"reason":"too many channels joined"},"status":"error"}]
            "#,
        )
        .await;
    gate("room:leaving").add_permits(1);
    client
        .talk(
            r#"
            <- ["1","2","room:leaving","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","3","room:leaving","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","1","room:leaving","phx_close",{}]
            -> ["5","5","room:next","phx_join",{}]
            <- ["5","5","room:next","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn the_number_of_channels_can_be_set(over: Over) -> TestResult {
    let server = TestServer::start_with(|limits| limits.max_channels = 1).await?;
    let mut client = server.connect(over).await;
    client.join("room:1").await;
    client
        .talk(
            r#"
            -> ["2","2","room:2","phx_join",{}]
            <- ["2","2","room:2","phx_reply",{"response":{"reason":"too many channels joined"},"status":"error"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_channel_that_keeps_ending_by_itself_does_not_use_up_the_places(over: Over) -> TestResult {
    let server = TestServer::start_with(|limits| limits.max_channels = 2).await?;
    let mut client = server.connect(over).await;
    for number in 0..10 {
        client.join(&format!("room:{number}")).await;
        client.send(&format!(r#"["1","2","room:{number}","stop",{{}}]"#)).await;
        client.talk(&format!(r#"<- ["1","1","room:{number}","phx_close",{{}}]"#)).await;
    }
    Ok(())
}

#[apply(each_transport)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_answer_precedes_every_push_and_broadcast_of_the_join(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client
        .talk(
            r#"
            -> ["1","1","room:welcome","phx_join",{}]
            <- ["1","1","room:welcome","phx_reply",{"response":{},"status":"ok"}]
            <- ["1",null,"room:welcome","welcome",{"text":"hi"}]
            "#,
        )
        .await;

    // Someone broadcasts without a pause while others join: whatever they see of it comes after their answer.
    let endpoint = server.endpoint.clone();
    let noise = tokio::spawn(async move {
        while endpoint.broadcast("room:noisy", "noise", &serde_json::json!({})).is_ok() {
            tokio::task::yield_now().await;
        }
    });
    for _ in 0..200 {
        let mut joiner = server.connect(over).await;
        joiner
            .talk(
                r#"
                -> ["1","1","room:noisy","phx_join",{}]
                <- ["1","1","room:noisy","phx_reply",{"response":{},"status":"ok"}]
                <- [null,null,"room:noisy","noise",{}]
                "#,
            )
            .await;
    }
    noise.abort();
    Ok(())
}

#[apply(each_transport)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_broadcast_made_after_the_answer_is_never_missed(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    for number in 0..100 {
        let mut client = server.connect(over).await;
        let topic = format!("room:{number}");
        client.join(&topic).await;
        server.endpoint.broadcast(&topic, "news", &serde_json::json!({"a": 1}))?;
        client.talk(&format!(r#"<- [null,null,"{topic}","news",{{"a":1}}]"#)).await;
    }
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn what_follows_a_join_is_handled_after_it(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client
        .talk(
            r#"
            -> ["1","1","room:gated:ok:follow","phx_join",{}]
            -> ["1","2","room:gated:ok:follow","echo",{"n":1}]
            -> ["1","3","room:gated:ok:follow","echo",{"n":2}]
            "#,
        )
        .await;
    client.nothing_more().await;
    gate("room:gated:ok:follow").add_permits(1);
    client
        .talk(
            r#"
            <- ["1","1","room:gated:ok:follow","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","2","room:gated:ok:follow","phx_reply",{"response":{"n":1},"status":"ok"}]
            <- ["1","3","room:gated:ok:follow","phx_reply",{"response":{"n":2},"status":"ok"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn what_follows_a_join_that_is_refused_finds_the_topic_not_joined(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client
        .talk(
            r#"
            -> ["1","1","room:gated:no:follow","phx_join",{}]
            -> ["1","2","room:gated:no:follow","echo",{}]
            -> ["1","3","room:gated:no:follow","phx_leave",{}]
            "#,
        )
        .await;
    client.nothing_more().await;
    gate("room:gated:no:follow").add_permits(1);
    client
        .talk(
            r#"
            <- ["1","1","room:gated:no:follow","phx_reply",{"response":{"reason":"no"},"status":"error"}]
            <- [null,"2","room:gated:no:follow","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]
            <- ["1","3","room:gated:no:follow","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_websocket)]
#[tokio::test]
async fn a_join_whose_client_has_gone_is_dropped(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.send(r#"["1","1","room:gated:ok:gone","phx_join",{}]"#).await;
    assert_eq!(reported("room:gated:ok:gone").await, "joining");
    drop(client);
    assert_eq!(reported("room:gated:ok:gone").await, "dropped");
    Ok(())
}
