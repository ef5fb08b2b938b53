//! What happens in a room: `cargo test --example chat`

use phx_runtime::prelude::*;
use phx_runtime::testing::{ConnectError, TestClient, TestResult, TestServer, over_each};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Message {
    from: String,
    body: String,
    at: u64,
}

/// Who is present. What stands beside the names is new each time.
type Names = BTreeMap<String, Value>;

#[derive(Deserialize)]
struct Diff {
    joins: Names,
    leaves: Names,
}

impl Diff {
    fn names(&self) -> [Vec<&String>; 2] {
        [self.joins.keys().collect(), self.leaves.keys().collect()]
    }
}

fn endpoint() -> Result<Endpoint, EndpointError> {
    Endpoint::builder()
        .secret_key_base("of the tests of the chat, and of 64 bytes, or the endpoint warns")
        .build()
}

async fn connect(endpoint: &Endpoint, name: &str) -> Result<TestClient, ConnectError> {
    TestClient::connect(endpoint, "/socket", &json!({"name": name})).await
}

#[tokio::test(start_paused = true)]
async fn a_name_has_1_to_24_characters() -> TestResult {
    let endpoint = endpoint()?;
    for (name, is_let_in) in
        [("", false), ("  ", false), ("é", true), (&"é".repeat(24), true), (&"é".repeat(25), false)]
    {
        assert_eq!(connect(&endpoint, name).await.is_ok(), is_let_in, "{name:?}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_room_is_named_as_addresses_are() -> TestResult {
    let client = connect(&endpoint()?, "ann").await?;
    for room in ["room:", "room:Caps", "room:two words"] {
        let refusal: Value = client.expect_refusal(room, &()).await;
        assert_eq!(refusal, json!({"reason": "a room is named with up to 32 of a-z, 0-9 and -"}));
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_others_hear_who_comes_and_goes() -> TestResult {
    let endpoint = endpoint()?;
    let (ann, bo) = (connect(&endpoint, "ann").await?, connect(&endpoint, "bo").await?);
    let (at_ann, welcome) = ann.join("room:coming", &()).await?;
    assert_eq!(welcome, json!({"name": "ann"}));
    let here: Names = at_ann.expect_push("presence_state").await;
    assert!(here.keys().eq(["ann"]));
    let own: Diff = at_ann.expect_push("presence_diff").await;
    assert_eq!(own.names(), [vec!["ann"], vec![]]);

    let (at_bo, _) = bo.join("room:coming", &()).await?;
    let here: Names = at_bo.expect_push("presence_state").await;
    assert!(here.keys().eq(["ann", "bo"]));
    let came: Diff = at_ann.expect_push("presence_diff").await;
    assert_eq!(came.names(), [vec!["bo"], vec![]]);
    bo.cut().await;
    let went: Diff = at_ann.expect_push("presence_diff").await;
    assert_eq!(went.names(), [vec![], vec!["bo"]]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_others_hear_who_is_typing() -> TestResult {
    let endpoint = endpoint()?;
    let (ann, bo) = (connect(&endpoint, "ann").await?, connect(&endpoint, "bo").await?);
    let (at_ann, _) = ann.join("room:typing", &()).await?;
    let (at_bo, _) = bo.join("room:typing", &()).await?;
    at_ann.push("typing", &json!({})).await;
    at_bo.assert_push("typing", &json!({"name": "ann"})).await;
    at_ann.refute_push("typing").await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_lobby_hears_of_a_room_that_opens() -> TestResult {
    let endpoint = endpoint()?;
    let client = connect(&endpoint, "ann").await?;
    let (lobby, _) = client.join("room:lobby", &()).await?;
    client.join("room:opening", &()).await?;
    lobby.assert_push("opened", &json!({"room": "opening"})).await;
    connect(&endpoint, "bo").await?.join("room:opening", &()).await?;
    lobby.refute_push("opened").await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_message_has_1_to_2000_characters() -> TestResult {
    let client = connect(&endpoint()?, "ann").await?;
    let (room, _) = client.join("room:lengths", &()).await?;
    for (body, refusal) in
        [(" ".to_owned(), Some("empty")), ("é".repeat(2000), None), ("é".repeat(2001), Some("too_long"))]
    {
        let message = room.push("message", &json!({"body": body})).await;
        match refusal {
            None => room.assert_reply(&message, "ok", &()).await,
            Some(reason) => room.assert_reply(&message, "error", &json!({"reason": reason})).await,
        }
    }
    Ok(())
}

#[test]
fn a_message_reaches_everyone_over_everything() -> TestResult {
    over_each(async |over| {
        let server = TestServer::start(&endpoint()?, over).await?;
        let ann = server.connect("/socket", &json!({"name": "ann"})).await?;
        let bo = server.connect("/socket", &json!({"name": "bo"})).await?;
        let (at_ann, _) = ann.join("room:everything", &()).await?;
        let (at_bo, _) = bo.join("room:everything", &()).await?;
        at_ann.push("message", &json!({"body": " hello "})).await;
        for room in [&at_ann, &at_bo] {
            let message: Message = room.expect_push("message").await;
            assert_eq!((&*message.from, &*message.body), ("ann", "hello"));
            assert!(message.at > 0);
        }
        Ok(())
    })
}
