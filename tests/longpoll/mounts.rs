//! What can be wrong with a mount that has long polling, and with the secret.

use crate::support::TestResult;
use crate::support::app::TestSocket;
use crate::support::log::Log;
use phx_runtime::prelude::*;
use phx_runtime::{EndpointProblem, MountOptions};
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
