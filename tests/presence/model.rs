//! Random sequences of what clients do, each followed by a client that keeps its own list as phoenix.js does
//! ([`Follower`]): after every step it is the server's.

use super::follower::Follower;
use crate::support::TestResult;
use crate::support::client::Client;
use phx_runtime::prelude::*;
use phx_runtime::{Arrival, PresenceCallbacks, Presences, Stop, ToPayload, Tracked};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

/// Unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 10_000;
const CLIENTS: usize = 4;
const TOPIC: &str = "followed:1";
/// Updated after every step: who has heard of that has heard of all before.
const MARKER: &str = "marker";
const GRACE: Duration = Duration::from_secs(5);

struct FollowedSocket;

#[socket]
impl Socket for FollowedSocket {
    channel!("followed:*", Followed);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct Followed;

/// With the key to track, if any.
struct AfterJoin(Option<String>);

#[derive(Deserialize)]
struct Entry {
    key: String,
    meta: Value,
}

#[channel(socket = FollowedSocket)]
impl Followed {
    #[join("followed:*")]
    fn join(key: Option<String>, ctx: &mut Joining<Self>) -> Result<Self, Refused> {
        ctx.notify(AfterJoin(key));
        Ok(Self)
    }

    #[handle_info]
    fn after_join(&mut self, joined: AfterJoin, ctx: &mut Context<Self>) {
        if let AfterJoin(Some(key)) = joined {
            ctx.track(key, &json!({"from": "join"}));
        }
        ctx.push("presence_state", &ctx.presences());
    }

    #[handle_in("track")]
    fn track(&mut self, Entry { key, meta }: Entry, ctx: &mut Context<Self>) -> Result<bool, Refused> {
        Ok(ctx.track(key, &meta))
    }

    #[handle_in("update")]
    fn update(&mut self, Entry { key, meta }: Entry, ctx: &mut Context<Self>) -> Result<bool, Refused> {
        Ok(ctx.update(key, &meta))
    }

    #[handle_in("untrack")]
    fn untrack(&mut self, key: String, ctx: &mut Context<Self>) -> Result<bool, Refused> {
        Ok(ctx.untrack(key))
    }

    #[handle_in("state")]
    fn state(&mut self, ctx: &mut Context<Self>) -> Result<(), Refused> {
        ctx.push("presence_state", &ctx.presences());
        Ok(())
    }

    #[handle_in("crash")]
    fn crash(&mut self, ctx: &mut Context<Self>) {
        // As a panic, which the log of the tests would be full of.
        ctx.stop_with(Stop::Error);
    }
}

/// Finds the same for a key each time: phoenix.js keeps what it has of a key whose metas are the same after a rejoin.
struct Finding;

impl PresenceCallbacks for Finding {
    type Extra = Value;

    async fn fetch(
        &self,
        _: &str,
        joined: &Presences,
    ) -> Result<HashMap<String, Value>, Box<dyn Error + Send + Sync>> {
        tokio::task::yield_now().await;
        Ok(joined.keys().map(|key| (key.to_owned(), json!({"found": key}))).collect())
    }
}

/// What one client does. What it cannot do now, it does not.
#[derive(Debug, Clone)]
enum Act {
    Join(Option<usize>),
    Track(usize, u8),
    Update(usize, u8),
    Untrack(usize),
    State,
    Leave,
    Crash,
    Vanish,
}

#[derive(Debug, Clone)]
struct Step {
    /// At the same time.
    acts: Vec<(usize, Act)>,
    passes: Duration,
}

#[derive(Debug, Clone)]
struct Case {
    grace: bool,
    fetches: bool,
    steps: Vec<Step>,
}

fn cases() -> impl Strategy<Value = Case> {
    let key = 0..3_usize;
    let meta = 0..2_u8;
    let act = prop_oneof![
        4 => proptest::option::of(key.clone()).prop_map(Act::Join),
        4 => (key.clone(), meta.clone()).prop_map(|(key, meta)| Act::Track(key, meta)),
        2 => (key.clone(), meta).prop_map(|(key, meta)| Act::Update(key, meta)),
        2 => key.prop_map(Act::Untrack),
        1 => Just(Act::State),
        1 => Just(Act::Leave),
        1 => Just(Act::Crash),
        1 => Just(Act::Vanish),
    ];
    let passes = prop_oneof![4 => Just(Duration::ZERO), 1 => Just(GRACE / 2), 1 => Just(GRACE)];
    let step = (vec((0..CLIENTS, act), 1..4), passes).prop_map(|(mut acts, passes)| {
        acts.sort_by_key(|(client, _)| *client);
        acts.dedup_by_key(|(client, _)| *client);
        Step { acts, passes }
    });
    (any::<bool>(), any::<bool>(), vec(step, 1..16)).prop_map(|(grace, fetches, steps)| Case {
        grace,
        fetches,
        steps,
    })
}

#[test]
fn who_follows_states_and_diffs_has_the_servers_list_after_every_step() -> TestResult {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let config = Config { cases: asked.unwrap_or(CASES), failure_persistence: None, ..Config::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    TestRunner::new(config).run(&cases(), |case| {
        runtime.block_on(play(&case)).map_err(|error| TestCaseError::fail(error.to_string()))
    })?;
    Ok(())
}

async fn play(case: &Case) -> TestResult {
    let mut builder = Endpoint::builder().without_declared().socket::<FollowedSocket>("/socket");
    if case.grace {
        builder = builder.presence_grace(GRACE);
    }
    if case.fetches {
        builder = builder.presence(Finding);
    }
    let endpoint = builder.build()?;
    let marker = endpoint.presence().track(TOPIC, MARKER, &json!({"step": 0}))?;
    let mut players: [Player; CLIENTS] = Default::default();
    for (number, step) in case.steps.iter().enumerate() {
        for (client, act) in &step.acts {
            players[*client].does(act, &endpoint).await;
        }
        for (client, act) in &step.acts {
            players[*client].has_done(act, &endpoint).await?;
        }
        tokio::time::advance(step.passes).await;
        all_follow(&endpoint, &marker, &mut players, number + 1).await?;
        if case.fetches && !players.iter().all(|player| player.follower.has_for_all("found")) {
            return Err("somebody has been told of a key without what is fetched for it".into());
        }
    }
    Ok(())
}

/// Waits until everybody who is there has heard of all so far, and compares.
async fn all_follow(
    endpoint: &Endpoint,
    marker: &Tracked,
    players: &mut [Player; CLIENTS],
    step: usize,
) -> TestResult {
    marker.update(&json!({"step": step}))?;
    for player in players.iter_mut() {
        player.follows_until(step).await?;
    }
    let list = endpoint.presence().list(TOPIC).to_payload()?;
    let list = Follower::of(list.decode()?);
    for (place, player) in players.iter().enumerate().filter(|(_, player)| player.is_joined()) {
        if player.follower.list() != list.list() {
            return Err(format!(
                "after step {step}, client {place} has\n{:#?}\nand the server\n{:#?}",
                player.follower.list(),
                list.list()
            )
            .into());
        }
    }
    Ok(())
}

#[derive(Default)]
struct Player {
    client: Option<Client>,
    /// While joined.
    join_ref: Option<u32>,
    reference: u32,
    follower: Follower,
}

impl Player {
    fn is_joined(&self) -> bool {
        self.join_ref.is_some()
    }

    async fn does(&mut self, act: &Act, endpoint: &Endpoint) {
        self.reference += 1;
        let reference = self.reference;
        let key = |key: &usize| ["a", "b", "c"][*key];
        if let Act::Join(key_index) = act {
            if self.client.is_none() {
                let arrival = Arrival::new("/socket", "vsn=2.0.0");
                self.client = Some(Client::connect_in_process(endpoint, arrival).await);
            }
            self.follower.joins(reference);
            self.join_ref = Some(reference);
            let key = key_index.as_ref().map(key);
            self.sends(&json!([reference.to_string(), reference.to_string(), TOPIC, "phx_join", key])).await;
            return;
        }
        let Some(join_ref) = self.join_ref else { return };
        let (event, payload) = match act {
            Act::Track(index, meta) => ("track", json!({"key": key(index), "meta": {"n": meta}})),
            Act::Update(index, meta) => ("update", json!({"key": key(index), "meta": {"n": meta}})),
            Act::Untrack(index) => ("untrack", json!(key(index))),
            Act::State => ("state", json!({})),
            Act::Leave => ("phx_leave", json!({})),
            Act::Crash => ("crash", json!({})),
            Act::Vanish | Act::Join(_) => {
                self.client = None;
                return;
            }
        };
        self.sends(&json!([join_ref.to_string(), reference.to_string(), TOPIC, event, payload])).await;
    }

    async fn sends(&mut self, message: &Value) {
        if let Some(client) = &mut self.client {
            client.send(&message.to_string()).await;
        }
    }

    /// Waits until the server has done it.
    async fn has_done(&mut self, act: &Act, endpoint: &Endpoint) -> TestResult {
        let Some(join_ref) = self.join_ref else { return Ok(()) };
        let (event, reference) = match act {
            Act::Leave => ("phx_close", join_ref),
            Act::Crash => ("phx_error", join_ref),
            Act::Vanish => {
                self.join_ref = None;
                // Its channel has ended when it is counted no more.
                let before = endpoint.connections();
                while endpoint.channels() > before || endpoint.connections() > before {
                    tokio::task::yield_now().await;
                }
                return Ok(());
            }
            _ => ("phx_reply", self.reference),
        };
        let reference = reference.to_string();
        loop {
            let message = self.hears().await?;
            if message[3] == event && message[1].as_str() == Some(&reference) {
                break;
            }
        }
        if matches!(act, Act::Leave | Act::Crash) {
            self.join_ref = None;
        }
        Ok(())
    }

    async fn follows_until(&mut self, step: usize) -> TestResult {
        while self.is_joined() && !self.follower.knows(MARKER, &json!(step)) {
            self.hears().await?;
        }
        Ok(())
    }

    async fn hears(&mut self) -> Result<Value, Box<dyn Error>> {
        let client = self.client.as_mut().ok_or("not connected")?;
        let message: Value = serde_json::from_str(&client.next().await)?;
        // phoenix.js gives a channel only what has its join_ref or none.
        let is_for_us =
            |join_ref: &Value| join_ref.is_null() || join_ref.as_str() == Some(&self.follower.join_ref());
        if is_for_us(&message[0]) {
            self.follower.hears(&message)?;
        }
        Ok(message)
    }
}
