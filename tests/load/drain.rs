//! What clients see of a shutdown: many connect, every other joins a room, then the server gets SIGTERM. Each must get a
//! close frame with 1012, and the process must end by itself.

use crate::client::{frame, open};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const CLIENTS: u32 = 5_000;

pub(crate) async fn run(addr: SocketAddr, pid: &str) -> Result<(), Box<dyn std::error::Error>> {
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let mut client = open(addr).await?;
        if number % 2 == 0 {
            let join = format!(r#"["1","1","room:{number}","phx_join",{{}}]"#);
            client.write_all(&frame(join.as_bytes())).await?;
        }
        clients.spawn(until_closed(client));
    }
    let started = Instant::now();
    if !Command::new("kill").args(["-TERM", pid]).status()?.success() {
        return Err("cannot send SIGTERM".into());
    }
    let mut ends: BTreeMap<String, (u32, Duration, Duration)> = BTreeMap::new();
    while let Some(end) = clients.join_next().await {
        let (end, since) = (end?, started.elapsed());
        let (count, _, last) = ends.entry(end).or_insert((0, since, since));
        *count += 1;
        *last = since;
    }
    for (end, (count, first, last)) in ends {
        println!("{count} of {CLIENTS}: {end}, from {first:.1?} to {last:.1?} after SIGTERM");
    }
    // It is not ours to wait for, but `tail` can.
    Command::new("tail").args(["--pid", pid, "-f", "/dev/null"]).status()?;
    println!("the process ended {:.1?} after SIGTERM", started.elapsed());
    Ok(())
}

/// Reads to the end, answers a close, and says how it ended.
async fn until_closed(mut client: TcpStream) -> String {
    match read_close(&mut client).await {
        Ok(code) => {
            // An empty close frame, masked with zeros.
            let _ = client.write_all(&[0x88, 0x80, 0, 0, 0, 0]).await;
            format!("close {code}")
        }
        Err(error) => format!("no close frame ({error})"),
    }
}

/// The server sends nothing here that is longer than a short frame.
async fn read_close(client: &mut TcpStream) -> std::io::Result<u16> {
    loop {
        let mut header = [0; 2];
        client.read_exact(&mut header).await?;
        let mut payload = vec![0; usize::from(header[1])];
        client.read_exact(&mut payload).await?;
        if header[0] == 0x88 {
            return Ok(u16::from_be_bytes([payload[0], payload[1]]));
        }
    }
}
