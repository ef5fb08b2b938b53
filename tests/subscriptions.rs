//! Broadcasts of other topics that a channel subscribed to. Rules of subscribing: Phoenix.PubSub.

use crate::support::signals::{gate, report, reported, wait_at_gate};
use crate::support::{Over, TestResult, TestServer, apply, each_transport};
use phx_runtime::Broadcast;
use phx_runtime::prelude::*;
use serde_json::json;

struct ReaderSocket;

#[socket]
impl Socket for ReaderSocket {
    channel!("reader:*", Reader);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

/// Subscribes to what it is told to, and pushes what comes from there as the event `read`.
struct Reader;

#[channel(socket = ReaderSocket)]
impl Reader {
    #[join("reader:joining:{outcome}")]
    async fn joining(outcome: String, ctx: &mut Joining<Self>) -> Result<Self, Refused> {
        ctx.subscribe("news");
        report(ctx.topic(), "subscribed");
        wait_at_gate(ctx.topic()).await;
        if outcome == "ok" { Ok(Self) } else { Err(Refused::new("no")) }
    }

    #[join("reader:subscribe:{count}")]
    fn subscribe_joining(count: u32, ctx: &mut Joining<Self>) -> Result<Self, Refused> {
        (0..count).for_each(|_| ctx.subscribe("news"));
        Ok(Self)
    }

    #[join("reader:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[handle_in("subscribe")]
    fn subscribe(&mut self, topic: String, ctx: &mut Context<Self>) -> Result<(), Refused> {
        ctx.subscribe(&topic);
        Ok(())
    }

    #[handle_in("unsubscribe")]
    fn unsubscribe(&mut self, topic: String, ctx: &mut Context<Self>) -> Result<(), Refused> {
        ctx.unsubscribe(&topic);
        Ok(())
    }

    #[handle_in("broadcast")]
    fn broadcast(&mut self, payload: Payload, ctx: &mut Context<Self>) -> Result<(), Refused> {
        ctx.broadcast("said", &payload);
        Ok(())
    }

    #[handle_in("broadcast_from")]
    fn broadcast_from(&mut self, payload: Payload, ctx: &mut Context<Self>) -> Result<(), Refused> {
        ctx.broadcast_from("said", &payload);
        Ok(())
    }

    #[handle_in("gated")]
    async fn gated(&mut self, ctx: &mut Context<Self>) {
        report(ctx.topic(), "handling");
        wait_at_gate(ctx.topic()).await;
    }

    #[handle_in("stop")]
    fn stop(&mut self, ctx: &mut Context<Self>) {
        ctx.stop();
    }

    #[handle_in("echo")]
    fn echo(&mut self, payload: Payload) -> Result<Payload, Refused> {
        Ok(payload)
    }

    #[handle_info]
    fn read(&mut self, broadcast: Broadcast, ctx: &mut Context<Self>) {
        let read = json!({
            "event": broadcast.event(),
            "payload": broadcast.payload().decode::<serde_json::Value>().unwrap_or_default(),
            "topic": broadcast.topic(),
        });
        ctx.push("read", &read);
    }

    /// After a leave, which the client is told of first, never ends.
    #[terminate]
    async fn ended(&mut self, reason: Reason) {
        if reason == Reason::Left {
            std::future::pending::<()>().await;
        }
    }
}

async fn start() -> Result<TestServer, phx_runtime::ServeError> {
    TestServer::start_socket::<ReaderSocket>(|options| {
        options.limits.subscriptions = 3;
        options.limits.inbox_messages = 5;
    })
    .await
}

#[apply(each_transport)]
#[tokio::test]
async fn broadcasts_of_another_topic_arrive_as_messages_to_the_channel(over: Over) -> TestResult {
    let server = start().await?;
    let mut ann = server.connect(over).await.named("ann");
    let mut bo = server.connect(over).await.named("bo");
    ann.join("reader:1").await;
    bo.join("reader:2").await;
    ann.talk(
        r#"
        -> ["1","2","reader:1","subscribe","reader:2"]
        <- ["1","2","reader:1","phx_reply",{"response":{},"status":"ok"}]
        "#,
    )
    .await;
    bo.talk(
        r#"
        -> ["1","2","reader:2","broadcast",{"n":1}]
        <- [null,null,"reader:2","said",{"n":1}]
        <- ["1","2","reader:2","phx_reply",{"response":{},"status":"ok"}]
           the sender is left out, not those who listen
        -> ["1","3","reader:2","broadcast_from",{"n":2}]
        <- ["1","3","reader:2","phx_reply",{"response":{},"status":"ok"}]
        "#,
    )
    .await;
    server.endpoint.broadcast("reader:2", "outside", &json!({"n": 3}))?;
    server.endpoint.broadcast("reader:3", "elsewhere", &json!({}))?;
    ann.talk(
        r#"
        <- ["1",null,"reader:1","read",{"event":"said","payload":{"n":1},"topic":"reader:2"}]
        <- ["1",null,"reader:1","read",{"event":"said","payload":{"n":2},"topic":"reader:2"}]
        <- ["1",null,"reader:1","read",{"event":"outside","payload":{"n":3},"topic":"reader:2"}]
        "#,
    )
    .await;
    ann.nothing_more_from("reader:1").await;
    Ok(())
}

/// §13.1.
#[apply(each_transport)]
#[tokio::test]
async fn subscribing_twice_delivers_twice_and_unsubscribing_once_ends_both(over: Over) -> TestResult {
    let server = start().await?;
    let mut client = server.connect(over).await;
    client.join("reader:1").await;
    client
        .talk(
            r#"
            -> ["1","2","reader:1","subscribe","news"]
            <- ["1","2","reader:1","phx_reply",{"response":{},"status":"ok"}]
            -> ["1","3","reader:1","subscribe","news"]
            <- ["1","3","reader:1","phx_reply",{"response":{},"status":"ok"}]
            -> ["1","4","reader:1","subscribe","sports"]
            <- ["1","4","reader:1","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    server.endpoint.broadcast("news", "e", &json!({}))?;
    client
        .talk(
            r#"
            <- ["1",null,"reader:1","read",{"event":"e","payload":{},"topic":"news"}]
            <- ["1",null,"reader:1","read",{"event":"e","payload":{},"topic":"news"}]
            -> ["1","5","reader:1","unsubscribe","news"]
            <- ["1","5","reader:1","phx_reply",{"response":{},"status":"ok"}]
               as often as one likes
            -> ["1","6","reader:1","unsubscribe","news"]
            <- ["1","6","reader:1","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    server.endpoint.broadcast("news", "e", &json!({}))?;
    server.endpoint.broadcast("sports", "e", &json!({}))?;
    client.talk(r#"<- ["1",null,"reader:1","read",{"event":"e","payload":{},"topic":"sports"}]"#).await;
    client.nothing_more_from("reader:1").await;
    Ok(())
}

/// §13.4, where Phoenix crashes a channel without `handle_out`.
#[apply(each_transport)]
#[tokio::test]
async fn a_channel_that_subscribes_to_its_own_topic_gets_each_broadcast_as_a_message_too(
    over: Over,
) -> TestResult {
    let server = start().await?;
    let mut client = server.connect(over).await;
    client.join("reader:own").await;
    client
        .talk(
            r#"
            -> ["1","2","reader:own","subscribe","reader:own"]
            <- ["1","2","reader:own","phx_reply",{"response":{},"status":"ok"}]
            -> ["1","3","reader:own","broadcast",{}]
            <- [null,null,"reader:own","said",{}]
            <- ["1","3","reader:own","phx_reply",{"response":{},"status":"ok"}]
            <- ["1",null,"reader:own","read",{"event":"said","payload":{},"topic":"reader:own"}]
               what leaves out the sender leaves out all of it
            -> ["1","4","reader:own","broadcast_from",{}]
            <- ["1","4","reader:own","phx_reply",{"response":{},"status":"ok"}]
               and unsubscribing is not leaving
            -> ["1","5","reader:own","unsubscribe","reader:own"]
            <- ["1","5","reader:own","phx_reply",{"response":{},"status":"ok"}]
            -> ["1","6","reader:own","broadcast",{}]
            <- [null,null,"reader:own","said",{}]
            <- ["1","6","reader:own","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    client.nothing_more_from("reader:own").await;
    Ok(())
}

/// §13.1: the end of a process ends its subscriptions.
#[apply(each_transport)]
#[tokio::test]
async fn the_end_of_a_channel_ends_its_subscriptions(over: Over) -> TestResult {
    let server = start().await?;
    let mut client = server.connect(over).await;
    for event in ["stop", "phx_leave"] {
        client.join("reader:1").await;
        client
            .talk(
                r#"
                -> ["1","2","reader:1","subscribe","news"]
                <- ["1","2","reader:1","phx_reply",{"response":{},"status":"ok"}]
                "#,
            )
            .await;
        assert_eq!(server.endpoint.topics(), 2);
        client.send(&format!(r#"["1","3","reader:1","{event}",{{}}]"#)).await;
        if event == "phx_leave" {
            client.talk(r#"<- ["1","3","reader:1","phx_reply",{"response":{},"status":"ok"}]"#).await;
        }
        client.talk(r#"<- ["1","1","reader:1","phx_close",{}]"#).await;
        assert_eq!(server.endpoint.topics(), 0);
    }
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn what_is_broadcast_during_the_join_arrives_after_its_answer(over: Over) -> TestResult {
    let server = start().await?;
    let mut client = server.connect(over).await;
    client.send(r#"["1","1","reader:joining:ok","phx_join",{}]"#).await;
    assert_eq!(reported("reader:joining:ok").await, "subscribed");
    server.endpoint.broadcast("news", "e", &json!({}))?;
    client.nothing_more().await;
    gate("reader:joining:ok").add_permits(1);
    client
        .talk(
            r#"
            <- ["1","1","reader:joining:ok","phx_reply",{"response":{},"status":"ok"}]
            <- ["1",null,"reader:joining:ok","read",{"event":"e","payload":{},"topic":"news"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_join_that_is_refused_has_no_subscriptions(over: Over) -> TestResult {
    let server = start().await?;
    let mut client = server.connect(over).await;
    client.send(r#"["1","1","reader:joining:no","phx_join",{}]"#).await;
    assert_eq!(reported("reader:joining:no").await, "subscribed");
    server.endpoint.broadcast("news", "e", &json!({}))?;
    assert_eq!(server.endpoint.topics(), 1);
    gate("reader:joining:no").add_permits(1);
    client
        .talk(
            r#"
            <- ["1","1","reader:joining:no","phx_reply",{"response":{"reason":"no"},"status":"error"}]
            "#,
        )
        .await;
    assert_eq!(server.endpoint.topics(), 0);
    client.nothing_more().await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn one_subscription_more_than_the_limit_ends_the_channel(over: Over) -> TestResult {
    let server = start().await?;
    let mut client = server.connect(over).await;
    client.join("reader:many").await;
    for topic in ["a", "a", "b"] {
        client.send(&format!(r#"["1","2","reader:many","subscribe","{topic}"]"#)).await;
        client.talk(r#"<- ["1","2","reader:many","phx_reply",{"response":{},"status":"ok"}]"#).await;
    }
    client
        .talk(
            r#"
            -> ["1","3","reader:many","unsubscribe","b"]
            <- ["1","3","reader:many","phx_reply",{"response":{},"status":"ok"}]
            -> ["1","4","reader:many","subscribe","c"]
            <- ["1","4","reader:many","phx_reply",{"response":{},"status":"ok"}]
            -> ["1","5","reader:many","subscribe","d"]
            <- ["1","1","reader:many","phx_error",{"reason":"channel_crash"}]
               while joining, it is a crash of the join
            -> ["1","1","reader:subscribe:3","phx_join",{}]
            <- ["1","1","reader:subscribe:3","phx_reply",{"response":{},"status":"ok"}]
            -> ["1","1","reader:subscribe:4","phx_join",{}]
            <- ["1","1","reader:subscribe:4","phx_reply",{"response":{"reason":"join crashed"},"status":"error"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_channel_that_cannot_keep_up_with_what_it_subscribed_to_ends_alone(over: Over) -> TestResult {
    let server = start().await?;
    let mut slow = server.connect(over).await.named("slow");
    let mut other = server.connect(over).await.named("other");
    for (client, topic) in [(&mut slow, "reader:slow"), (&mut other, "reader:other")] {
        client.join(topic).await;
        client.send(&format!(r#"["1","2","{topic}","subscribe","flood"]"#)).await;
        client.next().await;
    }
    for (count, is_too_many) in [(5, false), (6, true)] {
        slow.send(r#"["1","3","reader:slow","gated",{}]"#).await;
        assert_eq!(reported("reader:slow").await, "handling");
        for _ in 0..count {
            server.endpoint.broadcast("flood", "e", &json!({}))?;
            other
                .talk(r#"<- ["1",null,"reader:other","read",{"event":"e","payload":{},"topic":"flood"}]"#)
                .await;
        }
        gate("reader:slow").add_permits(1);
        if is_too_many {
            slow.talk(r#"<- ["1","1","reader:slow","phx_error",{"reason":"channel_crash"}]"#).await;
        } else {
            for _ in 0..count {
                slow.talk(r#"<- ["1",null,"reader:slow","read",{"event":"e","payload":{},"topic":"flood"}]"#)
                    .await;
            }
        }
    }
    other.nothing_more_from("reader:other").await;
    Ok(())
}
