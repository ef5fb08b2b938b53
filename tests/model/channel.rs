//! The channel that the cases talk to: one event for each thing that the protocol lets a channel do. Its callbacks
//! tell nobody and print nothing, since they run a hundred thousand times.

use crate::support::app::TestSocket;
use phx_runtime::Stop;
use phx_runtime::prelude::*;
use std::panic::resume_unwind;

pub(crate) struct Modelled;

#[channel(socket = TestSocket)]
impl Modelled {
    #[join("model:*")]
    async fn join(wish: String) -> Result<Self, Refused> {
        match wish.as_str() {
            "slow" => be_slow().await,
            "refuse" => return Err(Refused::new("unauthorized")),
            "panic" => panic_silently(),
            _ => {}
        }
        Ok(Self)
    }

    #[handle_in("echo")]
    fn echo(&mut self, payload: Payload) -> Result<Payload, Refused> {
        Ok(payload)
    }

    #[handle_in("slow_echo")]
    async fn slow_echo(&mut self, payload: Payload) -> Result<Payload, Refused> {
        be_slow().await;
        Ok(payload)
    }

    #[handle_in("error")]
    fn error(&mut self, payload: Payload) -> Result<(), Payload> {
        Err(payload)
    }

    #[handle_in("noreply")]
    fn noreply(&mut self) {}

    #[handle_in("number")]
    fn number(&mut self, number: u64) -> Result<u64, Refused> {
        Ok(number)
    }

    #[handle_in("push")]
    fn push(&mut self, payload: Payload, ctx: &mut Context<Self>) {
        ctx.push("pushed", &payload);
    }

    #[handle_in("broadcast")]
    fn broadcast(&mut self, payload: Payload, ctx: &mut Context<Self>) -> Result<(), Refused> {
        ctx.broadcast("said", &payload);
        Ok(())
    }

    #[handle_in("whisper")]
    fn whisper(&mut self, payload: Payload, ctx: &mut Context<Self>) -> Result<(), Refused> {
        ctx.broadcast("whispered", &payload);
        Ok(())
    }

    #[handle_out("whispered")]
    fn whispered(&mut self, payload: Payload, ctx: &mut Context<Self>) {
        ctx.push("whispered", &payload);
    }

    #[handle_in("panic")]
    fn panic(&mut self) {
        panic_silently();
    }

    #[handle_in("push_list")]
    fn push_list(&mut self, ctx: &mut Context<Self>) -> Result<(), Refused> {
        ctx.push("pushed", &[1]);
        Ok(())
    }

    #[handle_in("stop")]
    fn stop(&mut self, ctx: &mut Context<Self>) {
        ctx.stop();
    }

    #[handle_in("stop_reply")]
    fn stop_reply(&mut self, ctx: &mut Context<Self>) -> Result<(), Refused> {
        ctx.stop();
        Ok(())
    }

    #[handle_in("stop_error")]
    fn stop_error(&mut self, ctx: &mut Context<Self>) {
        ctx.stop_with(Stop::Error);
    }

    /// Keeps an ending channel around for a moment, in which the client may send more.
    #[terminate]
    async fn terminate(&mut self) {
        be_slow().await;
    }
}

/// Lets the other tasks run in between.
async fn be_slow() {
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
}

/// A panic that skips the hook, which would print.
fn panic_silently() {
    resume_unwind(Box::new("asked to panic"));
}
