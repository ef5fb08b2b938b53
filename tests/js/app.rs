//! What the tests with phoenix.js need beside the reference example, whose behaviour is fixed: a mount that reads
//! tokens, one that compresses, one that soon gives up whoever does not poll, a join that waits for another, and presence of
//! several keys, for which `PRESENCE_GRACE_MS` may be set.

use phx_runtime::prelude::*;
use phx_runtime::{Compression, LongPoll};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::Semaphore;

struct AppSocket {
    token: Option<String>,
}

#[socket]
impl Socket for AppSocket {
    channel!("app:*", AppChannel);
    channel!("crowd:*", CrowdChannel);

    async fn connect(_: NoParams, info: &ConnectInfo) -> Result<Self, Refused> {
        match info.auth_token() {
            Some("bad token") => Err(Refused::new("unauthorized")),
            token => Ok(Self { token: token.map(str::to_owned) }),
        }
    }
}

/// For joins of `app:held`.
static RELEASES: Semaphore = Semaphore::const_new(0);

struct AppChannel;

#[channel(socket = AppSocket)]
impl AppChannel {
    /// Takes until somebody joins `app:release`.
    #[join("app:held")]
    async fn held() -> Result<Self, Refused> {
        let release = RELEASES.acquire().await.map_err(|closed| Refused::new(closed.to_string()))?;
        release.forget();
        Ok(Self)
    }

    #[join("app:release")]
    fn release() -> Result<Self, Refused> {
        RELEASES.add_permits(1);
        Ok(Self)
    }

    #[join("app:*")]
    fn any() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[handle_in("token")]
    fn token(&mut self, ctx: &mut Context<Self>) -> Result<Option<String>, Refused> {
        Ok(ctx.socket().token.clone())
    }

    #[handle_in("echo")]
    fn echo(&mut self, payload: Payload) -> Result<Payload, Refused> {
        Ok(payload)
    }

    #[handle_in("broadcast")]
    fn broadcast(&mut self, payload: Payload, ctx: &mut Context<Self>) {
        ctx.broadcast("broadcast", &payload);
    }

    #[terminate]
    fn left(&mut self, ctx: &mut Context<Self>) {
        ctx.broadcast_from("left", &json!({}));
    }
}

/// Present by the keys that the client says, with the metas that it says.
struct CrowdChannel;

#[derive(Deserialize)]
struct Crowd {
    metas: Metas,
}

type Metas = BTreeMap<String, Box<RawValue>>;

#[channel(socket = AppSocket)]
impl CrowdChannel {
    #[join("crowd:*")]
    fn join(crowd: Crowd, ctx: &mut Joining<Self>) -> Result<Self, Refused> {
        ctx.notify(crowd);
        Ok(Self)
    }

    #[handle_info]
    fn after_join(&mut self, crowd: Crowd, ctx: &mut Context<Self>) {
        self.track(crowd.metas, ctx);
        ctx.push("presence_state", &ctx.presences());
    }

    #[handle_in("track")]
    fn track(&mut self, metas: Metas, ctx: &mut Context<Self>) {
        for (key, meta) in metas {
            ctx.track(key, &meta);
        }
    }

    #[handle_in("update")]
    fn update(&mut self, metas: Metas, ctx: &mut Context<Self>) {
        for (key, meta) in metas {
            ctx.update(key, &meta);
        }
    }

    #[handle_in("untrack")]
    fn untrack(&mut self, keys: Vec<String>, ctx: &mut Context<Self>) {
        for key in keys {
            ctx.untrack(key);
        }
    }

    #[handle_in("crash")]
    fn crash(&mut self) {
        panic!("asked to crash")
    }

    #[terminate]
    fn left(&mut self, ctx: &mut Context<Self>) {
        ctx.broadcast_from("ended", &json!({}));
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut brief = LongPoll::default();
    brief.window = Duration::from_millis(200);
    let grace = std::env::var("PRESENCE_GRACE_MS").unwrap_or_else(|_| "0".into()).parse()?;
    let endpoint = Endpoint::builder()
        .presence_grace(Duration::from_millis(grace))
        .socket_with::<AppSocket>("/socket", |options| options.longpoll = Some(LongPoll::default()))
        .socket_with::<AppSocket>("/token", |options| {
            options.auth_token = true;
            options.longpoll = Some(LongPoll::default());
        })
        .socket_with::<AppSocket>("/brief", |options| options.longpoll = Some(brief))
        .socket_with::<AppSocket>("/compressed", |options| options.compress = Some(Compression::default()))
        .build()?;
    let server = endpoint.bind(([127, 0, 0, 1], 0)).await?;
    println!("listening on {}", server.local_addr());
    server.run(endpoint.routes()).await;
    Ok(())
}
