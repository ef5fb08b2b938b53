//! Ten thousand hostile clients against a running server, which must neither panic nor grow:
//!
//! ```text
//! cargo run --release --example reference -- --port 4100    # prints its process id
//! cargo run --release -p tests --bin hostile -- 127.0.0.1:4100 PID
//! ```
//!
//! Every client opens a WebSocket and joins a room; half then send 64 KiB of random bytes, half messages with a byte
//! changed. The server's memory is shown after each thousand. Speaks to loopback only.

use std::net::SocketAddr;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const CLIENTS: u64 = 10_000;
const AT_A_TIME: usize = 200;

const HANDSHAKE: &[u8] =
    b"GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\n\
    upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(addr), Some(pid)) = (args.next(), args.next()) else {
        return Err("usage: hostile 127.0.0.1:PORT PID".into());
    };
    let addr: SocketAddr = addr.parse()?;
    if !addr.ip().is_loopback() {
        return Err("only loopback addresses".into());
    }
    let started = Instant::now();
    println!("before: {} KiB", memory_kib(&pid)?);
    let mut running = JoinSet::new();
    for number in 0..CLIENTS {
        running.spawn(throw(addr, number));
        if running.len() == AT_A_TIME
            && let Some(outcome) = running.join_next().await
        {
            outcome??;
        }
        if (number + 1) % 1000 == 0 {
            while let Some(outcome) = running.join_next().await {
                outcome??;
            }
            println!("after {:>6} clients: {} KiB", number + 1, memory_kib(&pid)?);
        }
    }
    // The server still talks to those who behave.
    let mut client = open(addr).await?;
    client.write_all(&frame(br#"[null,"1","phoenix","heartbeat",{}]"#)).await?;
    let mut answer = [0; 256];
    let count = client.read(&mut answer).await?;
    println!("then: {}", String::from_utf8_lossy(&answer[..count]));
    println!("{CLIENTS} clients in {:.1} s", started.elapsed().as_secs_f32());
    Ok(())
}

async fn open(addr: SocketAddr) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect(addr).await?;
    stream.write_all(HANDSHAKE).await?;
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).await?;
        head.push(byte[0]);
    }
    Ok(stream)
}

async fn throw(addr: SocketAddr, number: u64) -> std::io::Result<()> {
    let mut random = 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(number + 1);
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random.to_le_bytes()[0]
    };
    let mut stream = open(addr).await?;
    let join = format!(r#"["1","1","room:{number}","phx_join",{{}}]"#);
    let mut bytes = frame(join.as_bytes());
    if number.is_multiple_of(2) {
        bytes.extend((0..64 * 1024).map(|_| next()));
    } else {
        for _ in 0..20 {
            let mut broken = br#"["1","2","room:1","echo",{"a":[1,{"b":"c\u00fc"}]}]"#.to_vec();
            let at = usize::from(next()) % broken.len();
            broken[at] = next();
            bytes.extend(frame(&broken));
        }
    }
    // The server may close before it has read everything; that is what it should do.
    let _ = stream.write_all(&bytes).await;
    let _ = stream.shutdown().await;
    let _ = stream.read_to_end(&mut Vec::new()).await;
    Ok(())
}

/// A masked text frame, with a mask of zeros.
fn frame(payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap_or(125).min(125);
    let mut frame = vec![0x81, 0x80 | length, 0, 0, 0, 0];
    frame.extend_from_slice(&payload[..usize::from(length)]);
    frame
}

/// Resident memory of a process.
fn memory_kib(pid: &str) -> Result<u64, Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
