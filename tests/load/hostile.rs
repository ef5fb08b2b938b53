//! Ten thousand hostile clients, which must neither make the server panic nor grow. Every client opens a WebSocket and
//! joins a room; half then send 64 KiB of random bytes, half messages with a byte changed.

use crate::client::{frame, memory_kib, open};
use std::net::SocketAddr;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

const CLIENTS: u64 = 10_000;
const AT_A_TIME: usize = 200;

pub(crate) async fn run(addr: SocketAddr, pid: &str) -> Result<(), Box<dyn std::error::Error>> {
    let started = Instant::now();
    println!("before: {} KiB", memory_kib(pid)?);
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
            println!("after {:>6} clients: {} KiB", number + 1, memory_kib(pid)?);
        }
    }
    // The server still talks to those who behave.
    let mut client = open(addr).await?;
    client.write_all(&frame(br#"[null,"1","phoenix","heartbeat",{}]"#)).await?;
    let mut answer = [0; 256];
    let count = client.read(&mut answer).await?;
    println!("then: {}", String::from_utf8_lossy(answer[..count].get(2..).unwrap_or_default()));
    println!("{CLIENTS} clients in {:.1} s", started.elapsed().as_secs_f32());
    Ok(())
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
