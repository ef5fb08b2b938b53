//! `presence:*`: who is there, told to everybody.

use crate::room::Json;
use crate::socket::UserSocket;
use phx_runtime::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// One client, present as its user.
pub(crate) struct PresenceChannel {
    user: String,
}

struct AfterJoin;

#[derive(Deserialize)]
struct Params {
    user_id: UserId,
}

/// Clients write either.
#[derive(Deserialize)]
#[serde(untagged)]
enum UserId {
    Text(String),
    Number(i64),
}

#[derive(Serialize)]
struct Meta {
    /// Seconds since 1970.
    online_at: u64,
}

#[channel(socket = UserSocket)]
impl PresenceChannel {
    #[join("presence:*")]
    fn join(params: Payload, ctx: &mut Joining<Self>) -> Result<Self, Refused> {
        // Any payload will do.
        let user = match params.decode::<Params>().ok().map(|params| params.user_id) {
            Some(UserId::Text(text)) => Some(text),
            Some(UserId::Number(number)) => Some(number.to_string()),
            None => ctx.socket().user_id.clone(),
        };
        ctx.notify(AfterJoin);
        Ok(Self { user: user.unwrap_or_else(|| "anon".to_owned()) })
    }

    #[handle_info]
    fn after_join(&mut self, _: AfterJoin, ctx: &mut Context<Self>) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        ctx.track(&self.user, &Meta { online_at: now.as_secs() });
        ctx.push("presence_state", &ctx.presences());
    }

    #[handle_in("update")]
    fn update(&mut self, meta: BTreeMap<String, Json>, ctx: &mut Context<Self>) -> Result<(), Refused> {
        ctx.update(&self.user, &meta);
        Ok(())
    }

    #[handle_in("untrack")]
    fn untrack(&mut self, ctx: &mut Context<Self>) -> Result<(), Refused> {
        ctx.untrack(&self.user);
        Ok(())
    }
}
