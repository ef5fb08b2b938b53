//! What an idle client costs: many connect, each joins a room of its own, and then nothing happens.

use crate::client::{frame, memory_kib, open};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const CLIENTS: u32 = 10_000;

pub(crate) async fn run(addr: SocketAddr, pid: &str) -> Result<(), Box<dyn std::error::Error>> {
    let before = memory_kib(pid)?;
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        let mut client = open(addr).await?;
        let join = format!(r#"["1","1","room:{number}","phx_join",{{}}]"#);
        client.write_all(&frame(join.as_bytes())).await?;
        // The answer is as long for everybody: a header of two bytes and less than 126 of text.
        let mut header = [0; 2];
        client.read_exact(&mut header).await?;
        client.read_exact(&mut vec![0; usize::from(header[1])]).await?;
        clients.push(client);
    }
    let after = memory_kib(pid)?;
    let each = f64::from(u32::try_from(after.saturating_sub(before))?) / f64::from(CLIENTS);
    println!("{CLIENTS} joined clients: {before} KiB before, {after} KiB after, {each:.2} KiB for each");
    Ok(())
}
