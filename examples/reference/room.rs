//! `room:*`: one event for each thing a channel can do.

use crate::socket::UserSocket;
use phx_runtime::prelude::*;
use phx_runtime::{Binary, Deferred, Stop};
use serde_json::json;
use serde_json::value::RawValue;
use std::time::Duration;

/// Any JSON value as the client wrote it, and no bytes.
pub(crate) type Json = Box<RawValue>;

pub(crate) struct RoomChannel;

/// Comes right after the join's answer.
struct Welcome;

/// Comes when a reply is due.
struct ReplyNow {
    deferred: Deferred,
    payload: Json,
}

#[channel(socket = UserSocket)]
impl RoomChannel {
    #[join("room:forbidden")]
    fn forbidden() -> Result<Self, Refused> {
        Err(Refused::new("unauthorized"))
    }

    #[join("room:joincrash")]
    fn join_crash() -> Result<Self, Refused> {
        panic!("asked to crash in join")
    }

    #[join("room:after_join")]
    fn after_join(ctx: &mut Joining<Self>) -> Result<Self, Refused> {
        ctx.notify(Welcome);
        Ok(Self)
    }

    #[join("room:params")]
    fn params(params: Payload) -> Result<(Self, Payload), Refused> {
        Ok((Self, params))
    }

    #[join("room:*")]
    fn any() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[handle_info]
    fn welcome(&mut self, _: Welcome, ctx: &mut Context<Self>) {
        ctx.push("welcome", &json!({"hello": "world"}));
    }

    #[handle_in("echo")]
    fn echo(&mut self, payload: Payload) -> Result<Payload, Refused> {
        Ok(payload)
    }

    #[handle_in("new_msg")]
    fn new_msg(&mut self, payload: Json, ctx: &mut Context<Self>) {
        ctx.broadcast("new_msg", &payload);
    }

    #[handle_in("shout")]
    fn shout(&mut self, payload: Json, ctx: &mut Context<Self>) {
        ctx.broadcast_from("shout", &payload);
    }

    #[handle_in("push_me")]
    fn push_me(&mut self, payload: Json, ctx: &mut Context<Self>) {
        ctx.push("pushed", &payload);
    }

    #[handle_in("err")]
    fn err(&mut self, payload: Json) -> Result<(), Json> {
        Err(payload)
    }

    #[handle_in("status_only")]
    fn status_only(&mut self, _: Json) -> Result<(), Refused> {
        Ok(())
    }

    #[handle_in("noreply")]
    fn noreply(&mut self, _: Json) {}

    #[handle_in("custom_status")]
    fn custom_status(&mut self, payload: Json) -> Reply {
        Reply::status("custom", &payload)
    }

    #[handle_in("async_reply")]
    fn async_reply(&mut self, payload: Json, ctx: &mut Context<Self>) {
        let deferred = ctx.defer();
        ctx.send_after(Duration::from_millis(50), ReplyNow { deferred, payload });
    }

    #[handle_info]
    fn reply_now(&mut self, due: ReplyNow) {
        // A payload that a client sent can be sent back.
        let _ = due.deferred.reply(Ok::<_, Refused>(due.payload));
    }

    #[handle_in("crash")]
    fn crash(&mut self, _: Json) {
        panic!("asked to crash")
    }

    #[handle_in("stop")]
    fn stop(&mut self, _: Json, ctx: &mut Context<Self>) {
        ctx.stop();
    }

    #[handle_in("stop_shutdown")]
    fn stop_shutdown(&mut self, _: Json, ctx: &mut Context<Self>) {
        ctx.stop_with(Stop::Shutdown);
    }

    #[handle_in("stop_reply")]
    fn stop_reply(&mut self, payload: Json, ctx: &mut Context<Self>) -> Result<Json, Refused> {
        ctx.stop();
        Ok(payload)
    }

    #[handle_in("stop_error")]
    fn stop_error(&mut self, _: Json, ctx: &mut Context<Self>) {
        ctx.stop_with(Stop::Error);
    }

    #[handle_in("bin")]
    fn bin(&mut self, bytes: Binary) -> Result<Binary, Refused> {
        Ok(bytes)
    }

    #[handle_in("bin_hex")]
    fn bin_hex(&mut self, Binary(bytes): Binary) -> Reply {
        Reply::ok(&json!({"hex": format!("{bytes:x}")}))
    }

    #[handle_in("bin_broadcast")]
    fn bin_broadcast(&mut self, bytes: Binary, ctx: &mut Context<Self>) {
        ctx.broadcast("bin_msg", &bytes);
    }

    #[handle_in("bin_push")]
    fn bin_push(&mut self, bytes: Binary, ctx: &mut Context<Self>) {
        ctx.push("bin_pushed", &bytes);
    }
}
