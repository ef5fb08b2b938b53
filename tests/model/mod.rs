//! Random interleavings of joins, leaves, pushes, stale messages, duplicate joins and crashes over several topics of
//! one connection, against a model of protocol §4 and §5 ([`protocol`]).
//!
//! The topics of a connection have no order between them, so each is compared on its own. Messages are sent without
//! waiting for what the earlier ones bring about, unless a step says so; what that leaves open the model knows.

mod case;
pub(crate) mod channel;
mod effects;
mod player;
mod protocol;

use crate::support::client::PATIENCE;
use crate::support::{Over, TestResult, TestServer};
use player::Player;
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};
use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;
use tokio::runtime::{Handle, Runtime};

/// Cases in all, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 10_000;
/// The transports, over each of which one case at a time runs, and out of 20 cases how many. One over long polling takes
/// three times as long.
const RUNNERS: [(Over, u32); 4] =
    [(Over::WebSocketV1, 9), (Over::WebSocketV2, 9), (Over::LongPollV1, 1), (Over::LongPollV2, 1)];
/// For cases made from one that has failed, many of which fail because something never comes.
const SHORT_PATIENCE: Duration = Duration::from_secs(1);
/// So often is such a case played: what fails in a race needs some luck to fail again.
const TRIES: u32 = 20;

#[test]
fn the_server_does_what_the_model_does() -> TestResult {
    let runtime = Runtime::new()?;
    // Some cases then have messages that wait for room.
    let server = runtime.block_on(TestServer::start_with(|limits| limits.inbox_pushes = 4))?;
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let property = Property {
        server: &server,
        runtime: runtime.handle(),
        cases: asked.unwrap_or(CASES),
        seed: match Config::default().rng_seed {
            RngSeed::Fixed(seed) => seed,
            RngSeed::Random => RandomState::new().hash_one("seed"),
        },
        started: AtomicUsize::new(0),
        has_failed: AtomicBool::new(false),
    };
    thread::scope(|scope| {
        let property = &property;
        let runners: Vec<_> = RUNNERS
            .into_iter()
            .map(|(over, share)| scope.spawn(move || property.check(over, share)))
            .collect();
        for runner in runners {
            match runner.join() {
                Ok(Ok(())) => {}
                Ok(Err(failure)) => {
                    eprintln!("{failure}");
                    return Err("the server and the model differ, see above".into());
                }
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(())
    })
}

struct Property<'s> {
    server: &'s TestServer,
    runtime: &'s Handle,
    /// Of all runners.
    cases: u32,
    seed: u64,
    /// How many cases have started.
    started: AtomicUsize,
    has_failed: AtomicBool,
}

impl Property<'_> {
    /// Fails with the smallest case found, and how it went.
    fn check(&self, over: Over, share: u32) -> Result<(), String> {
        let config = Config {
            cases: (self.cases * share).div_ceil(20),
            rng_seed: RngSeed::Fixed(self.seed.wrapping_add(over as u64)),
            failure_persistence: None,
            max_shrink_time: 60_000,
            ..Config::default()
        };
        let is_shrinking = Cell::new(false);
        let result = TestRunner::new(config).run(&case::case(), |case| {
            // Once a case has failed its runner looks for a smaller one, and the others need not go on.
            if self.has_failed.load(Ordering::Relaxed) && !is_shrinking.get() {
                return Ok(());
            }
            let (tries, patience) = if is_shrinking.get() { (TRIES, SHORT_PATIENCE) } else { (1, PATIENCE) };
            let played = (0..tries).try_for_each(|_| {
                let number = self.started.fetch_add(1, Ordering::Relaxed);
                self.runtime.block_on(async {
                    Player::connect(over, self.server, number, patience).await.play(&case).await
                })
            });
            if played.is_err() {
                self.has_failed.store(true, Ordering::Relaxed);
                is_shrinking.set(true);
            }
            played
        });
        match result {
            Ok(()) => Ok(()),
            Err(TestError::Fail(reason, _)) => {
                Err(format!("{over:?}: {reason}\nPROPTEST_RNG_SEED was {}", self.seed))
            }
            Err(error) => Err(error.to_string()),
        }
    }
}
