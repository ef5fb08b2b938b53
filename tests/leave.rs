//! Protocol §5.3: leaving.

use crate::support::signals::{gate, reported};
use crate::support::{Over, TestResult, TestServer, apply, each_transport};

#[apply(each_transport)]
#[tokio::test]
async fn a_leave_is_answered_and_then_the_channel_is_closed(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.join("room:leave").await;
    client
        .talk(
            r#"
            -> ["1","13","room:leave","phx_leave",{}]
            <- ["1","13","room:leave","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","1","room:leave","phx_close",{}]
            -> ["1","14","room:leave","echo",{}]
            <- [null,"14","room:leave","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]
            "#,
        )
        .await;
    assert_eq!(reported("room:leave").await, "Left");
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_leave_is_handled_after_what_was_sent_before_it(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.join("room:leave_order").await;
    client
        .talk(
            r#"
            -> ["1","2","room:leave_order","gated",{}]
            -> ["1","3","room:leave_order","echo",{}]
            -> ["1","4","room:leave_order","phx_leave",{}]
            "#,
        )
        .await;
    gate("room:leave_order").add_permits(1);
    client
        .talk(
            r#"
            <- ["1","2","room:leave_order","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","3","room:leave_order","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","4","room:leave_order","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","1","room:leave_order","phx_close",{}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_leave_during_the_join_is_handled_right_after_its_answer(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client
        .talk(
            r#"
            -> ["1","1","room:gated:ok:leave","phx_join",{}]
            -> ["1","2","room:gated:ok:leave","phx_leave",{}]
            "#,
        )
        .await;
    client.nothing_more().await;
    gate("room:gated:ok:leave").add_permits(1);
    client
        .talk(
            r#"
            <- ["1","1","room:gated:ok:leave","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","2","room:gated:ok:leave","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","1","room:gated:ok:leave","phx_close",{}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn messages_between_the_leave_and_its_close_get_no_answer(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.join("room:between").await;
    client.send(r#"["1","2","room:between","gated",{}]"#).await;
    assert_eq!(reported("room:between").await, "handling");
    client
        .talk(
            r#"
            -> ["1","3","room:between","phx_leave",{}]
            -> ["1","4","room:between","echo",{}]
            -> ["1","5","room:between","phx_leave",{}]
            "#,
        )
        .await;
    client.nothing_more().await;
    gate("room:between").add_permits(1);
    client
        .talk(
            r#"
            <- ["1","2","room:between","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","3","room:between","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","1","room:between","phx_close",{}]
            "#,
        )
        .await;
    client.nothing_more().await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn what_terminate_pushes_after_a_leave_comes_after_the_close(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.join("room:words").await;
    client
        .talk(
            r#"
            -> ["1","2","room:words","last_words","bye"]
            -> ["1","3","room:words","phx_leave",{}]
            <- ["1","3","room:words","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","1","room:words","phx_close",{}]
            <- ["1",null,"room:words","bye",{}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn who_has_left_gets_no_more_broadcasts(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut leaver = server.connect(over).await.named("leaver");
    let mut stayer = server.connect(over).await.named("stayer");
    leaver.join("room:quiet").await;
    stayer.join("room:quiet").await;
    leaver
        .talk(
            r#"
            -> ["1","2","room:quiet","phx_leave",{}]
            <- ["1","2","room:quiet","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","1","room:quiet","phx_close",{}]
            "#,
        )
        .await;
    stayer
        .talk(
            r#"
            -> ["1","2","room:quiet","broadcast",{}]
            <- [null,null,"room:quiet","said",{}]
            <- ["1","2","room:quiet","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    leaver.nothing_more().await;
    Ok(())
}
