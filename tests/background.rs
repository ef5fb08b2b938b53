//! What a socket does besides its connections.

use crate::support::client::PATIENCE;
use crate::support::signals::{report, reported};
use crate::support::{Client, Over, TestResult, TestServer, apply, each_transport, with_longpoll};
use phx_runtime::prelude::*;
use serde_json::json;
use tokio::net::TcpListener;

/// Tells when a task is dropped.
struct ReportDrop(&'static str);

impl Drop for ReportDrop {
    fn drop(&mut self) {
        report(self.0, "dropped");
    }
}

/// Its task answers every question with an answer to the room.
struct Answering;

#[socket]
impl Socket for Answering {
    channel!("answers", Answers);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }

    async fn background(endpoint: Endpoint) {
        let _guard = ReportDrop("answers");
        let mut questions = endpoint.subscribe("questions");
        report("answers", "started");
        while let Ok(question) = questions.recv().await {
            let answered = endpoint.broadcast("answers", question.event(), question.payload());
            report("answers", format!("{answered:?}"));
        }
    }
}

struct Answers;

#[channel(socket = Answering)]
impl Answers {
    #[join("answers")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[terminate]
    async fn terminate(&mut self, reason: Reason) {
        report("answers", format!("{reason:?}"));
    }
}

#[apply(each_transport)]
#[tokio::test]
async fn it_starts_with_the_server_once_per_mount_and_is_dropped_after_the_last_channel(
    over: Over,
) -> TestResult {
    let endpoint = Endpoint::builder().socket_with::<Answering>("/socket", with_longpoll).build()?;
    let server = TestServer::serve(endpoint).await?;
    assert_eq!(reported("answers").await, "started");
    let mut client = server.connect(over).await;
    client.join("answers").await;
    server.endpoint.broadcast("questions", "asked", &json!({"a": 1}))?;
    client.talk(r#"<- [null,null,"answers","asked",{"a":1}]"#).await;
    assert_eq!(reported("answers").await, "Ok(())");

    let endpoint = server.endpoint.clone();
    let stopping = tokio::spawn(async move { server.stop().await.map_err(|error| error.to_string()) });
    client.goes_after_close(1012).await;
    stopping.await??;
    assert_eq!(reported("answers").await, "Draining");
    assert_eq!(reported("answers").await, "dropped");
    assert_eq!(endpoint.topics(), 0, "its subscription is gone");
    Ok(())
}

/// Its task is there until it is dropped.
struct Waiting;

#[socket]
impl Socket for Waiting {
    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }

    async fn background(_: Endpoint) {
        let _guard = ReportDrop("waiting");
        report("waiting", "started");
        std::future::pending::<()>().await;
    }
}

#[tokio::test]
async fn under_another_server_it_starts_with_the_first_request_and_stops_when_the_endpoint_is_closed()
-> TestResult {
    let endpoint = Endpoint::builder().socket::<Waiting>("/socket").socket::<Waiting>("/other").build()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("ws://{}/socket/websocket?vsn=2.0.0", listener.local_addr()?);
    let serving = tokio::spawn(warp::serve(endpoint.routes()).incoming(listener).run());
    for _ in 0..3 {
        Client::connect(&url).await.nothing_more().await;
    }
    endpoint.close(PATIENCE).await;
    serving.abort();
    // One for each mount, and nothing starts any more.
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("ws://{}/socket/websocket?vsn=2.0.0", listener.local_addr()?);
    let serving = tokio::spawn(warp::serve(endpoint.routes()).incoming(listener).run());
    Client::connect(&url).await.goes_after_close(1012).await;
    endpoint.close(PATIENCE).await;
    serving.abort();
    report("waiting", "end of test");
    for expected in ["started", "started", "dropped", "dropped", "end of test"] {
        assert_eq!(reported("waiting").await, expected);
    }
    Ok(())
}

/// Its task panics at once.
struct Panicking;

#[socket]
impl Socket for Panicking {
    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }

    fn background(_: Endpoint) -> impl Future<Output = ()> + Send {
        report("panicking", "started");
        assert!(std::hint::black_box(false), "asked to panic in background");
        std::future::ready(())
    }
}

#[tokio::test]
async fn a_panic_in_it_ends_nothing_else() -> TestResult {
    let endpoint = Endpoint::builder().socket::<Panicking>("/socket").build()?;
    let server = TestServer::serve(endpoint).await?;
    assert_eq!(reported("panicking").await, "started");
    server.websocket().await.nothing_more().await;
    server.stop().await
}
