//! A channel for payloads of both kinds.

use super::app::TestSocket;
use phx_runtime::Binary;
use phx_runtime::prelude::*;
use serde_json::Value;

pub(crate) struct Bytes;

#[channel(socket = TestSocket)]
impl Bytes {
    #[join("bytes:in_answer")]
    fn join_with_bytes() -> Result<(Self, Binary), Refused> {
        Ok((Self, Binary("hi".into())))
    }

    /// Admits with the payload it got, of whatever kind.
    #[join("bytes:*")]
    fn join(params: Payload) -> Result<(Self, Payload), Refused> {
        Ok((Self, params))
    }

    #[handle_in("echo")]
    fn echo(&mut self, payload: Payload) -> Result<Payload, Refused> {
        Ok(payload)
    }

    #[handle_in("error")]
    fn error(&mut self, payload: Payload) -> Result<(), Payload> {
        Err(payload)
    }

    #[handle_in("custom")]
    fn custom(&mut self, payload: Payload) -> Reply {
        Reply::status("custom", &payload)
    }

    #[handle_in("only_bytes")]
    fn only_bytes(&mut self, Binary(bytes): Binary) -> Result<usize, Refused> {
        Ok(bytes.len())
    }

    #[handle_in("only_json")]
    fn only_json(&mut self, value: Value) -> Result<Value, Refused> {
        Ok(value)
    }

    #[handle_in("to_bytes")]
    fn bytes_of(&mut self, text: String) -> Result<Binary, Refused> {
        Ok(Binary(text.into()))
    }

    #[handle_in("push")]
    fn push(&mut self, payload: Payload, ctx: &mut Context<Self>) {
        ctx.push("pushed", &payload);
    }

    #[handle_in("broadcast")]
    fn broadcast(&mut self, payload: Payload, ctx: &mut Context<Self>) {
        ctx.broadcast("said", &payload);
    }

    #[handle_in("broadcast_bytes")]
    fn broadcast_bytes(&mut self, text: String, ctx: &mut Context<Self>) -> Result<(), Refused> {
        ctx.broadcast("said", &Binary(text.into()));
        Ok(())
    }

    /// Pushes bytes with an event of this many letters.
    #[handle_in("long_push")]
    fn long_push(&mut self, letters: usize, ctx: &mut Context<Self>) {
        ctx.push("e".repeat(letters), &Binary("!".into()));
    }

    /// Broadcasts bytes with an event of this many letters.
    #[handle_in("long_broadcast")]
    fn long_broadcast(&mut self, letters: usize, ctx: &mut Context<Self>) {
        ctx.broadcast("e".repeat(letters), &Binary("!".into()));
    }

    /// Answers bytes with a status of this many letters.
    #[handle_in("long_status")]
    fn long_status(&mut self, letters: usize) -> Reply {
        Reply::status("s".repeat(letters), &Binary("!".into()))
    }
}
