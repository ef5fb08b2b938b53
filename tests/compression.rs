//! Protocol §2.9 and §7: permessage-deflate (RFC 7692), from its negotiation to its bombs.

use crate::support::deflate_client::{
    BINARY, COMPRESSED_BINARY, COMPRESSED_TEXT, DeflateClient, OFFER, PING, PONG, TEXT, deflate, inflate,
};
use crate::support::{TestResult, TestServer};
use bytes::Bytes;
use phx_runtime::{
    Compression, ConnectRequest, Endpoint, Flow, Limits, MountOptions, Opcode, Transport, TransportContext,
};
use std::ops::ControlFlow::Continue;
use warp::reply::Response;

const HEARTBEAT: &str = r#"[null,"1","phoenix","heartbeat",{}]"#;
const ANSWER: &str = r#"[null,"1","phoenix","phx_reply",{"response":{},"status":"ok"}]"#;

/// A server that compresses what has 200 bytes and more.
async fn start(
    configure: impl FnOnce(&mut Limits, &mut Compression),
) -> Result<TestServer, phx_runtime::ServeError> {
    TestServer::start_with_options(|options| {
        let mut compression = Compression::default();
        compression.threshold_bytes = 200;
        configure(&mut options.limits, &mut compression);
        options.compress = Some(compression);
    })
    .await
}

/// A heartbeat of `length` bytes: after the five elements that count come others that do not.
fn heartbeat_of(length: usize, padding: char) -> String {
    let padding = padding.to_string().repeat(length - HEARTBEAT.len() - r#","""#.len());
    HEARTBEAT.replace("{}]", &format!(r#"{{}},"{padding}"]"#))
}

#[tokio::test]
async fn compression_is_off_unless_the_mount_asks_for_it() -> TestResult {
    let server = TestServer::start().await?;
    let (mut client, answer) = DeflateClient::offer(&server, &[OFFER]).await?;
    assert_eq!(answer, None);
    client.send_frame(TEXT, HEARTBEAT.as_bytes()).await?;
    client.expect_plain(ANSWER).await?;
    client.send(HEARTBEAT).await?;
    client.expect_close(1002).await?;
    Ok(())
}

#[tokio::test]
async fn the_first_acceptable_offer_is_answered_without_context_takeover() -> TestResult {
    let server = start(|_, _| ()).await?;
    let accepted = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    let accepted_window = format!("{accepted}; server_max_window_bits=15");
    for (offers, expected) in [
        (&[][..], None),
        (&["permessage-deflate"][..], Some(accepted)),
        (&[OFFER], Some(accepted)),
        (&["permessage-deflate; server_max_window_bits=15"], Some(&*accepted_window)),
        (&["permessage-deflate; server_max_window_bits=9"], None),
        (&["permessage-deflate; client_max_window_bits=16"], None),
        (&["permessage-deflate; client_no_context_takeover; client_no_context_takeover"], None),
        (&["permessage-deflate; unknown"], None),
        (&["permessage-deflate; unknown, permessage-deflate"], Some(accepted)),
        (&["permessage-deflate; unknown", "x; y=\", permessage-deflate\"", OFFER], Some(accepted)),
        (&["permessage-deflate; unknown", "another"], None),
    ] {
        let (mut client, answer) = DeflateClient::offer(&server, offers).await?;
        assert_eq!(answer.as_deref(), expected, "{offers:?}");
        client.send_frame(TEXT, HEARTBEAT.as_bytes()).await?;
        client.expect_plain(ANSWER).await?;
        if answer.is_none() {
            client.send(HEARTBEAT).await?;
            client.expect_close(1002).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn messages_are_compressed_both_ways_each_by_itself() -> TestResult {
    let server = start(|_, _| ()).await?;
    let mut client = DeflateClient::connect(&server).await?;
    client.join("room:deflate").await?;
    let text = "Grüße ".repeat(100);
    // The client inflates each with an empty window.
    for _ in 0..3 {
        client.send(&format!(r#"["1","2","room:deflate","echo",{{"text":"{text}"}}]"#)).await?;
        let reply = format!(r#"{{"response":{{"text":"{text}"}},"status":"ok"}}"#);
        client.expect(&format!(r#"["1","2","room:deflate","phx_reply",{reply}]"#)).await?;
    }
    Ok(())
}

#[tokio::test]
async fn binary_messages_are_compressed_like_text_unless_they_do_not_shrink() -> TestResult {
    let server = start(|_, _| ()).await?;
    let mut client = DeflateClient::connect(&server).await?;
    client.join("bytes:deflate").await?;
    // A push of kind 0, and a reply of kind 1, with the lengths of four fields.
    let noise =
        (1..=1000_u32).map(|number| number.pow(2).wrapping_mul(0x9E37_79B9).to_be_bytes()[0]).collect();
    for (payload, is_compressed) in [(vec![0xFF; 10], false), (vec![0xFF; 1000], true), (noise, false)] {
        let push = [b"\x00\x01\x01\x0D\x0412bytes:deflateecho", &payload[..]].concat();
        let reply = [b"\x01\x01\x01\x0D\x0212bytes:deflateok", &payload[..]].concat();
        client.send_frame(COMPRESSED_BINARY, &deflate(&push)).await?;
        let (first_byte, answer) = client.next_frame().await?;
        if is_compressed {
            assert_eq!((first_byte, inflate(&answer)), (COMPRESSED_BINARY, reply));
        } else {
            assert_eq!((first_byte, answer), (BINARY, reply));
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_message_below_the_threshold_goes_out_as_it_is() -> TestResult {
    let server = start(|_, compression| compression.threshold_bytes = 100).await?;
    let mut client = DeflateClient::connect(&server).await?;
    client.join("room:small").await?;
    let reply =
        |text: &str| format!(r#"["1","2","room:small","phx_reply",{{"response":"{text}","status":"ok"}}]"#);
    for (length, is_compressed) in [(99, false), (100, true)] {
        let text = "a".repeat(length - reply("").len());
        client.send(&format!(r#"["1","2","room:small","echo","{text}"]"#)).await?;
        let expected = reply(&text);
        assert_eq!(expected.len(), length);
        if is_compressed { client.expect(&expected).await? } else { client.expect_plain(&expected).await? }
    }
    Ok(())
}

#[tokio::test]
async fn a_client_that_agreed_may_send_messages_that_are_not_compressed() -> TestResult {
    let server = start(|_, _| ()).await?;
    let mut client = DeflateClient::connect(&server).await?;
    client.send_frame(TEXT, HEARTBEAT.as_bytes()).await?;
    client.expect_plain(ANSWER).await?;
    client.send(HEARTBEAT).await?;
    client.expect_plain(ANSWER).await?;
    Ok(())
}

#[tokio::test]
async fn a_compressed_message_may_come_in_fragments_with_pings_between() -> TestResult {
    let server = start(|_, _| ()).await?;
    let mut client = DeflateClient::connect(&server).await?;
    let message = deflate(heartbeat_of(500, 'x').as_bytes());
    for pieces in [2, 3, message.len()] {
        let mut chunks = message.chunks(message.len().div_ceil(pieces)).peekable();
        // RSV1 is on the first fragment only; FIN on the last.
        let mut first_byte = 0x41;
        while let Some(chunk) = chunks.next() {
            let is_last = chunks.peek().is_none();
            client.send_frame(first_byte | if is_last { 0x80 } else { 0 }, chunk).await?;
            first_byte = 0;
            if !is_last {
                client.send_frame(PING, b"between").await?;
                assert_eq!(client.next_frame().await?, (PONG, b"between".to_vec()));
            }
        }
        client.expect_plain(ANSWER).await?;
    }
    // The last fragment of another is empty, and so is the first.
    client.send_frame(0x41, b"").await?;
    client.send_frame(0x00, &message).await?;
    client.send_frame(0x80, b"").await?;
    client.expect_plain(ANSWER).await?;
    // A message after it starts anew.
    client.send_frame(0x01, HEARTBEAT.as_bytes()).await?;
    client.send_frame(0x80, b"").await?;
    client.expect_plain(ANSWER).await?;
    Ok(())
}

#[tokio::test]
async fn several_blocks_and_a_final_block_are_one_message() -> TestResult {
    let server = start(|_, _| ()).await?;
    let mut client = DeflateClient::connect(&server).await?;
    let (first, second) = HEARTBEAT.as_bytes().split_at(10);
    // Two blocks, with the end of a flush between them.
    client
        .send_frame(COMPRESSED_TEXT, &[&deflate(first)[..], &[0, 0, 0xFF, 0xFF], &deflate(second)].concat())
        .await?;
    client.expect_plain(ANSWER).await?;
    // A stored block that says it is the final one, and the octet that RFC 7692 §7.2.3.4 has after it.
    let length = u16::try_from(HEARTBEAT.len())?;
    let head = [&[1][..], &length.to_le_bytes(), &(!length).to_le_bytes()].concat();
    client.send_frame(COMPRESSED_TEXT, &[&head, HEARTBEAT.as_bytes(), &[0]].concat()).await?;
    client.expect_plain(ANSWER).await?;
    Ok(())
}

#[tokio::test]
async fn an_empty_compressed_message_is_an_empty_message() -> TestResult {
    let server = start(|_, _| ()).await?;
    let mut client = DeflateClient::connect(&server).await?;
    client.send_frame(COMPRESSED_TEXT, &[0]).await?;
    // It is UTF-8 and within the limits, but no message of Phoenix.
    client.expect_close(1011).await?;
    Ok(())
}

#[tokio::test]
async fn rsv1_on_anything_but_the_first_frame_of_a_message_closes_with_1002() -> TestResult {
    let server = start(|_, _| ()).await?;
    let (first, second) = HEARTBEAT.as_bytes().split_at(10);
    for (what, frames) in [
        ("a ping", vec![(0xC9, first)]),
        ("a pong", vec![(0xCA, first)]),
        ("an unknown opcode", vec![(0xC3, first)]),
        ("a close frame", vec![(0xC8, &[0x03, 0xE8][..])]),
        ("a continuation of a compressed message", vec![(0x41, first), (0xC0, second)]),
        ("a continuation of another", vec![(0x01, first), (0xC0, second)]),
        ("a continuation of nothing", vec![(0xC0, second)]),
        ("RSV2", vec![(0xE1, first)]),
        ("a new message instead of a continuation", vec![(0x41, first), (0xC1, second)]),
    ] {
        println!("{what}");
        let mut client = DeflateClient::connect(&server).await?;
        for (first_byte, payload) in frames {
            client.send_frame(first_byte, payload).await?;
        }
        client.expect_close(1002).await?;
    }
    // Nothing was negotiated.
    for first_byte in [0xC1, 0xC2, 0xC9, 0xCA, 0xC8] {
        let (mut client, _) = DeflateClient::offer(&server, &[]).await?;
        client.send_frame(first_byte, b"").await?;
        client.expect_close(1002).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_message_that_inflates_to_the_limit_passes_and_one_byte_more_is_too_large() -> TestResult {
    let server = start(|limits, compression| {
        limits.max_message_bytes = 70_000;
        compression.max_ratio = 10_000;
    })
    .await?;
    let mut client = DeflateClient::connect(&server).await?;
    client.send(&heartbeat_of(70_000, 'x')).await?;
    client.expect_plain(ANSWER).await?;
    client.send(&heartbeat_of(70_001, 'x')).await?;
    client.expect_close(1009).await?;

    // In fragments, and far beyond.
    let mut client = DeflateClient::connect(&server).await?;
    let bomb = deflate(heartbeat_of(20_000_000, 'x').as_bytes());
    assert!(bomb.len() < 70_000);
    client.send_frame(0x41, &bomb[..1000]).await?;
    client.send_frame(0x80, &bomb[1000..]).await?;
    client.expect_close(1009).await?;
    Ok(())
}

#[tokio::test]
async fn the_compressed_size_has_the_same_limit() -> TestResult {
    let server = start(|limits, _| limits.max_message_bytes = 1000).await?;
    let mut client = DeflateClient::connect(&server).await?;
    // Empty blocks: nothing, in many bytes.
    let filled_up =
        |length: usize| [[0, 0, 0, 0xFF, 0xFF].repeat(length / 5), deflate(HEARTBEAT.as_bytes())].concat();
    let most = filled_up(1000 - 5 - deflate(HEARTBEAT.as_bytes()).len());
    client.send_frame(COMPRESSED_TEXT, &most).await?;
    client.expect_plain(ANSWER).await?;
    client.send_frame(0x41, &filled_up(900)).await?;
    client.send_frame(0x80, &[0; 100]).await?;
    client.expect_close(1009).await?;
    let mut client = DeflateClient::connect(&server).await?;
    client.send_frame(COMPRESSED_TEXT, &filled_up(1000)).await?;
    client.expect_close(1009).await?;
    Ok(())
}

#[tokio::test]
async fn a_message_of_the_highest_ratio_passes_and_one_byte_more_is_too_large() -> TestResult {
    let server = start(|_, _| ()).await?;
    let words = (0..1000_u32).map(|number| (number * number).to_string()).collect::<Vec<_>>().join(",");
    let message = |length| {
        let start = HEARTBEAT.replace("{}]", &format!(r#"{{}},"{words}"#));
        format!(r#"{start}{}"]"#, "x".repeat(length - start.len() - 2))
    };
    // What the padding adds costs next to nothing, so there is a length that is exactly 25 times its compressed one.
    let most_after = |length| 25 * deflate(message(length).as_bytes()).len();
    let most = (0..20).fold(50_000, |length, _| most_after(length));
    assert_eq!((most_after(most), most_after(most + 1)), (most, most));
    let mut client = DeflateClient::connect(&server).await?;
    client.send(&message(most)).await?;
    client.expect_plain(ANSWER).await?;
    client.send(&message(most + 1)).await?;
    client.expect_close(1009).await?;
    Ok(())
}

#[tokio::test]
async fn a_small_message_may_have_any_ratio() -> TestResult {
    let server = start(|_, compression| compression.max_ratio = 1).await?;
    let mut client = DeflateClient::connect(&server).await?;
    client.send(&heartbeat_of(16 * 1024, 'x')).await?;
    client.expect_plain(ANSWER).await?;
    client.send(&heartbeat_of(16 * 1024 + 1, 'x')).await?;
    client.expect_close(1009).await?;
    Ok(())
}

#[tokio::test]
async fn data_that_cannot_be_inflated_and_text_that_is_not_utf_8_close_with_1007() -> TestResult {
    let server = start(|_, _| ()).await?;
    let whole = deflate(heartbeat_of(500, 'x').as_bytes());
    for (what, payload) in [
        ("a block of the reserved type", vec![7]),
        ("text that is not compressed", HEARTBEAT.into()),
        ("a message that is cut off", whole[..whole.len() / 2].to_vec()),
        ("no data at all", vec![]),
        (
            "half a character",
            deflate(&HEARTBEAT.as_bytes().repeat(2).into_iter().chain([0xC3]).collect::<Vec<_>>()),
        ),
        ("no UTF-8", deflate(&[0xFF])),
    ] {
        println!("{what}");
        let mut client = DeflateClient::connect(&server).await?;
        client.send_frame(COMPRESSED_TEXT, &payload).await?;
        client.expect_close(1007).await?;
    }
    // The next client is not affected by what is left in the inflater.
    let mut client = DeflateClient::connect(&server).await?;
    client.send(HEARTBEAT).await?;
    client.expect_plain(ANSWER).await?;
    Ok(())
}

#[tokio::test]
async fn a_character_may_be_split_between_fragments() -> TestResult {
    let server = start(|_, _| ()).await?;
    let mut client = DeflateClient::connect(&server).await?;
    let text = heartbeat_of(51, 'ü');
    let middle = text.find('ü').unwrap_or_default() + 1;
    client.send_frame(0x01, &text.as_bytes()[..middle]).await?;
    client.send_frame(0x80, &text.as_bytes()[middle..]).await?;
    client.expect_plain(ANSWER).await?;
    Ok(())
}

#[tokio::test]
async fn a_broadcast_reaches_compressed_and_plain_clients_alike() -> TestResult {
    let server = start(|_, _| ()).await?;
    let mut plain = server.websocket().await.named("plain");
    plain.join("room:mixed").await;
    let mut first = DeflateClient::connect(&server).await?;
    first.join("room:mixed").await?;
    let mut second = DeflateClient::connect(&server).await?;
    second.join("room:mixed").await?;
    for text in ["short".to_owned(), "long ".repeat(200), "again ".repeat(10_000)] {
        server.endpoint.broadcast("room:mixed", "said", &serde_json::json!({ "text": text }))?;
        let expected = format!(r#"[null,null,"room:mixed","said",{{"text":"{text}"}}]"#);
        assert_eq!(plain.next().await, expected);
        for client in [&mut first, &mut second] {
            if text == "short" {
                client.expect_plain(&expected).await?;
            } else {
                client.expect(&expected).await?;
            }
        }
    }
    Ok(())
}

/// A protocol without channels.
struct Echo;

impl Transport for Echo {
    type Info = ();

    async fn connect(_: &ConnectRequest<'_>) -> Result<Self, Response> {
        Ok(Self)
    }

    fn handle_in(&mut self, opcode: Opcode, frame: Bytes, ctx: &mut TransportContext<'_, '_, Self>) -> Flow {
        ctx.push(opcode, &frame);
        Continue(())
    }
}

#[tokio::test]
async fn a_custom_socket_is_compressed_too() -> TestResult {
    let compress = |options: &mut MountOptions| options.compress = Some(Compression::default());
    let server = TestServer::build(Endpoint::builder().transport_with::<Echo>("/socket", compress)).await?;
    let mut client = DeflateClient::connect(&server).await?;
    let text = "x".repeat(Compression::default().threshold_bytes);
    client.send(&text).await?;
    client.expect(&text).await?;
    client.send(&text[1..]).await?;
    client.expect_plain(&text[1..]).await?;
    Ok(())
}

#[tokio::test]
async fn what_waits_at_a_shutdown_is_compressed_too() -> TestResult {
    let server = start(|_, _| ()).await?;
    let mut client = DeflateClient::connect(&server).await?;
    client.join("room:last").await?;
    let text = "x".repeat(1000);
    server.endpoint.broadcast("room:last", "said", &serde_json::json!({ "text": text }))?;
    let stopped = tokio::spawn(async move { server.stop().await.is_ok() });
    client.expect(&format!(r#"[null,null,"room:last","said",{{"text":"{text}"}}]"#)).await?;
    // The channel's end, then the connection's.
    loop {
        let (first_byte, payload) = client.next_frame().await?;
        if first_byte != TEXT {
            assert_eq!((first_byte, payload), (0x88, 1012_u16.to_be_bytes().to_vec()));
            break;
        }
    }
    drop(client);
    assert!(stopped.await?);
    Ok(())
}
