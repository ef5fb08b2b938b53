//! The one socket, mounted four times.

use crate::intercept::InterceptChannel;
use crate::presence::PresenceChannel;
use crate::room::RoomChannel;
use phx_runtime::prelude::*;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Every connection is welcome, unless it asks to be refused.
pub(crate) struct UserSocket {
    pub(crate) user_id: Option<String>,
    gives_ids: bool,
}

/// What the one mount has on which a user's connections can be closed by id.
#[derive(Clone)]
pub(crate) struct GivesIds;

#[derive(Deserialize)]
pub(crate) struct Params {
    refuse: Option<IgnoredAny>,
    user_id: Option<String>,
}

#[socket]
impl Socket for UserSocket {
    channel!("room:*", RoomChannel);
    channel!("presence:*", PresenceChannel);
    channel!("intercept:*", InterceptChannel);

    type Params = Params;

    async fn connect(params: Params, info: &ConnectInfo) -> Result<Self, Refused> {
        if params.refuse.is_some() {
            return Err(Refused::new("asked to be refused"));
        }
        Ok(Self { user_id: params.user_id, gives_ids: info.data::<GivesIds>().is_some() })
    }

    fn id(&self) -> Option<String> {
        let user_id = self.user_id.as_ref().filter(|_| self.gives_ids)?;
        Some(format!("users_socket:{user_id}"))
    }
}
