//! Whatever a client does, it gets a clear answer, and nobody else notices. `load/hostile.rs` does more of it.

use super::{NDJSON, PATH, Session, body, start, status};
use crate::support::TestResult;
use crate::support::http::{request, send};
use crate::support::signals::{gate, reported};
use phx_runtime::testing::http::KeptAlive;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn one_session_more_than_there_may_be_is_answered_with_503() -> TestResult {
    let server = start(|longpoll, _| longpoll.max_sessions = 3).await?;
    let mut sessions = Vec::new();
    for _ in 0..3 {
        sessions.push(Session::begin(&server).await?);
    }
    let answer = request(&server, "GET", PATH, "").await?;
    answer.assert_empty(503, "one more");
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    for session in &sessions {
        session.gets_only(&[]).await?;
    }
    Ok(())
}

/// Whoever begins sessions over and over polls none of them: that shuts out nobody else.
#[tokio::test]
async fn sessions_that_are_never_polled_are_bounded_by_their_connection() -> TestResult {
    let server = start(|longpoll, _| longpoll.max_newcomers = 2).await?;
    let mut http = KeptAlive::connect(server.addr).await?;
    let begun = [http.request("GET", PATH, "", "").await?, http.request("GET", PATH, "", "").await?];
    http.request("GET", PATH, "", "").await?.assert_empty(503, "one more");
    // Others come by connections of their own.
    Session::begin(&server).await?.gets_only(&[]).await?;
    // One that is polled does not count any more.
    let token = body(&begun[0])?.token.ok_or("no token")?;
    let polled = Session { addr: server.addr, path: PATH.to_owned(), token };
    polled.gets_only(&[]).await?;
    assert_eq!(status(&http.request("GET", PATH, "", "").await?)?, 410);
    http.request("GET", PATH, "", "").await?.assert_empty(503, "one more");
    Ok(())
}

#[tokio::test]
async fn bodies_made_of_line_breaks_or_giant_lines_are_refused_cheaply() -> TestResult {
    let server = start(|_, _| ()).await?;
    let session = Session::join(&server, "room:bombs").await?;
    let mebibyte = 1024 * 1024;
    // Empty lines are nothing at all.
    assert_eq!(session.status_of("\n".repeat(mebibyte)).await?, 200);
    assert_eq!(session.post(NDJSON, "\n".repeat(mebibyte - 1) + "!").await?.status, 400);
    assert_eq!(session.status_of("[]\n".repeat(mebibyte / 3)).await?, 413);
    assert_eq!(session.post(NDJSON, "!".repeat(mebibyte)).await?.status, 400);
    assert_eq!(session.post(NDJSON, "\n".repeat(mebibyte + 1)).await?.status, 400);
    session.gets_only(&[]).await?;
    // Deep enough to break a parser that calls itself.
    let deep = format!(r#"["1","2","room:bombs","echo",{}]"#, "[".repeat(mebibyte - 100));
    assert_eq!(session.status_of(deep).await?, 408);
    session.is_gone().await
}

#[tokio::test]
async fn too_many_headers_or_too_long_ones_are_refused_by_the_server() -> TestResult {
    let server = start(|_, _| ()).await?;
    let many = "x-header: 1\r\n".repeat(200);
    assert_eq!(request(&server, "GET", PATH, &many).await?.status, 431);
    let long = format!("x-long: {}\r\n", "x".repeat(1024 * 1024));
    assert_eq!(request(&server, "GET", PATH, &long).await?.status, 431);
    Session::begin(&server).await?.gets_only(&[]).await
}

/// Only one body at a time takes memory for a session; the others are left in the network.
#[tokio::test]
async fn a_body_that_comes_slowly_is_given_up_and_then_the_next_has_its_turn() -> TestResult {
    let server = start(|longpoll, _| longpoll.body_timeout = Duration::from_millis(300)).await?;
    let session = Session::join(&server, "room:slow").await?;
    let mut slow = TcpStream::connect(server.addr).await?;
    let whole = session.request(NDJSON, &[b'['; 1000]);
    slow.write_all(&whole[..whole.len() - 1]).await?;
    let mut answer = vec![0; 12];
    let (read, said) =
        tokio::join!(slow.read_exact(&mut answer), session.say(r#"["1","2","room:slow","echo",{}]"#));
    read?;
    said?;
    assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 408");
    let echoed = r#"["1","2","room:slow","phx_reply",{"response":{},"status":"ok"}]"#;
    session.gets_only(&[echoed.to_owned()]).await
}

/// As on a WebSocket, which is read no further then.
#[tokio::test]
async fn a_channel_that_has_too_much_to_do_holds_up_its_own_client_only() -> TestResult {
    let server = start(|longpoll, limits| {
        longpoll.window = super::SHORT;
        limits.inbox_pushes = 2;
    })
    .await?;
    let session = Session::join(&server, "room:busy").await?;
    let other = Session::join(&server, "room:idle").await?;
    session.say(r#"["1","2","room:busy","gated",{}]"#).await?;
    assert_eq!(reported("room:busy").await, "handling");
    let noreply = r#"["1",null,"room:busy","noreply",{}]"#;
    session.say(&[noreply; 2].join("\n")).await?;
    assert_eq!(session.status_of([noreply; 10].join("\n")).await?, 408);
    other.gets_only(&[]).await?;
    gate("room:busy").add_permits(1);
    let done = r#"["1","2","room:busy","phx_reply",{"response":{},"status":"ok"}]"#;
    session.gets_only(&[done.to_owned()]).await
}

#[tokio::test]
async fn many_polls_of_one_session_are_one_that_waits_and_others_that_do_not_count() -> TestResult {
    let server = start(|longpoll, _| longpoll.window = super::SHORT).await?;
    let session = Session::join(&server, "room:polls").await?;
    let polls = (0..50).map(|_| session.get());
    let said = async { session.say(r#"["1","2","room:polls","echo",{}]"#).await };
    let (polls, said) = tokio::join!(futures_util::future::join_all(polls), said);
    said?;
    let mut messages = Vec::new();
    for poll in polls {
        let poll = poll?;
        assert!([200, 204].contains(&poll.status), "{poll:?}");
        messages.extend(poll.messages.unwrap_or_default());
    }
    messages.extend(session.get().await?.messages.unwrap_or_default());
    assert_eq!(messages, [r#"["1","2","room:polls","phx_reply",{"response":{},"status":"ok"}]"#]);
    Ok(())
}

#[tokio::test]
async fn a_post_that_breaks_off_brings_nothing() -> TestResult {
    let server = start(|_, _| ()).await?;
    let session = Session::join(&server, "room:breaks").await?;
    let request = session.request(NDJSON, br#"["1","2","room:breaks","echo",{}]"#);
    for length in [request.len() - 1, request.len() - 10] {
        let mut stream = TcpStream::connect(server.addr).await?;
        stream.write_all(&request[..length]).await?;
    }
    session.gets_only(&[]).await?;
    let unknown = format!("POST {PATH}&token=none HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n12345");
    assert_eq!(status(&send(server.addr, unknown.as_bytes()).await?)?, 410);
    assert_eq!(body(&request_of(&server).await?)?.status, 410);
    Ok(())
}

async fn request_of(server: &crate::support::TestServer) -> std::io::Result<crate::support::http::Answer> {
    request(server, "GET", PATH, "").await
}
