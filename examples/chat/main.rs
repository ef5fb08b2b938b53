//! A chat in the browser: rooms, names, who is here, and phoenix.js on the other side.
//!
//! ```text
//! cargo run --example chat              # http://127.0.0.1:4000
//! cargo run --example chat -- --port 0  # or PORT=0: picks a free port
//! ```
//!
//! The page tries a WebSocket, and falls back to long polling when none opens. `?transport=longpoll` in its address
//! (`http://127.0.0.1:4000/?transport=longpoll`) makes it poll from the start; next to "Connected" it says which it is.

mod client;
mod room;
#[cfg(test)]
mod tests;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use phx_runtime::CheckOrigin;
use phx_runtime::prelude::*;
use room::RoomChannel;
use serde::Deserialize;
use std::path::Path;
use std::process::ExitCode;
use warp::Filter;

/// One browser tab.
pub(crate) struct ChatSocket {
    name: String,
}

#[derive(Deserialize)]
struct Params {
    name: String,
}

// The page comes from this server, whichever name of it stands in the address bar.
#[socket("/socket", longpoll, check_origin = Some(CheckOrigin::same_as_request()))]
impl Socket for ChatSocket {
    channel!("room:*", RoomChannel);

    type Params = Params;

    async fn connect(params: Params, _: &ConnectInfo) -> Result<Self, Refused> {
        let name = params.name.trim().to_owned();
        match name.chars().count() {
            1..=24 => Ok(Self { name }),
            _ => Err(Refused::new("a name has 1 to 24 characters")),
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), String> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).init();

    let port = port()?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("chat");
    let phoenix = client::phoenix_js(&folder)?;

    let endpoint = Endpoint::builder().secret_key_base(secret()?).build();
    let endpoint = endpoint.map_err(|error| error.to_string())?;
    let file = |path: &'static str, name: &str| {
        warp::path::path(path).and(warp::path::end()).and(warp::fs::file(folder.join(name)))
    };
    let routes = endpoint
        .routes()
        .or(warp::path::end().and(warp::fs::file(folder.join("index.html"))))
        .or(file("style.css", "style.css"))
        .or(file("chat.js", "chat.js"))
        .or(file("favicon.svg", "favicon.svg"))
        .or(warp::path!("phoenix.mjs").and(warp::fs::file(phoenix)));

    let server = endpoint.bind(([127, 0, 0, 1], port)).await;
    let server = server.map_err(|error| format!("{error} (`--port N` or PORT=N, for example 4001)"))?;
    println!("The chat is open: http://{}", server.local_addr());
    server.run(routes).await;
    Ok(())
}

/// What the sessions of long polling are signed with: `SECRET_KEY_BASE`, or one that is forgotten when the chat closes.
/// A server of several nodes, or one that restarts while people use it, wants the first.
fn secret() -> Result<String, String> {
    if let Ok(secret) = std::env::var("SECRET_KEY_BASE") {
        return Ok(secret);
    }
    let mut random = [0; 64];
    getrandom::fill(&mut random).map_err(|error| format!("no random numbers for a secret: {error}"))?;
    Ok(URL_SAFE_NO_PAD.encode(random))
}

/// `--port N`, else `PORT`, else 4000.
fn port() -> Result<u16, String> {
    let mut args = std::env::args().skip(1);
    match (args.next().as_deref(), args.next()) {
        (Some("--port"), Some(port)) => port.parse().map_err(|_| format!("`{port}` is not a port")),
        (None, _) => match std::env::var("PORT") {
            Ok(port) => port.parse().map_err(|_| format!("PORT is set to `{port}`, which is not a port")),
            Err(_) => Ok(4000),
        },
        _ => Err("usage: chat [--port PORT]".to_owned()),
    }
}
