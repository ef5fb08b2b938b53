//! Protocol §8: every connection of a socket's id is closed from outside.

use crate::support::app::TestSocket;
use crate::support::signals::reported;
use crate::support::{
    Client, Over, TestResult, TestServer, apply, each_transport, each_websocket, with_longpoll,
};
use phx_runtime::Endpoint;
use serde_json::json;

async fn connect_as(over: Over, server: &TestServer, id: &str) -> Client {
    server.connect_with(over, &format!("&id={id}")).await
}

#[apply(each_transport)]
#[tokio::test]
async fn a_disconnect_closes_the_connections_of_the_id_at_every_mount_with_1001_and_no_other(
    over: Over,
) -> TestResult {
    let endpoint = Endpoint::builder()
        .socket_with::<TestSocket>("/socket", with_longpoll)
        .socket_with::<TestSocket>("/other", with_longpoll)
        .build()?;
    let server = TestServer::serve(endpoint).await?;
    let mut first = connect_as(over, &server, "user:1").await.named("first");
    let mut second = server.at().connect(over, "/other", "&id=user:1").await.named("second");
    let mut other = connect_as(over, &server, "user:2").await.named("other");
    let mut nameless = server.connect(over).await.named("nameless");
    first.join("room:disconnected").await;

    server.endpoint.disconnect("user:1");
    // No `phx_close` comes first.
    first.expect_close(1001).await;
    second.expect_close(1001).await;
    assert_eq!(reported("room:disconnected").await, "Closed");
    other.nothing_more().await;
    nameless.nothing_more().await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn it_is_a_broadcast_of_disconnect_whatever_its_payload(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = connect_as(over, &server, "user:1").await;
    server.endpoint.broadcast("user:1", "disconnect", &json!({"reason": "any"}))?;
    client.expect_close(1001).await;
    let mut client = connect_as(over, &server, "user:1").await;
    server.endpoint.local_broadcast("user:1", "disconnect", &())?;
    client.expect_close(1001).await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn what_waits_for_the_client_is_written_before_it_is_closed(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = connect_as(over, &server, "user:1").await;
    client.join("room:1").await;
    server.endpoint.broadcast("room:1", "last", &json!({}))?;
    server.endpoint.disconnect("user:1");
    server.endpoint.broadcast("room:1", "too_late", &json!({}))?;
    client
        .talk(
            r#"
            <- [null,null,"room:1","last",{}]
            <- close 1001
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn other_events_are_ignored_and_a_channel_of_the_same_name_gets_all_of_them(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut named = connect_as(over, &server, "room:same").await.named("named");
    let mut joined = server.connect(over).await.named("joined");
    joined.join("room:same").await;
    for event in ["Disconnect", "disconnected", "phx_close"] {
        server.endpoint.broadcast("room:same", event, &json!({}))?;
        joined.talk(&format!(r#"<- [null,null,"room:same","{event}",{{}}]"#)).await;
    }
    named.nothing_more().await;

    // A client cannot disconnect another one without a channel that lets it broadcast any event.
    named.send(r#"[null,"1","room:same","disconnect",{}]"#).await;
    named
        .talk(
            r#"
            <- [null,"1","room:same","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]
            "#,
        )
        .await;

    server.endpoint.disconnect("room:same");
    named.expect_close(1001).await;
    joined.talk(r#"<- [null,null,"room:same","disconnect",{}]"#).await;
    joined.nothing_more().await;
    Ok(())
}

#[apply(each_websocket)]
#[tokio::test]
async fn the_id_is_forgotten_with_its_connection(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let endpoint = server.endpoint.clone();
    let first = connect_as(over, &server, "user:1").await;
    let second = connect_as(over, &server, "user:2").await;
    let nameless = server.connect(over).await;
    assert_eq!(endpoint.topics(), 2);
    drop((first, second, nameless));
    server.stop().await?;
    assert_eq!(endpoint.topics(), 0);
    Ok(())
}

#[tokio::test]
async fn an_id_that_panics_refuses_its_connection_only() -> TestResult {
    let server = TestServer::start().await?;
    let mut other = connect_as(Over::WebSocketV2, &server, "user:1").await;
    let refused = tokio_tungstenite::connect_async(format!("{}&id=panic", server.url())).await;
    assert!(refused.is_err());
    other.nothing_more().await;
    assert_eq!(server.endpoint.connections(), 1);
    Ok(())
}
