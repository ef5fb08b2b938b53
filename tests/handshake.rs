//! Protocol §2: from an HTTP request to a WebSocket. Raw requests, so that every header is the test's own.

use crate::support::signals::reported;
use crate::support::{Client, TestResult, TestServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const UPGRADE: &str = "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                       sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// Sends a request and returns the head of the answer, and its body if it is of known length.
async fn request(server: &TestServer, method: &str, path: &str, headers: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(server.addr).await?;
    let request = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    let mut buffer = [0; 1024];
    while !answer.windows(4).any(|window| window == b"\r\n\r\n") {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            break;
        }
        answer.extend_from_slice(&buffer[..count]);
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

#[tokio::test]
async fn a_good_request_switches_protocols() -> TestResult {
    let server = TestServer::start().await?;
    let answer = request(&server, "GET", "/socket/websocket?vsn=2.0.0", UPGRADE).await?;
    assert_eq!(status(&answer), "101", "{answer}");
    let answer = answer.to_lowercase();
    assert!(answer.contains("\r\nupgrade: websocket\r\n"), "{answer}");
    assert!(answer.contains("\r\nconnection: upgrade\r\n"), "{answer}");
    // The example of RFC 6455 §1.3.
    assert!(answer.contains("\r\nsec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n"), "{answer}");
    assert!(
        !answer.contains("sec-websocket-protocol") && !answer.contains("sec-websocket-extensions"),
        "{answer}"
    );
    Ok(())
}

#[tokio::test]
async fn another_method_than_get_is_a_bad_request() -> TestResult {
    let server = TestServer::start().await?;
    for method in ["POST", "OPTIONS", "HEAD", "PUT"] {
        let answer = request(&server, method, "/socket/websocket?vsn=2.0.0", UPGRADE).await?;
        assert_eq!(status(&answer), "400", "{method}: {answer}");
    }
    Ok(())
}

#[tokio::test]
async fn the_version_decides_before_the_upgrade_headers_do() -> TestResult {
    let server = TestServer::start().await?;
    for vsn in ["2.0.0", "2.0.9", "2.0.1-rc.1", "2.0.0%2Bx"] {
        let answer = request(&server, "GET", &format!("/socket/websocket?vsn={vsn}"), UPGRADE).await?;
        assert_eq!(status(&answer), "101", "{vsn}: {answer}");
    }
    for query in ["?vsn=2.1.0", "?vsn=3.0.0", "?vsn=2", "?vsn=", "?vsn=abc", "?vsn=02.0.0", "?vsn=2.0.0-rc.1"]
    {
        let answer = request(&server, "GET", &format!("/socket/websocket{query}"), "").await?;
        assert_eq!(status(&answer), "403", "{query}: {answer}");
    }
    let answer = request(&server, "GET", "/socket/websocket?vsn=1.1.0&vsn=2.0.0", UPGRADE).await?;
    assert_eq!(status(&answer), "101", "the last one counts: {answer}");
    Ok(())
}

#[tokio::test]
async fn missing_upgrade_headers_are_named() -> TestResult {
    let server = TestServer::start().await?;
    for (headers, named) in [
        ("", "connection"),
        ("connection: upgrade\r\nupgrade: notwebsockets\r\n", "upgrade"),
        (
            "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key:\r\n",
            "sec-websocket-key",
        ),
        ("connection: upgrade\r\n", "upgrade"),
        ("connection: upgrade\r\nupgrade: websocket\r\n", "sec-websocket-version"),
        (
            "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 12\r\n",
            "sec-websocket-version",
        ),
        ("connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n", "sec-websocket-key"),
    ] {
        let answer = request(&server, "GET", "/socket/websocket?vsn=2.0.0", headers).await?;
        assert_eq!(status(&answer), "400", "{headers:?}: {answer}");
        assert!(answer.contains(&format!("`{named}` header")), "{headers:?}: {answer}");
    }
    Ok(())
}

#[tokio::test]
async fn a_request_without_a_host_or_with_a_body_is_a_bad_one() -> TestResult {
    let server = TestServer::start().await?;
    let mut stream = TcpStream::connect(server.addr).await?;
    let request = format!("GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nconnection2: close\r\n{UPGRADE}\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await?;
    assert_eq!(&answer, b"HTTP/1.1 400");

    for body in ["content-length: 5\r\n", "transfer-encoding: chunked\r\n"] {
        let answer = request_with(&server, "GET", &format!("{UPGRADE}{body}")).await?;
        assert_eq!(status(&answer), "400", "{body}: {answer}");
    }
    Ok(())
}

async fn request_with(server: &TestServer, method: &str, headers: &str) -> std::io::Result<String> {
    request(server, method, "/socket/websocket?vsn=2.0.0", headers).await
}

#[tokio::test]
async fn connect_may_refuse_and_may_panic() -> TestResult {
    let server = TestServer::start().await?;
    let answer = request(&server, "GET", "/socket/websocket?vsn=2.0.0&refuse=yes", UPGRADE).await?;
    assert_eq!(status(&answer), "403", "{answer}");
    let answer = request(&server, "GET", "/socket/websocket?vsn=2.0.0&refuse=panic", UPGRADE).await?;
    assert_eq!(status(&answer), "500", "{answer}");
    let answer = request(&server, "GET", "/socket/websocket?vsn=2.0.0", UPGRADE).await?;
    assert_eq!(status(&answer), "101", "{answer}");
    Ok(())
}

#[tokio::test]
async fn params_and_connect_info_reach_connect() -> TestResult {
    let server = TestServer::start().await?;
    let url = format!("{}&report=connect%20info&a%5Bb%5D=1", server.url());
    let _client = Client::connect(&url).await;
    let expected = "true /socket/websocket?vsn=2.0.0&report=connect%20info&a%5Bb%5D=1";
    assert_eq!(reported("connect info").await, expected);
    Ok(())
}

#[tokio::test]
async fn other_paths_are_not_found_and_segments_match_whole() -> TestResult {
    let server = TestServer::start().await?;
    for path in
        ["/", "/socket", "/socket/", "/socket/websocketx", "/socket/websocket/x", "/xsocket/websocket"]
    {
        let answer = request(&server, "GET", &format!("{path}?vsn=2.0.0"), UPGRADE).await?;
        assert_eq!(status(&answer), "404", "{path}: {answer}");
    }
    let answer = request(&server, "GET", "//socket/websocket/?vsn=2.0.0", UPGRADE).await?;
    assert_eq!(status(&answer), "101", "{answer}");
    Ok(())
}

#[tokio::test]
async fn queries_of_any_shape_do_no_harm() -> TestResult {
    let server = TestServer::start().await?;
    let deep = format!("a{}=1", "%5Bb%5D".repeat(1000));
    for query in ["vsn[]=2.0.0", "vsn[a]=2.0.0"] {
        let answer = request(&server, "GET", &format!("/socket/websocket?{query}"), UPGRADE).await?;
        assert_eq!(status(&answer), "403", "{query}: {answer}");
    }
    for query in ["a[=1", "]=1", "a[b]=1&a=2", "&&&=&", "%zz=1", "a%ff=1", &deep] {
        let answer = request(&server, "GET", &format!("/socket/websocket?{query}&x=1"), UPGRADE).await?;
        assert!(["101", "400", "403"].contains(&status(&answer)), "{query}: {answer}");
    }
    let answer = request(&server, "GET", "/socket/websocket?vsn=2.0.0", UPGRADE).await?;
    assert_eq!(status(&answer), "101", "{answer}");
    Ok(())
}
