//! §9.1: what an answer looks like.

use super::{PATH, Session, start};
use crate::support::http::{Answer, request};
use crate::support::{TestResult, TestServer};

fn assert_json(answer: &Answer, body: &str) {
    assert_eq!((answer.status, answer.body.as_str()), (200, body), "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("content-length"), Some(&*body.len().to_string()));
}

#[tokio::test]
async fn the_status_is_in_the_body_and_the_headers_are_the_same_for_all() -> TestResult {
    let server = start(|longpoll, _| longpoll.window = super::SHORT).await?;
    let begun = request(&server, "GET", PATH, "").await?;
    let token = super::body(&begun)?.token.ok_or("no token")?;
    assert_json(&begun, &format!(r#"{{"status":410,"token":"{token}","messages":[]}}"#));

    let path = format!("{PATH}&token={token}");
    let nothing = request(&server, "GET", &path, "").await?;
    assert_json(&nothing, &format!(r#"{{"status":204,"token":"{token}","messages":[]}}"#));

    let session = Session { addr: server.addr, path: PATH.to_owned(), token: token.clone() };
    let heartbeat = r#"[null,"1","phoenix","heartbeat",{}]"#;
    assert_json(&session.post("text/plain", heartbeat).await?, r#"{"status":200}"#);
    let messages = r#"["[null,\"1\",\"phoenix\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]"]"#;
    let got = request(&server, "GET", &path, "").await?;
    assert_json(&got, &format!(r#"{{"status":200,"token":"{token}","messages":{messages}}}"#));

    assert_json(&request(&server, "GET", &format!("{PATH}&refuse=1"), "").await?, r#"{"status":403}"#);
    assert_json(&request(&server, "POST", &format!("{PATH}&token=none"), "").await?, r#"{"status":410}"#);
    assert_json(&session.post("text/plain", "no message").await?, r#"{"status":408}"#);
    Ok(())
}

#[tokio::test]
async fn any_text_survives_in_a_message() -> TestResult {
    let server = start(|_, _| ()).await?;
    let session = Session::join(&server, "room:text").await?;
    let payload = r#"{"text":"\"\\ \u0000 größe 🌍 \u2028 </script>","number":1.50}"#;
    session.say(&format!(r#"["1","2","room:text","echo",{payload}]"#)).await?;
    let answer = format!(r#"["1","2","room:text","phx_reply",{{"response":{payload},"status":"ok"}}]"#);
    assert_eq!(session.messages().await?, [answer]);
    Ok(())
}

#[tokio::test]
async fn other_methods_are_answered_with_400() -> TestResult {
    let server = start(|_, _| ()).await?;
    for method in ["PUT", "PATCH", "DELETE", "HEAD", "TRACE"] {
        let answer = request(&server, method, PATH, "").await?;
        answer.assert_empty(400, method);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    }
    Ok(())
}

#[tokio::test]
async fn a_mount_has_it_only_if_asked_and_at_the_path_it_says() -> TestResult {
    let without = TestServer::start_with_options(|options| options.longpoll = None).await?;
    assert_eq!(request(&without, "GET", PATH, "").await?.status, 404);

    let elsewhere = start(|longpoll, _| longpoll.path = "{id}/poll".to_owned()).await?;
    assert_eq!(request(&elsewhere, "GET", PATH, "").await?.status, 404);
    let session = Session::begin_at(&elsewhere, "/socket/user:elsewhere/poll?vsn=2.0.0").await?;
    // The segment is a parameter, from which this socket takes its id.
    elsewhere.endpoint.disconnect("user:elsewhere");
    session.is_gone().await
}

#[tokio::test]
async fn other_routes_keep_their_bodies() -> TestResult {
    use warp::Filter;
    let endpoint = phx_runtime::Endpoint::builder()
        .socket_with::<crate::support::app::TestSocket>("/socket", |options| {
            options.longpoll = Some(<_>::default());
        })
        .build()?;
    let shout = warp::path!("shout")
        .and(warp::body::bytes())
        .map(|body: bytes::Bytes| String::from_utf8_lossy(&body).to_uppercase());
    let server = endpoint.bind(([127, 0, 0, 1], 0)).await?;
    let addr = server.local_addr();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(server.run_until(endpoint.routes().or(shout), async {
        let _ = stopped.await;
    }));
    let request = b"POST /shout HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\nhello";
    assert_eq!(crate::support::http::send(addr, request).await?.body, "HELLO");
    let _ = stop.send(());
    running.await?;
    Ok(())
}
