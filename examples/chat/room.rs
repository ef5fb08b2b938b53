//! A room: who is in it, and what they say.

use crate::ChatSocket;
use phx_runtime::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// One tab in one room.
pub(crate) struct RoomChannel {
    room: String,
    name: String,
}

#[derive(Serialize)]
struct Welcome {
    name: String,
    members: Vec<String>,
}

/// Somebody came or went.
#[derive(Serialize)]
struct Change {
    name: String,
    members: Vec<String>,
}

/// Tells the others once the client itself has its answer.
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
struct Opened {
    room: String,
}

#[channel(socket = ChatSocket)]
impl RoomChannel {
    const MESSAGE: Event<Message> = Event::new("message");
    const JOINED: Event<Change> = Event::new("joined");
    const LEFT: Event<Change> = Event::new("left");
    /// Only in the lobby: somebody is the first in another room.
    const OPENED: Event<Opened> = Event::new("opened");

    #[join("room:{room}")]
    fn join(room: String, ctx: &mut Joining<Self>) -> Result<(Self, Welcome), Refused> {
        let is_slug = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if room.is_empty() || room.len() > 32 || !room.chars().all(is_slug) {
            return Err(Refused::new("a room is named with up to 32 of a-z, 0-9 and -"));
        }
        let name = ctx.socket().name.clone();
        let members = Members::enter(&room, &name);
        ctx.notify(Arrived);
        Ok((Self { room, name: name.clone() }, Welcome { name, members }))
    }

    #[handle_info]
    fn arrived(&mut self, _: Arrived, ctx: &mut Context<Self>) {
        let members = Members::of(&self.room);
        if let ([_], Ok(lobby)) = (&members[..], Self::topic("lobby"))
            && lobby != ctx.topic()
        {
            ctx.broadcast_to(lobby, Self::OPENED, &Opened { room: self.room.clone() });
        }
        ctx.broadcast_from(Self::JOINED, &self.change(members));
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

    #[terminate]
    fn left(&mut self, ctx: &mut Context<Self>) {
        let members = Members::leave(&self.room, &self.name);
        ctx.broadcast_from(Self::LEFT, &self.change(members));
    }

    fn change(&self, members: Vec<String>) -> Change {
        Change { name: self.name.clone(), members }
    }
}

/// Who is in which room; a name counts once for each tab it is in with.
struct Members;

type Rooms = HashMap<String, Vec<String>>;

static ROOMS: LazyLock<Mutex<Rooms>> = LazyLock::new(Mutex::default);

impl Members {
    fn enter(room: &str, name: &str) -> Vec<String> {
        let mut rooms = Self::lock();
        let members = rooms.entry(room.to_owned()).or_default();
        members.push(name.to_owned());
        Self::listed(members)
    }

    fn leave(room: &str, name: &str) -> Vec<String> {
        let mut rooms = Self::lock();
        let Some(members) = rooms.get_mut(room) else {
            return Vec::new();
        };
        if let Some(index) = members.iter().position(|member| member == name) {
            members.swap_remove(index);
        }
        let left = Self::listed(members);
        if left.is_empty() {
            rooms.remove(room);
        }
        left
    }

    fn of(room: &str) -> Vec<String> {
        Self::lock().get(room).map(|members| Self::listed(members)).unwrap_or_default()
    }

    fn listed(members: &[String]) -> Vec<String> {
        let mut names = members.to_vec();
        names.sort();
        names.dedup();
        names
    }

    fn lock() -> MutexGuard<'static, Rooms> {
        ROOMS.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
