//! What a room does, without a server: `cargo test --example hello`

use phx_runtime::prelude::*;
use phx_runtime::testing::{TestClient, TestResult};
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn everyone_in_a_room_hears_a_shout() -> TestResult {
    let endpoint = Endpoint::builder().build()?;
    let ann = TestClient::connect(&endpoint, "/socket", &()).await?;
    let bo = TestClient::connect(&endpoint, "/socket", &()).await?;
    let (at_ann, _) = ann.join("room:lobby", &()).await?;
    let (at_bo, _) = bo.join("room:lobby", &()).await?;
    let (elsewhere, _) = bo.join("room:other", &()).await?;
    at_ann.push("shout", &json!({"text": "hello"})).await;
    at_ann.assert_push("shout", &json!({"text": "hello"})).await;
    at_bo.assert_push("shout", &json!({"text": "hello"})).await;
    elsewhere.refute_push("shout").await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_room_has_a_name() -> TestResult {
    let endpoint = Endpoint::builder().build()?;
    let client = TestClient::connect(&endpoint, "/socket", &()).await?;
    let refusal: serde_json::Value = client.expect_refusal("room:", &()).await;
    assert_eq!(refusal, json!({"reason": "which room?"}));
    Ok(())
}
