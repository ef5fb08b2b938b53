//! Protocol §7: limits, fragments, ping and pong, close codes.

use crate::support::client::PATIENCE;
use crate::support::signals::{gate, reported};
use crate::support::{Client, TestResult, TestServer};
use futures_util::{SinkExt, StreamExt};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

const HEARTBEAT: &str = r#"[null,"1","phoenix","heartbeat",{}]"#;
const ANSWER: &str = r#"[null,"1","phoenix","phx_reply",{"response":{},"status":"ok"}]"#;

/// A heartbeat of `length` bytes, with padding after the five elements that count.
fn heartbeat_of(length: usize) -> String {
    let padding = "x".repeat(length - HEARTBEAT.len() - r#","""#.len());
    HEARTBEAT.replace("{}]", &format!(r#"{{}},"{padding}"]"#))
}

#[tokio::test]
async fn a_message_of_the_limit_passes_and_one_byte_more_is_too_large() -> TestResult {
    let server = TestServer::start_with(|limits| limits.max_message_bytes = 70_000).await?;
    let mut client = server.connect().await;
    let largest = heartbeat_of(70_000);
    assert_eq!(largest.len(), 70_000);
    client.send(&largest).await;
    assert_eq!(client.next().await, ANSWER);
    client.send(&heartbeat_of(70_001)).await;
    client.expect_close(1009).await;
    // The header alone says that it will be too large.
    for length in [70_001_u64, 1 << 62] {
        let mut client = server.connect().await;
        client.send_raw(&[&[0x81, 0xFF][..], &length.to_be_bytes(), &[0; 4]].concat()).await;
        client.expect_close(1009).await;
    }
    Ok(())
}

async fn send_in_two(client: &mut Client, text: &str) {
    let (first, second) = text.as_bytes().split_at(text.len() / 2);
    let first = Frame::message(first.to_vec(), OpCode::Data(Data::Text), false);
    let second = Frame::message(second.to_vec(), OpCode::Data(Data::Continue), true);
    client.send_message(Message::Frame(first)).await;
    client.send_message(Message::Ping("between".into())).await;
    client.send_message(Message::Frame(second)).await;
}

#[tokio::test]
async fn fragments_make_one_message_with_control_frames_between_and_one_limit() -> TestResult {
    let server = TestServer::start_with(|limits| limits.max_message_bytes = 1000).await?;
    let mut client = server.connect().await;
    send_in_two(&mut client, &heartbeat_of(1000)).await;
    let mut answers = vec![client.next_message().await, client.next_message().await];
    answers.sort_by_key(|answer| matches!(answer, Some(Message::Text(_))));
    assert_eq!(answers, [Some(Message::Pong("between".into())), Some(Message::text(ANSWER))]);
    send_in_two(&mut client, &heartbeat_of(1001)).await;
    loop {
        match client.next_message().await {
            Some(Message::Pong(_)) => {}
            Some(Message::Close(Some(frame))) => {
                assert_eq!(u16::from(frame.code), 1009);
                return Ok(());
            }
            other => panic!("expected a close with 1009, got {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_ping_is_answered_with_its_payload_and_a_pong_is_ignored() -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect().await;
    client.send_message(Message::Pong("unasked".into())).await;
    client.send_message(Message::Ping("hello".into())).await;
    assert_eq!(client.next_message().await, Some(Message::Pong("hello".into())));
    Ok(())
}

#[tokio::test]
async fn a_message_that_is_none_closes_with_1011() -> TestResult {
    let server = TestServer::start().await?;
    for text in ["", "x", "{}", "[]", r#"["1","1","room:1","phx_join"]"#, "[1,2,3,4,5", "null", r#""text""#] {
        let mut client = server.connect().await;
        client.send(text).await;
        client.expect_close(1011).await;
    }
    Ok(())
}

#[tokio::test]
async fn what_breaks_the_websocket_protocol_closes_with_1002() -> TestResult {
    let server = TestServer::start().await?;
    let masked = |first: u8| [first, 0x80, 0, 0, 0, 0].to_vec();
    for (what, bytes) in [
        ("an unmasked frame", vec![0x81, 0x01, b'x']),
        ("a frame with RSV1 although nothing was negotiated", masked(0xC1)),
        ("a frame with RSV2", masked(0xA1)),
        ("a frame with RSV3", masked(0x91)),
        ("a reserved opcode of data", masked(0x83)),
        ("a reserved opcode of control", masked(0x8B)),
        ("a ping of 126 bytes", [&[0x89, 0xFE, 0, 126, 0, 0, 0, 0][..], &[b'p'; 126]].concat()),
        ("a new message within another", [[0x01, 0x80, 0, 0, 0, 0], [0x81, 0x80, 0, 0, 0, 0]].concat()),
        ("a continuation of nothing", masked(0x80)),
        ("a fragmented ping", masked(0x09)),
        ("a close frame with half a code", vec![0x88, 0x81, 0, 0, 0, 0, 3]),
        ("a close frame with a code that must not be sent", vec![0x88, 0x82, 0, 0, 0, 0, 0x03, 0xED]),
    ] {
        println!("{what}");
        let mut client = server.connect().await.named(what);
        client.send_raw(&bytes).await;
        client.expect_close(1002).await;
    }
    Ok(())
}

#[tokio::test]
async fn text_that_is_not_utf_8_closes_with_1007() -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect().await;
    client.send_raw(&[0x81, 0x81, 0, 0, 0, 0, 0xFF]).await;
    client.expect_close(1007).await;
    // The first half of a character, and then no second one.
    let mut client = server.connect().await;
    client.send_raw(&[0x01, 0x81, 0, 0, 0, 0, 0xC3, 0x80, 0x81, 0, 0, 0, 0, b'x']).await;
    client.expect_close(1007).await;
    // In the reason of a close.
    let mut client = server.connect().await;
    client.send_raw(&[0x88, 0x83, 0, 0, 0, 0, 0x03, 0xE8, 0xFF]).await;
    client.expect_close(1007).await;
    Ok(())
}

#[tokio::test]
async fn a_client_that_closes_is_answered_with_1000() -> TestResult {
    let server = TestServer::start().await?;
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 4000, 4999] {
        let mut client = server.connect().await;
        client.send_raw(&[&[0x88, 0x82, 0, 0, 0, 0], &u16::to_be_bytes(code)[..]].concat()).await;
        client.expect_close(1000).await;
    }
    let mut client = server.connect().await;
    client.send_message(Message::Close(None)).await;
    client.expect_close(1000).await;
    Ok(())
}

#[tokio::test]
async fn a_client_that_closes_with_a_code_it_must_not_use_is_answered_with_1002() -> TestResult {
    let server = TestServer::start().await?;
    for code in [0, 999, 1004, 1005, 1006, 1012, 1013, 1014, 1015, 2999, 5000, 65_535] {
        let mut client = server.connect().await;
        client.send_raw(&[&[0x88, 0x82, 0, 0, 0, 0], &u16::to_be_bytes(code)[..]].concat()).await;
        client.expect_close(1002).await;
    }
    Ok(())
}

#[tokio::test]
async fn a_message_that_arrives_byte_by_byte_is_not_silence() -> TestResult {
    let timeout = Duration::from_millis(600);
    let server = TestServer::start_with(|limits| limits.idle_timeout = timeout).await?;
    let mut slow = server.connect().await.named("slow");
    let mut pacer = server.connect().await.named("pacer");
    let frame = [&[0x81, 0x80 | 0x23, 0, 0, 0, 0], HEARTBEAT.as_bytes()].concat();
    let started = std::time::Instant::now();
    for (index, byte) in frame.iter().enumerate() {
        // Each byte in its time, which the answers to somebody else tell.
        while started.elapsed() < timeout / 10 * u32::try_from(index)? {
            pacer.nothing_more().await;
        }
        slow.send_raw(&[*byte]).await;
    }
    assert!(started.elapsed() > 3 * timeout);
    assert_eq!(slow.next().await, ANSWER);
    Ok(())
}

/// A connection whose channel has a handler waiting at the gate, a full inbox, and messages 4 to 9 that find no room.
async fn blocked(topic: &str, server: &TestServer) -> Client {
    let mut client = server.connect().await;
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
        server.connect().await.nothing_more().await;
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
    let timeout = Duration::from_millis(500);
    let server = TestServer::start_with(|limits| {
        limits.idle_timeout = timeout;
        limits.close_timeout = Duration::from_millis(50);
        limits.outbox_bytes = 16 << 20;
    })
    .await?;
    let mut client = server.connect().await;
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
    let mut client = server.connect().await;
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
        let mut client = server.connect().await;
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
    let mut client = server.connect().await;
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

#[tokio::test]
async fn silence_closes_with_1001_and_any_received_byte_breaks_it() -> TestResult {
    let timeout = Duration::from_millis(500);
    let server = TestServer::start_with(|limits| limits.idle_timeout = timeout).await?;
    let started = std::time::Instant::now();
    let mut client = server.connect().await;
    // Pings one after the other keep the connection open for longer than its timeout.
    while started.elapsed() < 3 * timeout {
        client.send_message(Message::Ping("p".into())).await;
        assert_eq!(client.next_message().await, Some(Message::Pong("p".into())));
    }
    client.expect_close(1001).await;
    Ok(())
}

/// Broadcasts far more than the kernel buffers for one socket, to a sleeper that does not read and a reader that does.
async fn flood(server: &TestServer, reader: &mut Client) -> TestResult {
    let text = "x".repeat(32 * 1024);
    for number in 0..1000 {
        server.endpoint.broadcast("room:slow", "big", &serde_json::json!({"n": number, "text": text}))?;
        assert!(reader.next().await.contains(&format!("\"n\":{number}")));
    }
    Ok(())
}

#[tokio::test]
async fn a_client_that_does_not_read_is_closed_with_1013_and_does_not_hold_up_the_others() -> TestResult {
    let server = TestServer::start_with(|limits| limits.outbox_bytes = 64 * 1024).await?;
    let mut sleeper = server.connect().await.named("sleeper");
    let mut reader = server.connect().await.named("reader");
    sleeper.join("room:slow").await;
    reader.join("room:slow").await;
    flood(&server, &mut reader).await?;
    reader.nothing_more_from("room:slow").await;
    // It wakes up in time to learn why.
    loop {
        match sleeper.next_message().await {
            Some(Message::Text(_)) => {}
            Some(Message::Close(Some(frame))) => {
                assert_eq!(u16::from(frame.code), 1013);
                return Ok(());
            }
            other => panic!("expected a close with 1013, got {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_client_that_never_reads_is_gone_after_the_time_to_close() -> TestResult {
    let server = TestServer::start_with(|limits| {
        limits.outbox_bytes = 64 * 1024;
        limits.close_timeout = Duration::from_millis(50);
    })
    .await?;
    let mut sleeper = server.connect().await.named("sleeper");
    let mut reader = server.connect().await.named("reader");
    sleeper.join("room:slow").await;
    reader.join("room:slow").await;
    flood(&server, &mut reader).await?;
    let started = std::time::Instant::now();
    while server.endpoint.connections() > 1 || server.endpoint.channels() > 1 {
        assert!(started.elapsed() < PATIENCE, "the sleeper is still there");
        reader.nothing_more().await;
    }
    drop(sleeper);
    Ok(())
}

#[tokio::test]
async fn a_client_that_never_reads_does_not_hold_up_a_shutdown() -> TestResult {
    let server = TestServer::start_with(|limits| {
        limits.outbox_bytes = 64 * 1024 * 1024;
        limits.close_timeout = Duration::from_millis(50);
    })
    .await?;
    let mut sleeper = server.connect().await.named("sleeper");
    sleeper.join("room:asleep").await;
    let text = "x".repeat(512 * 1024);
    // More than the kernel takes, and less than the outbox: the connection is in the middle of a write.
    for _ in 0..32 {
        server.endpoint.broadcast("room:asleep", "big", &serde_json::json!({ "text": text }))?;
        sleeper.send(r#"["1",null,"room:asleep","noreply",{}]"#).await;
    }
    server.stop().await
}

#[tokio::test]
async fn what_came_before_a_message_that_is_none_is_still_answered() -> TestResult {
    let server = TestServer::start().await?;
    server
        .connect()
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

#[tokio::test]
async fn a_client_that_pushes_faster_than_its_channel_works_is_slowed_down_and_loses_nothing() -> TestResult {
    let server = TestServer::start_with(|limits| limits.inbox_pushes = 1).await?;
    let mut client = server.connect().await;
    client.join("room:fast").await;
    for number in 0..1000 {
        client.send(&format!(r#"["1","{number}","room:fast","echo",{number}]"#)).await;
    }
    for number in 0..1000 {
        let expected =
            format!(r#"["1","{number}","room:fast","phx_reply",{{"response":{number},"status":"ok"}}]"#);
        assert_eq!(client.next().await, expected);
    }
    Ok(())
}
