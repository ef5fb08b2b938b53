//! What the server tells of itself: spans and events of `tracing`, and `metrics`.

use crate::support::http::{UPGRADE, request};
use crate::support::log::Log;
use crate::support::{
    Over, TestResult, TestServer, apply, each_transport, each_transport_of_v2, with_longpoll,
};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use phx_runtime::prelude::*;
use phx_runtime::{FilterParameters, MountOptions};
use std::collections::BTreeMap;
use tracing::Level;

struct Seen;

#[socket]
impl Socket for Seen {
    channel!("seen:*", SeenChannel);

    async fn connect(_: NoParams, info: &ConnectInfo) -> Result<Self, Refused> {
        tracing::info!("in connect");
        assert!(!info.uri().path().starts_with("/panics"), "asked to panic");
        if info.uri().query() == Some("vsn=2.0.0&refuse=1") { Err(Refused::new("not you")) } else { Ok(Self) }
    }
}

struct SeenChannel;

#[channel(socket = Seen)]
impl SeenChannel {
    #[join("seen:refused")]
    fn refused() -> Result<Self, Refused> {
        Err(Refused::new("not here"))
    }

    #[join("seen:panics")]
    fn panics() -> Result<Self, Refused> {
        panic!("asked to panic in join")
    }

    #[join("seen:*")]
    fn join() -> Result<Self, Refused> {
        tracing::info!("in join");
        Ok(Self)
    }

    #[handle_in("say")]
    fn say(&mut self, payload: Payload, ctx: &mut Context<Self>) -> Result<(), Refused> {
        tracing::info!("in handle_in");
        ctx.broadcast("said", &payload);
        Ok(())
    }

    #[handle_in("panic")]
    fn panic(&mut self) {
        panic!("asked to panic")
    }

    #[terminate]
    fn ended(&mut self, _: Reason, ctx: &mut Context<Self>) {
        assert_ne!(ctx.topic(), "seen:bad_end", "asked to panic in terminate");
    }
}

async fn start(configure: impl FnOnce(&mut MountOptions)) -> Result<TestServer, phx_runtime::ServeError> {
    TestServer::start_socket::<Seen>(configure).await
}

/// Connects, joins, says something, leaves, and crashes another channel.
async fn visit(over: Over, server: &TestServer) {
    let params = "&name=eve&user%5Bpassword%5D=secret&auth_token=secret";
    let mut client = server.connect_with(over, params).await;
    client
        .talk(
            r#"
            -> ["1","1","seen:a","phx_join",{"token":"secret","n":1}]
            <- ["1","1","seen:a","phx_reply",{"response":{},"status":"ok"}]
            -> ["1","2","seen:a","say",{"text":"hi","deep":[{"my_password":"secret"}]}]
            <- [null,null,"seen:a","said",{"text":"hi","deep":[{"my_password":"secret"}]}]
            <- ["1","2","seen:a","phx_reply",{"response":{},"status":"ok"}]
            -> ["1","3","seen:a","phx_leave",{}]
            <- ["1","3","seen:a","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","1","seen:a","phx_close",{}]
            -> ["2","4","seen:refused","phx_join",{}]
            <- ["2","4","seen:refused","phx_reply",{"response":{"reason":"not here"},"status":"error"}]
            -> ["3","5","seen:b","phx_join",{}]
            <- ["3","5","seen:b","phx_reply",{"response":{},"status":"ok"}]
            -> ["3","6","seen:b","panic",{}]
            <- ["3","3","seen:b","phx_error",{"reason":"channel_crash"}]
            "#,
        )
        .await;
}

const CHANNEL: &str = r#"channel="black_box::observability::SeenChannel""#;

/// The user's own events in a callback are inside its span.
#[apply(each_transport)]
#[tokio::test]
async fn callbacks_run_in_spans_and_end_in_events_without_secrets(over: Over) -> TestResult {
    let log = Log::default();
    let _guard = log.start();
    let server = start(|_| ()).await?;
    visit(over, &server).await;
    let spelled = |line: &str| {
        let line = line.replace("CHANNEL", CHANNEL).replace("TRANSPORT", over.transport());
        line.replace("VSN", over.version().vsn())
    };
    let expected = [
        r#"connect{path="/socket" transport="TRANSPORT"}: in connect"#,
        r#"connect{path="/socket" transport="TRANSPORT"}: connected params={"vsn": "VSN", "name": "eve", "user[password]": "[FILTERED]", "auth_token": "[FILTERED]"}"#,
        r#"join{path="/socket" CHANNEL topic="seen:a"}: in join"#,
        r#"join{path="/socket" CHANNEL topic="seen:a"}: joined params={"n":1,"token":"[FILTERED]"}"#,
        r#"handle_in{path="/socket" CHANNEL topic="seen:a" event="say"}: in handle_in"#,
        r#"join{path="/socket" CHANNEL topic="seen:refused"}: refused params={} answer={"reason":"not here"}"#,
        r#"join{path="/socket" CHANNEL topic="seen:b"}: in join"#,
        r#"join{path="/socket" CHANNEL topic="seen:b"}: joined params={}"#,
    ];
    assert_eq!(log.lines(Level::INFO), expected.map(spelled));
    let expected = [
        r#"handle_in{path="/socket" CHANNEL topic="seen:a" event="say"}: handled params={"deep":[{"my_password":"[FILTERED]"}],"text":"hi"}"#,
        r#"left path="/socket" topic="seen:a""#,
        r#"handle_in{path="/socket" CHANNEL topic="seen:b" event="panic"}: handled params={}"#,
    ];
    let ours = log.lines(Level::DEBUG).into_iter().filter(|line| !line.contains("HTTP"));
    assert_eq!(ours.collect::<Vec<_>>(), expected.map(spelled));
    let crashed =
        format!(r#"channel crashed path="/socket" topic="seen:b" {CHANNEL} crash="asked to panic""#);
    assert_eq!(log.lines(Level::ERROR), [crashed]);
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn every_kind_of_event_has_a_level_of_its_own(over: Over) -> TestResult {
    let log = Log::default();
    let _guard = log.start();
    let server = start(|options| {
        options.log.connect = Some(Level::DEBUG);
        options.log.join = None;
        options.log.handle_in = Some(Level::WARN);
        options.log.leave = Some(Level::ERROR);
        options.log.crash = Some(Level::INFO);
        options.log.filter_parameters = FilterParameters::keep(["text"]);
    })
    .await?;
    visit(over, &server).await;
    let count = |level, text: &str| log.lines(level).iter().filter(|line| line.contains(text)).count();
    assert_eq!(count(Level::DEBUG, ": connected"), 1);
    assert_eq!(count(Level::INFO, "connect{"), 1, "the span has the same level");
    assert_eq!((count(Level::INFO, "join{"), count(Level::INFO, "joined")), (0, 0));
    let handled = r#"handled params={"deep":[{"my_password":"[FILTERED]"}],"text":"hi"}"#;
    assert_eq!(count(Level::WARN, handled), 1);
    assert_eq!(count(Level::ERROR, "left"), 1);
    assert_eq!(count(Level::INFO, "channel crashed"), 1);
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_mount_can_be_silent(over: Over) -> TestResult {
    let log = Log::default();
    let _guard = log.start();
    let server = start(|options| options.log = phx_runtime::Log::off()).await?;
    visit(over, &server).await;
    let mut client = server.connect(over).await;
    client
        .talk(
            r#"
            -> ["1","1","nowhere","phx_join",{}]
            <- [null,"1","nowhere","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]
            "#,
        )
        .await;
    for level in [Level::ERROR, Level::WARN] {
        assert_eq!(log.lines(level), [""; 0], "{level}");
    }
    assert_eq!(log.lines(Level::INFO), ["in connect", "in join", "in handle_in", "in join", "in connect"]);
    Ok(())
}

/// The first ten mistakes of a connection are warnings; a client cannot fill the log.
#[apply(each_transport)]
#[tokio::test]
async fn what_a_client_does_wrong_is_told_ten_times(over: Over) -> TestResult {
    let log = Log::default();
    let _guard = log.start();
    let server = start(|_| ()).await?;
    let mut client = server.connect(over).await;
    for _ in 0..11 {
        client
            .talk(
                r#"
                -> ["1","1","nowhere","phx_join",{}]
                <- [null,"1","nowhere","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]
                "#,
            )
            .await;
    }
    let complaint = r#"no channel of the socket serves the topic "nowhere" path="/socket""#;
    assert_eq!(log.lines(Level::WARN), [complaint; 10]);
    assert_eq!(log.lines(Level::DEBUG).iter().filter(|line| *line == complaint).count(), 1);
    Ok(())
}

#[tokio::test]
async fn a_refused_connection_says_at_which_check_and_why() -> TestResult {
    let log = Log::default();
    let _guard = log.start();
    let server = start(|options| options.log.filter_parameters.discard("refuse")).await?;
    for query in ["vsn=2.0.0&refuse=1", "vsn=9.0.0"] {
        request(&server, "GET", &format!("/socket/websocket?{query}"), UPGRADE)
            .await?
            .assert_empty(403, query);
    }
    let expected = [
        r#"connect{path="/socket" transport="websocket"}: in connect"#,
        r#"connect{path="/socket" transport="websocket"}: refused params={"vsn": "2.0.0", "refuse": "[FILTERED]"} check="connect" reason=not you"#,
        r#"connect{path="/socket" transport="websocket"}: refused params={"vsn": "9.0.0"} check="version" reason=no serializer for version "9.0.0""#,
    ];
    assert_eq!(log.lines(Level::INFO), expected);
    Ok(())
}

struct Numbered;

#[derive(serde::Deserialize)]
struct Number {
    #[expect(dead_code, reason = "never a number")]
    token: u8,
}

#[socket]
impl Socket for Numbered {
    type Params = Number;

    async fn connect(_: Number, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

/// An error of the decoder may quote what it got; so may that of a push that is no object, which version 1 allows.
#[apply(each_transport_of_v2)]
#[tokio::test]
async fn what_does_not_fit_is_not_quoted_where_it_may_be_a_secret(over: Over) -> TestResult {
    let log = Log::default();
    let _guard = log.start();
    let server = TestServer::start_socket::<Numbered>(|_| ()).await?;
    let path = "/socket/websocket?vsn=2.0.0&token=hunter2";
    request(&server, "GET", path, UPGRADE).await?.assert_empty(403, path);
    let refused = log.lines(Level::INFO).join("\n");
    assert!(refused.ends_with(r#"check="params" reason=the parameters do not fit"#), "{refused}");
    let server =
        TestServer::start_with_options(|options| options.log.filter_parameters.discard("name")).await?;
    let mut client = server.connect(over).await;
    client.join("room:log").await;
    client
        .talk(
            r#"
            -> ["1","1","typed:7","phx_join",{"name":"ann"}]
            <- ["1","1","typed:7","phx_reply",{"response":"ann at 7","status":"ok"}]
            -> ["1","2","typed:7","hello","hunter2"]
            <- ["1","2","typed:7","phx_reply",{"response":{"reason":"invalid payload","detail":"invalid type: string \"hunter2\", expected struct Hello at line 1 column 9"},"status":"error"}]
            -> ["2","3","typed:8","phx_join",{"name":773477}]
            <- ["2","3","typed:8","phx_reply",{"response":{"reason":"invalid payload","detail":"invalid type: integer `773477`, expected a string at line 1 column 14"},"status":"error"}]
            -> ["1","3","room:log","push","hunter2"]
            <- ["1","1","room:log","phx_error",{"reason":"channel_crash"}]
            "#,
        )
        .await;
    for level in [Level::INFO, Level::WARN, Level::ERROR] {
        let lines = log.lines(level);
        let is_told = |line: &String| line.contains("hunter2") || line.contains("773477");
        assert!(!lines.iter().any(is_told), "{lines:?}");
    }
    Ok(())
}

/// Names with labels, and counts; histograms have how often they were recorded.
type Counts = BTreeMap<String, u64>;

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "gauges count connections")]
fn counts(snapshotter: &Snapshotter) -> Counts {
    let metrics = snapshotter.snapshot().into_vec();
    let named = metrics.into_iter().map(|(key, _, _, value)| {
        let labels = key.key().labels().filter(|label| label.key() != "path");
        let labels: Vec<_> = labels.map(|label| format!(" {}={}", label.key(), label.value())).collect();
        let count = match value {
            DebugValue::Counter(count) => count,
            DebugValue::Gauge(value) => value.0 as u64,
            DebugValue::Histogram(values) => values.len() as u64,
        };
        (format!("{}{}", key.key().name(), labels.concat()), count)
    });
    let mut counts = Counts::new();
    for (name, count) in named.filter(|(_, count)| *count > 0) {
        *counts.entry(name).or_default() += count;
    }
    counts
}

/// A server whose metrics go to a recorder of the test's own, as it is the local one while the endpoint is built.
async fn recorded() -> Result<(TestServer, Snapshotter), phx_runtime::ServeError> {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let builder = Endpoint::builder().socket_with::<Seen>("/socket", with_longpoll).socket::<Seen>("/panics");
    let endpoint = metrics::with_local_recorder(&recorder, || builder.build())?;
    Ok((TestServer::serve(endpoint).await?, snapshotter))
}

#[tokio::test]
async fn what_happens_is_counted() -> TestResult {
    let (server, snapshotter) = recorded().await?;
    visit(Over::WebSocketV2, &server).await;
    let mut client = server.websocket().await;
    client
        .talk(
            r#"
            -> ["1","1","nowhere","phx_join",{}]
            <- [null,"1","nowhere","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]
            -> ["2","2","seen:panics","phx_join",{}]
            <- ["2","2","seen:panics","phx_reply",{"response":{"reason":"join crashed"},"status":"error"}]
            -> ["3","3","seen:bad_end","phx_join",{}]
            <- ["3","3","seen:bad_end","phx_reply",{"response":{},"status":"ok"}]
            -> ["3","4","seen:bad_end","phx_leave",{}]
            <- ["3","4","seen:bad_end","phx_reply",{"response":{},"status":"ok"}]
            <- ["3","3","seen:bad_end","phx_close",{}]
            -> ["5","5","seen:stays","phx_join",{}]
            <- ["5","5","seen:stays","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    server.endpoint.local_broadcast("seen:nobody", "said", &serde_json::json!({}))?;
    for (path, status) in [
        ("/socket/websocket?vsn=9.0.0", 403),
        ("/socket/websocket?vsn=2.0.0&refuse=1", 403),
        ("/socket/websocket?a=%ff", 400),
        ("/panics/websocket?vsn=2.0.0", 500),
    ] {
        request(&server, "GET", path, UPGRADE).await?.assert_empty(status, path);
    }
    let answer = request(&server, "GET", "/socket/websocket?vsn=2.0.0", "").await?;
    assert_eq!(answer.status, 400);
    request(&server, "POST", "/socket/websocket", "").await?.assert_empty(400, "POST");
    let elsewhere = format!("{UPGRADE}origin: https://else.where\r\n");
    request(&server, "GET", "/socket/websocket", &elsewhere).await?.assert_empty(403, "origin");
    client.send("no message").await;
    client.goes_after_close(1011).await;
    let other = server.websocket().await;
    let gone = tokio::spawn(other.goes_after_close(1012));
    server.stop().await?;
    gone.await?;

    // Each histogram is read once, and forgets.
    let counts = counts(&snapshotter);
    let batches = counts.get("phx_outbox_bytes").copied();
    let expected = [
        ("phx_broadcasts_total", 2),
        ("phx_closes_total code=1011", 1),
        ("phx_closes_total code=1012", 1),
        ("phx_closes_total code=none", 1),
        ("phx_connect_seconds", 10),
        ("phx_connects_total", 3),
        ("phx_crashes_total in=channel", 1),
        ("phx_crashes_total in=handshake", 1),
        ("phx_crashes_total in=join", 1),
        ("phx_crashes_total in=terminate", 1),
        ("phx_handle_in_seconds", 2),
        ("phx_join_seconds", 6),
        ("phx_joins_total result=crashed", 1),
        ("phx_joins_total result=ok", 4),
        ("phx_joins_total result=refused", 2),
        ("phx_messages_in_total", 12),
        ("phx_messages_out_total", 14),
        ("phx_outbox_bytes", batches.unwrap_or_default()),
        ("phx_refusals_total check=connect", 1),
        ("phx_refusals_total check=crash", 1),
        ("phx_refusals_total check=method", 1),
        ("phx_refusals_total check=origin", 1),
        ("phx_refusals_total check=query", 1),
        ("phx_refusals_total check=upgrade", 1),
        ("phx_refusals_total check=version", 1),
    ];
    let expected: Counts = expected.map(|(name, count)| (name.to_owned(), count)).into();
    assert_eq!(counts, expected);
    assert!(batches.is_some_and(|batches| (1..=14).contains(&batches)), "{batches:?}");
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn the_gauges_say_how_many_there_are(over: Over) -> TestResult {
    let (server, snapshotter) = recorded().await?;
    let mut clients = [server.connect(over).await, server.connect(over).await];
    for client in &mut clients {
        client.join("seen:here").await;
        client.join("seen:there").await;
    }
    let now = counts(&snapshotter);
    assert_eq!((now.get("phx_connections"), now.get("phx_channels")), (Some(&2), Some(&4)));
    let gone = clients.map(|client| tokio::spawn(client.goes_after_close(1012)));
    server.stop().await?;
    for gone in gone {
        gone.await?;
    }
    let now = counts(&snapshotter);
    assert_eq!((now.get("phx_connections"), now.get("phx_channels")), (None, None));
    Ok(())
}

/// The table of the documentation has every metric and no other.
#[tokio::test]
async fn every_metric_is_documented() -> TestResult {
    let (_server, snapshotter) = recorded().await?;
    let metrics = snapshotter.snapshot().into_vec();
    let mut names: Vec<_> = metrics.iter().map(|(key, ..)| key.key().name().to_owned()).collect();
    names.sort();
    names.dedup();
    let text = include_str!("../phx-runtime/docs/observability.md");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `phx_"));
    let mut documented: Vec<_> =
        rows.filter_map(|row| Some(format!("phx_{}", row.split_once('`')?.0))).collect();
    documented.sort();
    assert_eq!(names, documented);
    Ok(())
}
