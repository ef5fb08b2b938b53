//! Who is on the board, and how: `cargo test --example presence`

use phx_runtime::prelude::*;
use phx_runtime::testing::{ConnectError, TestClient, TestResult};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Diff {
    joins: Value,
    leaves: Value,
}

fn endpoint() -> Result<Endpoint, EndpointError> {
    crate::endpoint("of the tests of the board, and of 64 bytes at least, or it warns".to_owned())
}

async fn connect(endpoint: &Endpoint, user: &str) -> Result<TestClient, ConnectError> {
    TestClient::connect(endpoint, "/socket", &json!({"user": user})).await
}

#[tokio::test(start_paused = true)]
async fn a_name_has_1_to_24_characters_as_it_was_typed() -> TestResult {
    let endpoint = endpoint()?;
    let online = json!({"status": "online"});
    // In lower case `İ` is two characters.
    for name in ["é", " Ann ", &"İ".repeat(24)] {
        let (_, welcome) = connect(&endpoint, name).await?.join("board", &online).await?;
        assert_eq!(welcome, json!({"user": name.trim().to_lowercase()}));
    }
    for name in ["", "  ", &"é".repeat(25)] {
        let refusal: Value = connect(&endpoint, name).await?.expect_refusal("board", &online).await;
        assert_eq!(refusal, json!({"reason": "a name has 1 to 24 characters"}));
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_first_list_has_what_is_known_of_everybody() -> TestResult {
    let endpoint = endpoint()?;
    let (at_guest, _) = connect(&endpoint, "Noor").await?.join("board", &json!({"status": "away"})).await?;
    let list: Value = at_guest.expect_push("presence_state").await;
    assert_eq!(list["noor"]["metas"][0]["status"], "away");
    let (at_ann, _) = connect(&endpoint, "Ann").await?.join("board", &json!({"status": "online"})).await?;
    let list: Value = at_ann.expect_push("presence_state").await;
    assert_eq!(list["ann"]["name"], "Ann Lindqvist");
    assert_eq!(list["noor"]["name"], Value::Null);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_status_changes_and_the_time_stays() -> TestResult {
    let endpoint = endpoint()?;
    let (at_ann, _) = connect(&endpoint, "ann").await?.join("board", &json!({"status": "online"})).await?;
    let came: Diff = at_ann.expect_push("presence_diff").await;
    at_ann.push("status", &json!({"status": "busy"})).await;
    let changed: Diff = at_ann.expect_push("presence_diff").await;
    let (before, after) = (&came.joins["ann"]["metas"][0], &changed.joins["ann"]["metas"][0]);
    assert_eq!(changed.leaves["ann"]["metas"][0], *before);
    assert_eq!((&after["status"], &after["since"]), (&json!("busy"), &before["since"]));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_is_soon_back_has_not_been_away() -> TestResult {
    let endpoint = endpoint()?;
    let online = json!({"status": "online"});
    let (at_ann, _) = connect(&endpoint, "ann").await?.join("board", &online).await?;
    let bo = connect(&endpoint, "bo").await?;
    bo.join("board", &online).await?;
    for name in ["ann", "bo"] {
        let came: Diff = at_ann.expect_push("presence_diff").await;
        assert!(came.joins[name].is_object());
    }
    bo.cut().await;
    bo.reconnect().await?;
    bo.join("board", &online).await?;
    at_ann.refute_push("presence_diff").await;

    bo.cut().await;
    tokio::time::sleep(crate::GRACE).await;
    let went: Diff = at_ann.expect_push("presence_diff").await;
    assert!(went.leaves["bo"].is_object());
    assert_eq!(endpoint.presence().count("board"), 1);
    Ok(())
}
