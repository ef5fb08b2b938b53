//! Protocol §2.2: the order of the checks. A request that fails two of them gets the answer of the earlier one.

use crate::support::http::{Answer, PATH, UPGRADE, request};
use crate::support::log::Log;
use crate::support::{TestResult, TestServer};
use phx_runtime::prelude::*;
use phx_runtime::{CheckOrigin, Endpoint};
use std::io;
use tracing::Level;
use warp::http::StatusCode;
use warp::reply::{Reply as _, Response, with_status};

/// Says that it was asked, by a status that nothing else has.
struct Asked;

#[derive(serde::Deserialize)]
struct Params {
    panic: Option<String>,
}

#[socket]
impl Socket for Asked {
    type Params = Params;

    async fn connect(params: Params, _: &ConnectInfo) -> Result<Self, Refused> {
        assert!(params.panic.is_none(), "asked to panic in connect");
        Err(Refused::new("asked"))
    }

    fn refused(refused: &Refused) -> Response {
        with_status(refused.reason().to_owned(), StatusCode::IM_A_TEAPOT).into_response()
    }
}

async fn start() -> Result<TestServer, Box<dyn std::error::Error>> {
    let endpoint =
        Endpoint::builder().check_origin(CheckOrigin::host()).socket_with::<Asked>("/socket", |options| {
            options.limits.max_query_bytes = 100;
            options.auth_token = true;
            options.subprotocols = Some(vec!["chat".to_owned()]);
        });
    Ok(TestServer::build(endpoint).await?)
}

const TOO_LONG: &str = "/socket/websocket?long=0123456789012345678901234567890123456789012345678901234567890123456789\
     0123456789012345678901234567890123456789";
const NOT_UTF8: &str = "/socket/websocket?vsn=2.0.0&a=%ff";
const NO_VERSION: &str = "/socket/websocket?vsn=9.0.0";
const FOREIGN: &str = "origin: https://evil.example\r\n";
const UNKNOWN: &str = "sec-websocket-protocol: unknown\r\n";
const GARBAGE: &str = "sec-websocket-protocol: phoenix, base64url.bearer.phx.!\r\n";

#[tokio::test]
async fn step_1_the_method_comes_before_the_query() -> TestResult {
    let server = start().await?;
    for method in ["POST", "PUT", "OPTIONS", "HEAD"] {
        for path in [PATH, TOO_LONG, NO_VERSION] {
            let answer = request(&server, method, path, FOREIGN).await?;
            answer.assert_empty(400, &format!("{method} {path}"));
        }
    }
    Ok(())
}

#[tokio::test]
async fn step_2_the_query_comes_before_the_origin() -> TestResult {
    let server = start().await?;
    request(&server, "GET", TOO_LONG, FOREIGN).await?.assert_empty(414, "too long");
    request(&server, "GET", NOT_UTF8, FOREIGN).await?.assert_empty(400, "not UTF-8");
    Ok(())
}

async fn get(server: &TestServer, headers: &str) -> io::Result<Answer> {
    // Reaches `connect`, and panics there.
    request(server, "GET", "/socket/websocket?vsn=2.0.0&panic=yes", headers).await
}

#[tokio::test]
async fn steps_4_to_6_the_origin_the_token_and_the_subprotocol_come_before_connect() -> TestResult {
    let server = start().await?;
    for headers in [FOREIGN, GARBAGE, UNKNOWN] {
        get(&server, headers).await?.assert_empty(403, headers);
    }
    get(&server, "").await?.assert_empty(500, "connect is asked, and panics");
    Ok(())
}

#[tokio::test]
async fn step_8_the_version_comes_before_connect() -> TestResult {
    let server = start().await?;
    request(&server, "GET", NO_VERSION, "").await?.assert_empty(403, "connect is not asked");
    let answer = request(&server, "GET", PATH, "").await?;
    assert_eq!((answer.status, answer.body.as_str()), (418, "asked"));
    Ok(())
}

#[tokio::test]
async fn steps_9_and_10_connect_comes_before_the_upgrade_headers() -> TestResult {
    let server = TestServer::start().await?;
    let answer = request(&server, "GET", "/socket/websocket?vsn=2.0.0&refuse=yes", "").await?;
    answer.assert_empty(403, "connect refuses");
    let answer = request(&server, "GET", "/socket/websocket?vsn=2.0.0&refuse=panic", "").await?;
    answer.assert_empty(500, "connect panics");
    let path = "/socket/websocket?vsn=2.0.0&report=connect%20before%20upgrade";
    let answer = request(&server, "GET", path, "connection: close\r\n").await?;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.body, "the `connection` header must contain `upgrade`");
    crate::support::signals::reported("connect before upgrade").await;
    Ok(())
}

#[tokio::test]
async fn a_request_that_passes_all_but_connect_still_needs_none_of_the_upgrade_headers() -> TestResult {
    let server = start().await?;
    let headers = format!("{UPGRADE}origin: http://localhost\r\nsec-websocket-protocol: phoenix\r\n");
    assert_eq!(request(&server, "GET", PATH, &headers).await?.status, 418);
    Ok(())
}

/// All of these answer 403, so the log has to say which check it was.
#[tokio::test]
async fn of_two_checks_that_fail_the_earlier_one_is_told() -> TestResult {
    let log = Log::default();
    let _guard = log.start();
    let server = TestServer::build(
        Endpoint::builder().check_origin(CheckOrigin::host()).socket_with::<Typed>("/socket", |options| {
            options.auth_token = true;
            options.subprotocols = Some(vec!["chat".to_owned()]);
        }),
    )
    .await?;
    let foreign_and_garbage = format!("{FOREIGN}{GARBAGE}");
    for (path, headers) in [
        (NO_VERSION, &*foreign_and_garbage),
        (NO_VERSION, "sec-websocket-protocol: base64url.bearer.phx.!, unknown\r\n"),
        (NO_VERSION, UNKNOWN),
        (NO_VERSION, ""),
        (PATH, ""),
    ] {
        request(&server, "GET", path, headers).await?.assert_empty(403, headers);
    }
    let refused = log.lines(Level::INFO);
    let checks: Vec<_> =
        refused.iter().filter_map(|line| line.split_once("check=")?.1.split(' ').next()).collect();
    assert_eq!(checks, [r#""origin""#, r#""auth_token""#, r#""subprotocol""#, r#""version""#, r#""params""#]);
    Ok(())
}

/// Has parameters that are not given.
struct Typed;

#[derive(serde::Deserialize)]
struct Needed {
    #[expect(dead_code, reason = "never given")]
    needed: u8,
}

#[socket]
impl Socket for Typed {
    type Params = Needed;

    async fn connect(_: Needed, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}
