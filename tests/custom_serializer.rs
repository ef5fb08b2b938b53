//! Protocol §2.3: a serializer of the user's own, here `MessagePack`, beside those of Phoenix.

use crate::support::app::TestSocket;
use crate::support::{Client, Over, TestResult, TestServer, apply, each_transport};
use bytes::Bytes;
use phx_runtime::{
    DecodeError, EncodeError, Endpoint, EndpointProblem, FrameBuffer, Message, Name, Opcode, Outgoing,
    Payload, Ref, Serializer,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message as Frame;

/// The array of version 2 as `MessagePack`.
struct MessagePack;

impl Serializer for MessagePack {
    fn decode<'f>(&self, opcode: Opcode, frame: &'f Bytes) -> Result<Message<'f>, DecodeError> {
        if opcode == Opcode::Text {
            return Err(DecodeError::Malformed("expected a binary frame"));
        }
        let (join_ref, reference, topic, event, payload): (
            Option<String>,
            Option<String>,
            String,
            String,
            Value,
        ) = rmp_serde::from_slice(frame).map_err(DecodeError::other)?;
        let reference_of = |text: Option<String>| text.map_or(Ref::NULL, |text| Ref::text(&text));
        Ok(Message {
            join_ref: reference_of(join_ref),
            reference: reference_of(reference),
            topic: Name::from(topic),
            event: Name::from(event),
            payload: Payload::from_json(payload.to_string()).map_err(DecodeError::other)?,
        })
    }

    fn encode(&self, message: &Outgoing<'_>, buffer: &mut FrameBuffer) -> Result<Opcode, EncodeError> {
        let value = |payload: &Payload| payload.decode::<Value>().map_err(EncodeError::other);
        let parts = match message {
            Outgoing::Message { join_ref, reference, topic, event, payload } => {
                (join_ref.as_text(), reference.as_text(), Some(*topic), *event, value(payload)?)
            }
            Outgoing::Broadcast { topic, event, payload } => {
                (None, None, Some(*topic), *event, value(payload)?)
            }
            Outgoing::Reply { join_ref, reference, topic, status, response } => {
                let answer = json!({"status": status, "response": value(response)?});
                (join_ref.as_text(), reference.as_text(), topic.as_text(), "phx_reply", answer)
            }
        };
        assert_ne!(parts.3, "panic", "asked to panic");
        rmp_serde::encode::write(buffer, &parts).map_err(EncodeError::other)?;
        Ok(Opcode::Binary)
    }
}

async fn server() -> Result<TestServer, phx_runtime::ServeError> {
    TestServer::start_with_options(|options| options.serializers.add("~> 3.0.0", MessagePack)).await
}

async fn send(client: &mut Client, message: Value) -> TestResult {
    client.send_message(Frame::binary(rmp_serde::to_vec(&message)?)).await;
    Ok(())
}

async fn next<T: DeserializeOwned>(client: &mut Client) -> Result<T, Box<dyn std::error::Error>> {
    match client.next_message().await {
        Some(Frame::Binary(bytes)) => Ok(rmp_serde::from_slice(&bytes)?),
        other => Err(format!("expected a binary frame, got {other:?}").into()),
    }
}

#[apply(each_transport)]
#[tokio::test]
async fn clients_of_two_serializers_share_a_topic(over: Over) -> TestResult {
    let server = server().await?;
    let mut packed = Client::connect(&server.url_of("3.0.1")).await;
    send(&mut packed, json!(["1", "1", "room:packed", "phx_join", {}])).await?;
    let answer: Value = next(&mut packed).await?;
    assert_eq!(answer, json!(["1", "1", "room:packed", "phx_reply", {"response": {}, "status": "ok"}]));

    let mut plain = server.connect(over).await;
    plain.join("room:packed").await;
    plain
        .talk(
            r#"
            -> ["1","2","room:packed","broadcast",{"n":1}]
            <- [null,null,"room:packed","said",{"n":1}]
            "#,
        )
        .await;
    assert_eq!(next::<Value>(&mut packed).await?, json!([null, null, "room:packed", "said", {"n": 1}]));
    Ok(())
}

/// Bytes are no JSON, so `value` fails above.
#[tokio::test]
async fn a_broadcast_that_it_cannot_write_skips_its_clients() -> TestResult {
    let server = server().await?;
    let mut packed = Client::connect(&server.url_of("3.0.0")).await;
    send(&mut packed, json!(["1", "1", "bytes:packed", "phx_join", {}])).await?;
    next::<Value>(&mut packed).await?;
    let mut plain = server.websocket().await;
    plain.join("bytes:packed").await;
    plain
        .talk(
            r#"
            => 00 01 01 0c 09 "1" "2" "bytes:packed" "broadcast" be ef
            <= 02 0c 04 "bytes:packed" "said" be ef
            -> ["1","3","bytes:packed","broadcast",{}]
            <- [null,null,"bytes:packed","said",{}]
            "#,
        )
        .await;
    assert_eq!(next::<Value>(&mut packed).await?, json!([null, null, "bytes:packed", "said", {}]));
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_panic_in_it_costs_the_clients_of_others_nothing(over: Over) -> TestResult {
    let server = server().await?;
    let mut packed = Client::connect(&server.url_of("3.0.0")).await;
    send(&mut packed, json!(["1", "1", "room:packed_panic", "phx_join", {}])).await?;
    next::<Value>(&mut packed).await?;
    let mut plain = server.connect(over).await;
    plain.join("room:packed_panic").await;
    for event in ["panic", "fine"] {
        server.endpoint.broadcast("room:packed_panic", event, &json!({}))?;
    }
    plain
        .talk(
            r#"
            <- [null,null,"room:packed_panic","panic",{}]
            <- [null,null,"room:packed_panic","fine",{}]
            "#,
        )
        .await;
    assert_eq!(next::<Value>(&mut packed).await?, json!([null, null, "room:packed_panic", "fine", {}]));
    Ok(())
}

#[tokio::test]
async fn what_it_cannot_read_closes_with_1011() -> TestResult {
    let server = server().await?;
    let mut client = Client::connect(&server.url_of("3.0.0")).await;
    client.send("[]").await;
    client.expect_close(1011).await;
    let mut client = Client::connect(&server.url_of("3.0.0")).await;
    client.talk("=> c1").await;
    client.expect_close(1011).await;
    Ok(())
}

#[test]
fn a_requirement_that_cannot_be_read_is_a_problem_of_the_endpoint() {
    let endpoint = Endpoint::builder()
        .socket_with::<TestSocket>("/socket", |options| options.serializers.add(">= 3", MessagePack))
        .build();
    let problems = endpoint.err().map(|error| error.problems().to_vec());
    assert_eq!(problems, Some(vec![EndpointProblem::InvalidVersions(">= 3".to_owned())]));
}
