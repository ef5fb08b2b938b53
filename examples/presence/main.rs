//! Who is online: a board in the browser with everybody's status, kept right by presence.
//!
//! ```text
//! cargo run --example presence              # http://127.0.0.1:4000, in several tabs
//! cargo run --example presence -- --port 0  # or PORT=0: picks a free port
//! ```
//!
//! Try `ann` in one tab and `bo` in two, change a status, close a tab, reload another.

#[path = "../page/mod.rs"]
mod page;
#[cfg(test)]
mod tests;

use phx_runtime::prelude::*;
use phx_runtime::{CheckOrigin, PresenceCallbacks, Presences};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use warp::Filter;

/// Who is back within this time has not been away: a reload, or a moment without network, is no news to anybody.
const GRACE: Duration = Duration::from_secs(2);

/// Of a name, as it was typed.
const MAX_NAME_CHARS: usize = 24;

/// One browser tab.
struct BoardSocket {
    name: String,
}

#[derive(Deserialize)]
struct Login {
    user: String,
}

// The page comes from this server, whichever name of it stands in the address bar.
#[socket("/socket", longpoll, check_origin = Some(CheckOrigin::same_as_request()))]
impl Socket for BoardSocket {
    channel!("board", BoardChannel);

    type Params = Login;

    /// The join looks at the name: browsers hide from a page why a connection was refused.
    async fn connect(login: Login, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self { name: login.user })
    }
}

/// The board, as one tab has it open.
struct BoardChannel {
    user: String,
    mine: Meta,
}

/// Whom the page has signed in: capital letters make no difference.
#[derive(Serialize)]
struct Welcome {
    user: String,
}

/// What everybody sees of a tab.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Meta {
    status: Status,
    /// When its user came, in milliseconds since 1970.
    since: u64,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Online,
    Away,
    Busy,
}

#[derive(Deserialize)]
struct Chosen {
    status: Status,
}

/// Makes the tab present once it has its answer.
struct AfterJoin;

#[channel(socket = BoardSocket)]
impl BoardChannel {
    /// The page says its status, since it may be back from an interruption.
    #[join("board")]
    fn join(chosen: Chosen, ctx: &mut Joining<Self>) -> Result<(Self, Welcome), Refused> {
        let name = ctx.socket().name.trim();
        if !(1..=MAX_NAME_CHARS).contains(&name.chars().count()) {
            return Err(Refused::new("a name has 1 to 24 characters"));
        }
        let user = name.to_lowercase();
        // Whoever is here with another tab, or still by grace, has come before.
        let known = ctx.presence().get_by_key(ctx.topic(), &user);
        let metas = known.and_then(|present| present.metas::<Meta>().ok()).unwrap_or_default();
        let since = metas.iter().map(|meta| meta.since).min().unwrap_or_else(now);
        ctx.notify(AfterJoin);
        let mine = Meta { status: chosen.status, since };
        Ok((Self { user: user.clone(), mine }, Welcome { user }))
    }

    /// The list waits for what [`People`] know of this user, so that the page need not.
    #[handle_info]
    async fn after_join(&mut self, _: AfterJoin, ctx: &mut Context<Self>) {
        ctx.track(&self.user, &self.mine);
        ctx.push("presence_state", &ctx.fetched_presences().await);
    }

    #[handle_in("status")]
    fn status(&mut self, chosen: Chosen, ctx: &mut Context<Self>) {
        self.mine.status = chosen.status;
        ctx.update(&self.user, &self.mine);
    }
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// Stands for a database: what there is to know of a user, besides being here.
struct People;

/// Stands beside a user's metas.
#[derive(Serialize)]
struct Person {
    name: &'static str,
    team: &'static str,
    /// The colour, in degrees around the wheel.
    hue: u16,
}

impl PresenceCallbacks for People {
    type Extra = Person;

    /// One query for all who come at the same time. Guests, of whom nothing is known, are left out.
    async fn fetch(
        &self,
        _topic: &str,
        joined: &Presences,
    ) -> Result<HashMap<String, Person>, Box<dyn Error + Send + Sync>> {
        Ok(joined.keys().filter_map(|user| Some((user.to_owned(), find(user)?))).collect())
    }
}

fn find(user: &str) -> Option<Person> {
    let (name, team, hue) = match user {
        "ann" => ("Ann Lindqvist", "Design", 35),
        "bo" => ("Bo Okafor", "Engineering", 250),
        "cleo" => ("Cleo Marchetti", "Support", 160),
        "mo" => ("Mo Haddad", "Engineering", 320),
        "priya" => ("Priya Raman", "Research", 85),
        _ => return None,
    };
    Some(Person { name, team, hue })
}

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    page::start_log();
    let port = page::port()?;
    let files = page::files("presence", &["style.css", "presence.js", "favicon.svg"])?;
    let endpoint = endpoint(page::secret()?)?;
    let server = endpoint.bind(([127, 0, 0, 1], port)).await;
    let server = server.map_err(|error| format!("{error} (`--port N` or PORT=N, for example 4001)"))?;
    println!("See who is there: http://{}", server.local_addr());
    server.run(endpoint.routes().or(files)).await;
    Ok(())
}

fn endpoint(secret: String) -> Result<Endpoint, EndpointError> {
    Endpoint::builder().secret_key_base(secret).presence(People).presence_grace(GRACE).build()
}
