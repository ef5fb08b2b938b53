//! Loads for a server in a process of its own:
//!
//! ```text
//! cargo run --release --example reference -- --port 4100    # prints its process id
//! cargo run --release -p tests --bin load -- hostile 127.0.0.1:4100 PID
//! cargo run --release -p tests --bin load -- idle 127.0.0.1:4100 PID
//! cargo run --release -p tests --bin load -- presence 127.0.0.1:4100 PID
//! cargo run --release -p tests --bin load -- sessions 127.0.0.1:4100 PID
//! cargo run --release -p tests --bin load -- drain 127.0.0.1:4100 PID   # ends the server
//! ```
//!
//! All but the last show the server's memory; all end by themselves. They speak to loopback only, and need Linux's `/proc`.

mod client;
mod drain;
mod hostile;
mod idle;
mod presence;
mod sessions;

use std::net::SocketAddr;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [load, addr, pid] = args.as_slice() else {
        return Err("usage: load hostile|idle|presence|sessions|drain 127.0.0.1:PORT PID".into());
    };
    let addr: SocketAddr = addr.parse()?;
    if !addr.ip().is_loopback() {
        return Err("only loopback addresses".into());
    }
    rlimit::increase_nofile_limit(u64::MAX)?;
    match load.as_str() {
        "hostile" => hostile::run(addr, pid).await,
        "drain" => drain::run(addr, pid).await,
        "idle" => idle::run(addr, pid).await,
        "presence" => presence::run(addr, pid).await,
        "sessions" => sessions::run(addr, pid).await,
        _ => Err(format!("`{load}` is no load: hostile, idle, presence, sessions or drain").into()),
    }
}
