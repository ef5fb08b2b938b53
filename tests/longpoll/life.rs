//! §9.6: how a session ends.

use super::{HOUR, Session, start};
use crate::support::client::PATIENCE;
use crate::support::signals::reported;
use crate::support::{TestResult, http};
use serde_json::json;
use std::time::Duration;
use tokio::io::BufReader;
use tokio::net::TcpStream;
use tokio::time::timeout;

#[tokio::test]
async fn a_session_that_is_polled_no_more_ends_and_so_do_its_channels() -> TestResult {
    let server = start(|longpoll, _| longpoll.window = Duration::from_millis(20)).await?;
    let session = Session::join(&server, "room:polled_no_more").await?;
    assert_eq!(reported("room:polled_no_more").await, "Closed");
    session.is_gone().await?;
    assert_eq!(session.status_of("").await?, 410);
    Ok(())
}

/// The body of the answer to a poll, which must come although its window is far from over.
async fn answer_to(poll: TcpStream) -> Result<String, Box<dyn std::error::Error>> {
    let answer = http::answer(&mut BufReader::new(poll)).await?;
    assert_eq!(answer.status, 200);
    Ok(answer.body)
}

fn nothing(session: &Session) -> String {
    format!(r#"{{"status":204,"token":"{}","messages":[]}}"#, session.token)
}

#[tokio::test]
async fn a_disconnect_ends_the_sessions_of_the_id_and_answers_their_polls_at_once() -> TestResult {
    let server = start(|longpoll, _| longpoll.window = HOUR).await?;
    let path = "/socket/longpoll?vsn=2.0.0&id=user:polls";
    let session = Session::begin_at(&server, path).await?;
    let other = Session::begin(&server).await?;
    session.say(r#"["1","1","room:polls","phx_join",{}]"#).await?;
    assert_eq!(session.messages().await?.len(), 1);
    // The one that is replaced has no window to wait for any more either.
    let polls = [session.poll().await?, session.poll().await?];
    server.endpoint.disconnect("user:polls");
    for poll in polls {
        assert_eq!(answer_to(poll).await?, nothing(&session));
    }
    assert_eq!(reported("room:polls").await, "Closed");
    session.is_gone().await?;
    assert_eq!(session.status_of("").await?, 410);
    other.gets_only(&[]).await
}

#[tokio::test]
async fn what_was_sent_before_the_end_is_delivered() -> TestResult {
    let server = start(|_, _| ()).await?;
    let session = Session::begin_at(&server, "/socket/longpoll?vsn=2.0.0&id=user:told").await?;
    session.say(r#"["1","1","room:told","phx_join",{}]"#).await?;
    assert_eq!(session.messages().await?.len(), 1);
    server.endpoint.broadcast("room:told", "last", &json!({}))?;
    server.endpoint.disconnect("user:told");
    assert_eq!(session.messages().await?, [r#"[null,null,"room:told","last",{}]"#]);
    session.is_gone().await
}

#[tokio::test]
async fn a_drain_ends_sessions_and_answers_their_polls_at_once() -> TestResult {
    let server = start(|longpoll, _| longpoll.window = HOUR).await?;
    let session = Session::join(&server, "room:drained").await?;
    let poll = session.poll().await?;
    server.endpoint.drain().await;
    assert_eq!(answer_to(poll).await?, nothing(&session));
    assert_eq!(reported("room:drained").await, "Draining");
    session.is_gone().await
}

#[tokio::test]
async fn a_shutdown_answers_polls_and_waits_for_no_session() -> TestResult {
    let server = start(|longpoll, _| longpoll.window = HOUR).await?;
    let session = Session::join(&server, "room:shut_down").await?;
    let abandoned = Session::join(&server, "room:abandoned").await?;
    server.endpoint.broadcast("room:abandoned", "said", &json!({}))?;
    let endpoint = server.endpoint.clone();
    let polls = [session.poll().await?, session.poll().await?];
    timeout(PATIENCE, server.stop()).await??;
    for poll in polls {
        assert_eq!(answer_to(poll).await?, nothing(&session));
    }
    drop(abandoned);
    assert_eq!((endpoint.connections(), endpoint.channels(), endpoint.topics()), (0, 0, 0));
    Ok(())
}

/// Protocol §8: a client that lets too much pile up is closed, and nobody else is held up.
#[tokio::test]
async fn a_client_that_fetches_nothing_is_closed_at_the_bound_of_its_outbox() -> TestResult {
    let server = start(|_, limits| limits.outbox_bytes = 10_000).await?;
    let session = Session::join(&server, "room:piles_up").await?;
    for _ in 0..20 {
        server.endpoint.broadcast("room:piles_up", "said", &json!({"text": "x".repeat(1000)}))?;
    }
    assert_eq!(reported("room:piles_up").await, "Closed");
    session.is_gone().await
}

#[tokio::test]
async fn sessions_are_counted_like_connections() -> TestResult {
    let server = start(|_, _| ()).await?;
    let session = Session::join(&server, "room:counted").await?;
    let _other = Session::begin(&server).await?;
    assert_eq!((server.endpoint.connections(), server.endpoint.channels()), (2, 1));
    assert_eq!(session.status_of("[1]").await?, 408);
    session.is_gone().await?;
    assert_eq!(reported("room:counted").await, "Closed");
    Ok(())
}
