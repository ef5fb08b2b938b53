//! A room: who is in it, what they say, and who is about to.

use crate::ChatSocket;
use phx_runtime::prelude::*;
use serde::{Deserialize, Serialize};
use std::time::{SystemTime, UNIX_EPOCH};

/// One tab in one room.
pub(crate) struct RoomChannel {
    room: String,
    name: String,
}

#[derive(Serialize)]
struct Welcome {
    name: String,
}

/// Makes the client present once it has its answer.
struct Arrived;

#[derive(Deserialize)]
struct Said {
    body: String,
}

#[derive(Serialize)]
struct Message {
    from: String,
    body: String,
    at: u64,
}

#[derive(Serialize)]
struct Typing {
    name: String,
}

#[derive(Serialize)]
struct Opened {
    room: String,
}

#[channel(socket = ChatSocket)]
impl RoomChannel {
    const MESSAGE: Event<Message> = Event::new("message");
    const TYPING: Event<Typing> = Event::new("typing");
    /// Only in the lobby: somebody is the first in another room.
    const OPENED: Event<Opened> = Event::new("opened");

    #[join("room:{room}")]
    fn join(room: String, ctx: &mut Joining<Self>) -> Result<(Self, Welcome), Refused> {
        let is_slug = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if room.is_empty() || room.len() > 32 || !room.chars().all(is_slug) {
            return Err(Refused::new("a room is named with up to 32 of a-z, 0-9 and -"));
        }
        let name = ctx.socket().name.clone();
        ctx.notify(Arrived);
        Ok((Self { room, name: name.clone() }, Welcome { name }))
    }

    /// Presence tells the others who comes, and when the channel ends, who goes. A name counts once, in however many
    /// tabs it is here.
    #[handle_info]
    fn arrived(&mut self, _: Arrived, ctx: &mut Context<Self>) {
        let is_first = ctx.presence().count(ctx.topic()) == 0;
        ctx.track(&self.name, &());
        ctx.push("presence_state", &ctx.presences());
        if let Ok(lobby) = Self::topic("lobby")
            && is_first
            && lobby != ctx.topic()
        {
            ctx.broadcast_to(lobby, Self::OPENED, &Opened { room: self.room.clone() });
        }
    }

    #[handle_in("message")]
    fn message(&mut self, said: Said, ctx: &mut Context<Self>) -> Result<(), Refused> {
        let body = said.body.trim();
        if body.is_empty() {
            return Err(Refused::new("empty"));
        }
        if body.chars().count() > 2000 {
            return Err(Refused::new("too_long"));
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let at = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        ctx.broadcast(Self::MESSAGE, &Message { from: self.name.clone(), body: body.to_owned(), at });
        Ok(())
    }

    /// Nobody is told that somebody has stopped: the pages forget it after a few seconds.
    #[handle_in("typing")]
    fn typing(&mut self, ctx: &mut Context<Self>) {
        ctx.broadcast_from(Self::TYPING, &Typing { name: self.name.clone() });
    }
}
