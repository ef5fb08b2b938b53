//! §9.1 and §9.4: who gets no session.

use super::{PATH, start, status};
use crate::support::http::request;
use crate::support::{TestResult, TestServer};
use phx_runtime::prelude::*;
use phx_runtime::{CheckOrigin, Endpoint, LongPoll};
use serde_json::json;
use std::borrow::Cow;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use warp::http::StatusCode;
use warp::reply::{Reply as _, Response};

#[tokio::test]
async fn a_client_that_connect_refuses_is_told_403_in_the_body() -> TestResult {
    let server = start(|_, _| ()).await?;
    for query in ["vsn=2.0.0&refuse=1", "vsn=9.0.0", "vsn=", "vsn[]=2.0.0"] {
        let answer = request(&server, "GET", &format!("/socket/longpoll?{query}"), "").await?;
        assert_eq!((answer.status, &*answer.body), (200, r#"{"status":403}"#), "{query}");
    }
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_read_and_what_panics_has_a_status_of_http() -> TestResult {
    let server = start(|longpoll, limits| {
        limits.max_query_bytes = 100;
        longpoll.max_sessions = 1;
    })
    .await?;
    let too_long = "x".repeat(100);
    for (query, status) in [("a=%ff", 400), (&*too_long, 414), ("refuse=panic", 500), ("id=panic", 500)] {
        let answer = request(&server, "GET", &format!("{PATH}&{query}"), "").await?;
        answer.assert_empty(status, query);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    }
    // A refused session takes no place, and neither does one that was not waited for.
    assert_eq!(status(&request(&server, "GET", &format!("{PATH}&refuse=1"), "").await?)?, 403);
    assert_eq!(status(&request(&server, "GET", PATH, "").await?)?, 410);
    Ok(())
}

#[tokio::test]
async fn a_dead_token_does_not_spare_a_client_from_being_refused() -> TestResult {
    let server = start(|_, _| ()).await?;
    let answer = request(&server, "GET", &format!("{PATH}&refuse=1&token=dead"), "").await?;
    assert_eq!(status(&answer)?, 403);
    Ok(())
}

#[tokio::test]
async fn a_policy_of_origins_that_panics_is_answered_with_500_whatever_is_asked() -> TestResult {
    let server = TestServer::start_with_options(|options| {
        options.longpoll = Some(LongPoll::default());
        options.check_origin = Some(CheckOrigin::with(|_| panic!("asked to panic about an origin")));
    })
    .await?;
    let session = super::Session::begin(&server).await?;
    let with_token = format!("{PATH}&token={}", session.token);
    for (method, path) in [("GET", PATH), ("GET", &with_token), ("POST", &with_token), ("OPTIONS", PATH)] {
        let answer = request(&server, method, path, "origin: https://example.com\r\n").await?;
        answer.assert_empty(500, method);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    }
    session.gets_only(&[]).await
}

/// Waits in `connect` until the test says go.
struct Slow;

#[socket]
impl Socket for Slow {
    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        crate::support::signals::report("slow connect", "connecting");
        crate::support::signals::wait_at_gate("slow connect").await;
        Ok(Self)
    }
}

#[tokio::test]
async fn a_client_that_goes_while_it_connects_leaves_its_place() -> TestResult {
    let server = TestServer::build(Endpoint::builder().socket_with::<Slow>("/socket", |options| {
        options.longpoll.get_or_insert_default().max_sessions = 1;
    }))
    .await?;
    let mut stream = TcpStream::connect(server.addr).await?;
    stream.write_all(format!("GET {PATH} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()).await?;
    assert_eq!(crate::support::signals::reported("slow connect").await, "connecting");
    assert_eq!(request(&server, "GET", PATH, "").await?.status, 503);
    drop(stream);
    // Server and test share a thread: what it has seen before this, it has dealt with.
    assert_eq!(request(&server, "GET", "/nothing", "").await?.status, 404);
    crate::support::signals::gate("slow connect").add_permits(1);
    assert_eq!(status(&request(&server, "GET", PATH, "").await?)?, 410);
    Ok(())
}

/// Says what its `connect` saw by panicking on the wrong thing: a refusal has no body of its own here.
struct Probe;

#[socket]
impl Socket for Probe {
    type Params = serde_json::Value;

    async fn connect(params: serde_json::Value, info: &ConnectInfo) -> Result<Self, Refused> {
        let headers = |headers: &mut dyn Iterator<Item = (&str, Cow<'_, str>)>| {
            headers.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
        };
        let saw = json!({
            "params": params,
            "peer": info.peer_addr().map(|peer| peer.ip().to_string()),
            "path": info.uri().path(),
            "user_agent": info.user_agent(),
            "x": headers(&mut info.x_headers()),
            "auth_token": info.auth_token(),
        });
        crate::support::signals::report("long polling probe", saw.to_string());
        Ok(Self)
    }

    fn refused(_: &Refused) -> Response {
        StatusCode::IM_A_TEAPOT.into_response()
    }
}

#[tokio::test]
async fn connect_sees_the_request_that_begins_the_session() -> TestResult {
    let server = TestServer::build(Endpoint::builder().socket_with::<Probe>("/{tenant}", |options| {
        options.longpoll = Some(LongPoll::default());
        options.auth_token = true;
    }))
    .await?;
    let path = "/acme/longpoll?tenant=other&a[b]=1&token=old&vsn=2.0.0";
    let headers = "user-agent: test\r\nx-real-ip: 1.2.3.4\r\nx-phoenix-authtoken: a+/=\u{e4}\r\n";
    assert_eq!(status(&request(&server, "GET", path, headers).await?)?, 410);
    let saw: serde_json::Value =
        serde_json::from_str(&crate::support::signals::reported("long polling probe").await)?;
    let expected = json!({
        "params": {"tenant": "acme", "a": {"b": "1"}, "token": "old", "vsn": "2.0.0"},
        "peer": "127.0.0.1",
        "path": "/acme/longpoll",
        "user_agent": "test",
        "x": ["x-real-ip=1.2.3.4", "x-phoenix-authtoken=a+/=\u{e4}"],
        "auth_token": "a+/=\u{e4}",
    });
    assert_eq!(saw, expected);

    // Without the header it is not there, and a WebSocket's way to send it means nothing.
    let websocket_way = "sec-websocket-protocol: phoenix, base64url.bearer.phx.YQ\r\n";
    assert_eq!(status(&request(&server, "GET", "/acme/longpoll?vsn=2.0.0", websocket_way).await?)?, 410);
    let saw: serde_json::Value =
        serde_json::from_str(&crate::support::signals::reported("long polling probe").await)?;
    assert_eq!(saw["auth_token"], json!(null));
    Ok(())
}

#[tokio::test]
async fn an_auth_token_that_is_no_text_is_refused() -> TestResult {
    let server = TestServer::start_with_options(|options| {
        options.longpoll = Some(LongPoll::default());
        options.auth_token = true;
    })
    .await?;
    let request = [
        format!("GET {PATH} HTTP/1.1\r\nhost: localhost\r\nx-phoenix-authtoken: ").as_bytes(),
        b"\xff\r\n\r\n",
    ]
    .concat();
    let answer = crate::support::http::send(server.addr, &request).await?;
    assert_eq!(status(&answer)?, 403);
    Ok(())
}
