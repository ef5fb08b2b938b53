//! Who is connected, and who may join.

use super::failure::of;
use super::{KitSocket, Refusal, endpoint, start};
use phx_runtime::Endpoint;
use phx_runtime::testing::{ConnectError, JoinError, Over, TestClient, TestResult, TestServer, over_each};
use serde_json::json;
use warp::http::{HeaderValue, StatusCode};

#[test]
fn a_client_connects_with_parameters_and_joins() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let ann = server.connect("/socket", &json!({"name": "ann & co"})).await?;
        let (room, welcome) = ann.join("kit:1", &()).await?;
        assert_eq!(welcome, json!({"hello": "ann & co"}));
        assert_eq!(room.topic(), "kit:1");
        assert_eq!((server.endpoint().connections(), server.endpoint().channels()), (1, 1));
        Ok(())
    })
}

#[test]
fn a_client_that_is_refused_is_told_how() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let Err(error) = server.connect("/socket", &json!({"name": "mallory"})).await else {
            return Err("it was let in".into());
        };
        assert_eq!(error.status(), Some(StatusCode::FORBIDDEN));
        assert_eq!(error.to_string(), "the connection was refused with 403 Forbidden");
        Ok(())
    })
}

#[test]
fn a_client_that_finds_no_socket_is_told_which_there_are() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        for (path, text) in [
            ("/elsewhere", r#"no socket is mounted at "/elsewhere": there is "/socket""#),
            (
                "/socket/websocket",
                r#""/socket/websocket" is the path of a transport: give that of the socket, without it"#,
            ),
            (
                "/socket/longpoll",
                r#""/socket/longpoll" is the path of a transport: give that of the socket, without it"#,
            ),
        ] {
            let error = server.connect(path, &()).await.err();
            assert_eq!(error.as_ref().and_then(ConnectError::status), Some(StatusCode::NOT_FOUND));
            assert_eq!(error.map(|error| error.to_string()).as_deref(), Some(text));
        }
        Ok(())
    })
}

#[test]
fn a_client_that_finds_no_transport_is_told_how_there_is_one() -> TestResult {
    over_each(async |over| {
        let endpoint = Endpoint::builder()
            .socket::<KitSocket>("/plain")
            .socket_with::<KitSocket>("/named", |options| options.websocket_path = "ws".to_owned())
            .build()?;
        let server = TestServer::start(&endpoint, over).await?;
        let no_longpoll = |path| {
            Some(format!(
                "the socket at {path:?} has no long polling: it is mounted without `options.longpoll`"
            ))
        };
        let (plain, named) = match over.transport() {
            "longpoll" => (no_longpoll("/plain"), no_longpoll("/named")),
            "websocket" => (
                None,
                Some(
                    r#"the socket at "/named" has its WebSockets at "ws", which is only for a `Connection`"#
                        .to_owned(),
                ),
            ),
            _ => (None, None),
        };
        let told = async |path| server.connect(path, &()).await.err().map(|error| error.to_string());
        assert_eq!((told("/plain").await, told("/named").await), (plain, named));
        Ok(())
    })
}

#[test]
fn an_arrival_has_headers() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let connect = |origin| {
            server.connect_with("/socket", &(), move |arrival| {
                arrival.headers.insert("origin", HeaderValue::from_static(origin));
            })
        };
        connect("http://localhost:4000").await?;
        let stranger = connect("https://elsewhere.example").await.err();
        assert_eq!(stranger.and_then(|error| error.status()), Some(StatusCode::FORBIDDEN));
        Ok(())
    })
}

#[test]
fn an_auth_token_travels_as_the_transport_has_it() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let params = json!({"name": "token"});
        let client = server.connect_with("/socket", &params, |arrival| {
            arrival.headers.insert("x-phoenix-authtoken", HeaderValue::from_static(">?>?~~"));
        });
        let (_, welcome) = client.await?.join("kit:1", &()).await?;
        assert_eq!(welcome, json!({"hello": ">?>?~~"}));
        Ok(())
    })
}

#[test]
fn a_join_is_refused_with_a_payload_of_its_type() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let client = server.connect("/socket", &()).await?;
        let Err(error) = client.join("kit:refused", &()).await else { return Err("it has joined".into()) };
        assert!(error.response().is_some_and(|response| *response == json!({"reason": "unauthorized"})));
        assert_eq!(error.to_string(), r#""kit:refused" refused the join: error {"reason":"unauthorized"}"#);
        let refusal: Refusal = client.expect_refusal("kit:refused", &()).await;
        assert_eq!(refusal.reason, "unauthorized");
        let refusal: Refusal = client.expect_refusal("nowhere", &()).await;
        assert_eq!(refusal.reason, "unmatched topic");
        Ok(())
    })
}

#[test]
fn a_user_is_disconnected_by_the_id_of_the_socket() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let ann = server.connect("/socket", &json!({"name": "ann"})).await?;
        let bo = server.connect("/socket", &json!({"name": "bo"})).await?;
        let (room, _) = bo.subscribe_and_join("kit:1", &()).await?;
        ann.join("kit:1", &()).await?;
        server.endpoint().disconnect("user:ann");
        ann.assert_closed(1001).await;
        room.assert_push("left", &json!({"name": "ann", "reason": "Closed"})).await;
        let ping = room.push("ping", &()).await;
        room.assert_reply(&ping, "ok", &()).await;
        Ok(())
    })
}

#[test]
fn clients_and_topics_are_told_apart() -> TestResult {
    over_each(async |over| {
        let (here, there) = (start(over).await?, start(over).await?);
        let ann = here.connect("/socket", &json!({"name": "ann"})).await?;
        let bo = there.connect("/socket", &json!({"name": "bo"})).await?;
        let (first, _) = ann.subscribe_and_join("kit:1", &()).await?;
        let (second, _) = ann.subscribe_and_join("kit:2", &()).await?;
        let (elsewhere, _) = bo.subscribe_and_join("kit:1", &()).await?;
        first.push("say", &super::said("hi")).await;
        first.assert_push("said", &json!({"text": "hi"})).await;
        first.assert_broadcast("said", &json!({"text": "hi"})).await;
        for other in [&second, &elsewhere] {
            other.refute_push("said").await;
            other.refute_broadcast("said").await;
        }
        Ok(())
    })
}

#[test]
fn a_server_stops_in_good_order() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let endpoint = server.endpoint().clone();
        let client = server.connect("/socket", &()).await?;
        client.join("kit:1", &()).await?;
        server.stop().await;
        client.assert_closed(1012).await;
        assert_eq!((endpoint.connections(), endpoint.channels()), (0, 0));
        Ok(())
    })
}

#[test]
fn a_server_that_is_dropped_shuts_down_if_there_is_one() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let client = server.connect("/socket", &()).await?;
        let (room, _) = client.join("kit:1", &()).await?;
        drop(server);
        if over.is_in_process() {
            let ping = room.push("ping", &()).await;
            room.assert_reply(&ping, "ok", &()).await;
        } else {
            client.assert_closed(1012).await;
        }
        Ok(())
    })
}

#[tokio::test(start_paused = true)]
async fn a_network_and_paused_time_do_not_go_together() -> TestResult {
    let endpoint = endpoint()?;
    assert!(TestServer::start(&endpoint, Over::InProcess).await.is_ok());
    let line = line!() + 1;
    let failure = of(async { TestServer::start(&endpoint, Over::WebSocketV2).await.map(drop) }).await;
    let (file, reported) = failure.place.ok_or("no place")?;
    assert!(file.ends_with("who.rs"), "{file}");
    assert_eq!(reported, line);
    assert_eq!(
        failure.text,
        "a test over a network (WebSocket, version 2) needs real time, and this one has paused it: leave \
         `start_paused = true` out, or use `Over::InProcess`"
    );
    Ok(())
}

#[tokio::test]
async fn a_runtime_within_a_runtime_is_refused() -> TestResult {
    let within = of(async { over_each(async |_| Ok(())) }).await;
    assert_eq!(
        within.text,
        "`over_each` and `Over::run` have runtimes of their own: write `#[test] fn` in place of \
         `#[tokio::test] async fn`"
    );
    Ok(())
}

#[tokio::test]
async fn a_test_that_returns_an_error_shows_it_to_be_read() -> TestResult {
    let endpoint = endpoint()?;
    let refused = TestClient::connect(&endpoint, "/socket", &json!({"name": "mallory"})).await.err();
    assert!(matches!(refused, Some(ConnectError::Refused { .. })));
    assert_eq!(format!("{refused:?}"), "Some(the connection was refused with 403 Forbidden)");
    let client = TestClient::connect(&endpoint, "/socket", &()).await?;
    let refused = client.join("kit:refused", &()).await.err();
    assert!(matches!(refused, Some(JoinError::Refused { .. })));
    assert_eq!(
        format!("{refused:?}"),
        r#"Some("kit:refused" refused the join: error {"reason":"unauthorized"})"#
    );
    Ok(())
}

#[test]
fn an_error_over_a_transport_is_shown_to_be_read() {
    let failed = over_each(async |_| Err("it has failed\n\nwhat came: nothing".into()));
    let shown = failed.err().map(|error| format!("{error:?}"));
    assert_eq!(shown.as_deref(), Some("in process: it has failed\n\nwhat came: nothing"));
}
