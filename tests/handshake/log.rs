//! What a refused handshake leaves in the log: advice, once in a while, and no secrets.

use crate::support::http::{PATH, request};
use crate::support::log::Log;
use crate::support::{TestResult, TestServer};
use tracing::Level;

#[tokio::test]
async fn many_refused_origins_are_one_error_with_advice() -> TestResult {
    let log = Log::default();
    let _guard = log.start();
    let server = TestServer::start().await?;
    let origin = format!("https://evil.example/{}", "x".repeat(10_000));
    for _ in 0..20 {
        request(&server, "GET", PATH, &format!("origin: {origin}\r\n")).await?.assert_empty(403, "origin");
    }
    let errors = log.lines(Level::ERROR);
    let [error] = &errors[..] else { panic!("expected one error: {errors:?}") };
    for part in ["https://evil.example", "/socket", "host", "localhost", "url_host", "CheckOrigin::list("] {
        assert!(error.contains(part), "{part} is not in: {error}");
    }
    assert!(error.len() < 1_000, "{error}");
    Ok(())
}

#[tokio::test]
async fn a_refused_subprotocol_is_an_error_without_the_token_beside_it() -> TestResult {
    let log = Log::default();
    let _guard = log.start();
    let server = TestServer::start_with_options(|options| {
        options.subprotocols = Some(vec!["chat".to_owned()]);
    })
    .await?;
    for _ in 0..20 {
        let headers = "sec-websocket-protocol: mqtt, base64url.bearer.phx.c2VjcmV0\r\n";
        request(&server, "GET", PATH, headers).await?.assert_empty(403, "subprotocol");
    }
    let errors = log.lines(Level::ERROR);
    let [error] = &errors[..] else { panic!("expected one error: {errors:?}") };
    for part in ["mqtt", "chat", "subprotocols"] {
        assert!(error.contains(part), "{part} is not in: {error}");
    }
    assert!(!error.contains("c2VjcmV0"), "{error}");
    Ok(())
}
