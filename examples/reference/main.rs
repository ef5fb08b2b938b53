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
mod intercept;
mod options;
mod presence;
mod room;
mod socket;

use options::Options;
use phx_runtime::prelude::*;
use phx_runtime::{CheckOrigin, Drain, LongPoll};
use socket::{GivesIds, UserSocket};
use std::process::ExitCode;
use std::time::Duration;
use warp::Filter;

#[tokio::main]
async fn main() -> ExitCode {
    println!("{}", std::process::id());
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let Options { port, node, drain_batch } = Options::read()?;
    let log_level = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt().with_env_filter(log_level).with_writer(std::io::stderr).init();
    // As many connections as the process may have.
    rlimit::increase_nofile_limit(u64::MAX)?;

    let endpoint = endpoint(drain_batch)?;
    let server = endpoint.bind(([127, 0, 0, 1], port)).await?;
    println!("listening on {}", server.local_addr());
    server.run(endpoint.routes().or(control::routes(endpoint.clone(), node))).await;
    Ok(())
}

/// The same socket four times, each time with other options.
fn endpoint(drain_batch: Option<usize>) -> Result<Endpoint, EndpointError> {
    let mut drain = Drain::default();
    drain.batch_size = drain_batch.unwrap_or(drain.batch_size);
    let mut one_second = LongPoll::default();
    one_second.window = Duration::from_secs(1);
    let mut builder = Endpoint::builder();
    if let Ok(secret) = std::env::var("SECRET_KEY_BASE") {
        builder = builder.secret_key_base(secret);
    }
    builder
        .check_origin(CheckOrigin::any())
        .socket_with::<UserSocket>("/socket", |options| {
            options.drain = Some(drain);
            options.longpoll = Some(LongPoll::default());
        })
        .socket_with::<UserSocket>("/idsocket", |options| {
            options.connect_data(GivesIds);
            options.longpoll = Some(LongPoll::default());
        })
        .socket_with::<UserSocket>("/limited", |options| options.limits.max_message_bytes = 65_536)
        .socket_with::<UserSocket>("/strict", |options| {
            options.check_origin = Some(CheckOrigin::host()); // the default: pages of localhost
            options.limits.idle_timeout = Duration::from_secs(3);
            options.longpoll = Some(one_second);
        })
        .build()
}
