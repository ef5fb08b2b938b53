//! What can be wrong with a mount that has long polling, and with the secret.

use super::{PATH, Session};
use crate::support::TestResult;
use crate::support::app::TestSocket;
use crate::support::http::send;
use crate::support::log::Log;
use phx_runtime::prelude::*;
use phx_runtime::{EndpointProblem, MountOptions};
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tracing::Level;

struct Other;

#[socket]
impl Socket for Other {
    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

fn at(path: &str) -> impl FnOnce(&mut MountOptions) {
    |options| path.clone_into(&mut options.longpoll.get_or_insert_default().path)
}

#[test]
fn a_path_that_is_none_or_is_taken_is_a_problem() {
    let problems = |endpoint: phx_runtime::EndpointBuilder| {
        let built = endpoint.secret_key_base("s".repeat(64)).build();
        built.err().map(|error| error.problems().to_vec()).unwrap_or_default()
    };
    let one = |path| Endpoint::builder().socket_with::<TestSocket>("/socket", at(path));
    for (path, problem) in [
        ("a b", Some(EndpointProblem::InvalidLongPollPath("a b".into()))),
        ("websocket", Some(EndpointProblem::LongPollPathTaken("/socket/websocket".into()))),
        ("/websocket/", Some(EndpointProblem::LongPollPathTaken("/socket/websocket".into()))),
        ("{a}/{a}", Some(EndpointProblem::RepeatedName { path: "/socket/{a}/{a}".into(), name: "a".into() })),
        ("{a}", None),
        ("", None),
    ] {
        assert_eq!(problems(one(path)), Vec::from_iter(problem), "{path}");
    }
    // Of two mounts, any path of the one may be in the way of any of the other.
    for (path, taken) in [("/socket/longpoll", false), ("/socket", true)] {
        let two = one("longpoll").socket_with::<Other>(path, |options| {
            options.websocket_path = "longpoll".to_owned();
        });
        let problems = problems(two);
        assert_eq!(matches!(problems[..], [EndpointProblem::PathTaken { .. }]), taken, "{problems:?}");
    }
}

#[test]
fn a_setting_of_zero_is_a_problem() {
    let built = Endpoint::builder().socket_with::<TestSocket>("/socket", |options| {
        let longpoll = options.longpoll.get_or_insert_default();
        (longpoll.window, longpoll.body_timeout, longpoll.token_max_age) = <_>::default();
        (longpoll.max_body_bytes, longpoll.max_batch) = (0, 0);
        (longpoll.max_sessions, longpoll.max_newcomers) = (0, 0);
    });
    let built = built.secret_key_base("s".repeat(64)).build();
    let problems = built.err().map(|error| error.problems().to_vec()).unwrap_or_default();
    let settings = [
        "window",
        "body_timeout",
        "token_max_age",
        "max_body_bytes",
        "max_batch",
        "max_sessions",
        "max_newcomers",
    ];
    assert_eq!(problems, settings.map(EndpointProblem::ZeroInLongPoll));
}

#[test]
fn a_secret_has_64_bytes_and_without_one_a_warning_says_what_that_means() {
    let polling = || Endpoint::builder().socket_with::<TestSocket>("/socket", at("longpoll"));
    let short = polling().secret_key_base("s".repeat(63)).build();
    let problems = short.err().map(|error| error.problems().to_vec()).unwrap_or_default();
    assert_eq!(problems, [EndpointProblem::ShortSecret]);

    let log = Log::default();
    let _logging = log.start();
    let warnings = || log.lines(Level::WARN);
    assert!(polling().secret_key_base("s".repeat(64)).build().is_ok());
    assert!(Endpoint::builder().socket::<TestSocket>("/socket").build().is_ok());
    assert_eq!(warnings(), [""; 0]);
    assert!(polling().build().is_ok());
    let warnings = warnings();
    assert!(warnings.len() == 1 && warnings[0].contains("there is no `secret_key_base`"), "{warnings:?}");
}

#[test]
fn the_secret_is_shown_nowhere() -> TestResult {
    let secret = "do not show this to anybody, ".repeat(3);
    let builder =
        Endpoint::builder().secret_key_base(&*secret).socket_with::<TestSocket>("/socket", at("longpoll"));
    assert!(!format!("{builder:?}").contains("show"));
    assert!(!format!("{:?}", builder.build()?).contains("show"));
    Ok(())
}

#[tokio::test]
async fn it_is_served_under_warp_serve_too_and_either_server_says_who_the_peer_is() -> TestResult {
    use warp::Filter;
    let builder = Endpoint::builder().secret_key_base("s".repeat(64));
    let endpoint = builder.socket_with::<TestSocket>("/socket", at("longpoll")).build()?;
    let whoami = warp::path!("whoami")
        .and(phx_runtime::peer_addr())
        .map(|peer: Option<SocketAddr>| peer.map_or_else(String::new, |peer| peer.ip().to_string()));
    let routes = endpoint.routes().or(whoami);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let under_warp = listener.local_addr()?;
    tokio::spawn(warp::serve(routes.clone()).incoming(listener).run());
    let server = endpoint.bind(([127, 0, 0, 1], 0)).await?;
    let under_ours = server.local_addr();
    tokio::spawn(server.run_until(routes, std::future::pending()));

    for addr in [under_warp, under_ours] {
        let whoami = send(addr, b"GET /whoami HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
        assert_eq!((whoami.status, &*whoami.body), (200, "127.0.0.1"));
        let begin = format!("GET {PATH} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        let token = super::body(&send(addr, begin.as_bytes()).await?)?.token.ok_or("no token")?;
        let session = Session { addr, path: PATH.to_owned(), token };
        session.say(r#"["1","1","room:warp","phx_join",{}]"#).await?;
        assert_eq!(session.messages().await?.len(), 1);
        session.gets_only(&[]).await?;
    }
    Ok(())
}
