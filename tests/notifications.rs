//! Messages to a channel from itself and from other tasks: `notify`, `sender`, `#[handle_info]`.

use crate::support::signals::{gate, report, reported, wait_at_gate};
use crate::support::{Over, TestResult, TestServer, apply, each_transport, each_websocket};
use phx_runtime::prelude::*;
use phx_runtime::{Sender, ServeError, Stop};
use serde::Deserialize;
use serde_json::json;

/// Tells the test that its connection asked for when it is dropped.
#[derive(Deserialize)]
struct NotedSocket {
    tell: Option<String>,
}

#[socket]
impl Socket for NotedSocket {
    channel!("noted:*", Noted);

    type Params = Self;

    async fn connect(socket: Self, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(socket)
    }
}

impl Drop for NotedSocket {
    fn drop(&mut self) {
        if let Some(topic) = &self.tell {
            report(topic, "dropped");
        }
    }
}

/// Handles messages of several types.
struct Noted;

struct Text(&'static str);

/// Asks the sender for another message when it has this one.
struct FromOutside(u32);

struct StopNow;

#[channel(socket = NotedSocket)]
impl Noted {
    #[join("noted:joining:{name}")]
    async fn joining(name: String, ctx: &mut Joining<Self>) -> Result<Self, Refused> {
        let _ = name;
        let sender = ctx.sender();
        let sent = tokio::spawn(async move { sender.notify(Text("while joining")) }).await;
        report(ctx.topic(), format!("{sent:?}"));
        wait_at_gate(ctx.topic()).await;
        Ok(Self)
    }

    #[join("noted:first:{name}")]
    async fn first(name: String, ctx: &mut Joining<Self>) -> Result<Self, Refused> {
        let _ = name;
        wait_at_gate(ctx.topic()).await;
        ctx.notify(Text("first"));
        ctx.notify(2_u8);
        Ok(Self)
    }

    #[join("noted:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[handle_in("several_types")]
    fn several_types(&mut self, ctx: &mut Context<Self>) -> Result<(), Refused> {
        ctx.notify(Text("a"));
        ctx.notify(1_u8);
        ctx.notify(vec!["b"]);
        ctx.notify(2_u8);
        Ok(())
    }

    /// Sends so many messages from another task, which then tells how each went.
    #[handle_in("from_task")]
    fn in_task(&mut self, count: u32, ctx: &mut Context<Self>) {
        let sender: Sender<Self> = ctx.sender();
        let topic = ctx.topic().to_owned();
        tokio::spawn(async move {
            wait_at_gate(&topic).await;
            for number in 0..count {
                let sent = sender.clone().notify(FromOutside(number));
                report(&topic, format!("{sent:?}"));
            }
        });
    }

    #[handle_in("gated")]
    async fn gated(&mut self, ctx: &mut Context<Self>) {
        report(ctx.topic(), "handling");
        wait_at_gate(&format!("{} gated", ctx.topic())).await;
    }

    #[handle_in("stop_later")]
    fn stop_later(&mut self, ctx: &mut Context<Self>) -> Result<(), Refused> {
        ctx.notify(StopNow);
        Ok(())
    }

    #[handle_in("echo")]
    fn echo(&mut self, payload: Payload) -> Result<Payload, Refused> {
        Ok(payload)
    }

    #[handle_info]
    fn text(&mut self, text: Text, ctx: &mut Context<Self>) {
        ctx.push("text", &json!({"text": text.0}));
    }

    #[handle_info]
    async fn number(&mut self, number: u8, ctx: &mut Context<Self>) {
        ctx.push("number", &json!({"number": number}));
    }

    #[handle_info]
    fn list(&mut self, list: Vec<&'static str>, ctx: &mut Context<Self>) {
        ctx.push("list", &json!({"list": list}));
    }

    #[handle_info]
    fn outside(&mut self, message: FromOutside, ctx: &mut Context<Self>) {
        ctx.push("outside", &json!({"number": message.0}));
    }

    #[handle_info]
    fn stop_now(&mut self, _: StopNow, ctx: &mut Context<Self>) {
        ctx.push("stopping", &());
        ctx.stop_with(Stop::Shutdown);
    }

    #[terminate]
    fn ended(&mut self, reason: Reason, ctx: &mut Context<Self>) {
        report(ctx.topic(), format!("{reason:?}"));
    }
}

async fn start() -> Result<TestServer, ServeError> {
    TestServer::start_socket::<NotedSocket>(|options| options.limits.inbox_messages = 4).await
}

#[apply(each_transport)]
#[tokio::test]
async fn messages_of_several_types_are_handled_in_the_order_sent_after_the_callback(
    over: Over,
) -> TestResult {
    let server = start().await?;
    let mut client = server.connect(over).await;
    client.join("noted:1").await;
    client
        .talk(
            r#"
            -> ["1","2","noted:1","several_types",{}]
            <- ["1","2","noted:1","phx_reply",{"response":{},"status":"ok"}]
            <- ["1",null,"noted:1","text",{"text":"a"}]
            <- ["1",null,"noted:1","number",{"number":1}]
            <- ["1",null,"noted:1","list",{"list":["b"]}]
            <- ["1",null,"noted:1","number",{"number":2}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn another_task_sends_in_order_and_learns_when_the_channel_has_ended(over: Over) -> TestResult {
    let server = start().await?;
    let mut client = server.connect(over).await;
    client.join("noted:task").await;
    client.send(r#"["1","2","noted:task","from_task",2]"#).await;
    client.send(r#"["1","2","noted:task","from_task",1]"#).await;
    client.nothing_more_from("noted:task").await;
    gate("noted:task").add_permits(1);
    client
        .talk(
            r#"
            <- ["1",null,"noted:task","outside",{"number":0}]
            <- ["1",null,"noted:task","outside",{"number":1}]
            -> ["1","3","noted:task","phx_leave",{}]
            <- ["1","3","noted:task","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","1","noted:task","phx_close",{}]
            "#,
        )
        .await;
    assert_eq!(reported("noted:task").await, "Ok(())");
    assert_eq!(reported("noted:task").await, "Ok(())");
    assert_eq!(reported("noted:task").await, "Left");
    gate("noted:task").add_permits(1);
    assert_eq!(reported("noted:task").await, "Err(ChannelEnded)");
    client.nothing_more().await;
    Ok(())
}

#[apply(each_websocket)]
#[tokio::test]
async fn a_sender_keeps_neither_the_channel_nor_the_socket_alive(over: Over) -> TestResult {
    let server = start().await?;
    let mut client = server.connect_with(over, "&tell=noted:socket").await;
    client.join("noted:alive").await;
    client.send(r#"["1","2","noted:alive","from_task",1]"#).await;
    client.nothing_more_from("noted:alive").await;
    drop(client);
    assert_eq!(reported("noted:alive").await, "Closed");
    assert_eq!(reported("noted:socket").await, "dropped");
    gate("noted:alive").add_permits(1);
    assert_eq!(reported("noted:alive").await, "Err(ChannelEnded)");
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn one_message_from_outside_more_than_the_inbox_holds_ends_the_channel(over: Over) -> TestResult {
    let server = start().await?;
    let mut client = server.connect(over).await;
    client.join("noted:flood").await;
    for (count, last) in [(4, "Ok(())"), (5, "Err(ChannelEnded)")] {
        client.send(&format!(r#"["1","2","noted:flood","from_task",{count}]"#)).await;
        client.send(r#"["1","3","noted:flood","gated",{}]"#).await;
        assert_eq!(reported("noted:flood").await, "handling");
        gate("noted:flood").add_permits(1);
        for _ in 1..count {
            assert_eq!(reported("noted:flood").await, "Ok(())");
        }
        assert_eq!(reported("noted:flood").await, last);
        gate("noted:flood gated").add_permits(1);
        if count == 4 {
            for number in 0..4 {
                client.talk(&format!(r#"<- ["1",null,"noted:flood","outside",{{"number":{number}}}]"#)).await;
            }
        }
    }
    client.talk(r#"<- ["1","1","noted:flood","phx_error",{"reason":"channel_crash"}]"#).await;
    assert_eq!(reported("noted:flood").await, "Crashed");
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn what_is_sent_while_joining_is_handled_after_the_answer(over: Over) -> TestResult {
    let server = start().await?;
    let mut client = server.connect(over).await;
    client.send(r#"["1","1","noted:joining:1","phx_join",{}]"#).await;
    assert_eq!(reported("noted:joining:1").await, "Ok(Ok(()))");
    client.nothing_more().await;
    gate("noted:joining:1").add_permits(1);
    client
        .talk(
            r#"
            <- ["1","1","noted:joining:1","phx_reply",{"response":{},"status":"ok"}]
            <- ["1",null,"noted:joining:1","text",{"text":"while joining"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_channel_can_stop_when_it_handles_a_message_of_its_own(over: Over) -> TestResult {
    let server = start().await?;
    let mut client = server.connect(over).await;
    client.join("noted:stop").await;
    client
        .talk(
            r#"
            -> ["1","2","noted:stop","stop_later",{}]
            <- ["1","2","noted:stop","phx_reply",{"response":{},"status":"ok"}]
            <- ["1",null,"noted:stop","stopping",{}]
            <- ["1","1","noted:stop","phx_close",{}]
            "#,
        )
        .await;
    assert_eq!(reported("noted:stop").await, "Stopped(Shutdown)");
    Ok(())
}

/// §5.5: in Phoenix no message of the client reaches a channel that has not joined, so what a join sends to its
/// channel comes before them, however early they were sent.
#[apply(each_transport)]
#[tokio::test]
async fn what_a_join_sends_to_its_channel_comes_before_what_the_client_sent_meanwhile(
    over: Over,
) -> TestResult {
    let server = start().await?;
    let mut client = server.connect(over).await;
    client
        .talk(
            r#"
            -> ["1","1","noted:first:a","phx_join",{}]
            -> ["1","2","noted:first:a","echo",{"n":1}]
            -> [null,"3","phoenix","heartbeat",{}]
            <- [null,"3","phoenix","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    gate("noted:first:a").add_permits(1);
    client
        .talk(
            r#"
            <- ["1","1","noted:first:a","phx_reply",{"response":{},"status":"ok"}]
            <- ["1",null,"noted:first:a","text",{"text":"first"}]
            <- ["1",null,"noted:first:a","number",{"number":2}]
            <- ["1","2","noted:first:a","phx_reply",{"response":{"n":1},"status":"ok"}]
            "#,
        )
        .await;
    Ok(())
}
