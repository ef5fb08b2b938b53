//! Whatever bytes arrive, nobody else notices and nothing stays behind. `load/hostile.rs` does it with
//! ten thousand clients.

use crate::support::{Client, TestResult, TestServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A small generator (xorshift) with a seed, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

/// Sends bytes beneath an open WebSocket and reads until the server ends the connection.
async fn throw(server: &TestServer, bytes: &[u8]) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(server.addr).await?;
    let request = "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\n\
                   upgrade: websocket\r\nsec-websocket-version: 13\r\n\
                   sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).await?;
    // The server may have closed by then, which is its right.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    Ok(())
}

/// A masked text frame.
fn text_frame(payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81, 0x80 | 0x7E];
    frame.extend_from_slice(&u16::try_from(payload.len()).unwrap_or(u16::MAX).to_be_bytes());
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

#[tokio::test]
async fn random_bytes_and_malformed_messages_harm_nobody() -> TestResult {
    let server = TestServer::start().await?;
    let mut witness = server.websocket().await.named("witness");
    witness.join("room:witness").await;
    let mut random = Random(0x5EED_0001);
    for round in 0..300 {
        let bytes = match round % 3 {
            0 => random.bytes(64 * 1024),
            1 => text_frame(&random.bytes(200)),
            _ => {
                // A join, then a message with one byte changed.
                let mut broken = br#"["1","2","room:1","echo",{"a":[1,2,{"b":"c\u00fc"}]}]"#.to_vec();
                let length = broken.len();
                let at = usize::try_from(random.next() % length as u64)?;
                broken[at] = random.next().to_le_bytes()[0];
                let mut frames = text_frame(br#"["1","1","room:1","phx_join",{}]"#);
                frames.extend(text_frame(&broken));
                frames
            }
        };
        throw(&server, &bytes).await?;
    }
    witness.nothing_more_from("room:witness").await;
    wait_until_only_the_witness_is_left(&server, &mut witness).await;
    Ok(())
}

/// The books are closed a moment after the last byte: ask until they are, between answers of the witness.
async fn wait_until_only_the_witness_is_left(server: &TestServer, witness: &mut Client) {
    for _ in 0..10_000 {
        let endpoint = &server.endpoint;
        if (endpoint.connections(), endpoint.channels(), endpoint.topics()) == (1, 1, 1) {
            return;
        }
        witness.nothing_more().await;
    }
    panic!("something of the hostile clients stayed behind: {:?}", server.endpoint.connections());
}

#[tokio::test]
async fn deep_nesting_wide_arrays_and_long_strings_are_just_payloads() -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.websocket().await;
    client.join("room:1").await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let wide = format!("[{}0]", "0,".repeat(100_000));
    let long = format!("\"{}\"", "\\u00fc".repeat(50_000));
    for payload in [deep, wide, long] {
        client.send(&format!(r#"["1","2","room:1","echo",{payload}]"#)).await;
        let expected = format!(r#"["1","2","room:1","phx_reply",{{"response":{payload},"status":"ok"}}]"#);
        assert!(client.next().await == expected);
    }
    // A typed handler refuses what nests deeper than its decoder follows.
    client
        .send(&format!(r#"["1","3","room:1","last_words",{}{}]"#, "[".repeat(1000), "]".repeat(1000)))
        .await;
    assert!(client.next().await.contains("invalid payload"));
    Ok(())
}

#[tokio::test]
async fn a_message_with_a_hundred_thousand_extra_elements_is_read_without_keeping_them() -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.websocket().await;
    client.send(&format!(r#"[null,"1","phoenix","heartbeat",{{}}{}]"#, ",0".repeat(100_000))).await;
    client.talk(r#"<- [null,"1","phoenix","phx_reply",{"response":{},"status":"ok"}]"#).await;
    Ok(())
}

#[tokio::test]
async fn a_refusal_does_not_quote_a_payload_at_length() -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.websocket().await;
    client.join("room:1").await;
    client.send(&format!(r#"["1","2","room:1","maybe","{}"]"#, "\u{1F600}".repeat(10_000))).await;
    let answer = client.next().await;
    assert!(answer.contains("invalid payload") && answer.len() < 1500, "{} bytes", answer.len());
    Ok(())
}

#[tokio::test]
async fn half_a_surrogate_pair_is_no_message() -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.websocket().await;
    client
        .talk(
            r#"
            -> ["1","1","room:1","phx_join",{"a":"\ud800"}]
            <- close 1011
            "#,
        )
        .await;
    Ok(())
}

#[tokio::test]
async fn names_that_are_too_long_close_with_1009() -> TestResult {
    let server = TestServer::start_with(|limits| limits.max_topic_bytes = 10).await?;
    let mut client = server.websocket().await;
    client.join("room:12345").await;
    client
        .talk(
            r#"
            -> ["1","2","room:123456","phx_join",{}]
            <- close 1009
            "#,
        )
        .await;
    Ok(())
}
