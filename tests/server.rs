//! The accept loop, and life under another one.

use crate::support::app::TestSocket;
use crate::support::client::PATIENCE;
use crate::support::signals::{gate, reported};
use crate::support::{Client, Over, TestResult, TestServer, apply, each_transport};
use phx_runtime::{Endpoint, EndpointProblem, ServeError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use warp::Filter;

#[apply(each_transport)]
#[tokio::test]
async fn a_shutdown_closes_with_1012_and_waits_for_the_channels_to_end(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let addr = server.addr;
    let mut joined = server.connect(over).await.named("joined");
    let bare = server.connect(over).await.named("without a channel");
    joined.join("room:shutdown").await;
    joined.send(r#"["1","2","room:shutdown","gated",{}]"#).await;
    assert_eq!(reported("room:shutdown").await, "handling");

    let endpoint = server.endpoint.clone();
    let stopping = tokio::spawn(async move { server.stop().await.map_err(|error| error.to_string()) });
    bare.goes_after_close(1012).await;
    joined.goes_after_close(1012).await;
    assert_eq!(endpoint.channels(), 1, "the handler still runs");
    gate("room:shutdown").add_permits(1);
    assert_eq!(reported("room:shutdown").await, "Draining");
    stopping.await??;
    assert_eq!((endpoint.channels(), endpoint.connections(), endpoint.topics()), (0, 0, 0));
    assert!(TcpStream::connect(addr).await.is_err(), "nothing listens any more");
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn what_waits_for_a_client_is_written_before_a_shutdown_closes_it(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.join("room:1").await;
    server.endpoint.broadcast("room:1", "last", &serde_json::json!({}))?;
    let stopping = tokio::spawn(async move { server.stop().await.map_err(|error| error.to_string()) });
    client.talk(r#"<- [null,null,"room:1","last",{}]"#).await;
    client.goes_after_close(1012).await;
    stopping.await??;
    Ok(())
}

#[tokio::test]
async fn the_routes_can_be_mounted_under_warp_serve_beside_others() -> TestResult {
    let endpoint = Endpoint::builder().socket::<TestSocket>("/live/socket").build()?;
    let routes = endpoint.routes().or(warp::path!("health").map(|| "well"));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    let serving = tokio::spawn(warp::serve(routes).incoming(listener).run());

    let url = format!("ws://{addr}/live/socket/websocket?vsn=2.0.0&report=under%20warp");
    let mut client = Client::connect(&url).await;
    assert!(reported("under warp").await.starts_with("true "), "warp says who the peer is");
    client
        .talk(
            r#"
            -> ["1","1","room:1","phx_join",{}]
            <- ["1","1","room:1","phx_reply",{"response":{},"status":"ok"}]
            -> ["1","2","room:1","broadcast",{"a":1}]
            <- [null,null,"room:1","said",{"a":1}]
            <- ["1","2","room:1","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;

    let mut stream = TcpStream::connect(addr).await?;
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("well"), "{answer}");
    serving.abort();
    Ok(())
}

#[tokio::test]
async fn a_taken_port_is_a_clear_error() -> TestResult {
    let taken = TcpListener::bind("127.0.0.1:0").await?;
    let addr = taken.local_addr()?;
    let endpoint = Endpoint::builder().build()?;
    match endpoint.bind(addr).await {
        Err(error @ ServeError::AddressInUse(_)) => {
            let text = error.to_string();
            assert_eq!(
                text,
                format!("cannot listen on {addr}: another program does; stop it or choose another port")
            );
        }
        other => panic!("expected the address to be in use, got {other:?}"),
    }
    Ok(())
}

#[tokio::test]
async fn all_problems_of_an_endpoint_are_reported_at_once() -> TestResult {
    let result = Endpoint::builder()
        .socket::<TestSocket>("/socket")
        .socket::<TestSocket>("socket")
        .socket::<TestSocket>("/socket/")
        .build();
    let Err(error) = result else { panic!("expected problems") };
    let [
        EndpointProblem::InvalidPath(invalid),
        EndpointProblem::MountedTwice { path: second, .. },
        EndpointProblem::MountedTwice { path: third, .. },
    ] = error.problems()
    else {
        panic!("{error}")
    };
    assert_eq!([invalid, second, third], ["socket", "socket", "/socket/"]);
    Ok(())
}

#[tokio::test]
async fn serving_the_declared_sockets_when_there_are_none_is_a_problem() {
    let error = phx_runtime::serve(([127, 0, 0, 1], 0)).await.err();
    let Some(ServeError::Endpoint(error)) = error else { panic!("{error:?}") };
    assert_eq!(error.problems(), [EndpointProblem::NothingDeclared]);
}

#[tokio::test]
async fn as_many_connections_as_the_limit_are_accepted_and_the_next_waits_for_a_place() -> TestResult {
    let endpoint = Endpoint::builder().socket::<TestSocket>("/socket").build()?;
    let server = endpoint.bind(([127, 0, 0, 1], 0)).await?.max_connections(2);
    let url = format!("ws://{}/socket/websocket?vsn=2.0.0", server.local_addr());
    let serving = tokio::spawn(server.run(endpoint.routes()));
    let first = Client::connect(&url).await;
    let mut second = Client::connect(&url).await;
    let waiting = tokio::spawn({
        let url = url.clone();
        async move { Client::connect(&url).await }
    });
    second.nothing_more().await;
    assert!(!waiting.is_finished() && endpoint.connections() == 2);
    drop(first);
    waiting.await?.nothing_more().await;
    serving.abort();
    Ok(())
}

#[tokio::test]
async fn a_client_that_does_not_finish_its_headers_is_dropped() -> TestResult {
    let endpoint = Endpoint::builder().socket::<TestSocket>("/socket").build()?;
    let server = endpoint.bind(([127, 0, 0, 1], 0)).await?;
    let server = server.header_timeout(Duration::from_millis(50));
    let addr = server.local_addr();
    let serving = tokio::spawn(server.run(endpoint.routes()));
    for sent in ["", "P", "PRI * HTTP/2.0\r\n\r\nS", "GET /socket/websocket HTTP/1.1\r\nhost: loc"] {
        let mut stream = TcpStream::connect(addr).await?;
        stream.write_all(sent.as_bytes()).await?;
        // Ends when the server closes the connection.
        tokio::time::timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await??;
    }
    serving.abort();
    Ok(())
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answers_is_given_up_and_holds_up_no_shutdown() -> TestResult {
    let endpoint = Endpoint::builder().build()?;
    let large = "x".repeat(64 << 20);
    let routes = endpoint.routes().or(warp::path!("large").map(move || large.clone()));
    let server = endpoint.bind(([127, 0, 0, 1], 0)).await?.write_timeout(Duration::from_millis(50));
    let addr = server.local_addr();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.run_until(routes, async {
        let _ = stopped.await;
    }));
    let mut stream = TcpStream::connect(addr).await?;
    stream.write_all(b"GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
    stream.readable().await?;
    let _ = stop.send(());
    tokio::time::timeout(PATIENCE, serving).await??;
    Ok(())
}
