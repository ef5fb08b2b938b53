//! A chat in the browser: rooms, names, who is here, and phoenix.js on the other side.
//!
//! ```text
//! cargo run --example chat              # http://127.0.0.1:4000
//! cargo run --example chat -- --port 0  # or PORT=0: picks a free port
//! ```
//!
//! The page tries a WebSocket, and falls back to long polling when none opens. `?transport=longpoll` in its address
//! (`http://127.0.0.1:4000/?transport=longpoll`) makes it poll from the start; next to "Connected" it says which it is.

#[path = "../page/mod.rs"]
mod page;
mod room;
#[cfg(test)]
mod tests;

use phx_runtime::CheckOrigin;
use phx_runtime::prelude::*;
use room::RoomChannel;
use serde::Deserialize;
use std::error::Error;
use std::process::ExitCode;
use warp::Filter;

/// The files of the page, beside `index.html`.
const PAGE: [&str; 7] = ["style.css", "chat.js", "lines.js", "room.js", "view.js", "visit.js", "favicon.svg"];

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
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    page::start_log();
    let port = page::port()?;
    let files = page::files("chat", &PAGE)?;
    let endpoint = Endpoint::builder().secret_key_base(page::secret()?).build()?;
    let server = endpoint.bind(([127, 0, 0, 1], port)).await;
    let server = server.map_err(|error| format!("{error} (`--port N` or PORT=N, for example 4001)"))?;
    println!("The chat is open: http://{}", server.local_addr());
    server.run(endpoint.routes().or(files)).await;
    Ok(())
}
