//! What one more costs a room of 1,000, of 5,000 and of 10,000 who are present: time, bytes, and CPU of the server. And
//! what each of them takes of its memory.

use crate::client::{cpu_ms, frame, memory_kib, open};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::sleep;

const ROOMS: [u32; 3] = [1_000, 5_000, 10_000];

/// How many join and leave again at each size, one after the other.
const PROBES: u32 = 10;

/// Nothing has come for so long: everybody has heard everything.
const QUIET: Duration = Duration::from_millis(500);

pub(crate) async fn run(addr: SocketAddr, pid: &str) -> Result<(), Box<dyn std::error::Error>> {
    let before = memory_kib(pid)?;
    let received = Arc::new(AtomicU64::new(0));
    // At times when nothing is measured.
    let (beat, _) = watch::channel(());
    let mut members = 0;
    for room in ROOMS {
        let mut newcomers = Vec::new();
        for _ in members..room {
            newcomers.push(open(addr).await?);
        }
        for (number, mut member) in (members..room).zip(newcomers) {
            member.write_all(&join(number)).await?;
            tokio::spawn(stay(member, Arc::clone(&received), beat.subscribe()));
        }
        members = room;
        quiet(&received).await;
        beat.send_replace(());
        quiet(&received).await;
        let each = f64::from(u32::try_from(memory_kib(pid)?.saturating_sub(before))?) / f64::from(room);
        let probes = probe(addr, pid, &received).await?;
        let Probes { until_answered, until_all_know, state_bytes, others_bytes, cpu_ms } = probes;
        println!(
            "{room} present, {each:.2} KiB for each: one more has its answer after {until_answered:.2?} and the list of \
             {state_bytes} bytes after {until_all_know:.2?}, the others get {} bytes each, and it takes {cpu_ms:.1} ms \
             of CPU to join and leave",
            others_bytes / u64::from(room)
        );
    }
    Ok(())
}

struct Probes {
    /// Medians.
    until_answered: Duration,
    until_all_know: Duration,
    state_bytes: usize,
    /// For one join.
    others_bytes: u64,
    /// For one join and leave.
    cpu_ms: f64,
}

async fn probe(
    addr: SocketAddr,
    pid: &str,
    received: &Arc<AtomicU64>,
) -> Result<Probes, Box<dyn std::error::Error>> {
    let (mut answered, mut listed) = (Vec::new(), Vec::new());
    let (mut state_bytes, mut others_bytes, mut cpu) = (0, 0, 0);
    for number in 0..PROBES {
        let mut client = BufReader::new(open(addr).await?);
        let cpu_before = cpu_ms(pid)?;
        let received_before = received.load(Ordering::Relaxed);
        let started = Instant::now();
        client.write_all(&join(1_000_000 + number)).await?;
        loop {
            let message = next(&mut client).await?;
            if message.windows(9).any(|part| part == b"phx_reply") {
                answered.push(started.elapsed());
            } else if message.windows(14).take(60).any(|part| part == b"presence_state") {
                listed.push(started.elapsed());
                state_bytes = message.len();
                break;
            }
        }
        quiet(received).await;
        others_bytes = received.load(Ordering::Relaxed) - received_before;
        drop(client);
        quiet(received).await;
        cpu += cpu_ms(pid)? - cpu_before;
    }
    answered.sort();
    listed.sort();
    let middle = answered.len() / 2;
    Ok(Probes {
        until_answered: answered[middle],
        until_all_know: listed[middle],
        state_bytes,
        others_bytes,
        cpu_ms: f64::from(u32::try_from(cpu)?) / f64::from(PROBES),
    })
}

fn join(number: u32) -> Vec<u8> {
    frame(format!(r#"["1","1","presence:load","phx_join",{{"user_id":"user {number}"}}]"#).as_bytes())
}

/// Reads whatever comes, and tells the server that it is there when it is to.
async fn stay(mut member: TcpStream, received: Arc<AtomicU64>, mut beats: watch::Receiver<()>) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        tokio::select! {
            read = member.read(&mut buffer) => match read {
                Ok(read) if read > 0 => _ = received.fetch_add(read as u64, Ordering::Relaxed),
                _ => return eprintln!("a member has been closed"),
            },
            _ = beats.changed() => {
                let heartbeat = frame(br#"[null,"1","phoenix","heartbeat",{}]"#);
                if member.write_all(&heartbeat).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn quiet(received: &AtomicU64) {
    let mut before = received.load(Ordering::Relaxed);
    loop {
        sleep(QUIET).await;
        let now = received.load(Ordering::Relaxed);
        if now == before {
            return;
        }
        before = now;
    }
}

/// The payload of the next frame.
async fn next(client: &mut BufReader<TcpStream>) -> std::io::Result<Vec<u8>> {
    let _opcode = client.read_u8().await?;
    let length = match client.read_u8().await? {
        126 => usize::from(client.read_u16().await?),
        127 => usize::try_from(client.read_u64().await?).map_err(std::io::Error::other)?,
        length => usize::from(length),
    };
    let mut payload = vec![0; length];
    client.read_exact(&mut payload).await?;
    Ok(payload)
}
