//! Protocol §8: how connections are closed when the server stops.

use crate::support::app::TestSocket;
use crate::support::client::PATIENCE;
use crate::support::signals::reported;
use crate::support::{
    At, Over, TestResult, TestServer, apply, each_transport, each_websocket, with_longpoll,
};
use phx_runtime::{Drain, Endpoint, EndpointError, MountOptions};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Longer than any test: only what is told ends it.
const HOUR: Duration = Duration::from_hours(1);

/// Batches of this size, an hour apart.
fn batches_of(size: usize) -> Drain {
    let mut drain = Drain::default();
    drain.batch_size = size;
    drain.batch_interval = HOUR;
    drain.shutdown = 2 * HOUR;
    drain
}

/// A mount with this drain, and every transport.
fn drained_by(drain: Option<Drain>) -> impl FnOnce(&mut MountOptions) {
    |options| {
        with_longpoll(options);
        options.drain = drain;
    }
}

/// One mount with this drain.
fn endpoint_with(drain: Option<Drain>) -> Result<Endpoint, EndpointError> {
    Endpoint::builder().socket_with::<TestSocket>("/socket", drained_by(drain)).build()
}

type Stopping = JoinHandle<Result<(), String>>;

fn stop(server: TestServer) -> Stopping {
    tokio::spawn(async move { server.stop().await.map_err(|error| error.to_string()) })
}

fn close(endpoint: &Endpoint) -> JoinHandle<()> {
    let endpoint = endpoint.clone();
    tokio::spawn(async move { endpoint.close(PATIENCE).await })
}

async fn ended(stopping: Stopping) -> TestResult {
    Ok(tokio::time::timeout(PATIENCE, stopping).await???)
}

#[apply(each_transport)]
#[tokio::test]
async fn a_drain_closes_with_1012_and_ends_channels_as_draining_without_a_frame(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut joined = server.connect(over).await.named("joined");
    let bare = server.connect(over).await.named("without a channel");
    joined.join("room:drain").await;
    // `terminate` runs, and what it pushes comes too late.
    joined.send(r#"["1","2","room:drain","last_words","bye"]"#).await;
    joined.nothing_more_from("room:drain").await;
    let stopping = stop(server);
    joined.goes_after_close(1012).await;
    bare.goes_after_close(1012).await;
    assert_eq!(reported("room:drain").await, "Draining");
    ended(stopping).await
}

#[apply(each_transport)]
#[tokio::test]
async fn as_many_connections_as_a_batch_holds_are_closed_at_once_without_a_pause_after_them(
    over: Over,
) -> TestResult {
    let server = TestServer::serve(endpoint_with(Some(batches_of(2)))?).await?;
    let clients = [server.connect(over).await, server.connect(over).await];
    let stopping = stop(server);
    for client in clients {
        client.goes_after_close(1012).await;
    }
    ended(stopping).await
}

#[apply(each_transport)]
#[tokio::test]
async fn one_more_is_closed_in_the_next_batch_and_clients_still_come_and_join_until_then(
    over: Over,
) -> TestResult {
    let server = TestServer::serve(endpoint_with(Some(batches_of(2)))?).await?;
    let (endpoint, at) = (server.endpoint.clone(), server.at());
    let first = server.connect(over).await.named("first");
    let second = server.connect(over).await.named("second");
    let mut third = server.connect(over).await.named("third");
    let stopping = stop(server);
    first.goes_after_close(1012).await;
    second.goes_after_close(1012).await;

    third.join("room:while draining").await;
    let mut late = at.connect(over, "/socket", "").await.named("late");
    late.join("room:while draining").await;
    assert!(!stopping.is_finished());

    // A second stop ends the drain: everything is closed at once.
    let closing = close(&endpoint);
    third.goes_after_close(1012).await;
    late.goes_after_close(1012).await;
    closing.await?;
    for _ in 0..2 {
        assert_eq!(reported("room:while draining").await, "Draining");
    }
    ended(stopping).await?;
    assert!(TcpStream::connect(at.addr).await.is_err(), "nothing listens any more");
    assert_eq!((endpoint.channels(), endpoint.connections(), endpoint.topics()), (0, 0, 0));
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn the_batches_follow_each_other_after_the_interval(over: Over) -> TestResult {
    let mut drain = batches_of(1);
    drain.batch_interval = Duration::from_millis(1);
    let server = TestServer::serve(endpoint_with(Some(drain))?).await?;
    let clients = [server.connect(over).await, server.connect(over).await, server.connect(over).await];
    let stopping = stop(server);
    for client in clients {
        client.goes_after_close(1012).await;
    }
    ended(stopping).await
}

#[apply(each_transport)]
#[tokio::test]
async fn what_is_left_when_the_time_of_a_drain_is_up_is_closed_at_once(over: Over) -> TestResult {
    let mut drain = batches_of(0);
    drain.shutdown = Duration::from_millis(1);
    let server = TestServer::serve(endpoint_with(Some(drain))?).await?;
    let clients = [server.connect(over).await, server.connect(over).await, server.connect(over).await];
    let stopping = stop(server);
    for client in clients {
        client.goes_after_close(1012).await;
    }
    ended(stopping).await
}

#[apply(each_transport)]
#[tokio::test]
async fn every_mount_drains_at_its_own_pace_and_one_without_a_drain_is_closed_after_the_others(
    over: Over,
) -> TestResult {
    let endpoint = Endpoint::builder()
        .socket_with::<TestSocket>("/socket", drained_by(Some(batches_of(1))))
        .socket_with::<TestSocket>("/fast", drained_by(Some(batches_of(2))))
        .socket_with::<TestSocket>("/without", drained_by(None))
        .build()?;
    let server = TestServer::serve(endpoint.clone()).await?;
    let (first, mut second) = (server.connect(over).await, server.connect(over).await);
    let fast = [server.at().connect(over, "/fast", "").await, server.at().connect(over, "/fast", "").await];
    let mut without = server.at().connect(over, "/without", "").await;
    let stopping = stop(server);
    for client in fast {
        client.goes_after_close(1012).await;
    }
    first.goes_after_close(1012).await;
    second.nothing_more().await;
    without.nothing_more().await;
    let closing = close(&endpoint);
    second.goes_after_close(1012).await;
    without.goes_after_close(1012).await;
    closing.await?;
    ended(stopping).await
}

#[apply(each_transport)]
#[tokio::test]
async fn without_a_drain_everything_is_closed_with_1012_at_once(over: Over) -> TestResult {
    let server = TestServer::serve(endpoint_with(None)?).await?;
    let mut client = server.connect(over).await;
    client.join("room:no drain").await;
    let stopping = stop(server);
    client.goes_after_close(1012).await;
    assert_eq!(reported("room:no drain").await, "Draining");
    ended(stopping).await
}

#[apply(each_websocket)]
#[tokio::test]
async fn of_many_connections_none_is_dropped_without_its_close_frame(over: Over) -> TestResult {
    const CLIENTS: usize = 400;
    let server = TestServer::start().await?;
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        let mut client = server.connect(over).await;
        if number % 2 == 0 {
            client.join("room:many").await;
        }
        clients.push(client);
    }
    let stopping = stop(server);
    for client in clients {
        client.goes_after_close(1012).await;
    }
    ended(stopping).await
}

#[apply(each_websocket)]
#[tokio::test]
async fn neither_a_handler_that_hangs_nor_a_client_that_does_not_read_holds_up_the_end(
    over: Over,
) -> TestResult {
    let endpoint = Endpoint::builder()
        .socket_with::<TestSocket>("/socket", |options| options.limits.close_timeout = HOUR)
        .build()?;
    let server =
        TestServer::serve_with(endpoint.clone(), |server| server.shutdown_timeout(Duration::from_millis(50)));
    let server = server.await?;
    let mut hanging = server.connect(over).await;
    hanging.join("room:hangs").await;
    hanging.send(r#"["1","2","room:hangs","gated",{}]"#).await;
    assert_eq!(reported("room:hangs").await, "handling");
    let mut deaf = server.connect(over).await;
    deaf.join("room:deaf").await;
    let large = serde_json::json!({"text": "x".repeat(32 << 20)});
    endpoint.broadcast("room:deaf", "large", &large)?;
    ended(stop(server)).await?;
    assert_eq!(endpoint.channels(), 1, "the handler still hangs");
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn under_another_server_a_drain_lets_clients_in_until_the_endpoint_is_closed(over: Over) -> TestResult {
    let endpoint = endpoint_with(None)?;
    let draining = endpoint_with(Some(batches_of(1)))?;
    for (endpoint, is_drained) in [(endpoint, false), (draining, true)] {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let to_drain = endpoint.clone();
        let graceful = async move {
            let _ = stopped.await;
            to_drain.drain().await;
        };
        let serving =
            tokio::spawn(warp::serve(endpoint.routes()).incoming(listener).graceful(graceful).run());
        let at = At { addr, endpoint: endpoint.clone() };
        let first = at.connect(over, "/socket", "").await;
        let _ = stop.send(());
        let left = if is_drained {
            first.goes_after_close(1012).await;
            None
        } else {
            Some(first)
        };
        tokio::time::timeout(PATIENCE, serving).await??;
        let closing = close(&endpoint);
        if let Some(left) = left {
            left.goes_after_close(1012).await;
        }
        closing.await?;
        assert_eq!(endpoint.connections(), 0);
    }
    Ok(())
}
