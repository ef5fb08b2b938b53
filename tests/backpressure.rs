//! Protocol §7: clients that read slowly or not at all, and clients that send faster than their channels work.

use crate::support::client::PATIENCE;
use crate::support::signals::{gate, reported};
use crate::support::{Client, Over, TestResult, TestServer, apply, each_transport, each_websocket};
use crate::websocket::{ANSWER, HEARTBEAT};
use futures_util::{SinkExt, StreamExt};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

/// A connection whose channel has a handler waiting at the gate, a full inbox, and messages 4 to 9 that find no room.
async fn blocked(topic: &str, server: &TestServer) -> Client {
    let mut client = server.websocket().await;
    client.join(topic).await;
    for reference in 2..=9 {
        client.send(&format!(r#"["1","{reference}","{topic}","gated",{{}}]"#)).await;
    }
    assert_eq!(reported(topic).await, "handling");
    client
}

/// Lets time pass, which the answers to others tell.
async fn pass(time: Duration, server: &TestServer) {
    let started = std::time::Instant::now();
    while started.elapsed() < time {
        server.websocket().await.nothing_more().await;
    }
}

#[tokio::test]
async fn a_connection_that_waits_for_room_does_not_time_out_while_its_channels_get_on() -> TestResult {
    let timeout = Duration::from_secs(1);
    let server = TestServer::start_with(|limits| {
        limits.idle_timeout = timeout;
        limits.inbox_pushes = 1;
    })
    .await?;
    let mut client = blocked("room:busy", &server).await;
    for reference in 2..=9 {
        // The last ones have room by then, and the client is silent.
        if reference < 7 {
            pass(timeout / 3, &server).await;
        }
        gate("room:busy").add_permits(1);
        client
            .talk(&format!(
                r#"<- ["1","{reference}","room:busy","phx_reply",{{"response":{{}},"status":"ok"}}]"#
            ))
            .await;
    }
    Ok(())
}

#[tokio::test]
async fn a_connection_whose_messages_find_no_room_for_too_long_is_closed_with_1013() -> TestResult {
    let server = TestServer::start_with(|limits| {
        limits.idle_timeout = Duration::from_millis(100);
        limits.inbox_pushes = 1;
    })
    .await?;
    let mut client = blocked("room:stuck", &server).await;
    client.expect_close(1013).await;
    gate("room:stuck").add_permits(9);
    Ok(())
}

/// It is read no further while so much waits for it, so it can show that it lives only by taking what it is sent.
#[tokio::test]
async fn a_client_that_reads_slowly_is_not_taken_for_a_silent_one() -> TestResult {
    let timeout = Duration::from_secs(1);
    let server = TestServer::start_with(|limits| {
        limits.idle_timeout = timeout;
        limits.close_timeout = Duration::from_millis(50);
        limits.outbox_bytes = 16 << 20;
    })
    .await?;
    let mut client = server.websocket().await;
    client.join("room:slow_reader").await;
    let text = "x".repeat(32 * 1024);
    for number in 0..384 {
        let payload = serde_json::json!({"n": number, "text": text});
        server.endpoint.broadcast("room:slow_reader", "big", &payload)?;
    }
    for number in 0..384 {
        if number % 32 == 31 {
            pass(timeout / 3, &server).await;
        }
        assert!(client.next().await.contains(&format!("\"n\":{number},")));
    }
    Ok(())
}

/// It sends for as long as it is let, reads nothing, and the connection comes to an end by itself.
#[tokio::test]
async fn a_client_that_asks_and_never_reads_is_read_no_further_and_gone_after_the_idle_timeout() -> TestResult
{
    let server = TestServer::start_with(|limits| {
        limits.idle_timeout = Duration::from_millis(300);
        limits.close_timeout = Duration::from_millis(50);
    })
    .await?;
    let mut client = server.websocket().await;
    client.join("room:deaf").await;
    let (mut sender, answers) = client.into_socket().split();
    let push = format!(r#"["1",null,"room:deaf","echo","{}"]"#, "x".repeat(400_000));
    let sent =
        tokio::time::timeout(PATIENCE, async { while sender.send(Message::text(&push)).await.is_ok() {} });
    sent.await?;
    drop(answers);
    let started = std::time::Instant::now();
    while server.endpoint.connections() > 0 || server.endpoint.channels() > 0 {
        assert!(started.elapsed() < PATIENCE, "the connection is still there");
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// Whatever it asks for: a client that reads gets all its answers.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_is_never_closed_for_the_size_of_its_answers() -> TestResult {
    let server = TestServer::start().await?;
    for (count, length) in [(2, 900_000), (20, 900_000), (40, 400_000), (200, 100_000)] {
        let mut client = server.websocket().await;
        client.join("room:large").await;
        let (mut sender, mut answers) = client.into_socket().split();
        let text = "x".repeat(length);
        let sending = tokio::spawn(async move {
            for reference in 0..count {
                let push = format!(r#"["1","{reference}","room:large","echo","{text}"]"#);
                sender.send(Message::text(push)).await?;
            }
            Ok::<_, tokio_tungstenite::tungstenite::Error>(sender)
        });
        for reference in 0..count {
            let answer = tokio::time::timeout(PATIENCE, answers.next()).await?.ok_or("the end")??;
            let answer = answer.into_text()?;
            assert!(answer.starts_with(&format!(r#"["1","{reference}","#)), "{}", answer.len());
        }
        drop(sending.await??);
    }
    Ok(())
}

#[tokio::test]
async fn messages_wait_up_to_a_number_of_bytes_and_nothing_is_lost() -> TestResult {
    let server = TestServer::start_with(|limits| limits.inbox_bytes = 20_000).await?;
    let mut client = server.websocket().await;
    let text = "x".repeat(9000);
    client.send(r#"["1","1","room:gated:ok:bytes","phx_join",{}]"#).await;
    for reference in 2..=9 {
        client.send(&format!(r#"["1","{reference}","room:gated:ok:bytes","echo","{text}"]"#)).await;
    }
    assert_eq!(reported("room:gated:ok:bytes").await, "joining");
    // Two fit beside the join; the third waits with everything after it, so that no heartbeat is answered.
    client.send(HEARTBEAT).await;
    gate("room:gated:ok:bytes").add_permits(1);
    client.talk(r#"<- ["1","1","room:gated:ok:bytes","phx_reply",{"response":{},"status":"ok"}]"#).await;
    let mut answers = Vec::new();
    for _ in 2..=10 {
        answers.push(client.next().await);
    }
    let heartbeat = answers.iter().position(|answer| answer == ANSWER);
    assert!(heartbeat > Some(4), "the heartbeat was read before there was room: {heartbeat:?}");
    answers.retain(|answer| answer != ANSWER);
    for (reference, answer) in (2..=9).zip(answers) {
        assert!(
            answer.starts_with(&format!(r#"["1","{reference}","#)) && answer.contains(&text),
            "{reference}"
        );
    }
    Ok(())
}

/// Broadcasts far more than the outbox holds, and what the kernel buffers for a WebSocket, to a sleeper that does not
/// read and a reader that does.
async fn flood(over: Over, server: &TestServer, reader: &mut Client) -> TestResult {
    let text = "x".repeat(32 * 1024);
    let count = if over.transport() == "websocket" { 1000 } else { 20 };
    for number in 0..count {
        server.endpoint.broadcast("room:slow", "big", &serde_json::json!({"n": number, "text": text}))?;
        assert!(reader.next().await.contains(&format!("\"n\":{number}")));
    }
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_client_that_does_not_read_is_closed_with_1013_and_does_not_hold_up_the_others(
    over: Over,
) -> TestResult {
    let server = TestServer::start_with(|limits| {
        limits.outbox_bytes = 64 * 1024;
        // The sleeper wakes up in time.
        limits.close_timeout = Duration::from_hours(1);
    })
    .await?;
    let mut sleeper = server.connect(over).await.named("sleeper");
    let mut reader = server.connect(over).await.named("reader");
    sleeper.join("room:slow").await;
    reader.join("room:slow").await;
    flood(over, &server, &mut reader).await?;
    reader.nothing_more_from("room:slow").await;
    sleeper.expect_close_after_messages(1013).await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_client_that_never_reads_is_gone_after_the_time_to_close(over: Over) -> TestResult {
    let server = TestServer::start_with(|limits| {
        limits.outbox_bytes = 64 * 1024;
        limits.close_timeout = Duration::from_millis(50);
    })
    .await?;
    let mut sleeper = server.connect(over).await.named("sleeper");
    let mut reader = server.connect(over).await.named("reader");
    sleeper.join("room:slow").await;
    reader.join("room:slow").await;
    flood(over, &server, &mut reader).await?;
    let started = std::time::Instant::now();
    while server.endpoint.connections() > 1 || server.endpoint.channels() > 1 {
        assert!(started.elapsed() < PATIENCE, "the sleeper is still there");
        reader.nothing_more().await;
    }
    drop(sleeper);
    Ok(())
}

#[apply(each_websocket)]
#[tokio::test]
async fn a_client_that_never_reads_does_not_hold_up_a_shutdown(over: Over) -> TestResult {
    let server = TestServer::start_with(|limits| {
        limits.outbox_bytes = 64 * 1024 * 1024;
        limits.close_timeout = Duration::from_millis(50);
    })
    .await?;
    let mut sleeper = server.connect(over).await.named("sleeper");
    sleeper.join("room:asleep").await;
    let text = "x".repeat(512 * 1024);
    // More than the kernel takes, and less than the outbox: the connection is in the middle of a write.
    for _ in 0..32 {
        server.endpoint.broadcast("room:asleep", "big", &serde_json::json!({ "text": text }))?;
        sleeper.send(r#"["1",null,"room:asleep","noreply",{}]"#).await;
    }
    server.stop().await
}

#[apply(each_websocket)]
#[tokio::test]
async fn what_came_before_a_message_that_is_none_is_still_answered(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    server
        .connect(over)
        .await
        .talk(
            r#"
            -> [null,"1","phoenix","heartbeat",{}]
            -> not a message
            <- [null,"1","phoenix","phx_reply",{"response":{},"status":"ok"}]
            <- close 1011
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_client_that_pushes_faster_than_its_channel_works_is_slowed_down_and_loses_nothing(
    over: Over,
) -> TestResult {
    let server = TestServer::start_with(|limits| limits.inbox_pushes = 1).await?;
    let mut client = server.connect(over).await;
    client.join("room:fast").await;
    for number in 0..1000 {
        client.send(&format!(r#"["1","{number}","room:fast","echo",{number}]"#)).await;
    }
    for number in 0..1000 {
        client
            .talk(&format!(
                r#"<- ["1","{number}","room:fast","phx_reply",{{"response":{number},"status":"ok"}}]"#
            ))
            .await;
    }
    Ok(())
}
