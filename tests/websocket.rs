//! Protocol §7: limits, fragments, ping and pong, close codes.

use crate::support::{Client, TestResult, TestServer};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

pub(crate) const HEARTBEAT: &str = r#"[null,"1","phoenix","heartbeat",{}]"#;
pub(crate) const ANSWER: &str = r#"[null,"1","phoenix","phx_reply",{"response":{},"status":"ok"}]"#;

/// A heartbeat of `length` bytes, with padding after the five elements that count.
fn heartbeat_of(length: usize) -> String {
    let padding = "x".repeat(length - HEARTBEAT.len() - r#","""#.len());
    HEARTBEAT.replace("{}]", &format!(r#"{{}},"{padding}"]"#))
}

#[tokio::test]
async fn a_message_of_the_limit_passes_and_one_byte_more_is_too_large() -> TestResult {
    let server = TestServer::start_with(|limits| limits.max_message_bytes = 70_000).await?;
    let mut client = server.websocket().await;
    let largest = heartbeat_of(70_000);
    assert_eq!(largest.len(), 70_000);
    client.send(&largest).await;
    assert_eq!(client.next().await, ANSWER);
    client.send(&heartbeat_of(70_001)).await;
    client.expect_close(1009).await;
    // The header alone says that it will be too large.
    for length in [70_001_u64, 1 << 62] {
        let mut client = server.websocket().await;
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
    let mut client = server.websocket().await;
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
    let mut client = server.websocket().await;
    client.send_message(Message::Pong("unasked".into())).await;
    client.send_message(Message::Ping("hello".into())).await;
    assert_eq!(client.next_message().await, Some(Message::Pong("hello".into())));
    Ok(())
}

#[tokio::test]
async fn a_message_that_is_none_closes_with_1011() -> TestResult {
    let server = TestServer::start().await?;
    for text in ["", "x", "{}", "[]", r#"["1","1","room:1","phx_join"]"#, "[1,2,3,4,5", "null", r#""text""#] {
        let mut client = server.websocket().await;
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
        let mut client = server.websocket().await.named(what);
        client.send_raw(&bytes).await;
        client.expect_close(1002).await;
    }
    Ok(())
}

#[tokio::test]
async fn text_that_is_not_utf_8_closes_with_1007() -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.websocket().await;
    client.send_raw(&[0x81, 0x81, 0, 0, 0, 0, 0xFF]).await;
    client.expect_close(1007).await;
    // The first half of a character, and then no second one.
    let mut client = server.websocket().await;
    client.send_raw(&[0x01, 0x81, 0, 0, 0, 0, 0xC3, 0x80, 0x81, 0, 0, 0, 0, b'x']).await;
    client.expect_close(1007).await;
    // In the reason of a close.
    let mut client = server.websocket().await;
    client.send_raw(&[0x88, 0x83, 0, 0, 0, 0, 0x03, 0xE8, 0xFF]).await;
    client.expect_close(1007).await;
    Ok(())
}

#[tokio::test]
async fn a_client_that_closes_is_answered_with_1000() -> TestResult {
    let server = TestServer::start().await?;
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 4000, 4999] {
        let mut client = server.websocket().await;
        client.send_raw(&[&[0x88, 0x82, 0, 0, 0, 0], &u16::to_be_bytes(code)[..]].concat()).await;
        client.expect_close(1000).await;
    }
    let mut client = server.websocket().await;
    client.send_message(Message::Close(None)).await;
    client.expect_close(1000).await;
    Ok(())
}

#[tokio::test]
async fn a_client_that_closes_with_a_code_it_must_not_use_is_answered_with_1002() -> TestResult {
    let server = TestServer::start().await?;
    for code in [0, 999, 1004, 1005, 1006, 1012, 1013, 1014, 1015, 2999, 5000, 65_535] {
        let mut client = server.websocket().await;
        client.send_raw(&[&[0x88, 0x82, 0, 0, 0, 0], &u16::to_be_bytes(code)[..]].concat()).await;
        client.expect_close(1002).await;
    }
    Ok(())
}

#[tokio::test]
async fn a_message_that_arrives_byte_by_byte_is_not_silence() -> TestResult {
    let timeout = Duration::from_secs(1);
    let server = TestServer::start_with(|limits| limits.idle_timeout = timeout).await?;
    let mut slow = server.websocket().await.named("slow");
    let mut pacer = server.websocket().await.named("pacer");
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

#[tokio::test]
async fn silence_closes_with_1001_and_any_received_byte_breaks_it() -> TestResult {
    let timeout = Duration::from_secs(1);
    let server = TestServer::start_with(|limits| limits.idle_timeout = timeout).await?;
    let started = std::time::Instant::now();
    let mut client = server.websocket().await;
    // Pings one after the other keep the connection open for longer than its timeout.
    while started.elapsed() < 3 * timeout {
        client.send_message(Message::Ping("p".into())).await;
        assert_eq!(client.next_message().await, Some(Message::Pong("p".into())));
    }
    client.expect_close(1001).await;
    Ok(())
}
