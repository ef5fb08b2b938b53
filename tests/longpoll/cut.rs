//! §9.6: a connection that is cut. Phoenix loses what was on its way.

use super::{PATH, Session, start};
use crate::support::TestResult;
use crate::support::http::request;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

impl Session {
    /// Sends a poll and leaves the answer to the test.
    async fn poll(&self) -> std::io::Result<TcpStream> {
        let mut stream = TcpStream::connect(self.addr).await?;
        let request = format!("GET {PATH}&token={} HTTP/1.1\r\nhost: localhost\r\n\r\n", self.token);
        stream.write_all(request.as_bytes()).await?;
        Ok(stream)
    }
}

#[tokio::test]
async fn messages_for_a_poll_whose_client_has_gone_stay_for_the_next() -> TestResult {
    let server = start(|_, _| ()).await?;
    let session = Session::join(&server, "room:cut").await?;
    for round in 0..20 {
        drop(session.poll().await?);
        // Whatever the server has seen before this, it has seen that too.
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
