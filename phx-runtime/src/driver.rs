//! What every connection does with its transport, however the messages come: hands them over, and takes leave of it.

use crate::codec::{ReadError, Received};
use crate::frame::CloseCode;
use crate::inbox;
use crate::log::log;
use crate::metrics::Crashed;
use crate::mount::Mount;
use crate::outbox::Outbox;
use crate::transport::{Control, Flow, Line, Transport, TransportContext};
use std::ops::ControlFlow::{Break, Continue};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll};

/// Messages handled before their answers are written.
const MESSAGES_PER_TURN: usize = 32;

/// A transport, and how its connection's task is reached.
pub(crate) struct Driver<T: Transport> {
    transport: T,
    line: Line<T::Info>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// The transport has yet to learn that it is connected.
    New,
    Open,
    /// The transport cannot take the next message yet.
    Blocked,
}

/// How a turn of the connection's task went.
#[derive(Default)]
pub(crate) struct Turn {
    /// Something was handled, so that there may be more.
    pub(crate) received: bool,
    /// The transport can take messages again.
    pub(crate) unblocked: bool,
}

/// How to close: the code to send, or `None` if nobody is there to get it.
pub(crate) type Closing = Option<CloseCode>;

impl<T: Transport> Driver<T> {
    pub(crate) fn new(transport: T, line: Line<T::Info>) -> Self {
        Self { transport, line, state: State::New }
    }

    pub(crate) fn outbox(&self) -> &Arc<Outbox> {
        &self.line.outbox
    }

    pub(crate) fn mount(&self) -> &Arc<Mount> {
        &self.line.mount
    }

    /// The code for a client that has been silent for too long, or is read no further and does not take what it is sent.
    pub(crate) fn silent(&self) -> CloseCode {
        let is_held_up = self.is_blocked() || self.line.outbox.is_crowded();
        if is_held_up { CloseCode::TryAgainLater } else { CloseCode::GoingAway }
    }

    /// Whether the last message is not dealt with yet, as of the last turn in which nothing was received.
    pub(crate) fn is_blocked(&self) -> bool {
        self.state == State::Blocked
    }

    /// Handles what has come from other tasks and, as `next` reads it, from the client, unless that one has yet to take
    /// too much itself.
    pub(crate) fn receive(
        &mut self,
        cx: &mut Context<'_>,
        mut next: impl FnMut(&mut Context<'_>) -> Poll<Result<Received, ReadError>>,
    ) -> Result<Turn, Closing> {
        if self.state == State::New {
            self.state = State::Open;
            self.call(cx, T::init)?;
        }
        let mut turn = Turn { received: self.receive_infos(cx)?, unblocked: false };
        for _ in 0..MESSAGES_PER_TURN {
            match self.transport.poll_ready(cx) {
                Poll::Ready(Break(code)) => return Err(Some(code)),
                Poll::Ready(Continue(())) if self.is_blocked() => {
                    self.state = State::Open;
                    turn.unblocked = true;
                }
                Poll::Ready(Continue(())) => {}
                Poll::Pending => {
                    self.state = State::Blocked;
                    break;
                }
            }
            if self.line.outbox.is_crowded() {
                break;
            }
            let Poll::Ready(next) = next(cx) else {
                break;
            };
            turn.received = true;
            match next {
                Ok(Received::Data(opcode, frame)) => {
                    self.line.mount.metrics.messages_in.increment(1);
                    self.call(cx, |transport, ctx| transport.handle_in(opcode, frame, ctx))?;
                }
                Ok(Received::Ping(payload)) => {
                    self.call(cx, |transport, ctx| transport.handle_control(Control::Ping(payload), ctx))?;
                }
                Ok(Received::Pong(payload)) => {
                    self.call(cx, |transport, ctx| transport.handle_control(Control::Pong(payload), ctx))?;
                }
                Ok(Received::Close) => return Err(Some(CloseCode::Normal)),
                Err(ReadError::Violation(code)) => return Err(Some(code)),
                Err(ReadError::Gone) => return Err(None),
            }
        }
        Ok(turn)
    }

    /// Hands over what other tasks sent.
    fn receive_infos(&mut self, cx: &mut Context<'_>) -> Result<bool, Closing> {
        let Some(infos) = self.line.infos.clone() else { return Ok(false) };
        for count in 0..MESSAGES_PER_TURN {
            match infos.poll_receive(cx) {
                Poll::Ready(inbox::Received::Message(info)) => {
                    self.call(cx, |transport, ctx| transport.handle_info(info, ctx))?;
                }
                Poll::Ready(_) => {
                    tell_crash(&self.line.mount, "more than `inbox_messages` wait for the socket");
                    return Err(Some(CloseCode::InternalError));
                }
                Poll::Pending => return Ok(count > 0),
            }
        }
        Ok(true)
    }

    fn call(
        &mut self,
        cx: &mut Context<'_>,
        callback: impl FnOnce(&mut T, &mut TransportContext<'_, '_, T>) -> Flow,
    ) -> Result<(), Closing> {
        match callback(&mut self.transport, &mut TransportContext { line: &mut self.line, task: cx }) {
            Continue(()) => Ok(()),
            Break(code) => Err(Some(code)),
        }
    }

    /// The transport has panicked, or a serializer: either may be the user's code.
    pub(crate) fn crashed(&self) -> CloseCode {
        tell_crash(&self.line.mount, "the socket panicked");
        CloseCode::InternalError
    }

    /// Takes leave of the transport. Nothing is queued for the client any more; what waits for it is left, unless it is
    /// gone.
    pub(crate) fn end(self, code: Closing) {
        let Self { mut transport, line: Line { outbox, infos, mount, .. }, .. } = self;
        mount.metrics.closed(code);
        match code {
            Some(code) => outbox.close(code),
            None => outbox.abandon(),
        }
        // The channels learn at once that their client is gone.
        let farewell = AssertUnwindSafe(move || {
            if let Some(infos) = infos {
                infos.close_with(|_, _| ());
            }
            transport.terminate(code);
            drop(transport);
        });
        if catch_unwind(farewell).is_err() {
            tell_crash(&mount, "the socket panicked at its end");
        }
    }
}

fn tell_crash(mount: &Mount, crash: &str) {
    mount.metrics.crashed(Crashed::Socket);
    log!(mount.options.log.crash, path = mount.path, crash, "closing a connection");
}
