//! §9.3: the token that names a session.

use super::{NDJSON, PATH, Session, body, start, status};
use crate::support::http::{request, send};
use crate::support::{TestResult, TestServer};
use phx_runtime::{Endpoint, LongPoll};

fn in_header(token: &str) -> String {
    format!("x-phoenix-longpoll-token: {token}\r\n")
}

#[tokio::test]
async fn it_is_read_from_the_header_before_the_query() -> TestResult {
    let server = start(|longpoll, _| longpoll.window = super::SHORT).await?;
    let session = Session::begin(&server).await?;
    let header = in_header(&session.token);
    for path in [PATH.to_owned(), format!("{PATH}&token=other")] {
        let got = body(&request(&server, "GET", &path, &header).await?)?;
        assert_eq!((got.status, got.token.as_ref()), (204, Some(&session.token)), "{path}");
    }
    let wrong = in_header("other");
    let path = format!("{PATH}&token={}", session.token);
    assert_eq!(status(&request(&server, "GET", &path, &wrong).await?)?, 410);
    assert_eq!(status(&request(&server, "POST", &path, &wrong).await?)?, 410);
    let post = format!(
        "POST {PATH} HTTP/1.1\r\nhost: localhost\r\n{header}content-type: {NDJSON}\r\ncontent-length: 0\r\n\r\n"
    );
    assert_eq!(status(&send(server.addr, post.as_bytes()).await?)?, 200);
    Ok(())
}

#[tokio::test]
async fn every_answer_repeats_it() -> TestResult {
    let server = start(|longpoll, _| longpoll.window = super::SHORT).await?;
    let session = Session::join(&server, "room:token").await?;
    for _ in 0..3 {
        session.say(r#"["1","2","room:token","echo",{}]"#).await?;
        session.messages().await?;
        assert_eq!(session.get().await?.token.as_ref(), Some(&session.token));
    }
    Ok(())
}

/// Forged, foreign, or of another mount: as good as none.
#[tokio::test]
async fn one_that_names_no_session_here_begins_a_new_one() -> TestResult {
    let secret = || Endpoint::builder().secret_key_base("s".repeat(64));
    let polling = |options: &mut phx_runtime::MountOptions| options.longpoll = Some(LongPoll::default());
    let endpoint = secret()
        .socket_with::<crate::support::app::TestSocket>("/socket", polling)
        .socket_with::<crate::support::app::TestSocket>("/other", polling);
    let server = TestServer::build(endpoint).await?;
    let same_secret =
        TestServer::build(secret().socket_with::<crate::support::app::TestSocket>("/socket", polling))
            .await?;
    let other_secret = start(|_, _| ()).await?;

    let ours = Session::begin(&server).await?;
    let mut tokens = vec![
        Session::begin_at(&server, "/other/longpoll?vsn=2.0.0").await?.token,
        Session::begin(&same_secret).await?.token,
        Session::begin(&other_secret).await?.token,
        String::new(),
        "x".to_owned(),
        "SFMyNTY..".to_owned(),
        format!("{}x", ours.token),
        "SFMyNTY.".repeat(1000),
        "%00%ff".to_owned(),
    ];
    // Each of its characters another.
    for place in (0..ours.token.len()).step_by(7) {
        let mut forged = ours.token.clone().into_bytes();
        forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
        tokens.push(String::from_utf8(forged)?);
    }
    for token in tokens {
        let path = format!("{PATH}&token={token}");
        if token.contains("%ff") {
            assert_eq!(request(&server, "GET", &path, "").await?.status, 400);
            continue;
        }
        let got = body(&request(&server, "GET", &path, "").await?)?;
        assert_eq!((got.status, got.messages), (410, Some(vec![])), "{token}");
        assert_ne!(got.token.as_deref(), Some(&*token));
        assert_eq!(status(&request(&server, "POST", &path, "").await?)?, 410, "{token}");
    }
    ours.say(r#"[null,"1","phoenix","heartbeat",{}]"#).await?;
    assert_eq!(ours.messages().await?.len(), 1, "the true one still works");
    Ok(())
}
