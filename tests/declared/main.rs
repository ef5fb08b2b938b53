//! Sockets that declare their mount, here and in another crate.

#[allow(dead_code, reason = "these conversations are short")]
#[path = "../support/client.rs"]
mod client;
mod local;

use client::{Client, PATIENCE};
use elsewhere::{LooseSocket, RoomSocket};
use local::{LobbySocket, MAX_CHANNELS};
use phx_runtime::{Endpoint, EndpointBuilder, EndpointError, ServeError};
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpStream};

type TestResult = Result<(), Box<dyn std::error::Error>>;

async fn start(builder: EndpointBuilder) -> Result<SocketAddr, ServeError> {
    let endpoint = builder.build()?;
    let server = endpoint.bind(([127, 0, 0, 1], 0)).await?;
    let addr = server.local_addr();
    tokio::spawn(server.run_until(endpoint.routes(), std::future::pending()));
    Ok(addr)
}

async fn connect(addr: SocketAddr, path: &str) -> Client {
    Client::connect(&format!("ws://{addr}{path}/websocket?vsn=2.0.0")).await
}

/// An endpoint's mounts. The last one that fits a request takes it.
fn mounts(builder: EndpointBuilder) -> Result<String, EndpointError> {
    Ok(format!("{:?}", builder.build()?))
}

#[tokio::test]
async fn the_sockets_of_all_named_crates_are_mounted_with_their_options() -> TestResult {
    let addr = start(Endpoint::builder()).await?;
    let mut client = connect(addr, "/lobby").await;
    client
        .talk(
            r#"
            -> ["1","1","lobby","phx_join",{}]
            <- ["1","1","lobby","phx_reply",{"response":"lobby","status":"ok"}]
            "#,
        )
        .await;
    let mut client = connect(addr, "/rooms/any").await;
    client
        .talk(
            r#"
            -> ["1","1","room:1","phx_join",{}]
            <- ["1","1","room:1","phx_reply",{"response":"elsewhere","status":"ok"}]
            -> ["2","2","room:2","phx_join",{}]
            <- ["2","2","room:2","phx_reply",{"response":{"reason":"too many channels joined"},"status":"error"}]
            "#,
        )
        .await;
    Ok(())
}

#[tokio::test]
async fn of_declared_sockets_the_one_with_a_literal_wins_over_the_one_with_a_capture() -> TestResult {
    let addr = start(Endpoint::builder()).await?;
    let mut client = connect(addr, "/rooms/main").await;
    client
        .talk(
            r#"
            -> ["1","1","room:1","phx_join",{}]
            <- ["1","1","room:1","phx_reply",{"response":"main","status":"ok"}]
            "#,
        )
        .await;
    Ok(())
}

#[test]
fn a_crate_that_is_never_named_is_not_linked_so_its_sockets_are_not_mounted() -> TestResult {
    // The dependency `unnamed` declares one at `/unnamed`.
    let expected = r#"Endpoint { mounts: ["/lobby", "/rooms/{place}", "/rooms/main"], .. }"#;
    assert_eq!(mounts(Endpoint::builder())?, expected);
    Ok(())
}

#[test]
fn an_explicit_mount_changes_the_declared_options_and_is_the_only_one_at_its_path() -> TestResult {
    let mut declared = 0;
    let builder = Endpoint::builder().socket_with::<LobbySocket>("/lobby/", |options| {
        declared = options.limits.max_channels;
        options.websocket_path = "ws".to_owned();
    });
    let expected = r#"Endpoint { mounts: ["/lobby/", "/rooms/{place}", "/rooms/main"], .. }"#;
    assert_eq!(mounts(builder)?, expected);
    assert_eq!(declared, MAX_CHANNELS);
    // It takes no more requests than it would by itself.
    let builder = Endpoint::builder().socket::<RoomSocket>("/rooms/{place}");
    assert_eq!(mounts(builder)?, mounts(Endpoint::builder())?);
    Ok(())
}

#[test]
fn a_socket_may_be_mounted_elsewhere_besides() -> TestResult {
    let expected = r#"Endpoint { mounts: ["/lobby", "/rooms/{place}", "/rooms/main", "/other"], .. }"#;
    assert_eq!(mounts(Endpoint::builder().socket::<LobbySocket>("/other"))?, expected);
    Ok(())
}

#[test]
fn an_endpoint_may_leave_the_declared_sockets_out_and_mount_some_with_their_options() -> TestResult {
    let mut declared = 0;
    let builder = Endpoint::builder()
        .socket_with::<LobbySocket>("/lobby", |options| declared = options.limits.max_channels)
        .without_declared();
    assert_eq!(mounts(builder)?, r#"Endpoint { mounts: ["/lobby"], .. }"#);
    assert_eq!(declared, MAX_CHANNELS);
    assert_eq!(mounts(Endpoint::builder().without_declared())?, "Endpoint { mounts: [], .. }");
    Ok(())
}

#[test]
fn clashes_and_channels_without_a_line_are_told_at_once_each_with_its_place() {
    let line = line!();
    let built = Endpoint::builder()
        .socket::<LooseSocket>("/rooms/{any}")
        .socket::<LobbySocket>("/lobby")
        .socket::<LobbySocket>("/lobby")
        .build();
    let main = "tests/declared/main.rs";
    let expected = [
        "the endpoint has 3 problem(s):".to_owned(),
        format!(
            "- one socket is mounted twice at `/lobby`, `declared::local::LobbySocket` ({main}:{}) and \
             `declared::local::LobbySocket` ({main}:{}): remove one of the two",
            line + 3,
            line + 4
        ),
        format!(
            "- two sockets are mounted at `/rooms/{{any}}`, `elsewhere::rooms::RoomSocket` (tests/elsewhere/rooms.rs:8) \
             and `elsewhere::forgotten::LooseSocket` ({main}:{}): give each a path of its own",
            line + 2
        ),
        "- no line of `elsewhere::forgotten::LooseSocket` leads to its channel `elsewhere::forgotten::Forgotten` \
         (tests/elsewhere/forgotten.rs:17): write `channel!(\"topic:*\", Forgotten);` in `#[socket]`, or remove the channel"
            .to_owned(),
    ];
    let text = built.err().map(|error| error.to_string().replace('\\', "/"));
    assert_eq!(text, Some(expected.join("\n")));
}

#[test]
fn channels_of_sockets_that_are_not_mounted_here_are_not_judged() -> TestResult {
    // `LooseSocket` has no line for its channel.
    Endpoint::builder().build()?;
    Ok(())
}

#[tokio::test]
async fn serve_serves_the_declared_sockets_at_an_address() -> TestResult {
    let serve = async {
        loop {
            let addr = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
            let serving = tokio::spawn(phx_runtime::serve(addr));
            // Until it listens, or has not got the port that was free a moment ago.
            while !serving.is_finished() {
                if TcpStream::connect(addr).await.is_ok() {
                    return Ok::<_, std::io::Error>(addr);
                }
                tokio::task::yield_now().await;
            }
        }
    };
    let addr = tokio::time::timeout(PATIENCE, serve).await??;
    connect(addr, "/lobby").await.nothing_more().await;
    connect(addr, "/rooms/any").await.nothing_more().await;

    let error = phx_runtime::serve(addr).await.err().map(|error| format!("{error:?}"));
    let expected = format!("cannot listen on {addr}: another program does; stop it or choose another port");
    assert_eq!(error, Some(expected));
    Ok(())
}
