//! Protocol §2.7: a token that travels as a subprotocol.

use super::probe::{saw, start};
use crate::support::http::{PATH, request, upgrade};
use crate::support::{TestResult, TestServer};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::json;

/// `>?>?~~` in standard base64 has a `+` and a `/`.
const TOKEN: &str = ">?>?~~";
const ENCODED: &str = "Pj8+P35+";

fn offers(protocols: &str) -> String {
    format!("sec-websocket-protocol: {protocols}\r\n")
}

fn bearer(encoded: &str) -> String {
    format!("base64url.bearer.phx.{encoded}")
}

/// As phoenix.js offers a token.
pub(super) fn offers_token(token: &str) -> String {
    offers(&format!("phoenix, {}", bearer(&STANDARD_NO_PAD.encode(token))))
}

#[tokio::test]
async fn the_one_bearer_protocol_is_decoded_and_removed_from_what_connect_sees() -> TestResult {
    let server = start("/socket", |options| options.auth_token = true).await?;
    for protocols in [format!("phoenix, {}", bearer(ENCODED)), format!("{},phoenix", bearer(ENCODED))] {
        let saw = saw(&server, PATH, &offers(&protocols)).await?;
        assert_eq!(saw["auth_token"], json!(TOKEN));
        assert_eq!(saw["sec_websocket"], json!(["sec-websocket-protocol=phoenix"]));
    }
    Ok(())
}

#[tokio::test]
async fn the_header_goes_if_nothing_else_was_offered() -> TestResult {
    let server = start("/socket", |options| options.auth_token = true).await?;
    let saw = saw(&server, PATH, &offers(&bearer(ENCODED))).await?;
    assert_eq!((&saw["auth_token"], &saw["sec_websocket"]), (&json!(TOKEN), &json!([])));
    Ok(())
}

#[tokio::test]
async fn several_bearer_protocols_are_left_alone() -> TestResult {
    let server = start("/socket", |options| options.auth_token = true).await?;
    let protocols = format!("phoenix, {}, {}", bearer(ENCODED), bearer("YQ"));
    let saw = saw(&server, PATH, &offers(&protocols)).await?;
    assert_eq!(saw["auth_token"], json!(null));
    assert_eq!(saw["sec_websocket"], json!([format!("sec-websocket-protocol={protocols}")]));
    Ok(())
}

#[tokio::test]
async fn without_a_token_it_is_null() -> TestResult {
    let server = start("/socket", |options| options.auth_token = true).await?;
    assert_eq!(saw(&server, PATH, "").await?["auth_token"], json!(null));
    let saw = saw(&server, PATH, &offers("phoenix")).await?;
    assert_eq!(saw["auth_token"], json!(null));
    assert_eq!(saw["sec_websocket"], json!(["sec-websocket-protocol=phoenix"]));
    Ok(())
}

#[tokio::test]
async fn both_alphabets_are_read_with_and_without_padding() -> TestResult {
    let server = start("/socket", |options| options.auth_token = true).await?;
    for (encoded, token) in [
        (ENCODED, TOKEN),
        ("Pj8-P35-", TOKEN),
        ("Pz8_", "???"),
        ("Pz8/", "???"),
        ("YQ", "a"),
        ("YQ==", "a"),
        ("", ""),
    ] {
        let saw = saw(&server, PATH, &offers(&format!("phoenix, {}", bearer(encoded)))).await?;
        assert_eq!(saw["auth_token"], json!(token), "{encoded}");
    }
    Ok(())
}

#[tokio::test]
async fn a_token_that_is_no_base64_of_a_text_is_refused() -> TestResult {
    let server = start("/socket", |options| options.auth_token = true).await?;
    for encoded in ["!", "a", "YQ=a", "Y Q", "/w=="] {
        let headers = offers(&format!("phoenix, {}", bearer(encoded)));
        request(&server, "GET", PATH, &headers).await?.assert_empty(403, encoded);
    }
    Ok(())
}

#[tokio::test]
async fn phoenix_is_the_first_of_the_subprotocols() -> TestResult {
    for subprotocols in [None, Some(vec!["chat".to_owned()])] {
        let server = TestServer::start_with_options(|options| {
            options.auth_token = true;
            options.subprotocols = subprotocols;
        })
        .await?;
        let answer = upgrade(&server, PATH, &offers(&format!("chat, phoenix, {}", bearer(ENCODED)))).await?;
        assert_eq!((answer.status, answer.header("sec-websocket-protocol")), (101, Some("phoenix")));
        let answer = upgrade(&server, PATH, &offers(&bearer(ENCODED))).await?;
        assert_eq!((answer.status, answer.header("sec-websocket-protocol")), (101, None), "the token alone");
        upgrade(&server, PATH, &offers(&format!("mqtt, {}", bearer(ENCODED))))
            .await?
            .assert_empty(403, "mqtt");
    }
    Ok(())
}

#[tokio::test]
async fn a_mount_that_reads_no_token_leaves_it_where_it_is() -> TestResult {
    let server = start("/socket", |_| ()).await?;
    let protocols = format!("phoenix, {}", bearer("!"));
    let saw = saw(&server, PATH, &offers(&protocols)).await?;
    assert_eq!(saw["auth_token"], json!(null));
    assert_eq!(saw["sec_websocket"], json!([format!("sec-websocket-protocol={protocols}")]));
    Ok(())
}
