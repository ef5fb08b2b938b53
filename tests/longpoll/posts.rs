//! §9.5: how messages are brought.

use super::{NDJSON, PATH, Session, start, status};
use crate::support::http::send;
use crate::support::{TestResult, http};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

fn echo(number: usize) -> String {
    format!(r#"["1","{number}","room:post","echo",{{"n":{number}}}]"#)
}

fn echoed(number: usize) -> String {
    format!(r#"["1","{number}","room:post","phx_reply",{{"response":{{"n":{number}}},"status":"ok"}}]"#)
}

fn lines(count: usize) -> String {
    (0..count).map(echo).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn each_line_is_a_message_in_order() -> TestResult {
    let server = start(|_, _| ()).await?;
    let session = Session::join(&server, "room:post").await?;
    session.say(&format!("{}\r\n{}\n{}", echo(1), echo(2), echo(3))).await?;
    session.gets_only(&[echoed(1), echoed(2), echoed(3)]).await
}

#[tokio::test]
async fn empty_lines_are_no_messages() -> TestResult {
    let server = start(|_, _| ()).await?;
    let session = Session::join(&server, "room:post").await?;
    session.say(&format!("{}\n", echo(1))).await?;
    session.say(&format!("\n\r\n{}\n\n{}\r\n\r\n", echo(2), echo(3))).await?;
    session.say("").await?;
    session.say("\n").await?;
    session.gets_only(&[echoed(1), echoed(2), echoed(3)]).await
}

#[tokio::test]
async fn as_many_lines_as_a_batch_may_have_pass_and_of_one_more_none_is_taken() -> TestResult {
    let server = start(|_, _| ()).await?;
    let session = Session::join(&server, "room:post").await?;
    assert_eq!(session.status_of(lines(101)).await?, 413);
    assert_eq!(session.status_of(format!("{}\n", lines(101))).await?, 413);
    session.gets_only(&[]).await?;
    session.say(&lines(100)).await?;
    session.gets_only(&(0..100).map(echoed).collect::<Vec<_>>()).await?;
    session.say(&format!("{}\n", lines(100))).await?;
    session.gets_only(&(0..100).map(echoed).collect::<Vec<_>>()).await?;
    // Empty ones do not count.
    session.say(&lines(100).replace('\n', "\n\r\n")).await?;
    session.gets_only(&(0..100).map(echoed).collect::<Vec<_>>()).await?;

    let server = start(|longpoll, _| longpoll.max_batch = 2).await?;
    let session = Session::join(&server, "room:post").await?;
    assert_eq!(session.status_of(lines(3)).await?, 413);
    session.say(&lines(2)).await
}

#[tokio::test]
async fn a_content_type_may_have_parameters_and_capitals() -> TestResult {
    let server = start(|_, _| ()).await?;
    let session = Session::join(&server, "room:post").await?;
    for content_type in
        ["application/x-ndjson; charset=utf-8", "Application/X-NDJSON", "application/x-ndjson ;q"]
    {
        assert_eq!(status(&session.post(content_type, lines(2)).await?)?, 200, "{content_type}");
        session.gets_only(&[echoed(0), echoed(1)]).await?;
    }
    Ok(())
}

#[tokio::test]
async fn with_any_other_content_type_the_body_is_one_text() -> TestResult {
    let server = start(|_, _| ()).await?;
    let session = Session::join(&server, "room:post").await?;
    // A message may have line breaks in it.
    let broken = echo(1).replace(',', ",\n");
    for content_type in ["application/json", "text/plain", "application/x-ndjsons", ""] {
        assert_eq!(status(&session.post(content_type, &broken).await?)?, 200, "{content_type}");
        session.gets_only(&[echoed(1)]).await?;
    }
    let request =
        String::from_utf8(session.request("", broken.as_bytes()))?.replace("content-type: \r\n", "");
    assert_eq!(status(&send(server.addr, request.as_bytes()).await?)?, 200);
    session.gets_only(&[echoed(1)]).await
}

#[tokio::test]
async fn a_line_that_is_no_json_is_a_binary_message_in_base64() -> TestResult {
    let server = start(|_, _| ()).await?;
    let session = Session::join(&server, "bytes:post").await?;
    let only_bytes = |bytes: &[u8]| {
        let header = [&[0, 1, 1, 10, 10][..], b"12bytes:postonly_bytes"].concat();
        STANDARD.encode([&header, bytes].concat())
    };
    let length = |length: usize| {
        format!(r#"["1","2","bytes:post","phx_reply",{{"response":{length},"status":"ok"}}]"#)
    };
    session.say(&only_bytes(&[0, 0xFF, b'\n'])).await?;
    session.gets_only(&[length(3)]).await?;
    // Lines of both kinds keep their order.
    let text = r#"["1","9","bytes:post","only_json",7]"#;
    session.say(&format!("{}\n{text}\n{}", only_bytes(&[]), only_bytes(&vec![b'x'; 100_000]))).await?;
    let answer = r#"["1","9","bytes:post","phx_reply",{"response":7,"status":"ok"}]"#;
    session.gets_only(&[length(0), answer.to_owned(), length(100_000)]).await
}

#[tokio::test]
async fn a_line_that_is_neither_is_answered_with_400_and_none_is_taken() -> TestResult {
    let server = start(|_, _| ()).await?;
    let session = Session::join(&server, "room:post").await?;
    for line in ["!", " [1]", "A", "AA", "-_-_", "\"text\"", "1,2", "A A="] {
        let answer = session.post(NDJSON, format!("{}\n{line}", echo(1))).await?;
        assert_eq!(
            (answer.status, &*answer.body),
            (400, "a line of it is neither JSON nor base64"),
            "{line}"
        );
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    }
    session.gets_only(&[]).await
}

#[tokio::test]
async fn objects_of_version_1_may_come_in_lines_too() -> TestResult {
    let server = start(|_, _| ()).await?;
    let session = Session::begin_at(&server, "/socket/longpoll?vsn=1.0.0").await?;
    let join = r#"{"topic":"room:1","event":"phx_join","payload":{},"ref":"1"}"#;
    let heartbeat = r#"{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"2"}"#;
    session.say(&format!("{heartbeat}\n{join}")).await?;
    assert_eq!(status(&session.post("application/json", heartbeat).await?)?, 200);
    let mut got = Vec::new();
    while got.len() < 3 {
        got.extend(session.messages().await?);
    }
    assert!(got.iter().all(|message| message.contains(r#""event":"phx_reply""#)), "{got:?}");
    Ok(())
}

#[tokio::test]
async fn an_error_reply_counts_as_taken_and_comes_with_a_poll() -> TestResult {
    let server = start(|_, _| ()).await?;
    let session = Session::begin(&server).await?;
    session.say(r#"["1","2","room:unjoined","echo",{}]"#).await?;
    let answer = r#"[null,"2","room:unjoined","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]"#;
    assert_eq!(session.messages().await?, [answer]);
    Ok(())
}

/// As on a WebSocket, which is closed with 1011, 1009 or 1007; Phoenix answers when the window is over.
#[tokio::test]
async fn what_is_no_message_ends_the_session_and_is_answered_at_once() -> TestResult {
    let server = start(|_, limits| limits.max_message_bytes = 200).await?;
    let too_large = format!(r#"["1","2","room:post","echo","{}"]"#, "x".repeat(200));
    let too_large_in_base64 = STANDARD.encode([0; 201]);
    for body in [&b"[1]"[..], b"{}", b"AAAA", b"[\xff]", too_large.as_bytes(), too_large_in_base64.as_bytes()]
    {
        let session = Session::join(&server, "room:post").await?;
        let before = echo(1);
        let lines = [before.as_bytes(), b"\n", body, b"\n", echo(2).as_bytes()].concat();
        assert_eq!(session.status_of(lines).await?, 408, "{}", String::from_utf8_lossy(body));
        assert_eq!(session.status_of("").await?, 410);
        // What came before it is answered if its channel was in time, and what came after it is not taken.
        let rest = session.get().await?;
        assert!([vec![], vec![echoed(1)]].contains(&rest.messages.unwrap_or_default()));
    }
    for body in ["", "no JSON", "[1]"] {
        let session = Session::begin(&server).await?;
        assert_eq!(status(&session.post("text/plain", body).await?)?, 408, "{body}");
        session.is_gone().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_message_of_the_limit_passes() -> TestResult {
    let server = start(|_, limits| limits.max_message_bytes = 200).await?;
    let session = Session::join(&server, "room:post").await?;
    let message = |length: usize| {
        let rest = r#"["1","2","room:post","noreply",""]"#.len();
        format!(r#"["1","2","room:post","noreply","{}"]"#, "x".repeat(length - rest))
    };
    assert_eq!(session.status_of(message(200)).await?, 200);
    assert_eq!(session.status_of(message(201)).await?, 408);
    Ok(())
}

#[tokio::test]
async fn a_body_of_the_limit_passes_and_one_byte_more_is_answered_with_400() -> TestResult {
    let server = start(|longpoll, _| longpoll.max_body_bytes = 1000).await?;
    let session = Session::join(&server, "room:post").await?;
    let body = |length: usize| echo(1) + &"\n".repeat(length - echo(1).len());
    for (length, status) in [(1000, 200), (1001, 400), (100_000, 400)] {
        // With its length said beforehand, and in chunks.
        let request = session.request(NDJSON, body(length).as_bytes());
        let chunked = String::from_utf8(session.request(NDJSON, b""))?
            .replace("content-length: 0", "transfer-encoding: chunked");
        let chunks = format!("{chunked}{:x}\r\n{}\r\n0\r\n\r\n", length, body(length));
        for request in [request, chunks.into_bytes()] {
            let answer = send(server.addr, &request).await?;
            assert_eq!(answer.status, status, "{length}");
            if status == 400 {
                assert_eq!(answer.body, "its body is larger than `max_body_bytes`");
            }
        }
    }
    session.gets_only(&[echoed(1), echoed(1)]).await
}

#[tokio::test]
async fn a_client_that_asks_before_it_sends_a_body_is_told_to_go_on() -> TestResult {
    let server = start(|_, _| ()).await?;
    let session = Session::join(&server, "room:post").await?;
    let body = echo(1);
    let request = String::from_utf8(session.request(NDJSON, body.as_bytes()))?;
    let head = request.replace("content-type:", "expect: 100-continue\r\ncontent-type:").replace(&body, "");
    let mut stream = TcpStream::connect(server.addr).await?;
    stream.write_all(head.as_bytes()).await?;
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await?;
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(body.as_bytes()).await?;
    assert_eq!(status(&http::answer(&mut BufReader::new(stream)).await?)?, 200);
    session.gets_only(&[echoed(1)]).await
}

#[tokio::test]
async fn requests_of_other_forms_are_understood() -> TestResult {
    let server = start(|_, _| ()).await?;
    let session = Session::join(&server, "room:post").await?;
    let Session { token, .. } = &session;
    let post = |line: &str| format!("{line}\r\nhost: localhost\r\ncontent-length: {}\r\n", echo(1).len());
    for head in [
        post(&format!("POST {PATH}&token={token} HTTP/1.0")),
        post(&format!("POST http://localhost{PATH}&token={token} HTTP/1.1")),
        post(&format!("POST //socket//longpoll/?vsn=2.0.0&token={token} HTTP/1.1")),
        // Of several, the first header and the last parameter count.
        post(&format!("POST {PATH}&token=x&token={token} HTTP/1.1")),
        post(&format!("POST {PATH} HTTP/1.1"))
            + &format!("x-phoenix-longpoll-token: {token}\r\nx-phoenix-longpoll-token: x\r\n"),
    ] {
        let answer = send(server.addr, format!("{head}\r\n{}", echo(1)).as_bytes()).await?;
        assert_eq!(status(&answer)?, 200, "{head}");
        session.gets_only(&[echoed(1)]).await?;
    }
    Ok(())
}

#[tokio::test]
async fn requests_in_one_go_are_answered_one_after_the_other() -> TestResult {
    let server = start(|_, _| ()).await?;
    let session = Session::join(&server, "room:post").await?;
    let poll = format!("GET {PATH}&token={} HTTP/1.1\r\nhost: localhost\r\n\r\n", session.token);
    let post = String::from_utf8(session.request("text/plain", echo(1).as_bytes()))?;
    let mut stream = TcpStream::connect(server.addr).await?;
    stream.write_all([&*post, &poll, &post, &poll].concat().as_bytes()).await?;
    let mut answers = BufReader::new(stream);
    for _ in 0..2 {
        assert_eq!(status(&http::answer(&mut answers).await?)?, 200);
        assert_eq!(super::body(&http::answer(&mut answers).await?)?.messages, Some(vec![echoed(1)]));
    }
    Ok(())
}

#[tokio::test]
async fn bodies_of_a_mebibyte_pass_by_default() -> TestResult {
    let server = start(|_, _| ()).await?;
    let session = Session::join(&server, "room:post").await?;
    let rest = r#"["1","2","room:post","echo",""]"#.len();
    let text = "x".repeat(1024 * 1024 - rest);
    session.say(&format!(r#"["1","2","room:post","echo","{text}"]"#)).await?;
    let answer = format!(r#"["1","2","room:post","phx_reply",{{"response":"{text}","status":"ok"}}]"#);
    assert!(session.messages().await? == [answer], "the same text comes back");
    Ok(())
}
