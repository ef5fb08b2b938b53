//! The public API as it was designed, compiled and run.

use crate::support::{At, Over, TestResult, apply, each_transport, with_longpoll};
use phx_runtime::prelude::*;
use serde::{Deserialize, Serialize};

/// Who is connected: one per WebSocket, shared by its channels.
struct UserSocket {
    user: String,
}

#[derive(Deserialize)]
struct Login {
    token: String,
}

#[socket]
impl Socket for UserSocket {
    channel!("room:*", RoomChannel);

    type Params = Login;

    async fn connect(login: Login, _info: &ConnectInfo) -> Result<Self, Refused> {
        let user = verify(&login.token).ok_or(Refused::new("unauthorized"))?;
        Ok(UserSocket { user })
    }

    fn id(&self) -> Option<String> {
        Some(format!("user_socket:{}", self.user))
    }
}

/// One joined client: created by `join`, dropped when it leaves.
struct RoomChannel {
    room: Option<u64>,
    posted: u64,
}

#[derive(Deserialize)]
struct Hello {
    last_seen: u64,
}
#[derive(Serialize)]
struct Welcome {
    unread: u64,
}
#[derive(Serialize, Deserialize)]
struct NewMsg {
    body: String,
}
#[derive(Serialize)]
struct Posted {
    id: u64,
}
struct AfterJoin;

#[channel(socket = UserSocket)]
impl RoomChannel {
    #[join("room:lobby")]
    async fn lobby() -> Result<Self, Refused> {
        Ok(Self { room: None, posted: 0 })
    }

    #[join("room:{id}")]
    async fn room(id: u64, hello: Hello, ctx: &mut Joining<Self>) -> Result<(Self, Welcome), Refused> {
        ctx.notify(AfterJoin);
        Ok((Self { room: Some(id), posted: 0 }, Welcome { unread: 42 - hello.last_seen }))
    }

    #[handle_info]
    async fn after_join(&mut self, _: AfterJoin, ctx: &mut Context<Self>) {
        ctx.track(&ctx.socket().user, &());
        ctx.push("presence_state", &ctx.presences());
    }

    #[handle_in("new_msg")]
    async fn new_msg(&mut self, msg: NewMsg, ctx: &mut Context<Self>) -> Result<Posted, Refused> {
        if self.room.is_none() {
            return Err(Refused::new("read_only"));
        }
        ctx.broadcast("new_msg", &msg);
        self.posted += 1;
        Ok(Posted { id: self.posted })
    }

    #[handle_out("new_msg")]
    async fn show(&mut self, msg: NewMsg, ctx: &mut Context<Self>) {
        if !msg.body.contains("spoiler") {
            ctx.push("new_msg", &msg);
        }
    }

    #[terminate]
    async fn left(&mut self, reason: Reason) {
        println!("{:?}: {reason:?}", self.room);
    }
}

fn verify(token: &str) -> Option<String> {
    token.strip_prefix("user-").map(str::to_owned)
}

#[apply(each_transport)]
#[tokio::test]
async fn the_sketch_runs(over: Over) -> TestResult {
    let endpoint = Endpoint::builder().socket_with::<UserSocket>("/socket", with_longpoll).build()?;
    let server = endpoint.bind(([127, 0, 0, 1], 0)).await?;
    let at = At { addr: server.local_addr(), endpoint: endpoint.clone() };
    let serving = tokio::spawn(server.run(endpoint.routes()));
    let mut client = at.connect(over, "/socket", "&token=user-ann").await;
    client
        .talk(
            r#"
            -> ["1","1","room:7","phx_join",{"last_seen":2}]
            <- ["1","1","room:7","phx_reply",{"response":{"unread":40},"status":"ok"}]
            "#,
        )
        .await;
    for (event, around) in
        [("presence_state", ["", ""]), ("presence_diff", ["{\"joins\":", ",\"leaves\":{}}"])]
    {
        let message = client.next().await;
        let reference =
            message.split("phx_ref\":\"").nth(1).and_then(|rest| rest.get(..16)).unwrap_or_default();
        let join_ref = if event == "presence_state" { "\"1\"" } else { "null" };
        let [before, after] = around;
        let present = format!(r#"{before}{{"ann":{{"metas":[{{"phx_ref":"{reference}"}}]}}}}{after}"#);
        let expected = format!(r#"[{join_ref},null,"room:7","{event}",{present}]"#);
        assert_eq!(message, client.gets(&expected));
    }
    client
        .talk(
            r#"
            -> ["1","2","room:7","new_msg",{"body":"hi"}]
            <- ["1","2","room:7","phx_reply",{"response":{"id":1},"status":"ok"}]
            <- ["1",null,"room:7","new_msg",{"body":"hi"}]
            -> ["1","3","room:7","new_msg",{"body":"a spoiler"}]
            <- ["1","3","room:7","phx_reply",{"response":{"id":2},"status":"ok"}]
            -> ["4","4","room:lobby","phx_join",{}]
            <- ["4","4","room:lobby","phx_reply",{"response":{},"status":"ok"}]
            -> ["4","5","room:lobby","new_msg",{"body":"hi"}]
            <- ["4","5","room:lobby","phx_reply",{"response":{"reason":"read_only"},"status":"error"}]
            -> ["6","6","room:kitchen","phx_join",{"last_seen":2}]
            <- ["6","6","room:kitchen","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]
            "#,
        )
        .await;
    serving.abort();
    Ok(())
}
