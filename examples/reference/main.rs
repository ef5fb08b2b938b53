//! A server that exercises the framework with the smallest possible app code: the target of conformance runs, of
//! client libraries and of load.
//!
//! ```text
//! cargo run --release --example reference -- --port 4100
//! ```
//!
//! Its control routes are behind no authentication, so it binds to loopback only. Its first line of output is its
//! process id; a line `listening on 127.0.0.1:PORT` follows when it is ready.

mod control;
mod room;

use phx_runtime::CheckOrigin;
use phx_runtime::prelude::*;
use room::RoomChannel;
use serde::Deserialize;
use warp::Filter;

/// Every connection is welcome, unless it asks to be refused.
struct UserSocket;

#[derive(Deserialize)]
struct Params {
    refuse: Option<String>,
}

#[socket]
impl Socket for UserSocket {
    channel!("room:*", RoomChannel);

    type Params = Params;

    async fn connect(params: Params, _: &ConnectInfo) -> Result<Self, Refused> {
        match params.refuse {
            Some(_) => Err(Refused::new("asked to be refused")),
            None => Ok(Self),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{}", std::process::id());
    tracing_subscriber::fmt().with_env_filter(log_level()).with_writer(std::io::stderr).init();
    // As many connections as the process may have.
    rlimit::increase_nofile_limit(u64::MAX)?;

    let endpoint =
        Endpoint::builder().check_origin(CheckOrigin::any()).socket::<UserSocket>("/socket").build()?;
    let server = endpoint.bind(([127, 0, 0, 1], port()?)).await?;
    println!("listening on {}", server.local_addr());
    server.run(endpoint.routes().or(control::routes(endpoint.clone()))).await;
    Ok(())
}

fn log_level() -> tracing_subscriber::EnvFilter {
    tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into())
}

/// `--port N`, else `PORT`, else 4100.
fn port() -> Result<u16, Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    match (args.next().as_deref(), args.next()) {
        (Some("--port"), Some(port)) => Ok(port.parse().map_err(|_| format!("`{port}` is not a port"))?),
        (None, _) => match std::env::var("PORT") {
            Ok(port) => Ok(port.parse().map_err(|_| format!("PORT=`{port}` is not a port"))?),
            Err(_) => Ok(4100),
        },
        _ => Err("usage: reference [--port PORT]".into()),
    }
}
