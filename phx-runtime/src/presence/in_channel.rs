//! What a channel does to be present.

use super::Presence;
use super::meta::{Fields, write_string};
use super::presences::Presences;
use super::tracked::Holding;
use crate::channel::Channel;
use crate::context::Context;
use crate::joining::Joining;
use crate::payload::{EncodeError, PayloadError, ToPayload};
use serde::de::DeserializeOwned;
use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;

/// Why a channel that wants to be present ends instead.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotTracked {
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error("the channel tracks more than {0} keys")]
    TooMany(usize),
    #[error("a key and its meta have {bytes} bytes, more than {limit}")]
    TooLarge { bytes: usize, limit: usize },
}

impl<C: Channel> Context<C> {
    /// Makes the channel present at its topic by a key, such as the name of its user, until it ends, however that
    /// happens: others are told with `presence_diff`, to which `Presence` of phoenix.js listens. Says whether that is new: a key that
    /// this channel has tracked already stays as it is, see [`update`](Self::update).
    ///
    /// The meta is what others see: a struct or map, `()` for nothing. It should be small, as everybody gets it. The same
    /// key may be tracked by several channels, such as those of a user's two tabs: then it has a meta for each.
    ///
    /// What this client is to know of the others, it gets when the channel pushes [`presences`](Self::presences) as
    /// `presence_state`. That is best done right after tracking, and both once the join is answered:
    ///
    /// ```
    /// use phx_runtime::prelude::*;
    /// use serde::Serialize;
    ///
    /// struct UserSocket { user: String }
    /// # #[socket] impl Socket for UserSocket {
    /// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self { user: "jose".into() }) }
    /// # }
    ///
    /// #[derive(Serialize)]
    /// struct Meta { status: &'static str }
    ///
    /// struct Room;
    /// struct AfterJoin;
    ///
    /// #[channel(socket = UserSocket)]
    /// impl Room {
    ///     #[join("room:*")]
    ///     fn join(ctx: &mut Joining<Self>) -> Result<Self, Refused> {
    ///         ctx.notify(AfterJoin);
    ///         Ok(Room)
    ///     }
    ///
    ///     #[handle_info]
    ///     fn after_join(&mut self, _: AfterJoin, ctx: &mut Context<Self>) {
    ///         ctx.track(&ctx.socket().user, &Meta { status: "online" });
    ///         ctx.push("presence_state", &ctx.presences());
    ///     }
    ///
    ///     #[handle_in("away")]
    ///     fn away(&mut self, ctx: &mut Context<Self>) {
    ///         ctx.update(&ctx.socket().user, &Meta { status: "away" });
    ///     }
    /// }
    /// ```
    ///
    /// In the browser: `new Presence(channel)`, with its `onSync` and `list`.
    ///
    /// Those who come and go at the same time are told of in one diff. A meta that is not a JSON object ends the channel
    /// with `phx_error` after this callback, and so does one that is larger than
    /// [`Limits::presence_bytes`](crate::Limits::presence_bytes), or one more key than
    /// [`Limits::presence_keys`](crate::Limits::presence_keys).
    pub fn track<P: ToPayload + ?Sized>(&self, key: impl Display, meta: &P) -> bool {
        let key = key.to_string();
        self.present(&key, meta, |holding, fields| {
            let limit = self.shared.link.limits().presence_keys;
            if holding.len() < limit {
                return Ok(holding.track(&key, fields));
            }
            // Tracking a key again adds none.
            if holding.has(&key) { Ok(false) } else { Err(NotTracked::TooMany(limit)) }
        })
    }

    /// Replaces the meta of a key that this channel has [tracked](Self::track). Says whether there is one; if not,
    /// nothing happens.
    pub fn update<P: ToPayload + ?Sized>(&self, key: impl Display, meta: &P) -> bool {
        let key = key.to_string();
        self.present(&key, meta, |holding, fields| Ok(holding.update(&key, fields)))
    }

    /// What this channel has tracked by a key, read as an `M`, to [update](Self::update) a part of it; `None` if it has
    /// tracked nothing by that.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # struct UserSocket;
    /// # #[socket] impl Socket for UserSocket {
    /// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
    /// # }
    /// # struct Room;
    /// #[derive(serde::Serialize, serde::Deserialize)]
    /// struct Meta { status: String, since: u64 }
    ///
    /// # #[channel(socket = UserSocket)]
    /// # impl Room {
    /// #     #[join("room:*")] fn join() -> Result<Self, Refused> { Ok(Room) }
    /// #[handle_in("status")]
    /// fn status(&mut self, status: String, ctx: &mut Context<Self>) {
    ///     if let Ok(Some(meta)) = ctx.tracked::<Meta>("jose") {
    ///         ctx.update("jose", &Meta { status, ..meta });
    ///     }
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// When it does not fit `M`.
    pub fn tracked<M: DeserializeOwned>(&self, key: impl Display) -> Result<Option<M>, PayloadError> {
        let meta = self.holding().and_then(|holding| holding.meta(&key.to_string()));
        Ok(meta.map(|meta| serde_json::from_str(meta.as_json())).transpose()?)
    }

    /// Takes back what [`track`](Self::track) did, for one key. Says whether it was there. When the channel ends, that
    /// happens by itself.
    pub fn untrack(&self, key: impl Display) -> bool {
        self.holding().is_some_and(|holding| holding.untrack(&key.to_string()))
    }

    /// Everyone who is present at the topic, this channel included if it has tracked itself: to push as
    /// `presence_state`.
    #[must_use]
    pub fn presences(&self) -> Presences {
        self.presence().list(self.topic())
    }

    /// As [`presences`](Self::presences), once [`PresenceCallbacks::fetch`](crate::PresenceCallbacks::fetch) has found what
    /// stands beside the keys of this channel. Without it, a list that is pushed right after [`track`](Self::track) lacks
    /// them, and the client gets them with the diff that follows.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # struct UserSocket;
    /// # #[socket] impl Socket for UserSocket {
    /// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
    /// # }
    /// # struct Room;
    /// # struct AfterJoin;
    /// # #[channel(socket = UserSocket)]
    /// # impl Room {
    /// #     #[join("room:*")] fn join() -> Result<Self, Refused> { Ok(Room) }
    /// #[handle_info]
    /// async fn after_join(&mut self, _: AfterJoin, ctx: &mut Context<Self>) {
    ///     ctx.track("jose", &());
    ///     ctx.push("presence_state", &ctx.fetched_presences().await);
    /// }
    /// # }
    /// ```
    pub fn fetched_presences(&self) -> impl Future<Output = Presences> + Send + use<C> {
        let keys = self.holding().map(Holding::keys).unwrap_or_default();
        let (presence, topic) = (self.presence().clone(), Arc::clone(&self.shared.topic));
        async move {
            presence.tracker.fetched(&topic, &keys).await;
            presence.list(topic)
        }
    }

    /// Who is present at any topic.
    #[must_use]
    pub fn presence(&self) -> &Presence {
        &self.shared.link.hub.presence
    }

    fn present<P: ToPayload + ?Sized>(
        &self,
        key: &str,
        meta: &P,
        change: impl FnOnce(&Holding, &Fields) -> Result<bool, NotTracked>,
    ) -> bool {
        // After its end nothing would take it away again, and after a failure no effect counts.
        if !self.is_subscribed() || self.has_failed() {
            return false;
        }
        let limit = self.shared.link.limits().presence_bytes;
        let changed = fields(key, meta, limit).and_then(|fields| change(self.holding_or_new(), &fields));
        changed.unwrap_or_else(|failure| {
            self.fail(failure);
            false
        })
    }
}

fn fields<P: ToPayload + ?Sized>(key: &str, meta: &P, limit: usize) -> Result<Fields, NotTracked> {
    let meta = meta.to_payload().map_err(NotTracked::Encode)?;
    let bytes = json_len(key) + meta.as_bytes().len();
    if bytes > limit {
        return Err(NotTracked::TooLarge { bytes, limit });
    }
    Ok(Fields::of_meta(&meta)?)
}

/// How long a key is where clients get it, without quotes.
fn json_len(key: &str) -> usize {
    let mut written = String::new();
    write_string(&mut written, key);
    written.len().saturating_sub(2)
}

impl<C: Channel> Joining<C> {
    /// Who is present at any topic, for a join that depends on it.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # struct UserSocket;
    /// # #[socket] impl Socket for UserSocket {
    /// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
    /// # }
    /// # struct Room;
    /// # #[channel(socket = UserSocket)]
    /// # impl Room {
    /// #[join("room:*")]
    /// fn join(ctx: &mut Joining<Self>) -> Result<Self, Refused> {
    ///     if ctx.presence().count(ctx.topic()) >= 8 { Err(Refused::new("full")) } else { Ok(Room) }
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn presence(&self) -> &Presence {
        &self.shared.link.hub.presence
    }
}
