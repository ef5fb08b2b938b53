//! A client that begins sessions and forgets them leaves nothing behind.

use super::Outcome;
use allocation_counter::measure;
use phx_runtime::LongPoll;
use phx_runtime::prelude::*;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    channel!("room:*", Room);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct Room;

#[channel(socket = UserSocket)]
impl Room {
    #[join("room:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }
}

const SESSIONS: usize = 200;

/// A client that has no session yet is nobody in particular: there may be many of those.
#[test]
fn a_body_for_no_session_is_not_kept() -> Outcome {
    let (runtime, _endpoint, addr, _stop) = start()?;
    let body = "x".repeat(1024 * 1024);
    let mut answer = Ok(String::new());
    let count = measure(|| answer = runtime.block_on(request(addr, "POST", "none", &body)));
    assert!(answer?.ends_with(r#"{"status":410}"#));
    // The request itself is one of the test's, and the HTTP server reads some of it at a time.
    let of_the_server = count.bytes_max - body.len() as u64;
    assert!(of_the_server < body.len() as u64 * 3 / 4, "{count:?}");
    Ok(())
}

#[test]
fn abandoned_sessions_give_back_what_they_took() -> Outcome {
    let (runtime, endpoint, addr, _stop) = start()?;
    // The first time, maps and the like get their size.
    abandon(&runtime, &endpoint, addr)?;
    let mut outcome = Ok(());
    let count = measure(|| outcome = abandon(&runtime, &endpoint, addr));
    outcome?;
    assert!(count.bytes_total > 1000 * SESSIONS as u64, "it is counted here: {count:?}");
    assert!(count.bytes_current.abs() < 4096, "nothing that grows is left: {count:?}");
    Ok(())
}

type Started = (Runtime, Endpoint, SocketAddr, oneshot::Sender<()>);

/// A server on the thread of the test, where allocations are counted.
fn start() -> Result<Started, Box<dyn std::error::Error>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let endpoint =
        Endpoint::builder().secret_key_base("s".repeat(64)).socket_with::<UserSocket>("/socket", |options| {
            let mut longpoll = LongPoll::default();
            longpoll.window = Duration::from_millis(20);
            options.longpoll = Some(longpoll);
            options.limits.close_timeout = Duration::from_millis(1);
        });
    let endpoint = endpoint.build()?;
    let server = runtime.block_on(endpoint.bind(([127, 0, 0, 1], 0)))?;
    let addr = server.local_addr();
    let (stop, stopped) = oneshot::channel();
    let routes = endpoint.routes();
    runtime.spawn(server.run_until(routes, async {
        let _ = stopped.await;
    }));
    Ok((runtime, endpoint, addr, stop))
}

/// Begins sessions, joins in each, and waits until all have ended.
fn abandon(runtime: &Runtime, endpoint: &Endpoint, addr: SocketAddr) -> Outcome {
    runtime.block_on(async {
        for _ in 0..SESSIONS {
            let begun = request(addr, "GET", "", "").await?;
            let token = begun.split("\"token\":\"").nth(1).and_then(|rest| rest.split('"').next());
            let joined =
                request(addr, "POST", token.unwrap_or_default(), r#"["1","1","room:1","phx_join",{}]"#)
                    .await?;
            assert!(joined.ends_with(r#"{"status":200}"#), "{joined}");
        }
        while endpoint.connections() > 0 || endpoint.channels() > 0 {
            tokio::task::yield_now().await;
        }
        Ok(())
    })
}

async fn request(addr: SocketAddr, method: &str, token: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(addr).await?;
    let length = body.len();
    let request = format!(
        "{method} /socket/longpoll?vsn=2.0.0&token={token} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
