//! Ten thousand sessions of long polling that are begun, join a room, and are abandoned, three times over: the server's
//! memory must come back to what it was after the first time.

use crate::client::memory_kib;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;
use tokio::time::sleep;

const SESSIONS: u32 = 10_000;
const ROUNDS: u32 = 3;

/// By then every session has ended: 15 s after its last poll, and 5 s for what nobody has fetched.
const UNTIL_ENDED: Duration = Duration::from_secs(25);

pub(crate) async fn run(addr: SocketAddr, pid: &str) -> Result<(), Box<dyn std::error::Error>> {
    println!("before: {} KiB", memory_kib(pid)?);
    for round in 1..=ROUNDS {
        let mut http = BufStream::new(TcpStream::connect(addr).await?);
        let before = memory_kib(pid)?;
        for number in 0..SESSIONS {
            let begun = request(&mut http, "GET", "", "").await?;
            let token = begun.split("\"token\":\"").nth(1).and_then(|rest| rest.split('"').next());
            let token = token.ok_or("no token")?;
            let join = format!(r#"["1","1","room:{number}","phx_join",{{}}]"#);
            if request(&mut http, "POST", token, &join).await? != r#"{"status":200}"# {
                return Err("a join was not taken".into());
            }
            // One TCP connection may not begin so many that are never polled: `LongPoll::max_newcomers`.
            if !request(&mut http, "GET", token, "").await?.contains("phx_reply") {
                return Err("a join was not answered".into());
            }
        }
        let after = memory_kib(pid)?;
        let each = f64::from(u32::try_from(after.saturating_sub(before))?) / f64::from(SESSIONS);
        println!(
            "round {round}: {SESSIONS} sessions that have joined: {after} KiB, {each:.2} KiB for each more"
        );
        sleep(UNTIL_ENDED).await;
        println!("round {round}: abandoned {} s ago: {} KiB", UNTIL_ENDED.as_secs(), memory_kib(pid)?);
    }
    Ok(())
}

/// Sends a request, and reads the body of the answer.
async fn request(
    http: &mut BufStream<TcpStream>,
    method: &str,
    token: &str,
    body: &str,
) -> Result<String, Box<dyn std::error::Error>> {
    let length = body.len();
    let request = format!(
        "{method} /socket/longpoll?vsn=2.0.0&token={token} HTTP/1.1\r\nhost: localhost\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    http.write_all(request.as_bytes()).await?;
    http.flush().await?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        http.read_line(&mut line).await?;
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    http.read_exact(&mut body).await?;
    Ok(String::from_utf8(body)?)
}
