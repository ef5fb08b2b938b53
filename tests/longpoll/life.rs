//! §9.6: how a session ends.

use super::{Session, start};
use crate::support::TestResult;
use crate::support::signals::reported;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_session_that_is_polled_no_more_ends_and_so_do_its_channels() -> TestResult {
    let server = start(|longpoll, _| longpoll.window = Duration::from_millis(20)).await?;
    let session = Session::join(&server, "room:polled_no_more").await?;
    assert_eq!(reported("room:polled_no_more").await, "Closed");
    session.is_gone().await?;
    assert_eq!(session.status_of("").await?, 410);
    Ok(())
}

#[tokio::test]
async fn a_disconnect_ends_the_sessions_of_the_id_and_answers_their_polls_at_once() -> TestResult {
    let server = start(|_, _| ()).await?;
    let path = "/socket/longpoll?vsn=2.0.0&id=user:polls";
    let session = Session::begin_at(&server, path).await?;
    let other = Session::begin(&server).await?;
    session.say(r#"["1","1","room:polls","phx_join",{}]"#).await?;
    assert_eq!(session.messages().await?.len(), 1);
    let (got, ()) = tokio::join!(session.get(), async {
        // Whether before or after the poll has come, it does not wait for its window of 10 s.
        server.endpoint.disconnect("user:polls");
    });
    let got = got?;
    assert!([204, 410].contains(&got.status), "{got:?}");
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
async fn a_drain_ends_sessions() -> TestResult {
    let server = start(|_, _| ()).await?;
    let session = Session::join(&server, "room:drained").await?;
    let (got, ()) = tokio::join!(session.get(), server.endpoint.drain());
    let got = got?;
    assert!([204, 410].contains(&got.status), "{got:?}");
    assert_eq!(reported("room:drained").await, "Draining");
    session.is_gone().await
}

#[tokio::test]
async fn a_shutdown_answers_polls_and_waits_for_no_session() -> TestResult {
    let server = start(|_, _| ()).await?;
    let session = Session::join(&server, "room:shut_down").await?;
    let endpoint = server.endpoint.clone();
    let (got, stopped) = tokio::join!(session.get(), server.stop());
    stopped?;
    // The poll was answered, or came too late to be.
    if let Ok(got) = got {
        assert!([204, 410].contains(&got.status), "{got:?}");
    }
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
