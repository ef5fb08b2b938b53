//! What a `channel!` line gives its channel, seen in every callback. It never goes over the wire by itself.

use crate::support::{At, Over, TestResult, apply, each_transport, with_longpoll};
use phx_runtime::prelude::*;
use serde::Serialize;
use std::sync::LazyLock;

struct HouseSocket;

#[socket]
impl Socket for HouseSocket {
    channel!("room:lobby", Room, RoomConfig { name: "lobby", seats: 500 });
    channel!("room:*", Room, RoomConfig { name: "room", seats: 5 });
    channel!("hall:*", Room, HALL);
    channel!("lazy", Lazy, LOADED);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

#[derive(Serialize)]
struct RoomConfig {
    name: &'static str,
    seats: u32,
}

static HALL: RoomConfig = RoomConfig { name: "hall", seats: 50 };
static LOADED: LazyLock<String> = LazyLock::new(|| "loaded".to_uppercase());

struct Room {
    left: u32,
}

struct Welcome;

#[channel(socket = HouseSocket, data = RoomConfig)]
impl Room {
    #[join("*")]
    fn join(ctx: &mut Joining<Self>) -> Result<(Self, &'static RoomConfig), Refused> {
        ctx.notify(Welcome);
        Ok((Self { left: ctx.data().seats }, ctx.data()))
    }

    #[handle_info]
    fn welcome(&mut self, _: Welcome, ctx: &mut Context<Self>) {
        ctx.push("info", ctx.data());
    }

    #[handle_in("sit")]
    fn sit(&mut self, ctx: &mut Context<Self>) -> Result<(u32, u32), Refused> {
        self.left -= 1;
        Ok((self.left, ctx.data().seats))
    }

    #[handle_in("say")]
    fn say(&mut self, ctx: &mut Context<Self>) {
        ctx.broadcast("said", &());
    }

    #[handle_out("said")]
    fn said(&mut self, _: Payload, ctx: &mut Context<Self>) {
        ctx.push("out", ctx.data());
    }

    #[handle_in("stop")]
    fn stop(&mut self, ctx: &mut Context<Self>) {
        ctx.stop();
    }

    #[terminate]
    fn ended(&mut self, ctx: &mut Context<Self>) {
        ctx.push("ended", ctx.data());
    }
}

struct Lazy;

#[channel(socket = HouseSocket, data = LazyLock<String>)]
impl Lazy {
    #[join("lazy")]
    fn join(ctx: &mut Joining<Self>) -> Result<(Self, &'static str), Refused> {
        Ok((Self, ctx.data().as_str()))
    }
}

async fn talk(over: Over, transcript: &str) -> TestResult {
    let endpoint = Endpoint::builder().socket_with::<HouseSocket>("/socket", with_longpoll).build()?;
    let server = endpoint.bind(([127, 0, 0, 1], 0)).await?;
    let at = At { addr: server.local_addr(), endpoint: endpoint.clone() };
    let serving = tokio::spawn(server.run(endpoint.routes()));
    at.connect(over, "/socket", "").await.talk(transcript).await;
    serving.abort();
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn each_line_gives_its_own_data_to_the_same_channel(over: Over) -> TestResult {
    talk(
        over,
        r#"
        -> ["1","1","room:lobby","phx_join",{}]
        <- ["1","1","room:lobby","phx_reply",{"response":{"name":"lobby","seats":500},"status":"ok"}]
        <- ["1",null,"room:lobby","info",{"name":"lobby","seats":500}]
        -> ["2","2","room:kitchen","phx_join",{}]
        <- ["2","2","room:kitchen","phx_reply",{"response":{"name":"room","seats":5},"status":"ok"}]
        <- ["2",null,"room:kitchen","info",{"name":"room","seats":5}]
        -> ["1","3","room:lobby","sit",{}]
        <- ["1","3","room:lobby","phx_reply",{"response":[499,500],"status":"ok"}]
        -> ["2","4","room:kitchen","sit",{}]
        <- ["2","4","room:kitchen","phx_reply",{"response":[4,5],"status":"ok"}]
        "#,
    )
    .await
}

#[apply(each_transport)]
#[tokio::test]
async fn every_callback_reads_the_data_of_its_line(over: Over) -> TestResult {
    talk(
        over,
        r#"
        -> ["1","1","hall:north","phx_join",{}]
        <- ["1","1","hall:north","phx_reply",{"response":{"name":"hall","seats":50},"status":"ok"}]
        <- ["1",null,"hall:north","info",{"name":"hall","seats":50}]
        -> ["1","2","hall:north","sit",{}]
        <- ["1","2","hall:north","phx_reply",{"response":[49,50],"status":"ok"}]
        -> ["1","3","hall:north","say",{}]
        <- ["1",null,"hall:north","out",{"name":"hall","seats":50}]
        -> ["1","4","hall:north","stop",{}]
        <- ["1",null,"hall:north","ended",{"name":"hall","seats":50}]
        <- ["1","1","hall:north","phx_close",{}]
        "#,
    )
    .await
}

#[apply(each_transport)]
#[tokio::test]
async fn data_that_is_made_at_run_time_stands_in_a_static(over: Over) -> TestResult {
    talk(
        over,
        r#"
        -> ["1","1","lazy","phx_join",{}]
        <- ["1","1","lazy","phx_reply",{"response":"LOADED","status":"ok"}]
        "#,
    )
    .await
}
