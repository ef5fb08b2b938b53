//! Protocol §6: which refs each message of the server carries. Each test is named after its row, or its two.

use crate::support::{Over, TestResult, TestServer, apply, each_transport};

async fn conversation(over: Over, transcript: &str) -> TestResult {
    let server = TestServer::start().await?;
    server.connect(over).await.talk(transcript).await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn heartbeat_reply(over: Over) -> TestResult {
    conversation(
        over,
        r#"
        -> ["j","r","phoenix","heartbeat",{}]
        <- [null,"r","phoenix","phx_reply",{"response":{},"status":"ok"}]
        "#,
    )
    .await
}

#[apply(each_transport)]
#[tokio::test]
async fn join_reply(over: Over) -> TestResult {
    conversation(
        over,
        r#"
        -> ["j","r","room:1","phx_join",{}]
        <- ["j","r","room:1","phx_reply",{"response":{},"status":"ok"}]
        -> ["j","r","room:refused","phx_join",{}]
        <- ["j","r","room:refused","phx_reply",{"response":{"reason":"unauthorized"},"status":"error"}]
        -> ["j","r","room:panics","phx_join",{}]
        <- ["j","r","room:panics","phx_reply",{"response":{"reason":"join crashed"},"status":"error"}]
        "#,
    )
    .await
}

#[apply(each_transport)]
#[tokio::test]
async fn unmatched_topic(over: Over) -> TestResult {
    conversation(
        over,
        r#"
        -> ["j","r","nope","phx_join",{}]
        <- [null,"r","nope","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]
        "#,
    )
    .await
}

#[apply(each_transport)]
#[tokio::test]
async fn leave_of_a_topic_that_is_not_joined(over: Over) -> TestResult {
    conversation(
        over,
        r#"
        -> ["j","r","room:1","phx_leave",{}]
        <- ["j","r","room:1","phx_reply",{"response":{},"status":"ok"}]
        "#,
    )
    .await
}

#[apply(each_transport)]
#[tokio::test]
async fn reply_push_and_leave_reply_of_a_channel(over: Over) -> TestResult {
    conversation(
        over,
        r#"
        -> ["j","r","room:1","phx_join",{}]
        <- ["j","r","room:1","phx_reply",{"response":{},"status":"ok"}]
        -> [null,"s","room:1","echo",{}]
        <- ["j","s","room:1","phx_reply",{"response":{},"status":"ok"}]
        -> ["j","t","room:1","push",{}]
        <- ["j",null,"room:1","pushed",{}]
           joined with a null join_ref, the ref of the join takes its place
        -> [null,"u","room:2","phx_join",{}]
        <- [null,"u","room:2","phx_reply",{"response":{},"status":"ok"}]
        -> [null,"v","room:2","echo",{}]
        <- ["u","v","room:2","phx_reply",{"response":{},"status":"ok"}]
        -> [null,"w","room:2","push",{}]
        <- ["u",null,"room:2","pushed",{}]
           the answer to a leave is a reply of the channel
        -> [null,"x","room:2","phx_leave",{}]
        <- ["u","x","room:2","phx_reply",{"response":{},"status":"ok"}]
        <- [null,null,"room:2","phx_close",{}]
        -> [null,"y","room:1","phx_leave",{}]
        <- ["j","y","room:1","phx_reply",{"response":{},"status":"ok"}]
        <- ["j","j","room:1","phx_close",{}]
        "#,
    )
    .await
}

#[apply(each_transport)]
#[tokio::test]
async fn broadcast_and_intercepted_broadcast(over: Over) -> TestResult {
    conversation(
        over,
        r#"
        -> ["j","r","intercept:refs","phx_join",{}]
        <- ["j","r","intercept:refs","phx_reply",{"response":{},"status":"ok"}]
        -> ["j","s","intercept:refs","plain",{}]
        <- [null,null,"intercept:refs","plain",{}]
        <- ["j","s","intercept:refs","phx_reply",{"response":{},"status":"ok"}]
        -> ["j","t","intercept:refs","say",{"text":"hi"}]
        <- ["j","t","intercept:refs","phx_reply",{"response":{},"status":"ok"}]
        <- ["j",null,"intercept:refs","said",{"text":"hi!"}]
        "#,
    )
    .await
}

#[apply(each_transport)]
#[tokio::test]
async fn close_and_error(over: Over) -> TestResult {
    conversation(
        over,
        r#"
        -> ["j","r","room:1","phx_join",{}]
        <- ["j","r","room:1","phx_reply",{"response":{},"status":"ok"}]
        -> ["j","s","room:1","stop",{}]
        <- ["j","j","room:1","phx_close",{}]
        -> ["k","t","room:1","phx_join",{}]
        <- ["k","t","room:1","phx_reply",{"response":{},"status":"ok"}]
        -> ["k","u","room:1","panic",{}]
        <- ["k","k","room:1","phx_error",{"reason":"channel_crash"}]
        -> [null,"v","room:1","phx_join",{}]
        <- [null,"v","room:1","phx_reply",{"response":{},"status":"ok"}]
        -> [null,"w","room:1","panic",{}]
        <- [null,null,"room:1","phx_error",{"reason":"channel_crash"}]
        "#,
    )
    .await
}
