//! A protocol of the user's own: `Transport`, the counterpart of `Phoenix.Socket.Transport`.

use crate::support::http::{UPGRADE, request};
use crate::support::signals::{gate, report, reported, wait_at_gate};
use crate::support::{Client, TestResult, TestServer};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use phx_runtime::{
    CloseCode, ConnectRequest, Control, Endpoint, Flow, Opcode, ServeError, Transport, TransportContext,
    TransportSender,
};
use serde::Deserialize;
use std::ops::ControlFlow::{Break, Continue};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;
use warp::http::StatusCode;
use warp::reply::{Reply, Response, with_status};

/// Does what each text says, and says everything else back.
struct Obedient {
    name: String,
    greets: bool,
    pause: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

#[derive(Deserialize)]
struct Params {
    #[serde(default)]
    name: String,
    #[serde(default)]
    greet: bool,
    #[serde(default)]
    refuse: bool,
    #[serde(default)]
    panic: bool,
}

type Ctx<'c, 't> = TransportContext<'c, 't, Obedient>;

impl Transport for Obedient {
    type Info = String;

    async fn connect(request: &ConnectRequest<'_>) -> Result<Self, Response> {
        let Params { name, greet, refuse, panic } = request.params().map_err(|error| {
            with_status(error.to_string(), StatusCode::UNPROCESSABLE_ENTITY).into_response()
        })?;
        assert!(!panic, "asked to panic in connect");
        if refuse {
            let answer = with_status("not you", StatusCode::IM_A_TEAPOT);
            return Err(answer.into_response());
        }
        assert_eq!(request.info().uri().path(), "/echo/websocket");
        Ok(Self { name, greets: greet, pause: None })
    }

    fn init(&mut self, ctx: &mut Ctx<'_, '_>) -> Flow {
        if self.greets {
            ctx.push(Opcode::Text, b"welcome");
        }
        Continue(())
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Flow> {
        if let Some(pause) = &mut self.pause {
            if pause.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.pause = None;
        }
        Poll::Ready(Continue(()))
    }

    fn handle_in(&mut self, opcode: Opcode, frame: Bytes, ctx: &mut Ctx<'_, '_>) -> Flow {
        let text = String::from_utf8_lossy(&frame).into_owned();
        let (verb, argument) = text.split_once(' ').unwrap_or((&text, ""));
        match (opcode, verb) {
            (Opcode::Text, "stop") => return Break(code(argument)),
            (Opcode::Text, "panic") => panic!("asked to panic in handle_in"),
            (Opcode::Text, "pause") => {
                let name = self.name.clone();
                report(&name, "pausing");
                let sender = ctx.sender();
                self.pause = Some(Box::pin(async move {
                    wait_at_gate(&name).await;
                    sender.push(Opcode::Text, b"going on");
                }));
            }
            (Opcode::Text, "task") => in_task(ctx.sender(), argument.to_owned()),
            _ => ctx.push(opcode, &frame),
        }
        Continue(())
    }

    fn handle_control(&mut self, control: Control, ctx: &mut Ctx<'_, '_>) -> Flow {
        match control {
            Control::Ping(payload) if &*payload == b"stop" => return Break(CloseCode::Application(4002)),
            Control::Ping(payload) => ctx.push(Opcode::Binary, &[b"ping ", &*payload].concat()),
            Control::Pong(payload) => ctx.push(Opcode::Binary, &[b"pong ", &*payload].concat()),
            _ => {}
        }
        Continue(())
    }

    fn handle_info(&mut self, info: String, ctx: &mut Ctx<'_, '_>) -> Flow {
        ctx.push(Opcode::Text, format!("told {info}").as_bytes());
        if info == "to stop" { Break(CloseCode::Application(4001)) } else { Continue(()) }
    }

    async fn background(_: Endpoint) {
        report("custom background", "running");
    }

    fn terminate(&mut self, code: Option<CloseCode>) {
        if !self.name.is_empty() {
            report(&self.name, format!("{code:?}"));
        }
        assert_ne!(self.name, "panics at its end", "asked to panic in terminate");
    }
}

fn code(number: &str) -> CloseCode {
    match number {
        "1000" => CloseCode::Normal,
        "1011" => CloseCode::InternalError,
        other => CloseCode::Application(other.parse().unwrap_or_default()),
    }
}

/// Reaches the connection from another task.
fn in_task(sender: TransportSender<Obedient>, what: String) {
    tokio::spawn(async move {
        match what.as_str() {
            "push" => sender.push(Opcode::Binary, b"pushed"),
            "close" => sender.close(CloseCode::Application(4003)),
            "flood" => (0..5).for_each(|_| sender.notify("once more".to_owned())),
            info => sender.clone().notify(info.to_owned()),
        }
    });
}

async fn start() -> Result<TestServer, ServeError> {
    let configure = |options: &mut phx_runtime::MountOptions| options.limits.inbox_messages = 4;
    TestServer::build(Endpoint::builder().transport_with::<Obedient>("/echo", configure)).await
}

async fn connect(server: &TestServer, query: &str) -> Client {
    Client::connect(&format!("ws://{}/echo/websocket?{query}", server.addr)).await
}

#[tokio::test]
async fn what_it_is_sent_comes_back_as_the_same_kind_of_frame() -> TestResult {
    let server = start().await?;
    let mut client = connect(&server, "greet=true").await;
    client
        .talk(
            r#"
            <- welcome
            -> ["1","1","room:1","phx_join",{}]
            <- ["1","1","room:1","phx_join",{}]
            => 00 ff "bytes"
            <= 00 ff "bytes"
            "#,
        )
        .await;
    Ok(())
}

/// Protocol §7: pings are answered whatever the socket makes of them.
#[tokio::test]
async fn control_frames_are_shown_to_it_and_pings_answered_all_the_same() -> TestResult {
    let server = start().await?;
    let mut client = connect(&server, "").await;
    client.send_message(Message::Ping("abc".into())).await;
    let mut answers = [client.next_message().await, client.next_message().await];
    answers.sort_by_key(|answer| matches!(answer, Some(Message::Pong(_))));
    assert_eq!(answers, [Some(Message::binary("ping abc")), Some(Message::Pong("abc".into()))]);
    client.send_message(Message::Pong("def".into())).await;
    assert_eq!(client.next_message().await, Some(Message::binary("pong def")));
    client.send_message(Message::Ping("stop".into())).await;
    assert_eq!(client.next_message().await, Some(Message::Pong("stop".into())));
    client.expect_close(4002).await;
    Ok(())
}

#[tokio::test]
async fn other_tasks_reach_it_through_a_sender() -> TestResult {
    let server = start().await?;
    let mut client = connect(&server, "").await;
    client
        .talk(
            r#"
            -> task push
            <= "pushed"
            -> task something
            <- told something
            -> task to stop
            <- told to stop
            <- close 4001
            "#,
        )
        .await;
    let mut client = connect(&server, "").await;
    client
        .talk(
            r"
            -> task close
            <- close 4003
            ",
        )
        .await;
    Ok(())
}

/// `Limits::inbox_messages`, here 4: the fifth is one too many. All five are there before the connection's task, on
/// the same thread as the sender's, gets its turn.
#[tokio::test]
async fn more_messages_than_may_wait_close_it_with_1011() -> TestResult {
    let server = start().await?;
    let mut client = connect(&server, "name=flooded").await;
    client.talk("-> task flood").await;
    client.expect_close(1011).await;
    assert_eq!(reported("flooded").await, "Some(InternalError)");
    Ok(())
}

#[tokio::test]
async fn it_closes_with_the_code_it_says_and_learns_how_it_ended() -> TestResult {
    let server = start().await?;
    // What is no code of an application's is the server's mistake.
    for (said, sent, known) in [
        ("1000", 1000, "Some(Normal)"),
        ("1011", 1011, "Some(InternalError)"),
        ("3000", 3000, "Some(Application(3000))"),
        ("4999", 4999, "Some(Application(4999))"),
        ("2999", 1011, "Some(Application(2999))"),
        ("5000", 1011, "Some(Application(5000))"),
        ("1006", 1011, "Some(Application(1006))"),
    ] {
        let name = format!("stops with {said}");
        let mut client = connect(&server, &format!("name={}", name.replace(' ', "+"))).await;
        client.send(&format!("stop {said}")).await;
        client.expect_close(sent).await;
        assert_eq!(reported(&name).await, known);
    }
    Ok(())
}

#[tokio::test]
async fn it_learns_whether_the_client_closed_or_vanished() -> TestResult {
    let server = start().await?;
    let mut client = connect(&server, "name=closes").await;
    client.close(1001).await;
    client.expect_close(1000).await;
    assert_eq!(reported("closes").await, "Some(Normal)");
    let client = connect(&server, "name=vanishes").await;
    drop(client);
    assert_eq!(reported("vanishes").await, "None");
    Ok(())
}

/// Protocol §7 and §17: a crash of the socket is told with 1011, and costs nobody else anything.
#[tokio::test]
async fn a_panic_in_it_closes_with_1011() -> TestResult {
    let server = start().await?;
    let mut other = connect(&server, "").await;
    let mut client = connect(&server, "").await;
    client
        .talk(
            r"
            -> panic
            <- close 1011
            ",
        )
        .await;
    let mut client = connect(&server, "name=panics+at+its+end").await;
    client
        .talk(
            r"
            -> stop 1000
            <- close 1000
            ",
        )
        .await;
    other
        .talk(
            r"
            -> still here
            <- still here
            ",
        )
        .await;
    Ok(())
}

/// Its `poll_ready` holds back what the client sends.
#[tokio::test]
async fn a_socket_that_is_not_ready_is_sent_nothing() -> TestResult {
    let server = start().await?;
    let mut socket = connect(&server, "name=pauses").await.into_socket();
    // Together, so that both have arrived when the first is handled.
    socket.feed(Message::text("pause")).await?;
    socket.feed(Message::text("after the pause")).await?;
    socket.flush().await?;
    assert_eq!(reported("pauses").await, "pausing");
    gate("pauses").add_permits(1);
    for expected in ["going on", "after the pause"] {
        assert_eq!(socket.next().await.transpose()?, Some(Message::text(expected)));
    }
    Ok(())
}

/// Protocol §2.2: the handshake is that of every socket; only `connect` is its own.
#[tokio::test]
async fn it_may_refuse_with_an_answer_of_its_own() -> TestResult {
    let server = start().await?;
    let answer = request(&server, "GET", "/echo/websocket?refuse=true", UPGRADE).await?;
    assert_eq!((answer.status, answer.body.as_str()), (418, "not you"));
    let answer = request(&server, "GET", "/echo/websocket?refuse=perhaps", UPGRADE).await?;
    assert_eq!(answer.status, 422);
    assert!(answer.body.starts_with("the parameters do not fit: "), "{answer:?}");
    let answer = request(&server, "GET", "/echo/websocket?panic=true", UPGRADE).await?;
    answer.assert_empty(500, "a panic in connect");
    let answer =
        request(&server, "GET", "/echo/websocket", &format!("{UPGRADE}origin: https://else.where\r\n"))
            .await?;
    answer.assert_empty(403, "an origin from elsewhere");
    let answer = request(&server, "GET", "/echo/websocket", "").await?;
    assert_eq!(answer.status, 400, "{answer:?}");
    // None of them is left in the books.
    assert_eq!(server.endpoint.connections(), 0);
    Ok(())
}

/// Protocol §8: a drain reaches it as it does connections with channels.
#[tokio::test]
async fn it_is_drained_and_has_a_background_task() -> TestResult {
    let server = start().await?;
    assert_eq!(reported("custom background").await, "running");
    let client = connect(&server, "name=drained").await;
    let mut answered = connect(&server, "").await;
    answered
        .talk(
            r"
            -> hello
            <- hello
            ",
        )
        .await;
    let gone = tokio::spawn(async move {
        client.goes_after_close(1012).await;
        answered.goes_after_close(1012).await;
    });
    server.stop().await?;
    gone.await?;
    assert_eq!(reported("drained").await, "Some(ServiceRestart)");
    Ok(())
}

/// The idle timeout is the connection's, whatever it speaks.
#[tokio::test]
async fn silence_closes_it_with_1001() -> TestResult {
    let configure =
        |options: &mut phx_runtime::MountOptions| options.limits.idle_timeout = Duration::from_millis(20);
    let server =
        TestServer::build(Endpoint::builder().transport_with::<Obedient>("/echo", configure)).await?;
    let mut client = connect(&server, "").await;
    client.expect_close(1001).await;
    Ok(())
}
