//! §9.4: how messages are fetched.

use super::{PATH, Session, start};
use crate::support::http::request;
use crate::support::signals::gate;
use crate::support::{TestResult, TestServer};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use phx_runtime::{
    DecodeError, EncodeError, FrameBuffer, Message, Name, Opcode, Outgoing, Payload, Ref, Serializer,
    Serializers, V2,
};
use serde_json::json;

#[tokio::test]
async fn everything_that_waits_comes_at_once_and_in_order() -> TestResult {
    let server = start(|_, _| ()).await?;
    let session = Session::join(&server, "room:waits").await?;
    for number in 0..250 {
        server.endpoint.broadcast("room:waits", "said", &json!({"n": number}))?;
    }
    let expected: Vec<_> =
        (0..250).map(|number| format!(r#"[null,null,"room:waits","said",{{"n":{number}}}]"#)).collect();
    assert_eq!(session.messages().await?, expected);
    session.gets_only(&[]).await
}

#[tokio::test]
async fn the_first_message_wakes_a_poll_that_waits() -> TestResult {
    let server = start(|_, _| ()).await?;
    let session = Session::join(&server, "room:wakes").await?;
    let (got, said) = tokio::join!(session.messages(), async {
        session.say(r#"["1","2","room:wakes","deferred",{}]"#).await?;
        // Not before the poll is there, or the message would wait for it.
        gate("room:wakes").add_permits(1);
        Ok::<_, Box<dyn std::error::Error>>(())
    });
    said?;
    let answer = r#"["1","2","room:wakes","phx_reply",{"response":"later","status":"ok"}]"#;
    assert_eq!(got?, [answer]);
    Ok(())
}

#[tokio::test]
async fn a_poll_that_nothing_comes_for_is_204() -> TestResult {
    let server = start(|longpoll, _| longpoll.window = super::SHORT).await?;
    let session = Session::begin(&server).await?;
    let got = session.get().await?;
    assert_eq!((got.status, got.token.as_ref(), got.messages), (204, Some(&session.token), Some(vec![])));
    Ok(())
}

/// Clients before 1.8.2 go on with the token that they are given; later ones throw it away.
#[tokio::test]
async fn polling_a_dead_session_gives_the_token_of_one_that_works() -> TestResult {
    let server = start(|_, _| ()).await?;
    let dead = Session::begin(&server).await?;
    assert_eq!(dead.status_of("[1]").await?, 408);
    let got = dead.get().await?;
    assert_eq!((got.status, got.messages), (410, Some(vec![])));
    let alive = Session { token: got.token.ok_or("no token")?, ..dead };
    alive.gets_only(&[]).await
}

/// Text is all that goes in a poll: bytes have a form of their own in version 2.
#[tokio::test]
async fn bytes_come_as_base64_in_the_place_of_the_payload() -> TestResult {
    let server = start(|_, _| ()).await?;
    let session = Session::join(&server, "bytes:poll").await?;
    // Joined, and echoed: `00 ff`, which is no UTF-8.
    let push = |event: &str| [&[0, 1, 1, 10, 4][..], b"12bytes:poll", event.as_bytes(), &[0, 0xFF]].concat();
    session.say(&STANDARD.encode(push("echo"))).await?;
    session.say(&STANDARD.encode(push("push"))).await?;
    session.say(r#"["1","3","bytes:poll","broadcast_bytes","hello"]"#).await?;
    let expected = [
        r#"["1","2","bytes:poll","phx_reply",{"response":{"base64":"AP8="},"status":"ok"}]"#,
        r#"["1",null,"bytes:poll","pushed",{"base64":"AP8="}]"#,
        r#"[null,null,"bytes:poll","said",{"base64":"aGVsbG8="}]"#,
        r#"["1","3","bytes:poll","phx_reply",{"response":{},"status":"ok"}]"#,
    ];
    let mut got = Vec::new();
    while got.len() < expected.len() {
        got.extend(session.messages().await?);
    }
    assert_eq!(got, expected);
    session.gets_only(&[]).await
}

/// A mount may list its serializers itself, and mean the same.
#[tokio::test]
async fn bytes_have_that_form_wherever_version_2_is_added() -> TestResult {
    let server = TestServer::start_with_options(|options| {
        options.longpoll = Some(<_>::default());
        options.serializers = Serializers::none();
        options.serializers.add("~> 2.0.0", V2);
    })
    .await?;
    let session = Session::join(&server, "bytes:poll").await?;
    session.say(r#"["1","2","bytes:poll","to_bytes","hello"]"#).await?;
    let answer = r#"["1","2","bytes:poll","phx_reply",{"response":{"base64":"aGVsbG8="},"status":"ok"}]"#;
    assert_eq!(session.messages().await?, [answer]);
    Ok(())
}

#[tokio::test]
async fn a_serializer_may_have_a_text_for_those_who_poll() -> TestResult {
    let server = TestServer::start_with_options(|options| {
        options.longpoll = Some(<_>::default());
        options.serializers.add("~> 9.0.0", InWords);
    })
    .await?;
    let session = Session::begin_at(&server, "/socket/longpoll?vsn=9.0.0").await?;
    session.say(&STANDARD.encode(b"hello")).await?;
    assert_eq!(session.messages().await?, ["in words"]);
    Ok(())
}

/// As [`Reversed`], with words for those who poll.
struct InWords;

impl Serializer for InWords {
    fn decode<'f>(&self, opcode: Opcode, frame: &'f Bytes) -> Result<Message<'f>, DecodeError> {
        Reversed.decode(opcode, frame)
    }

    fn encode(&self, message: &Outgoing<'_>, buffer: &mut FrameBuffer) -> Result<Opcode, EncodeError> {
        Reversed.encode(message, buffer)
    }

    fn encode_text(&self, _: &Outgoing<'_>, buffer: &mut FrameBuffer) -> Result<Opcode, EncodeError> {
        buffer.extend_from_slice(b"in words");
        Ok(Opcode::Text)
    }
}

#[tokio::test]
async fn a_serializer_of_ones_own_comes_in_base64_whole() -> TestResult {
    let server = TestServer::start_with_options(|options| {
        options.longpoll = Some(<_>::default());
        options.serializers.add("~> 9.0.0", Reversed);
    })
    .await?;
    let session = Session::begin_at(&server, "/socket/longpoll?vsn=9.0.0").await?;
    session.say(&STANDARD.encode(b"hello")).await?;
    assert_eq!(session.messages().await?, [STANDARD.encode(b"olleh")]);
    assert_eq!(request(&server, "GET", PATH, "").await?.status, 200);
    Ok(())
}

/// Whatever it gets is a heartbeat, which it answers with the same bytes from behind.
struct Reversed;

impl Serializer for Reversed {
    fn decode<'f>(&self, _: Opcode, frame: &'f Bytes) -> Result<Message<'f>, DecodeError> {
        Ok(Message {
            join_ref: Ref::NULL,
            reference: Ref::text(&String::from_utf8_lossy(frame)),
            topic: Name::from("phoenix"),
            event: Name::from("heartbeat"),
            payload: Payload::from_json("{}").map_err(DecodeError::other)?,
        })
    }

    fn encode(&self, message: &Outgoing<'_>, buffer: &mut FrameBuffer) -> Result<Opcode, EncodeError> {
        if let Outgoing::Reply { reference, .. } = message {
            let text = reference.as_json().trim_matches('"').bytes().rev().collect::<Vec<_>>();
            buffer.extend_from_slice(&text);
        }
        Ok(Opcode::Binary)
    }
}
