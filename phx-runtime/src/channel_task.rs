//! The loop that runs one joined channel, one message at a time.

use crate::channel::{Channel, Reason};
use crate::channel_join::{admit, join_unless_disconnected};
use crate::context::{Context, Stop};
use crate::crash::{caught, guarded, tell_crash};
use crate::error::HandleError;
use crate::frame::CloseCode;
use crate::inbox::{Inbox, Received};
use crate::log::{log, span};
use crate::message::Ref;
use crate::metrics::Crashed;
use crate::payload::Payload;
use crate::port::{ChannelHandle, Claim, Delivery, Ended, JoinRequest, Link, Mail, Port, Running, Shared};
use crate::reply::{Answer, Reply};
use crate::route::RouteData;
use std::any::type_name;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;
use tracing::Instrument;

/// Starts the task of a channel of type `C`.
pub(crate) fn start<C: Channel>(request: JoinRequest, data: RouteData) -> ChannelHandle {
    let JoinRequest { link, topic, join_ref, reference, payload, claim, previous } = request;
    let Ok(socket) = Arc::clone(&link.socket).downcast::<C::Socket>() else {
        unreachable!("`Route::to` ties a channel to the type of socket it is mounted on")
    };
    let Some(data) = data.downcast_ref::<C::Data>() else {
        unreachable!("`Route::to_with` ties a channel to the type of data it is given")
    };
    let inbox = Inbox::new(link.limits().inbox_pushes, link.limits().inbox_messages);
    let shared =
        Arc::new(Shared::<C> { link, socket, data, inbox, topic, join_ref, join_reference: reference });
    let port = Arc::clone(&shared) as Arc<dyn Port>;
    let running = Running::new(&shared.link);
    let task = tokio::spawn(run(shared, payload, claim, previous, running));
    ChannelHandle { port, task }
}

async fn run<C: Channel>(
    shared: Arc<Shared<C>>,
    payload: Payload,
    claim: Claim,
    previous: Option<ChannelHandle>,
    _running: Running,
) -> Ended {
    let _last_resort = LastResort(&shared);
    let Some((joined, replaced)) = Box::pin(join_unless_disconnected(&shared, payload, previous)).await
    else {
        shared.inbox.close_with(|_, _| ());
        return Ended::Told;
    };
    drop(claim);
    let Some((mut channel, mut ctx)) = admit(&shared, joined, replaced.as_ref()) else {
        return Ended::Told;
    };
    drop(replaced);

    let mut after_timer = false;
    let end = loop {
        // A channel that always has something to do must not keep the others from running.
        tokio::task::consume_budget().await;
        let received = if ctx.owes_turn() {
            // What it has broadcast is handled before its client can have it broadcast more.
            let Some(mail) = shared.inbox.take_first(Mail::is_from_elsewhere) else {
                ctx.give_turn().await;
                continue;
            };
            Received::Message(mail)
        } else {
            receive(&shared, &mut ctx, after_timer).await
        };
        let mail = match received {
            Received::Message(mail) => mail,
            Received::Disconnected => break End::Disconnected,
            Received::Replaced => break End::Replaced,
            Received::Overflowed => {
                let limit = shared.link.limits().inbox_messages;
                let failure = format!("more than {limit} messages wait for the channel");
                tell_crash(&shared, Crashed::Channel, &failure);
                break End::Crashed;
            }
        };
        after_timer = matches!(mail, Mail::Timer(_));
        if let Some(end) = handle(&shared, &mut channel, &mut ctx, mail).await {
            break end;
        }
    };
    // What a channel does while it terminates comes before its end on the wire, except after a leave: there the
    // client is told first.
    let reason = end.reason(&shared.link);
    if let End::Left { reference } = &end {
        log!(shared.link.log().leave, path = shared.link.path(), topic = &*shared.topic, "left");
        if let Err(error) = shared.reply(reference, &Answer::empty_ok()) {
            shared.link.complain(format_args!("a leave is left without an answer: {error}"));
        }
        let ended = close(&shared, &mut ctx, &end);
        terminate(&shared, &mut channel, &mut ctx, reason).await;
        ended
    } else {
        terminate(&shared, &mut channel, &mut ctx, reason).await;
        close(&shared, &mut ctx, &end)
    }
}

/// Ends the channel if its task ends otherwise than it should, as when dropping a value of the user's panics.
struct LastResort<'s, C: Channel>(&'s Shared<C>);

impl<C: Channel> Drop for LastResort<'_, C> {
    fn drop(&mut self) {
        if self.0.inbox.is_open() {
            self.0.inbox.close_with(|_, is_replaced| {
                // A client that has joined again has the answer to that to go by.
                if !is_replaced {
                    self.0.push_crashed();
                }
            });
        }
    }
}

/// Why the loop of a joined channel ended.
enum End {
    Left { reference: Ref },
    Stopped(Stop),
    Crashed,
    Replaced,
    Disconnected,
}

impl End {
    /// Whether the client is likely to join again by itself. Not after an end in good order.
    fn may_return(&self) -> bool {
        match self {
            Self::Left { .. } | Self::Stopped(Stop::Normal | Stop::Shutdown) => false,
            Self::Stopped(Stop::Error) | Self::Crashed | Self::Replaced | Self::Disconnected => true,
        }
    }

    fn reason(&self, link: &Link) -> Reason {
        match self {
            Self::Left { .. } => Reason::Left,
            Self::Stopped(stop) => Reason::Stopped(*stop),
            Self::Crashed => Reason::Crashed,
            Self::Replaced => Reason::Replaced,
            Self::Disconnected if link.outbox.closed() == Some(CloseCode::ServiceRestart) => Reason::Draining,
            Self::Disconnected => Reason::Closed,
        }
    }
}

/// Waits for the next message. A timer that is due comes before what waits in the inbox, but after a timer it is the
/// inbox's turn: neither can hold the other up.
async fn receive<C: Channel>(
    shared: &Shared<C>,
    ctx: &mut Context<C>,
    after_timer: bool,
) -> Received<Mail<C>> {
    poll_fn(|cx| {
        let timers_first = !after_timer && ctx.has_timers() && !shared.inbox.must_end();
        if timers_first && let Poll::Ready(message) = ctx.poll_timers(cx) {
            return Poll::Ready(Received::Message(Mail::Timer(message)));
        }
        let received = shared.inbox.poll_receive(cx);
        if received.is_ready() || timers_first {
            return received;
        }
        ctx.poll_timers(cx).map(|message| Received::Message(Mail::Timer(message)))
    })
    .await
}

/// Runs the callback for one message.
async fn handle<C: Channel>(
    shared: &Shared<C>,
    channel: &mut C,
    ctx: &mut Context<C>,
    mail: Mail<C>,
) -> Option<End> {
    let outcome = match mail {
        // Meant for an earlier join (§4, rules 4 and 5); it had to wait for the outcome of this one.
        Mail::Client(Delivery::Leave { is_stale: true, .. } | Delivery::Push { is_stale: true, .. }) => {
            return None;
        }
        Mail::Client(Delivery::Leave { reference, .. }) => return Some(End::Left { reference }),
        Mail::Client(Delivery::Push { reference, event, payload, claim, .. }) => {
            // It waits no longer.
            drop(claim);
            ctx.begin(reference);
            // Boxed, as `guarded` is.
            Box::pin(handle_in(shared, channel, ctx, event.as_deref(), payload)).await
        }
        Mail::Broadcast(broadcast) => {
            ctx.begin(Ref::NULL);
            let payload = broadcast.payload().clone();
            let handled = guarded(shared, channel.handle_out(broadcast.event(), payload, ctx)).await;
            handled.map(|handled| {
                // Any client may have caused the broadcast: it must not be able to end the channels of the others.
                if let Err(error) = handled {
                    let (topic, event) = (&*shared.topic, broadcast.event());
                    tracing::debug!(topic, event, %error, "skipping a broadcast that `handle_out` cannot read");
                }
            })
        }
        Mail::Info(handler) | Mail::Timer(handler) => {
            ctx.begin(Ref::NULL);
            guarded(shared, async { handler(channel, ctx).await }).await
        }
    };
    let failure = ctx.take_failure().map(|failure| failure.to_string());
    if let Some(crash) = outcome.err().or(failure) {
        tell_crash(shared, Crashed::Channel, &crash);
        return Some(End::Crashed);
    }
    ctx.take_stop().map(End::Stopped)
}

async fn handle_in<C: Channel>(
    shared: &Shared<C>,
    channel: &mut C,
    ctx: &mut Context<C>,
    event: Option<&str>,
    payload: Payload,
) -> Result<(), String> {
    let link = &shared.link;
    let (path, topic) = (link.path(), &*shared.topic);
    let span = span!(link.log().handle_in, "handle_in", path, channel = type_name::<C>(), topic, event);
    let params = (!span.is_disabled()).then(|| payload.clone());
    let started = Instant::now();
    let callback = async {
        match event {
            Some(event) => channel.handle_in(event, payload, ctx).await,
            None => Err(HandleError::UnmatchedEvent),
        }
    };
    let handled = caught(shared, callback.instrument(span.clone())).await;
    let duration = started.elapsed();
    link.metrics().handle_in_seconds.record(duration);
    if let Some(params) = params {
        let params = link.log().filter_parameters.show(&params);
        span.in_scope(|| log!(link.log().handle_in, %params, ?duration, "handled"));
    }
    answer_push(shared, ctx, event, handled?)
}

/// Sends the answer to a push, unless the callback did what ends the channel.
fn answer_push<C: Channel>(
    shared: &Shared<C>,
    ctx: &mut Context<C>,
    event: Option<&str>,
    handled: Result<Option<Reply>, HandleError>,
) -> Result<(), String> {
    if ctx.has_failed() {
        return Ok(());
    }
    let (topic, event) = (&*shared.topic, event.unwrap_or("(not a string)"));
    let reply = match handled {
        Ok(None) => return Ok(()),
        Ok(Some(reply)) => reply.into_answer().map_err(|error| error.to_string())?,
        Err(HandleError::UnmatchedEvent) => {
            shared.link.complain(format_args!("no handler for the event {event:?} on {topic:?}"));
            Answer::refusal("unmatched event")
        }
        Err(HandleError::InvalidPayload(error)) => {
            let answer = Answer::invalid_payload(&error);
            shared.link.complain(format_args!("the payload of {event:?} on {topic:?} does not fit"));
            answer
        }
        Err(HandleError::Encode(error)) => return Err(error.to_string()),
    };
    shared.reply(ctx.reference(), &reply).map_err(|error| error.to_string())
}

async fn terminate<C: Channel>(shared: &Shared<C>, channel: &mut C, ctx: &mut Context<C>, reason: Reason) {
    if let Err(crash) = guarded(shared, channel.terminate(reason, ctx)).await {
        tell_crash(shared, Crashed::Terminate, &crash);
    }
}

/// Ends the channel for the client: no broadcast after this, the topic is free, and the client knows it, unless it has
/// joined again and is to learn it after the answer to that.
fn close<C: Channel>(shared: &Shared<C>, ctx: &mut Context<C>, end: &End) -> Ended {
    ctx.end(end.may_return());
    shared.inbox.close_with(|_, is_replaced| {
        if is_replaced {
            return Ended::Replaced;
        }
        match end {
            End::Left { .. } | End::Stopped(Stop::Normal | Stop::Shutdown) => {
                shared.push_closed(&shared.join_ref);
            }
            End::Stopped(Stop::Error) | End::Crashed => shared.push_crashed(),
            End::Replaced | End::Disconnected => {}
        }
        Ended::Told
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect_info::ConnectInfo;
    use crate::error::{JoinError, Joined};
    use crate::joining::Joining;
    use crate::reply::{IntoJoined, Refused};
    use crate::route::{Route, Routes};
    use crate::socket::{NoParams, Socket};
    use crate::table::Table;

    struct AnySocket;

    impl Routes for AnySocket {
        const ROUTES: &'static [Route<Self>] = &[];
    }

    impl Socket for AnySocket {
        type Params = NoParams;

        async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
            Ok(Self)
        }
    }

    struct Empty;

    impl Channel for Empty {
        type Socket = AnySocket;
        type Data = ();
        const TABLE: Table = Table::new(&[]);

        async fn join(_: &str, _: Payload, _: &mut Joining<Self>) -> Result<Joined<Self>, JoinError> {
            Ok::<_, Refused>(Self).into_joined()
        }
    }

    fn size_of_future<A, B, C, D, E, F>(_: fn(A, B, C, D, E) -> F) -> usize {
        size_of::<F>()
    }

    /// Every joined channel costs this much, whether it ever does anything or not.
    #[test]
    fn a_channel_is_small() {
        let (task, shared) = (size_of_future(run::<Empty>), size_of::<Shared<Empty>>());
        println!("task: {task} with a context of {}, shared: {shared}", size_of::<Context<Empty>>());
        assert!(task + shared <= 896, "{task} + {shared} bytes");
    }
}
