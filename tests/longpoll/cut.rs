//! §9.6: a connection that is cut. Phoenix loses what was on its way.

use super::{Session, start};
use crate::support::app::TestSocket;
use crate::support::http::request;
use crate::support::{TestResult, TestServer};
use phx_runtime::{Endpoint, LongPoll};
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn messages_for_a_poll_whose_client_has_gone_stay_for_the_next() -> TestResult {
    let server = start(|_, _| ()).await?;
    let session = Session::join(&server, "room:cut").await?;
    for round in 0..20 {
        drop(session.poll().await?);
        // Server and test share a thread: what it has seen before this, it has dealt with.
        assert_eq!(request(&server, "GET", "/nothing", "").await?.status, 404);
        server.endpoint.broadcast("room:cut", "said", &json!({"round": round}))?;
        let expected = format!(r#"[null,null,"room:cut","said",{{"round":{round}}}]"#);
        assert_eq!(session.messages().await?, [expected]);
    }
    Ok(())
}

#[tokio::test]
async fn an_answer_that_does_not_leave_completely_is_given_again() -> TestResult {
    let server = start(|_, limits| limits.outbox_bytes = 64 * 1024 * 1024).await?;
    let session = Session::join(&server, "room:cut").await?;
    // More than the operating system takes for a client that does not read.
    let large = "x".repeat(1024 * 1024);
    let expected =
        |number: usize| format!(r#"[null,null,"room:cut","said",{{"n":{number},"text":"{large}"}}]"#);
    for number in 0..20 {
        server.endpoint.broadcast("room:cut", "said", &json!({"n": number, "text": large}))?;
    }
    let mut cut = session.poll().await?;
    // The answer is on its way.
    let mut beginning = [0; 1024];
    cut.read_exact(&mut beginning).await?;
    assert!(beginning.starts_with(b"HTTP/1.1 200 OK\r\n"));
    server.endpoint.broadcast("room:cut", "said", &json!({"n": 20, "text": large}))?;
    drop(cut);
    let got = session.messages().await?;
    assert_eq!(got.len(), 21);
    for (number, message) in got.iter().enumerate() {
        assert!(*message == expected(number), "message {number} is as it was");
    }
    session.gets_only(&[]).await
}

/// As above, but the server loses patience: `Server::write_timeout`.
#[tokio::test]
async fn an_answer_that_its_client_does_not_read_is_given_again() -> TestResult {
    let endpoint =
        Endpoint::builder().secret_key_base("s".repeat(64)).socket_with::<TestSocket>("/socket", |options| {
            options.longpoll = Some(LongPoll::default());
            options.limits.outbox_bytes = 64 * 1024 * 1024;
        });
    let server =
        TestServer::serve_with(endpoint.build()?, |server| server.write_timeout(Duration::from_millis(50)))
            .await?;
    let session = Session::join(&server, "room:unread").await?;
    let large = "x".repeat(1024 * 1024);
    for number in 0..20 {
        server.endpoint.broadcast("room:unread", "said", &json!({"n": number, "text": large}))?;
    }
    let unread = session.poll().await?;
    let got = session.messages().await?;
    assert_eq!(got.len(), 20);
    drop(unread);
    session.gets_only(&[]).await
}

#[tokio::test]
async fn what_a_post_brought_is_handled_although_its_client_has_gone() -> TestResult {
    let server = start(|_, _| ()).await?;
    let session = Session::join(&server, "room:cut").await?;
    for round in 0..20 {
        let body = format!(r#"["1","{round}","room:cut","echo",{{}}]"#);
        let mut stream = TcpStream::connect(session.addr).await?;
        stream.write_all(&session.request("text/plain", body.as_bytes())).await?;
        drop(stream);
        let answer = format!(r#"["1","{round}","room:cut","phx_reply",{{"response":{{}},"status":"ok"}}]"#);
        assert_eq!(session.messages().await?, [answer]);
    }
    Ok(())
}
