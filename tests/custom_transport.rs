//! A transport of the user's own: `Endpoint::connect` and `Session`, in the place of a WebSocket.

use crate::support::TestResult;
use crate::support::app::TestSocket;
use crate::support::signals::{gate, reported};
use phx_runtime::{
    Arrival, CheckOrigin, CloseCode, Delivery, Endpoint, MountOptions, Opcode, Session, SessionError,
};
use serde_json::json;
use std::time::Duration;
use warp::http::StatusCode;
use warp::reply::Response;

fn endpoint(configure: impl FnOnce(&mut MountOptions)) -> Result<Endpoint, phx_runtime::EndpointError> {
    Endpoint::builder().socket_with::<TestSocket>("/socket", configure).build()
}

fn arrival(query: &str) -> Arrival {
    Arrival::new("/socket", format!("vsn=2.0.0&{query}"))
}

async fn connect(endpoint: &Endpoint) -> Result<Session, String> {
    endpoint.connect(arrival("")).await.map_err(status)
}

fn status(refusal: Response) -> String {
    refusal.status().to_string()
}

fn texts(delivery: &Delivery) -> Vec<String> {
    delivery.messages().map(|(_, text)| String::from_utf8_lossy(text).into_owned()).collect()
}

/// What is delivered next.
async fn next(session: &Session) -> Result<Vec<String>, SessionError> {
    let delivery = session.recv().await?;
    let texts = texts(&delivery);
    delivery.delivered();
    Ok(texts)
}

async fn join(session: &Session, topic: &str) -> TestResult {
    session.send(Opcode::Text, format!(r#"["1","1","{topic}","phx_join",{{}}]"#)).await?;
    let answer = format!(r#"["1","1","{topic}","phx_reply",{{"response":{{}},"status":"ok"}}]"#);
    assert_eq!(next(session).await?, [answer]);
    Ok(())
}

const HEARTBEAT: &str = r#"[null,"1","phoenix","heartbeat",{}]"#;
const BEAT: &str = r#"[null,"1","phoenix","phx_reply",{"response":{},"status":"ok"}]"#;

#[tokio::test]
async fn what_is_brought_is_answered_to_who_fetches() -> TestResult {
    let endpoint = endpoint(|_| ())?;
    let session = connect(&endpoint).await?;
    assert_eq!(endpoint.connections(), 1);
    join(&session, "room:session").await?;
    endpoint.broadcast("room:session", "said", &json!({"a": 1}))?;
    session.send(Opcode::Text, HEARTBEAT).await?;
    assert_eq!(next(&session).await?, [r#"[null,null,"room:session","said",{"a":1}]"#, BEAT]);
    Ok(())
}

#[tokio::test]
async fn who_drops_it_says_that_the_client_is_gone() -> TestResult {
    let endpoint = endpoint(|_| ())?;
    let session = connect(&endpoint).await?;
    join(&session, "room:dropped_session").await?;
    drop(session);
    assert_eq!(reported("room:dropped_session").await, "Closed");
    endpoint.close(Duration::from_secs(10)).await;
    assert_eq!((endpoint.connections(), endpoint.channels()), (0, 0));
    Ok(())
}

#[tokio::test]
async fn what_is_not_delivered_comes_again_before_what_is_new() -> TestResult {
    let endpoint = endpoint(|_| ())?;
    let session = connect(&endpoint).await?;
    session.send(Opcode::Text, HEARTBEAT).await?;
    let lost = session.recv().await?;
    assert_eq!(texts(&lost), [BEAT]);
    session.send(Opcode::Text, HEARTBEAT.replace('1', "2")).await?;
    drop(lost);
    assert_eq!(next(&session).await?, [BEAT.to_owned(), BEAT.replace('1', "2")]);
    Ok(())
}

#[tokio::test]
async fn who_receives_later_takes_the_place_of_who_received_before() -> TestResult {
    let endpoint = endpoint(|_| ())?;
    let session = connect(&endpoint).await?;
    let (first, second, sent) =
        tokio::join!(next(&session), next(&session), async { session.send(Opcode::Text, HEARTBEAT).await });
    assert_eq!(first, Err(SessionError::Replaced));
    assert_eq!(second?, [BEAT]);
    sent?;
    Ok(())
}

#[tokio::test]
async fn it_ends_as_a_websocket_would_and_says_with_which_code() -> TestResult {
    let endpoint = endpoint(|options| options.limits.max_message_bytes = 100)?;
    let too_large = vec![b'['; 101];
    for (opcode, message, code) in [
        (Opcode::Text, &b"[1]"[..], CloseCode::InternalError),
        (Opcode::Binary, b"", CloseCode::InternalError),
        (Opcode::Text, b"[\xff]", CloseCode::InvalidText),
        (Opcode::Text, &too_large, CloseCode::TooLarge),
    ] {
        let session = connect(&endpoint).await?;
        let ended = Err(SessionError::Ended(code));
        assert_eq!(session.send(opcode, message.to_vec()).await, ended);
        assert_eq!(session.send(Opcode::Text, HEARTBEAT).await, ended);
        assert_eq!(next(&session).await.map(|_| ()), ended);
    }
    assert_eq!(SessionError::Ended(CloseCode::TooLarge).to_string(), "the session has ended, with 1009");
    Ok(())
}

#[tokio::test]
async fn it_can_be_closed_from_either_side_and_what_waits_can_still_be_fetched() -> TestResult {
    let endpoint = endpoint(|_| ())?;
    let by_id = endpoint.connect(arrival("id=user:session")).await.map_err(status)?;
    endpoint.disconnect("user:session");
    assert_eq!(next(&by_id).await, Err(SessionError::Ended(CloseCode::GoingAway)));

    let by_transport = connect(&endpoint).await?;
    by_transport.send(Opcode::Text, HEARTBEAT).await?;
    by_transport.close(CloseCode::Application(4001));
    assert_eq!(next(&by_transport).await?, [BEAT]);
    assert_eq!(next(&by_transport).await, Err(SessionError::Ended(CloseCode::Application(4001))));

    let by_server = connect(&endpoint).await?;
    endpoint.drain().await;
    assert_eq!(next(&by_server).await, Err(SessionError::Ended(CloseCode::ServiceRestart)));
    Ok(())
}

#[tokio::test]
async fn a_silent_client_is_closed_and_one_that_says_something_is_not() -> TestResult {
    let timeout = Duration::from_secs(1);
    let endpoint = endpoint(|options| options.limits.idle_timeout = timeout)?;
    let session = connect(&endpoint).await?;
    let started = std::time::Instant::now();
    while started.elapsed() < 3 * timeout {
        session.send(Opcode::Text, HEARTBEAT).await?;
        assert_eq!(next(&session).await?, [BEAT]);
    }
    assert_eq!(next(&session).await, Err(SessionError::Ended(CloseCode::GoingAway)));
    Ok(())
}

/// `Limits::inbox_pushes`: a message waits until the channel has room for it.
#[tokio::test]
async fn a_message_waits_for_its_channel() -> TestResult {
    let endpoint = endpoint(|options| options.limits.inbox_pushes = 1)?;
    let session = connect(&endpoint).await?;
    join(&session, "room:session_waits").await?;
    session.send(Opcode::Text, r#"["1","2","room:session_waits","gated",{}]"#).await?;
    assert_eq!(reported("room:session_waits").await, "handling");
    let noreply = r#"["1",null,"room:session_waits","noreply",{}]"#;
    session.send(Opcode::Text, noreply).await?;
    let mut waits = std::pin::pin!(session.send(Opcode::Text, noreply));
    tokio::select! {
        biased;
        sent = &mut waits => return Err(format!("there was room: {sent:?}").into()),
        heard = next(&session) => return Err(format!("nothing was to be heard: {heard:?}").into()),
        () = async {
            // The session's task has its turn, and finds no room.
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            gate("room:session_waits").add_permits(1);
        } => {}
    }
    waits.await?;
    let answer = r#"["1","2","room:session_waits","phx_reply",{"response":{},"status":"ok"}]"#;
    assert_eq!(next(&session).await?, [answer]);
    Ok(())
}

#[tokio::test]
async fn bytes_go_as_they_are_unless_the_transport_can_carry_text_only() -> TestResult {
    let endpoint = endpoint(|_| ())?;
    let push = [&[0, 1, 1, 7, 4][..], b"12bytes:secho", &[0, 0xFF]].concat();
    let mut text_only = arrival("");
    text_only.text_only = true;
    for (arrival, opcode, answer) in [
        (arrival(""), Opcode::Binary, [&[1, 1, 1, 7, 2][..], b"12bytes:sok", &[0, 0xFF]].concat()),
        (
            text_only,
            Opcode::Text,
            br#"["1","2","bytes:s","phx_reply",{"response":{"base64":"AP8="},"status":"ok"}]"#.to_vec(),
        ),
    ] {
        let session = endpoint.connect(arrival).await.map_err(status)?;
        join(&session, "bytes:s").await?;
        session.send(Opcode::Binary, push.clone()).await?;
        let delivery = session.recv().await?;
        assert_eq!(delivery.messages().collect::<Vec<_>>(), [(opcode, &*answer)]);
        delivery.delivered();
    }
    Ok(())
}

#[tokio::test]
async fn it_is_refused_as_a_websocket_would_be() -> TestResult {
    let endpoint = endpoint(|options| {
        options.check_origin = Some(CheckOrigin::list(["https://example.com"]));
        options.limits.max_query_bytes = 100;
    })?;
    let mut foreign = arrival("");
    foreign.headers.insert("origin", "https://evil.example".parse()?);
    let mut ours = arrival("");
    ours.headers.insert("origin", "https://example.com".parse()?);
    assert!(endpoint.connect(ours).await.is_ok());
    for (arrival, status) in [
        (foreign, StatusCode::FORBIDDEN),
        (arrival("refuse=1"), StatusCode::FORBIDDEN),
        (Arrival::new("/socket", "vsn=9.0.0"), StatusCode::FORBIDDEN),
        (arrival("refuse=panic"), StatusCode::INTERNAL_SERVER_ERROR),
        (arrival("a=%ff"), StatusCode::BAD_REQUEST),
        (arrival("a b"), StatusCode::BAD_REQUEST),
        (arrival(&"x".repeat(100)), StatusCode::URI_TOO_LONG),
        (Arrival::new("/elsewhere", ""), StatusCode::NOT_FOUND),
        (Arrival::new("/socket/websocket", ""), StatusCode::NOT_FOUND),
    ] {
        let what = format!("{arrival:?}");
        let refusal = endpoint.connect(arrival).await.err();
        assert_eq!(refusal.map(|refusal| refusal.status()), Some(status), "{what}");
    }
    Ok(())
}

#[tokio::test]
async fn segments_of_the_path_are_parameters() -> TestResult {
    let endpoint = Endpoint::builder().socket::<TestSocket>("/{report}/socket").build()?;
    let arrival = Arrival::new("/arrived%20by%20path/socket", "vsn=2.0.0");
    endpoint.connect(arrival).await.map_err(status)?;
    assert_eq!(reported("arrived by path").await, "false /arrived%20by%20path/socket?vsn=2.0.0");
    Ok(())
}
