//! `intercept:*`: a broadcast that every client gets in a form of its own.

use crate::room::Json;
use crate::socket::UserSocket;
use phx_runtime::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A client's view of the topic.
pub(crate) struct InterceptChannel {
    /// What its messages carry as `intercepted`.
    mark: Json,
}

#[derive(Deserialize)]
struct Params {
    tag: Option<Json>,
}

#[channel(socket = UserSocket)]
impl InterceptChannel {
    #[join("intercept:*")]
    fn join(params: Payload) -> Result<Self, Refused> {
        // Any payload will do.
        let tag = params.decode::<Params>().ok().and_then(|params| params.tag);
        Ok(Self { mark: tag.unwrap_or_else(|| RawValue::TRUE.to_owned()) })
    }

    #[handle_in("new_msg")]
    fn new_msg(&mut self, payload: Json, ctx: &mut Context<Self>) {
        ctx.broadcast("new_msg", &payload);
    }

    #[handle_out("new_msg")]
    fn show(&mut self, mut payload: BTreeMap<String, Json>, ctx: &mut Context<Self>) {
        payload.insert("intercepted".to_owned(), self.mark.clone());
        ctx.push("new_msg", &payload);
    }
}
