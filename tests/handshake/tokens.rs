//! Protocol §11: `connect` lets those in who have a token of the endpoint.

use super::auth_token::offers_token;
use crate::support::http::{PATH, request, upgrade};
use crate::support::log::Log;
use crate::support::{TestResult, TestServer, with_longpoll};
use phx_runtime::prelude::*;
use phx_runtime::{Endpoint, EndpointBuilder, EndpointProblem, TokenError};
use std::time::{Duration, SystemTime};
use tracing::Level;

struct TokenSocket;

#[socket]
impl Socket for TokenSocket {
    async fn connect(_: NoParams, info: &ConnectInfo) -> Result<Self, Refused> {
        let _user: u64 =
            info.token("user auth")?.max_age(Duration::from_hours(1)).verify(info.auth_token())?;
        Ok(Self)
    }
}

fn secret(letter: &str) -> String {
    letter.repeat(64)
}

fn builder() -> EndpointBuilder {
    Endpoint::builder().socket_with::<TokenSocket>("/socket", |options| {
        with_longpoll(options);
        options.auth_token = true;
    })
}

/// Whether a client gets in, over each transport.
async fn assert_connects(server: &TestServer, token: &str, expected: bool) -> TestResult {
    let answer = upgrade(server, PATH, &offers_token(token)).await?;
    assert_eq!(answer.status, if expected { 101 } else { 403 }, "{token}: {answer:?}");
    let header = format!("x-phoenix-authtoken: {token}\r\n");
    let answer = request(server, "GET", "/socket/longpoll?vsn=2.0.0", &header).await?;
    let status = if expected { r#""status":410"# } else { r#""status":403"# };
    assert!(answer.body.contains(status), "{token}: {answer:?}");
    Ok(())
}

#[tokio::test]
async fn who_has_a_good_token_is_let_in() -> TestResult {
    let server = TestServer::build(builder().secret_key_base(secret("s"))).await?;
    let tokens = server.endpoint.token("user auth")?;
    assert_connects(&server, &tokens.sign(&7)?, true).await?;
    assert_connects(&server, &tokens.sign_at(&7, SystemTime::now() - Duration::from_mins(59))?, true).await?;

    assert_connects(&server, &tokens.sign_at(&7, SystemTime::now() - Duration::from_mins(61))?, false)
        .await?;
    assert_connects(&server, &tokens.sign_at(&7, SystemTime::now() + Duration::from_mins(1))?, false).await?;
    assert_connects(&server, &tokens.sign("seven")?, false).await?;
    assert_connects(&server, &tokens.encrypt(&7)?, false).await?;
    assert_connects(&server, &server.endpoint.token("other")?.sign(&7)?, false).await?;
    assert_connects(&server, "forged", false).await?;
    assert_eq!(upgrade(&server, PATH, "").await?.status, 403, "without one");
    Ok(())
}

#[tokio::test]
async fn what_does_not_fit_in_a_token_is_in_no_line_of_the_log() -> TestResult {
    let log = Log::default();
    let _guard = log.start();
    let server = TestServer::build(builder().secret_key_base(secret("s"))).await?;
    assert_connects(&server, &server.endpoint.token("user auth")?.sign("card 4111")?, false).await?;
    let refused = log.lines(Level::INFO);
    let refused = refused.iter().filter(|line| line.contains("reason=the token is not valid"));
    assert_eq!(refused.count(), 2, "over each transport");
    for level in [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG] {
        assert!(!log.lines(level).iter().any(|line| line.contains("4111")), "{level}");
    }
    Ok(())
}

#[tokio::test]
async fn a_new_secret_knows_what_the_old_one_signed() -> TestResult {
    let before = Endpoint::builder().secret_key_base(secret("o")).build()?.token("user auth")?.sign(&7)?;
    let rotated = || builder().secret_key_base(secret("n")).old_secret_key_base(secret("o"));
    let server = TestServer::build(rotated()).await?;
    assert_connects(&server, &before, true).await?;
    let after = server.endpoint.token("user auth")?.sign(&7)?;
    assert_connects(&server, &after, true).await?;

    let old_only = TestServer::build(builder().secret_key_base(secret("o"))).await?;
    assert_connects(&old_only, &after, false).await?;
    let new_only = TestServer::build(builder().secret_key_base(secret("n"))).await?;
    assert_connects(&new_only, &before, false).await
}

#[tokio::test]
async fn without_a_secret_there_are_no_tokens() -> TestResult {
    // Not even with the one that long polling makes up.
    let server = TestServer::build(builder()).await?;
    assert_eq!(server.endpoint.token("user auth").err(), Some(TokenError::NoSecret));
    let tokens = Endpoint::builder().secret_key_base(secret("s")).build()?.token("user auth")?;
    assert_connects(&server, &tokens.sign(&7)?, false).await
}

#[test]
fn old_secrets_have_64_bytes_too_and_need_a_new_one() {
    let problems = |builder: EndpointBuilder| {
        builder.build().err().map(|error| error.problems().to_vec()).unwrap_or_default()
    };
    let new = || Endpoint::builder().secret_key_base(secret("n"));
    assert_eq!(problems(new().old_secret_key_base("o".repeat(64))), []);
    assert_eq!(problems(new().old_secret_key_base("o".repeat(63))), [EndpointProblem::ShortSecret]);
    let only_old = Endpoint::builder().old_secret_key_base(secret("o"));
    assert_eq!(problems(only_old), [EndpointProblem::OnlyOldSecrets]);
}

#[test]
fn no_secret_is_shown() -> TestResult {
    let secret = |which: &str| format!("do not show the {which} secret to anybody, ").repeat(2);
    let builder = builder().secret_key_base(secret("new")).old_secret_key_base(secret("old"));
    assert!(!format!("{builder:?}").contains("show"));
    let endpoint = builder.build()?;
    assert!(!format!("{endpoint:?} {:?}", endpoint.token("user auth")?).contains("show"));
    Ok(())
}
