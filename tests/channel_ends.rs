//! Protocol §5.4: how a channel ends from the server's side.

use crate::support::signals::{gate, reported};
use crate::support::{
    Over, TestResult, TestServer, apply, each_transport, each_transport_of_v2, each_websocket,
};
use phx_runtime::prelude::*;
use std::time::Duration;

#[apply(each_transport)]
#[tokio::test]
async fn a_channel_that_stops_is_closed(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.join("room:stop").await;
    client
        .talk(
            r#"
            -> ["1","2","room:stop","stop",{}]
            <- ["1","1","room:stop","phx_close",{}]
            "#,
        )
        .await;
    assert_eq!(reported("room:stop").await, "Stopped(Normal)");
    client.join("room:stop").await;
    client
        .talk(
            r#"
            -> ["1","2","room:stop","stop_shutdown",{}]
            <- ["1","1","room:stop","phx_close",{}]
            "#,
        )
        .await;
    assert_eq!(reported("room:stop").await, "Stopped(Shutdown)");
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn the_answer_of_the_callback_that_stops_comes_first(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.join("room:1").await;
    client
        .talk(
            r#"
            -> ["1","2","room:1","stop_reply",{}]
            <- ["1","2","room:1","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","1","room:1","phx_close",{}]
            "#,
        )
        .await;
    client.join("room:1").await;
    client
        .talk(
            r#"
            -> ["1","2","room:1","stop_shutdown_reply",{}]
            <- ["1","2","room:1","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","1","room:1","phx_close",{}]
            "#,
        )
        .await;
    client.join("room:1").await;
    client
        .talk(
            r#"
            -> ["1","2","room:1","stop_error_reply",{"a":1}]
            <- ["1","2","room:1","phx_reply",{"response":{"a":1},"status":"custom"}]
            <- ["1","1","room:1","phx_error",{"reason":"channel_crash"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn what_waits_behind_the_message_that_stops_the_channel_gets_no_answer(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.join("room:behind").await;
    client
        .talk(
            r#"
            -> ["1","2","room:behind","gated",{}]
            -> ["1","3","room:behind","stop",{}]
            -> ["1","4","room:behind","echo",{}]
            "#,
        )
        .await;
    client.nothing_more().await;
    gate("room:behind").add_permits(1);
    client
        .talk(
            r#"
            <- ["1","2","room:behind","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","1","room:behind","phx_close",{}]
               the topic is free
            -> ["1","5","room:behind","echo",{}]
            <- [null,"5","room:behind","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_channel_that_stops_with_an_error_ends_as_if_it_had_crashed(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.join("room:stop_error").await;
    client
        .talk(
            r#"
            -> ["1","2","room:stop_error","stop_error",{}]
            <- ["1","1","room:stop_error","phx_error",{"reason":"channel_crash"}]
            "#,
        )
        .await;
    assert_eq!(reported("room:stop_error").await, "Stopped(Error)");
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_panic_ends_its_channel_only(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.join("room:panic").await;
    client.join("room:other").await;
    client
        .talk(
            r#"
            -> ["1","2","room:panic","panic",{}]
            <- ["1","1","room:panic","phx_error",{"reason":"channel_crash"}]
            -> ["1","3","room:panic","echo",{}]
            <- [null,"3","room:panic","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]
            "#,
        )
        .await;
    assert_eq!(reported("room:panic").await, "Crashed");
    client.nothing_more_from("room:other").await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_panic_in_any_callback_ends_its_channel_only(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.join("room:other").await;
    client.join("room:info").await;
    client
        .talk(
            r#"
            -> ["1","2","room:info","panic_in_info",{}]
            <- ["1","1","room:info","phx_error",{"reason":"channel_crash"}]
            "#,
        )
        .await;
    client.join("intercept:panic").await;
    client
        .talk(
            r#"
            -> ["1","2","intercept:panic","say",{"text":"panic"}]
            <- ["1","2","intercept:panic","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","1","intercept:panic","phx_error",{"reason":"channel_crash"}]
            "#,
        )
        .await;
    client.join("room:words").await;
    client
        .talk(
            r#"
               a panic in terminate changes nothing about the end
            -> ["1","2","room:words","last_words","panic"]
            -> ["1","3","room:words","stop",{}]
            <- ["1","1","room:words","phx_close",{}]
            "#,
        )
        .await;
    client.nothing_more_from("room:other").await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_channel_that_lets_more_pile_up_than_its_inbox_holds_has_crashed(over: Over) -> TestResult {
    let server = TestServer::start_with(|limits| limits.inbox_messages = 10).await?;
    let mut client = server.connect(over).await;
    client.join("room:pile").await;
    client.send(r#"["1","2","room:pile","notify_all",10]"#).await;
    // An echo that comes earlier would be one more.
    assert_eq!(reported("room:pile").await, "notified");
    client.nothing_more_from("room:pile").await;
    client
        .talk(
            r#"
            -> ["1","3","room:pile","notify_all",11]
            <- ["1","1","room:pile","phx_error",{"reason":"channel_crash"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn an_answer_that_cannot_be_encoded_is_a_crash(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.join("room:1").await;
    client
        .talk(
            r#"
            -> ["1","2","room:1","reply_unencodable",{}]
            <- ["1","1","room:1","phx_error",{"reason":"channel_crash"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_push_that_cannot_be_encoded_is_a_crash_without_an_answer_or_anything_after(
    over: Over,
) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.join("room:1").await;
    client
        .talk(
            r#"
            -> ["1","2","room:1","push_unencodable",{}]
            <- ["1","1","room:1","phx_error",{"reason":"channel_crash"}]
            "#,
        )
        .await;
    client.nothing_more().await;
    Ok(())
}

/// In version 1 it may be any value.
#[apply(each_transport_of_v2)]
#[tokio::test]
async fn a_push_or_broadcast_that_is_no_object_is_a_crash(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    for payload in ["[1]", "\"text\"", "null", "1"] {
        for event in ["push", "broadcast", "broadcast_from"] {
            client.join("room:1").await;
            client.send(&format!(r#"["1","2","room:1","{event}",{payload}]"#)).await;
            client.talk(r#"<- ["1","1","room:1","phx_error",{"reason":"channel_crash"}]"#).await;
        }
    }
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn what_terminate_pushes_when_the_channel_stops_comes_before_the_close(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.join("room:1").await;
    client
        .talk(
            r#"
            -> ["1","2","room:1","last_words","bye"]
            -> ["1","3","room:1","stop",{}]
            <- ["1",null,"room:1","bye",{}]
            <- ["1","1","room:1","phx_close",{}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_websocket)]
#[tokio::test]
async fn all_channels_stop_when_the_connection_goes_after_what_was_sent(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.join("room:gone").await;
    client.join("room:gone2").await;
    client.send(r#"["1","2","room:gone","gated",{}]"#).await;
    assert_eq!(reported("room:gone").await, "handling");
    client.send(r#"["1","3","room:gone","gated",{}]"#).await;
    client.nothing_more().await;
    drop(client);
    assert_eq!(reported("room:gone2").await, "Closed");
    gate("room:gone").add_permits(2);
    assert_eq!(reported("room:gone").await, "handling");
    assert_eq!(reported("room:gone").await, "Closed");
    Ok(())
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("asked to panic in drop");
    }
}

struct BombSocket;

#[socket]
impl Socket for BombSocket {
    channel!("bomb:*", BombChannel);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct BombChannel;

#[channel(socket = BombSocket)]
impl BombChannel {
    #[join("bomb:*")]
    fn join(ctx: &mut Joining<Self>) -> Result<Self, Refused> {
        // Dropped when the channel ends.
        ctx.send_after(Duration::from_hours(1), Bomb);
        Ok(Self)
    }

    #[handle_info]
    fn explode(&mut self, bomb: Bomb) {
        drop(bomb);
    }
}

/// The row of §5.4 for a process that ends in any other way: here, the task of the channel panics outside of all
/// callbacks.
#[apply(each_transport)]
#[tokio::test]
async fn a_channel_whose_task_panics_has_crashed_and_leaves_its_topic_free(over: Over) -> TestResult {
    let server = TestServer::start_socket::<BombSocket>(|_| ()).await?;
    let mut client = server.connect(over).await;
    for _ in 0..2 {
        client
            .talk(
                r#"
                -> ["3","4","bomb:later","phx_join",{}]
                <- ["3","4","bomb:later","phx_reply",{"response":{},"status":"ok"}]
                -> ["3","5","bomb:later","phx_leave",{}]
                <- ["3","5","bomb:later","phx_reply",{"response":{},"status":"ok"}]
                <- ["3","3","bomb:later","phx_error",{"reason":"channel_crash"}]
                "#,
            )
            .await;
    }
    client.nothing_more().await;
    Ok(())
}
