//! Protocol §2.8: what `connect` may know of a client.

use super::probe::{Region, saw, start};
use crate::support::http::{PATH, send};
use crate::support::{TestResult, TestServer};
use serde_json::{Value, json};

/// What `connect` saw of a request whose header lines are bytes.
async fn saw_raw(server: &TestServer, headers: &[u8]) -> Result<Value, Box<dyn std::error::Error>> {
    let mut request = format!("GET {PATH} HTTP/1.1\r\n").into_bytes();
    request.extend_from_slice(headers);
    request.extend_from_slice(b"\r\n");
    Ok(serde_json::from_str(&send(server.addr, &request).await?.body)?)
}

#[tokio::test]
async fn the_peer_is_that_of_the_tcp_connection() -> TestResult {
    let server = start("/socket", |_| ()).await?;
    assert_eq!(saw(&server, PATH, "x-forwarded-for: 1.2.3.4\r\n").await?["peer"], json!("127.0.0.1"));
    Ok(())
}

#[tokio::test]
async fn the_uri_has_scheme_host_port_path_and_query() -> TestResult {
    let server = start("/socket", |_| ()).await?;
    let path = "//socket/websocket/?vsn=2.0.0&a=%20";
    for (host, expected) in [
        ("host: example.com:4000\r\n", "http://example.com:4000//socket/websocket/?vsn=2.0.0&a=%20"),
        ("host: example.com\r\n", "http://example.com//socket/websocket/?vsn=2.0.0&a=%20"),
        ("host: not a host\r\n", path),
        ("host: \u{e9}\r\n", path),
        ("", path),
    ] {
        let request = format!("GET {path} HTTP/1.1\r\n{host}\r\n");
        let saw: Value = serde_json::from_str(&send(server.addr, request.as_bytes()).await?.body)?;
        assert_eq!(saw["uri"], json!(expected), "{host}");
    }
    Ok(())
}

#[tokio::test]
async fn the_user_agent_is_the_header_or_none() -> TestResult {
    let server = start("/socket", |_| ()).await?;
    assert_eq!(
        saw(&server, PATH, "User-Agent: phx test/1.0\r\n").await?["user_agent"],
        json!("phx test/1.0")
    );
    assert_eq!(saw(&server, PATH, "").await?["user_agent"], json!(null));
    Ok(())
}

#[tokio::test]
async fn x_headers_are_all_that_begin_so_with_lower_case_names() -> TestResult {
    let server = start("/socket", |_| ()).await?;
    let headers = "X-One: 1\r\nx-two: A\r\nX-ONE: again\r\nax-three: no\r\nxx: no\r\n";
    let mut lines: Vec<Value> = serde_json::from_value(saw(&server, PATH, headers).await?["x"].take())?;
    lines.sort_by_key(ToString::to_string);
    assert_eq!(lines, ["x-one=1", "x-one=again", "x-two=A"]);
    Ok(())
}

#[tokio::test]
async fn sec_websocket_headers_are_all_that_begin_so() -> TestResult {
    let server = start("/socket", |_| ()).await?;
    let headers = "Sec-WebSocket-Protocol: chat\r\nsec-websocket: no\r\nsec-fetch-mode: no\r\n";
    assert_eq!(saw(&server, PATH, headers).await?["sec_websocket"], json!(["sec-websocket-protocol=chat"]));
    Ok(())
}

#[tokio::test]
async fn trace_context_headers_are_traceparent_and_tracestate() -> TestResult {
    let server = start("/socket", |_| ()).await?;
    let headers = "traceparent: 00-0a-0b-01\r\nTraceState: a=1\r\ntraceparents: no\r\n";
    let saw = saw(&server, PATH, headers).await?;
    assert_eq!(saw["trace"], json!(["traceparent=00-0a-0b-01", "tracestate=a=1"]));
    Ok(())
}

#[tokio::test]
async fn constants_of_the_mount_are_found_by_their_type() -> TestResult {
    let server = start("/socket", |options| {
        options.connect_data(Region("us"));
        options.connect_data("another type");
        options.connect_data(Region("eu"));
    })
    .await?;
    assert_eq!(saw(&server, PATH, "").await?["region"], json!("eu"));
    let server = start("/socket", |_| ()).await?;
    assert_eq!(saw(&server, PATH, "").await?["region"], json!(null));
    Ok(())
}

#[tokio::test]
async fn header_values_that_are_not_utf_8_do_no_harm() -> TestResult {
    let server = start("/socket", |_| ()).await?;
    let headers = b"host: localhost\r\nuser-agent: \xff\r\nx-name: a\xffb\r\ntraceparent: \xfe\r\n";
    let saw = saw_raw(&server, headers).await?;
    assert_eq!(saw["user_agent"], json!("\u{fffd}"));
    assert_eq!(saw["x"], json!(["x-name=a\u{fffd}b"]));
    assert_eq!(saw["trace"], json!(["traceparent=\u{fffd}"]));
    Ok(())
}
