//! The task of a session: what a WebSocket's own task does, without a stream.

use crate::desk::{Desk, Life};
use crate::driver::{Closing, Driver};
use crate::hub::Hub;
use crate::session::Session;
use crate::transport::{Line, Transport};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::time::{Instant, Sleep, sleep};

/// Starts the task. `books` is dropped when the session has ended.
pub(crate) fn start<T: Transport>(
    transport: T,
    line: Line<T::Info>,
    lives_by: Life,
    hub: &Arc<Hub>,
    books: impl Send + 'static,
) -> Session {
    let desk = Arc::new(Desk::new(Arc::clone(&line.outbox), Arc::clone(&line.mount), lives_by));
    let driver = Driver::new(transport, line);
    let idle = Box::pin(sleep(lives_by.patience()));
    let task = Task { driver, desk: Arc::clone(&desk), hub: Arc::clone(hub), idle };
    tokio::spawn(async move {
        task.run().await;
        drop(books);
    });
    Session::new(desk)
}

struct Task<T: Transport> {
    driver: Driver<T>,
    desk: Arc<Desk>,
    hub: Arc<Hub>,
    idle: Pin<Box<Sleep>>,
}

impl<T: Transport> Task<T> {
    async fn run(mut self) {
        let code = poll_fn(|cx| {
            let ended = catch_unwind(AssertUnwindSafe(|| self.poll(cx)));
            ended.unwrap_or_else(|_| Poll::Ready(Some(self.driver.crashed())))
        });
        let code = code.await;
        let Self { driver, desk, hub, idle } = self;
        drop(idle);
        desk.close(code);
        driver.end(code);
        if code.is_some() {
            let close_timeout = desk.mount.options.limits.close_timeout;
            tokio::select! {
                biased;
                () = poll_fn(|cx| desk.poll_emptied(cx)) => {}
                // Who does not come for the rest in time does without.
                () = sleep(close_timeout) => {}
                // Nobody can come any more.
                () = hub.closing() => {}
            }
        }
        desk.leave();
    }

    /// Goes on until there is a reason to close.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Closing> {
        let Self { driver, desk, idle, .. } = self;
        loop {
            // At first, so that whatever comes later wakes the task.
            if !desk.poll_attend(cx) {
                return Poll::Ready(None);
            }
            let was_crowded = desk.outbox.is_crowded();
            let turn = match driver.receive(cx, |_| desk.poll_message()) {
                Ok(turn) => turn,
                Err(code) => return Poll::Ready(code),
            };
            if turn.unblocked {
                desk.saw_progress();
            }
            if let Poll::Ready(code) = desk.poll_deliver(cx) {
                return Poll::Ready(Some(code));
            }
            let may_receive_again = was_crowded && !desk.outbox.is_crowded();
            if !turn.received && !may_receive_again {
                break;
            }
        }
        if !driver.is_blocked() {
            desk.acknowledge();
        }
        while idle.as_mut().poll(cx).is_ready() {
            let deadline = desk.deadline();
            if deadline <= Instant::now() {
                return Poll::Ready(Some(driver.silent()));
            }
            idle.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}
