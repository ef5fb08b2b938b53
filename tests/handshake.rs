//! Protocol §2: from an HTTP request to a WebSocket.

mod auth_token;
mod connect_info;
mod log;
mod order;
mod origin;
mod params;
mod paths;
mod probe;
mod refused;
mod session;
mod subprotocols;
mod tokens;

use crate::support::http::{PATH, UPGRADE, request, send, upgrade};
use crate::support::{TestResult, TestServer};

#[tokio::test]
async fn a_good_request_switches_protocols() -> TestResult {
    let server = TestServer::start().await?;
    let answer = upgrade(&server, PATH, "").await?;
    assert_eq!(answer.status, 101, "{answer:?}");
    assert_eq!(answer.header("upgrade"), Some("websocket"));
    assert_eq!(answer.header("connection").map(str::to_lowercase).as_deref(), Some("upgrade"));
    // The example of RFC 6455 §1.3.
    assert_eq!(answer.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert_eq!(answer.header("sec-websocket-protocol"), None);
    assert_eq!(answer.header("sec-websocket-extensions"), None);
    Ok(())
}

#[tokio::test]
async fn another_method_than_get_is_a_bad_request_without_a_body() -> TestResult {
    let server = TestServer::start().await?;
    for method in ["POST", "OPTIONS", "HEAD", "PUT", "DELETE", "CONNECTS"] {
        let answer = request(&server, method, PATH, UPGRADE).await?;
        answer.assert_empty(400, method);
    }
    Ok(())
}

#[tokio::test]
async fn the_version_decides_before_the_upgrade_headers_do() -> TestResult {
    let server = TestServer::start().await?;
    for vsn in ["2.0.0", "2.0.9", "2.0.1-rc.1", "2.0.0%2Bx"] {
        let answer = upgrade(&server, &format!("/socket/websocket?vsn={vsn}"), "").await?;
        assert_eq!(answer.status, 101, "{vsn}: {answer:?}");
    }
    for query in [
        "vsn=2.1.0",
        "vsn=3.0.0",
        "vsn=2",
        "vsn=",
        "vsn=abc",
        "vsn=02.0.0",
        "vsn=2.0.0-rc.1",
        "vsn[]=2.0.0",
        "vsn[a]=2.0.0",
        "vsn=2.0.0&vsn[]=2.0.0",
    ] {
        let answer = request(&server, "GET", &format!("/socket/websocket?{query}"), "").await?;
        answer.assert_empty(403, query);
    }
    let answer = upgrade(&server, "/socket/websocket?vsn=1.1.0&vsn=2.0.0", "").await?;
    assert_eq!(answer.status, 101, "the last one counts: {answer:?}");
    Ok(())
}

#[tokio::test]
async fn missing_upgrade_headers_are_named() -> TestResult {
    let server = TestServer::start().await?;
    let named = |name: &str, headers: &'static str| (name.to_owned(), headers);
    for (name, headers) in [
        named("connection", ""),
        named("connection", "connection: close\r\n"),
        named("upgrade", "connection: upgrade\r\nupgrade: notwebsockets\r\n"),
        named("upgrade", "connection: upgrade\r\n"),
        named("sec-websocket-version", "connection: upgrade\r\nupgrade: websocket\r\n"),
        named(
            "sec-websocket-version",
            "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 12\r\n",
        ),
        named(
            "sec-websocket-version",
            "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-version: 13\r\n",
        ),
        named(
            "sec-websocket-key",
            "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n",
        ),
        named(
            "sec-websocket-key",
            "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key:\r\n",
        ),
    ] {
        let answer = request(&server, "GET", PATH, headers).await?;
        assert_eq!(answer.status, 400, "{headers:?}: {answer:?}");
        assert!(answer.body.contains(&format!("`{name}` header")), "{headers:?}: {answer:?}");
    }
    Ok(())
}

#[tokio::test]
async fn upgrade_headers_may_list_more_in_any_case() -> TestResult {
    let server = TestServer::start().await?;
    let headers = "connection: keep-alive, UPGRADE\r\nupgrade: h2c, WebSocket\r\nsec-websocket-version: 13\r\n\
                   sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    assert_eq!(request(&server, "GET", PATH, headers).await?.status, 101);
    Ok(())
}

#[tokio::test]
async fn a_request_without_a_host_of_http_1_0_or_with_a_body_is_a_bad_one() -> TestResult {
    let server = TestServer::start().await?;
    for host in ["", "host:\r\n"] {
        let request = format!("GET {PATH} HTTP/1.1\r\n{host}{UPGRADE}\r\n");
        let answer = send(server.addr, request.as_bytes()).await?;
        assert_eq!((answer.status, answer.body.as_str()), (400, "the `host` header is missing"), "{host:?}");
    }
    let request = format!("GET {PATH} HTTP/1.0\r\nhost: localhost\r\n{UPGRADE}\r\n");
    let answer = send(server.addr, request.as_bytes()).await?;
    assert_eq!((answer.status, answer.body.as_str()), (400, "a WebSocket needs HTTP/1.1"));

    for body in ["content-length: 5\r\n", "transfer-encoding: chunked\r\n"] {
        let answer = upgrade(&server, PATH, body).await?;
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
    }
    Ok(())
}
