//! Protocol §3.1: the JSON objects of clients before phoenix.js 1.3.

use crate::support::{Client, TestResult, TestServer};
use tokio_tungstenite::tungstenite::Message;

async fn join(server: &TestServer, topic: &str) -> Client {
    let mut client = Client::connect(&server.url_of("1.0.0")).await;
    client
        .talk(&format!(
            r#"
            -> {{"topic":"{topic}","event":"phx_join","payload":{{}},"ref":"1"}}
            <- {{"topic":"{topic}","event":"phx_reply","ref":"1","payload":{{"response":{{}},"status":"ok"}}}}
            "#
        ))
        .await;
    client
}

#[tokio::test]
async fn a_conversation() -> TestResult {
    let server = TestServer::start().await?;
    join(&server, "room:1")
        .await
        .talk(
            r#"
            -> {"topic":"room:1","event":"echo","payload":{"a":1},"ref":"2"}
            <- {"topic":"room:1","event":"phx_reply","ref":"2","payload":{"response":{"a":1},"status":"ok"}}
            -> {"topic":"room:1","event":"custom","payload":[1],"ref":"3"}
            <- {"topic":"room:1","event":"phx_reply","ref":"3","payload":{"response":[1],"status":"custom"}}
            -> {"topic":"room:1","event":"push","payload":{"b":2},"ref":"4"}
            <- {"topic":"room:1","event":"pushed","ref":null,"payload":{"b":2}}
            -> {"topic":"room:1","event":"broadcast","payload":{"c":3},"ref":"5"}
            <- {"topic":"room:1","event":"said","ref":null,"payload":{"c":3}}
            <- {"topic":"room:1","event":"phx_reply","ref":"5","payload":{"response":{},"status":"ok"}}
            -> {"topic":"phoenix","event":"heartbeat","payload":{},"ref":"6"}
            <- {"topic":"phoenix","event":"phx_reply","ref":"6","payload":{"response":{},"status":"ok"}}
            -> {"topic":"nope","event":"phx_join","payload":{},"ref":"7"}
            <- {"topic":"nope","event":"phx_reply","ref":"7","payload":{"response":{"reason":"unmatched topic"},"status":"error"}}
            -> {"topic":"room:1","event":"phx_leave","payload":{},"ref":"8"}
            <- {"topic":"room:1","event":"phx_reply","ref":"8","payload":{"response":{},"status":"ok"}}
            <- {"topic":"room:1","event":"phx_close","ref":null,"payload":{}}
            "#,
        )
        .await;
    Ok(())
}

#[tokio::test]
async fn a_client_without_a_version_is_one_of_version_1() -> TestResult {
    let server = TestServer::start().await?;
    Client::connect(&format!("ws://{}/socket/websocket", server.addr))
        .await
        .talk(
            r#"
            -> {"topic":"phoenix","event":"heartbeat","payload":{},"ref":"6"}
            <- {"topic":"phoenix","event":"phx_reply","ref":"6","payload":{"response":{},"status":"ok"}}
            "#,
        )
        .await;
    Ok(())
}

#[tokio::test]
async fn a_crash_and_a_duplicate_join_carry_the_stored_join_ref_as_their_ref() -> TestResult {
    let server = TestServer::start().await?;
    join(&server, "room:1")
        .await
        .talk(
            r#"
            -> {"topic":"room:1","event":"phx_join","payload":{},"ref":"2"}
            <- {"topic":"room:1","event":"phx_reply","ref":"2","payload":{"response":{},"status":"ok"}}
            <- {"topic":"room:1","event":"phx_close","ref":null,"payload":{}}
            -> {"topic":"room:1","event":"panic","payload":{},"ref":"3"}
            <- {"topic":"room:1","event":"phx_error","ref":null,"payload":{"reason":"channel_crash"}}
            "#,
        )
        .await;
    Ok(())
}

#[tokio::test]
async fn a_join_ref_is_read_if_present_and_never_sent_in_its_own_place() -> TestResult {
    let server = TestServer::start().await?;
    let mut client = Client::connect(&server.url_of("1.0.0")).await;
    client
        .talk(
            r#"
            -> {"topic":"room:1","event":"phx_join","payload":{},"ref":"1","join_ref":"j"}
            <- {"topic":"room:1","event":"phx_reply","ref":"1","payload":{"response":{},"status":"ok"}}
               of another join, so it is ignored
            -> {"topic":"room:1","event":"echo","payload":{},"ref":"2","join_ref":"k"}
            -> {"topic":"room:1","event":"echo","payload":{},"ref":"3","join_ref":"j"}
            <- {"topic":"room:1","event":"phx_reply","ref":"3","payload":{"response":{},"status":"ok"}}
            -> {"topic":"room:1","event":"stop","payload":{},"ref":"4"}
            <- {"topic":"room:1","event":"phx_close","ref":"j","payload":{}}
            "#,
        )
        .await;
    Ok(())
}

#[tokio::test]
async fn a_missing_member_or_anything_but_an_object_closes_with_1011() -> TestResult {
    let server = TestServer::start().await?;
    for text in [
        r#"{"event":"heartbeat","payload":{},"ref":"1"}"#,
        r#"{"topic":"phoenix","payload":{},"ref":"1"}"#,
        r#"{"topic":"phoenix","event":"heartbeat","ref":"1"}"#,
        r#"{"topic":"phoenix","event":"heartbeat","payload":{}}"#,
        r#"[null,"1","phoenix","heartbeat",{}]"#,
        "null",
        "",
        "{",
    ] {
        let mut client = Client::connect(&server.url_of("1.0.0")).await;
        client.send(text).await;
        client.expect_close(1011).await;
    }
    Ok(())
}

#[tokio::test]
async fn members_may_be_null() -> TestResult {
    let server = TestServer::start().await?;
    Client::connect(&server.url_of("1.0.0"))
        .await
        .talk(
            r#"
            -> {"topic":null,"event":null,"payload":null,"ref":null}
            <- {"topic":null,"event":"phx_reply","ref":null,"payload":{"response":{"reason":"unmatched topic"},"status":"error"}}
            "#,
        )
        .await;
    Ok(())
}

#[tokio::test]
async fn the_kind_of_frame_does_not_matter() -> TestResult {
    let server = TestServer::start().await?;
    let mut client = Client::connect(&server.url_of("1.0.0")).await;
    let heartbeat = br#"{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"6"}"#;
    client.send_message(Message::binary(heartbeat.to_vec())).await;
    let answer =
        r#"{"topic":"phoenix","event":"phx_reply","ref":"6","payload":{"response":{},"status":"ok"}}"#;
    assert_eq!(client.next().await, answer);
    client.send_message(Message::binary(vec![0, 1, 2])).await;
    client.expect_close(1011).await;
    Ok(())
}

#[tokio::test]
async fn the_payload_of_a_push_or_broadcast_may_be_any_value() -> TestResult {
    let server = TestServer::start().await?;
    let mut ann = join(&server, "room:any").await;
    let mut bo = join(&server, "room:any").await;
    ann.talk(
        r#"
        -> {"topic":"room:any","event":"push","payload":"text","ref":"2"}
        <- {"topic":"room:any","event":"pushed","ref":null,"payload":"text"}
        -> {"topic":"room:any","event":"broadcast","payload":[1],"ref":"3"}
        <- {"topic":"room:any","event":"said","ref":null,"payload":[1]}
        <- {"topic":"room:any","event":"phx_reply","ref":"3","payload":{"response":{},"status":"ok"}}
        "#,
    )
    .await;
    bo.talk(r#"<- {"topic":"room:any","event":"said","ref":null,"payload":[1]}"#).await;
    Ok(())
}

#[tokio::test]
async fn bytes_cannot_be_pushed_or_answered_to_a_client_of_version_1() -> TestResult {
    let server = TestServer::start().await?;
    join(&server, "bytes:1")
        .await
        .talk(
            r#"
            -> {"topic":"bytes:1","event":"to_bytes","payload":"hi","ref":"2"}
            <- {"topic":"bytes:1","event":"phx_error","ref":null,"payload":{"reason":"channel_crash"}}
               as the answer to a join
            -> {"topic":"bytes:in_answer","event":"phx_join","payload":{},"ref":"2"}
            <- {"topic":"bytes:in_answer","event":"phx_reply","ref":"2","payload":{"response":{"reason":"join crashed"},"status":"error"}}
            -> {"topic":"bytes:1","event":"phx_join","payload":{},"ref":"3"}
            <- {"topic":"bytes:1","event":"phx_reply","ref":"3","payload":{"response":{},"status":"ok"}}
            -> {"topic":"bytes:1","event":"long_push","payload":3,"ref":"4"}
            <- {"topic":"bytes:1","event":"phx_error","ref":null,"payload":{"reason":"channel_crash"}}
            "#,
        )
        .await;
    Ok(())
}

/// Phoenix fails in the sender here, and what other clients get depends on their order.
#[tokio::test]
async fn a_broadcast_of_bytes_skips_the_clients_of_version_1_and_crashes_nobody() -> TestResult {
    let server = TestServer::start().await?;
    let mut old = join(&server, "bytes:mixed").await;
    let mut new = server.websocket().await;
    new.join("bytes:mixed").await;
    let mut old_too = join(&server, "bytes:mixed").await;

    // From a client of either version.
    new.talk(
        r#"
        => 00 01 01 0b 09 "1" "2" "bytes:mixed" "broadcast" be ef
        <= 02 0b 04 "bytes:mixed" "said" be ef
        "#,
    )
    .await;
    old.talk(
        r#"
        -> {"topic":"bytes:mixed","event":"broadcast_bytes","payload":"hi","ref":"2"}
        <- {"topic":"bytes:mixed","event":"phx_reply","ref":"2","payload":{"response":{},"status":"ok"}}
        "#,
    )
    .await;
    new.talk(r#"<= 02 0b 04 "bytes:mixed" "said" "hi""#).await;

    // JSON reaches everybody, each in its own encoding.
    new.talk(
        r#"
        -> ["1","3","bytes:mixed","broadcast",{"a":1}]
        <- [null,null,"bytes:mixed","said",{"a":1}]
        "#,
    )
    .await;
    for client in [&mut old, &mut old_too] {
        client.talk(r#"<- {"topic":"bytes:mixed","event":"said","ref":null,"payload":{"a":1}}"#).await;
    }
    Ok(())
}

/// A client of version 2 would not understand it, and one of version 1 cannot know.
#[tokio::test]
async fn a_broadcast_of_a_list_by_a_client_of_version_1_skips_those_of_version_2() -> TestResult {
    let server = TestServer::start().await?;
    let mut old = join(&server, "room:lists").await;
    let mut new = server.websocket().await;
    new.join("room:lists").await;
    old.talk(
        r#"
        -> {"topic":"room:lists","event":"broadcast","payload":[1],"ref":"2"}
        <- {"topic":"room:lists","event":"said","ref":null,"payload":[1]}
        <- {"topic":"room:lists","event":"phx_reply","ref":"2","payload":{"response":{},"status":"ok"}}
        "#,
    )
    .await;
    new.nothing_more_from("room:lists").await;
    Ok(())
}
