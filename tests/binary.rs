//! Protocol §3.3 and §3.4: binary frames of version 2.

use crate::support::{Client, Over, TestResult, TestServer, apply, each_transport_of_v2};

async fn join(server: &TestServer, topic: &str) -> Client {
    join_over(Over::WebSocketV2, server, topic).await
}

async fn join_over(over: Over, server: &TestServer, topic: &str) -> Client {
    let mut client = server.connect(over).await;
    client
        .talk(&format!(
            r#"
            -> ["4","4","{topic}","phx_join",{{}}]
            <- ["4","4","{topic}","phx_reply",{{"response":{{}},"status":"ok"}}]
            "#
        ))
        .await;
    client
}

#[tokio::test]
async fn a_push_with_bytes_is_answered_with_bytes() -> TestResult {
    let server = TestServer::start().await?;
    join(&server, "bytes:1")
        .await
        .talk(
            r#"
               kind 0, lengths of join_ref, ref, topic and event, these four, the payload
            => 00 01 01 07 04 "4" "9" "bytes:1" "echo" de ad be ef
               kind 1, lengths of join_ref, ref, topic and status, these four, the payload
            <= 01 01 01 07 02 "4" "9" "bytes:1" "ok" de ad be ef
            => 00 01 02 07 05 "4" "10" "bytes:1" "error" ff
            <= 01 01 02 07 05 "4" "10" "bytes:1" "error" ff
            => 00 01 02 07 06 "4" "11" "bytes:1" "custom" 00
            <= 01 01 02 07 06 "4" "11" "bytes:1" "custom" 00
               an empty ref is echoed
            => 00 01 00 07 04 "4" "bytes:1" "echo" ff
            <= 01 01 00 07 02 "4" "bytes:1" "ok" ff
               no payload at all
            => 00 01 02 07 04 "4" "12" "bytes:1" "echo"
            <= 01 01 02 07 02 "4" "12" "bytes:1" "ok"
            "#,
        )
        .await;
    Ok(())
}

#[tokio::test]
async fn pushes_and_broadcasts_of_bytes_have_their_own_kinds() -> TestResult {
    let server = TestServer::start().await?;
    let mut ann = join(&server, "bytes:kinds").await;
    let mut bo = join(&server, "bytes:kinds").await;
    ann.talk(
        r#"
        => 00 01 01 0b 04 "4" "9" "bytes:kinds" "push" de ad
           kind 0, lengths of join_ref, topic and event, these three, the payload: no ref
        <= 00 01 0b 06 "4" "bytes:kinds" "pushed" de ad
        => 00 01 01 0b 09 "4" "9" "bytes:kinds" "broadcast" be ef
           kind 2, lengths of topic and event, these two, the payload: no refs
        <= 02 0b 04 "bytes:kinds" "said" be ef
        "#,
    )
    .await;
    bo.talk(r#"<= 02 0b 04 "bytes:kinds" "said" be ef"#).await;
    Ok(())
}

#[tokio::test]
async fn the_payload_decides_the_kind_of_frame_message_by_message() -> TestResult {
    let server = TestServer::start().await?;
    join(&server, "bytes:1")
        .await
        .talk(
            r#"
            -> ["4","5","bytes:1","echo",[1]]
            <- ["4","5","bytes:1","phx_reply",{"response":[1],"status":"ok"}]
            -> ["4","6","bytes:1","to_bytes","hi"]
            <= 01 01 01 07 02 "4" "6" "bytes:1" "ok" "hi"
            => 00 01 01 07 0a "4" "7" "bytes:1" "only_bytes" 01 02 03
            <- ["4","7","bytes:1","phx_reply",{"response":3,"status":"ok"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport_of_v2)]
#[tokio::test]
async fn bytes_for_a_json_handler_and_json_for_a_bytes_handler_are_invalid_payloads(
    over: Over,
) -> TestResult {
    let server = TestServer::start().await?;
    join_over(over, &server, "bytes:1")
        .await
        .talk(
            r#"
            => 00 01 01 07 09 "4" "5" "bytes:1" "only_json" 01
            <- ["4","5","bytes:1","phx_reply",{"response":{"reason":"invalid payload","detail":"expected JSON, got a binary payload"},"status":"error"}]
            -> ["4","6","bytes:1","only_bytes",{}]
            <- ["4","6","bytes:1","phx_reply",{"response":{"reason":"invalid payload","detail":"expected a binary payload, got JSON"},"status":"error"}]
               the channel lives on
            -> ["4","7","bytes:1","echo",{}]
            <- ["4","7","bytes:1","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    Ok(())
}

#[tokio::test]
async fn a_join_may_be_binary_and_is_answered_in_kind() -> TestResult {
    let server = TestServer::start().await?;
    server
        .websocket()
        .await
        .talk(
            r#"
            => 00 01 01 07 08 "4" "4" "bytes:1" "phx_join" ca fe
            <= 01 01 01 07 02 "4" "4" "bytes:1" "ok" ca fe
            => 00 01 01 07 04 "4" "5" "bytes:1" "echo" 01
            <= 01 01 01 07 02 "4" "5" "bytes:1" "ok" 01
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport_of_v2)]
#[tokio::test]
async fn control_events_work_in_binary_and_are_answered_in_text(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    join_over(over, &server, "bytes:1")
        .await
        .talk(
            r#"
            => 00 00 01 07 09 "7" "phoenix" "heartbeat"
            <- [null,"7","phoenix","phx_reply",{"response":{},"status":"ok"}]
            => 00 01 01 07 09 "4" "8" "bytes:2" "something" 01
            <- [null,"8","bytes:2","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]
            => 00 01 01 07 09 "4" "9" "bytes:1" "phx_leave"
            <- ["4","9","bytes:1","phx_reply",{"response":{},"status":"ok"}]
            <- ["4","4","bytes:1","phx_close",{}]
            "#,
        )
        .await;
    Ok(())
}

#[tokio::test]
async fn an_empty_join_ref_is_an_empty_string_and_not_null_so_the_message_is_stale() -> TestResult {
    let server = TestServer::start().await?;
    join(&server, "bytes:1")
        .await
        .talk(
            r#"
            => 00 00 01 07 04 "5" "bytes:1" "echo" 01
            => 00 01 01 07 04 "4" "6" "bytes:1" "echo" 02
            <= 01 01 01 07 02 "4" "6" "bytes:1" "ok" 02
            "#,
        )
        .await;
    Ok(())
}

#[tokio::test]
async fn a_null_ref_is_written_with_length_0_and_a_number_as_its_digits() -> TestResult {
    let server = TestServer::start().await?;
    server
        .websocket()
        .await
        .talk(
            r#"
            -> [12,13,"bytes:1","phx_join",{}]
            <- [12,13,"bytes:1","phx_reply",{"response":{},"status":"ok"}]
            -> [12,null,"bytes:1","to_bytes","hi"]
            <= 01 02 00 07 02 "12" "bytes:1" "ok" "hi"
            "#,
        )
        .await;
    Ok(())
}

#[tokio::test]
async fn a_binary_frame_that_is_no_message_closes_with_1011() -> TestResult {
    let server = TestServer::start().await?;
    for frame in [
        "",                                                // empty
        "00 01 01",                                        // the header ends
        "00 01 01 07 04 \"4\" \"9\" \"bytes\"",            // a field ends
        "01 01 01 07 04 \"4\" \"9\" \"bytes:1\" \"echo\"", // the kinds that a server sends
        "02 07 04 \"bytes:1\" \"echo\"",
        "03 00 00 00 00",
        "00 00 00 01 00 ff", // a topic that is not UTF-8
    ] {
        let mut client = server.websocket().await;
        client.talk(&format!("=> {frame} ")).await;
        client.expect_close(1011).await;
    }
    Ok(())
}

#[tokio::test]
async fn a_field_of_256_bytes_in_a_push_or_reply_crashes_the_channel_and_one_of_255_passes() -> TestResult {
    let server = TestServer::start().await?;
    for (event, letter) in [("long_push", "e"), ("long_broadcast", "e"), ("long_status", "s")] {
        let mut client = join(&server, "bytes:1").await;
        client.send(&format!(r#"["4","5","bytes:1","{event}",255]"#)).await;
        let header = match event {
            "long_push" => r#"00 01 07 ff "4" "bytes:1""#,
            "long_broadcast" => r#"02 07 ff "bytes:1""#,
            _ => r#"01 01 01 07 ff "4" "5" "bytes:1""#,
        };
        let field = letter.repeat(255);
        client.talk(&format!("<= {header} \"{field}\" 21")).await;
        client.send(&format!(r#"["4","6","bytes:1","{event}",256]"#)).await;
        client.talk(r#"<- ["4","4","bytes:1","phx_error",{"reason":"channel_crash"}]"#).await;
    }
    Ok(())
}
