//! Who is let in: `cargo test --example auth`

use crate::{ADMINS, Locked, MAX_AGE, MAX_NAME_CHARS, USERS, connections_of, is_name};
use phx_runtime::prelude::*;
use phx_runtime::testing::{ConnectError, TestClient, TestResult};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};
use warp::http::{HeaderName, HeaderValue};

fn endpoint(locked: &Locked) -> Result<Endpoint, EndpointError> {
    crate::endpoint(
        "of the tests of auth, and of 64 bytes at least, or the endpoint warns".to_owned(),
        locked,
    )
}

async fn connect(endpoint: &Endpoint, token: Option<&str>) -> Result<TestClient, ConnectError> {
    TestClient::connect_with(endpoint, "/socket", &(), |arrival| {
        let token = token.and_then(|token| HeaderValue::from_str(token).ok());
        arrival.headers.extend(token.map(|token| (HeaderName::from_static("x-phoenix-authtoken"), token)));
    })
    .await
}

/// The status of the refusal, if it is one.
fn refusal(attempt: Result<TestClient, ConnectError>) -> Option<u16> {
    attempt.err()?.status().map(|status| status.as_u16())
}

#[tokio::test(start_paused = true)]
async fn a_token_lets_its_user_in() -> TestResult {
    let endpoint = endpoint(&Locked::default())?;
    let token = endpoint.token(USERS)?.sign("ann")?;
    let (_, welcome) = connect(&endpoint, Some(&token)).await?.join("room:lobby", &()).await?;
    assert_eq!(welcome, json!("welcome, ann"));

    let of_another_purpose = endpoint.token(ADMINS)?.sign("ann")?;
    for token in [None, Some(""), Some("forged"), Some(&of_another_purpose)] {
        assert_eq!(refusal(connect(&endpoint, token).await), Some(403), "{token:?}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_token_expires() -> TestResult {
    let endpoint = endpoint(&Locked::default())?;
    let minute = Duration::from_mins(1);
    for (age, refused) in [(MAX_AGE.saturating_sub(minute), None), (MAX_AGE + minute, Some(403))] {
        let token = endpoint.token(USERS)?.sign_at("ann", SystemTime::now() - age)?;
        assert_eq!(refusal(connect(&endpoint, Some(&token)).await), refused);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_is_locked_out_does_not_come_back() -> TestResult {
    let locked = Locked::default();
    let endpoint = endpoint(&locked)?;
    let token = endpoint.token(USERS)?.sign("eve")?;
    let eve = connect(&endpoint, Some(&token)).await?;
    locked.insert("eve".to_owned());
    // As who was connecting just then and has missed the disconnect.
    let reason: Value = eve.expect_refusal("room:lobby", &()).await;
    assert_eq!(reason, json!({"reason": "locked out"}));

    endpoint.disconnect(connections_of("eve"));
    eve.assert_closed(1001).await;
    assert_eq!(refusal(connect(&endpoint, Some(&token)).await), Some(403));
    Ok(())
}

#[test]
fn a_name_has_1_to_24_characters_and_no_blank_around_it() {
    let longest = "é".repeat(MAX_NAME_CHARS);
    for (name, is_one) in [
        ("größe", true),
        ("two words", true),
        (&*longest, true),
        (&format!("{longest}é"), false),
        ("", false),
        (" ", false),
        (" ann", false),
    ] {
        assert_eq!(is_name(name), is_one, "{name:?}");
    }
}
