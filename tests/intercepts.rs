//! Protocol §5.5 and §13.3: broadcasts that go through `#[handle_out]`.

use crate::support::signals::{report, reported};
use crate::support::{
    Client, Over, SECRET, TestResult, TestServer, apply, each_transport, each_transport_of_v2, with_longpoll,
};
use phx_runtime::prelude::*;
use phx_runtime::testing::{self, over_each};
use serde::{Deserialize, Serialize};
use serde_json::json;

struct OutSocket;

#[socket]
impl Socket for OutSocket {
    channel!("out:*", Out);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

/// Broadcasts any event it gets, and intercepts some.
struct Out {
    name: String,
}

#[derive(Deserialize)]
struct Hello {
    name: String,
}

#[derive(Serialize, Deserialize)]
struct Whisper {
    to: String,
}

#[channel(socket = OutSocket)]
impl Out {
    #[join("out:*")]
    fn join(hello: Hello) -> Result<Self, Refused> {
        Ok(Self { name: hello.name })
    }

    #[handle_in("whisper")]
    fn say_whisper(&mut self, payload: Payload, ctx: &mut Context<Self>) {
        ctx.broadcast("whisper", &payload);
    }

    #[handle_in("whisper_from")]
    fn say_whisper_from(&mut self, payload: Payload, ctx: &mut Context<Self>) {
        ctx.broadcast_from("whisper", &payload);
    }

    #[handle_in("greet")]
    fn say_greet(&mut self, ctx: &mut Context<Self>) {
        ctx.broadcast("greet", &());
    }

    #[handle_in("unchanged")]
    fn say_unchanged(&mut self, payload: Payload, ctx: &mut Context<Self>) {
        ctx.broadcast("unchanged", &payload);
    }

    #[handle_in("plain_between")]
    fn say_plain_between(&mut self, ctx: &mut Context<Self>) -> Result<(), Refused> {
        ctx.broadcast("greet", &());
        ctx.broadcast("plain", &());
        ctx.push("pushed", &());
        Ok(())
    }

    #[handle_in("echo")]
    fn echo(&mut self, payload: Payload) -> Result<Payload, Refused> {
        Ok(payload)
    }

    #[handle_out("whisper")]
    fn whisper(&mut self, whisper: Whisper, ctx: &mut Context<Self>) {
        if whisper.to == self.name {
            ctx.push("whisper", &whisper);
        }
    }

    #[handle_out("greet")]
    async fn greet(&mut self, ctx: &mut Context<Self>) {
        ctx.push("greeted", &json!({"name": self.name}));
    }

    #[handle_out("unchanged")]
    fn unchanged(&mut self, payload: Payload, ctx: &mut Context<Self>) {
        ctx.push("unchanged", &payload);
    }

    #[handle_out("stop")]
    fn stop(&mut self, ctx: &mut Context<Self>) {
        ctx.stop();
    }

    #[terminate]
    fn ended(&mut self, reason: Reason, ctx: &mut Context<Self>) {
        report(ctx.topic(), format!("{reason:?}"));
    }
}

async fn start() -> Result<TestServer, phx_runtime::ServeError> {
    TestServer::start_socket::<OutSocket>(|_| ()).await
}

async fn two_clients(over: Over, server: &TestServer, topic: &str) -> [Client; 2] {
    let mut clients = [server.connect(over).await.named("ann"), server.connect(over).await.named("bo")];
    for (client, name) in clients.iter_mut().zip(["ann", "bo"]) {
        client.send(&format!(r#"["1","1","{topic}","phx_join",{{"name":"{name}"}}]"#)).await;
        client
            .talk(&format!(r#"<- ["1","1","{topic}","phx_reply",{{"response":{{}},"status":"ok"}}]"#))
            .await;
    }
    clients
}

#[test]
fn an_intercept_decides_for_each_client() -> TestResult {
    over_each(async |over| {
        let endpoint = Endpoint::builder().secret_key_base(SECRET);
        let endpoint = endpoint.socket_with::<OutSocket>("/socket", with_longpoll).build()?;
        let server = testing::TestServer::start(&endpoint, over).await?;
        let (ann, bo) = (server.connect("/socket", &()).await?, server.connect("/socket", &()).await?);
        let (ann, _) = ann.join("out:1", &json!({"name": "ann"})).await?;
        let (bo, _) = bo.join("out:1", &json!({"name": "bo"})).await?;
        for to in ["bo", "ann"] {
            ann.push("whisper", &json!({"to": to})).await;
            // The sender is left out before its intercept is asked.
            ann.push("whisper_from", &json!({"to": to})).await;
        }
        ann.assert_push("whisper", &json!({"to": "ann"})).await;
        ann.refute_push("whisper").await;
        bo.assert_push("whisper", &json!({"to": "bo"})).await;
        bo.assert_push("whisper", &json!({"to": "bo"})).await;
        bo.refute_push("whisper").await;
        Ok(())
    })
}

#[apply(each_transport)]
#[tokio::test]
async fn an_intercept_may_send_something_else_under_another_name(over: Over) -> TestResult {
    let server = start().await?;
    let [mut ann, mut bo] = two_clients(over, &server, "out:1").await;
    ann.talk(
        r#"
        -> ["1","2","out:1","greet",{}]
        <- ["1",null,"out:1","greeted",{"name":"ann"}]
        "#,
    )
    .await;
    bo.talk(r#"<- ["1",null,"out:1","greeted",{"name":"bo"}]"#).await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn an_intercept_may_pass_a_payload_on_byte_for_byte(over: Over) -> TestResult {
    let server = start().await?;
    let [mut ann, mut bo] = two_clients(over, &server, "out:1").await;
    ann.send(r#"["1","2","out:1","unchanged",{ "b":1.0, "a":["\u00fc",-0] }]"#).await;
    for client in [&mut ann, &mut bo] {
        client.talk(r#"<- ["1",null,"out:1","unchanged",{ "b":1.0, "a":["\u00fc",-0] }]"#).await;
    }
    Ok(())
}

/// What is intercepted goes through the channel's queue, what is not does not.
#[apply(each_transport)]
#[tokio::test]
async fn what_is_not_intercepted_overtakes_what_is(over: Over) -> TestResult {
    let server = start().await?;
    let [mut ann, mut bo] = two_clients(over, &server, "out:1").await;
    ann.talk(
        r#"
        -> ["1","2","out:1","plain_between",{}]
        <- [null,null,"out:1","plain",{}]
        <- ["1",null,"out:1","pushed",{}]
        <- ["1","2","out:1","phx_reply",{"response":{},"status":"ok"}]
        <- ["1",null,"out:1","greeted",{"name":"ann"}]
        "#,
    )
    .await;
    // Bo's channel does nothing meanwhile, so the two may arrive in either order.
    bo.gets_in_any_order([
        r#"["1",null,"out:1","greeted",{"name":"bo"}]"#,
        r#"[null,null,"out:1","plain",{}]"#,
    ])
    .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn broadcasts_from_outside_are_intercepted_too_and_may_stop_the_channel(over: Over) -> TestResult {
    let server = start().await?;
    let [mut ann, mut bo] = two_clients(over, &server, "out:stop").await;
    server.endpoint.broadcast("out:stop", "stop", &())?;
    for client in [&mut ann, &mut bo] {
        client.talk(r#"<- ["1","1","out:stop","phx_close",{}]"#).await;
    }
    assert_eq!(reported("out:stop").await, "Stopped(Normal)");
    Ok(())
}

/// Many clients who broadcast without a pause must not fill the inboxes of the others' intercepts, whose handlers are
/// as fast as theirs. `Limits::inbox_messages` is far below what they send together. In one version, since it
/// takes long.
#[apply(each_transport_of_v2)]
#[tokio::test]
async fn clients_cannot_end_the_intercepting_channels_of_others_by_sending_a_lot(over: Over) -> TestResult {
    const SENDERS: usize = 60;
    const MESSAGES: usize = 30;
    let server = TestServer::start_with(|limits| {
        limits.inbox_messages = 128;
        limits.inbox_pushes = 8;
    })
    .await?;
    let mut listener = server.connect(over).await.named("listener");
    listener.join("intercept:crowd").await;
    let mut senders = Vec::new();
    for _ in 0..SENDERS {
        let mut sender = server.connect(over).await.named("sender");
        sender.join("intercept:crowd").await;
        senders.push(sender);
    }
    let mut sending = Vec::new();
    for mut sender in senders {
        sending.push(tokio::spawn(async move {
            for _ in 0..MESSAGES {
                sender.send(r#"["1",null,"intercept:crowd","say",{"text":"hi"}]"#).await;
            }
            let mut heard = 0;
            while heard < SENDERS * MESSAGES {
                let frame = sender.next().await;
                assert!(!frame.contains("phx_error"), "{frame}");
                heard += usize::from(frame.contains(r#""said""#));
            }
        }));
    }
    for _ in 0..SENDERS * MESSAGES {
        listener.talk(r#"<- ["1",null,"intercept:crowd","said",{"text":"hi!"}]"#).await;
    }
    for sender in sending {
        sender.await?;
    }
    Ok(())
}
