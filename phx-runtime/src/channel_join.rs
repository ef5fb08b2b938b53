//! How a channel begins: the join, its answer, and the topic's broadcasts from then on.

use crate::channel::Channel;
use crate::context::Context;
use crate::crash::{guarded, tell_crash};
use crate::error::{JoinError, Joined};
use crate::joining::Joining;
use crate::log::{log, span};
use crate::message::{Name, Ref};
use crate::metrics::{Crashed, JoinResult};
use crate::payload::Payload;
use crate::port::{ChannelHandle, Ended, Mail, Port, Shared};
use crate::pubsub::{Intercepts, Subscriber};
use crate::reply::Answer;
use crate::sources::Sources;
use std::any::type_name;
use std::collections::VecDeque;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Instant;
use tracing::Instrument;
use tracing::field::display;

type JoinOutcome<C> = Result<(Joined<C>, Sources<C>), Answer>;

/// Ends the channel that the join replaces, then runs the join. Returns its outcome, and the `join_ref` of the
/// replaced channel if the client has yet to be told of its end. `None` if the client disconnects meanwhile: then
/// nobody is there to join, and the join is dropped wherever it stands.
pub(crate) async fn join_unless_disconnected<C: Channel>(
    shared: &Arc<Shared<C>>,
    payload: Payload,
    previous: Option<ChannelHandle>,
) -> Option<(JoinOutcome<C>, Option<Ref>)> {
    let disconnected = shared.inbox.disconnected();
    tokio::pin!(disconnected);
    let mut replaced = None;
    if let Some(mut previous) = previous {
        previous.port.replace();
        tokio::select! {
            biased;
            () = &mut disconnected => return None,
            // The old channel keeps its time itself.
            ended = &mut previous.task => if let Ok(Ended::Replaced) = ended {
                replaced = Some(previous.port.join_ref().clone());
            },
        }
    }
    let (link, topic) = (&shared.link, &*shared.topic);
    let channel = type_name::<C>();
    let span = span!(link.log().join, "join", path = link.path(), channel, topic);
    let params = (!span.is_disabled()).then(|| payload.clone());
    let started = Instant::now();
    let mut joining = Joining::new(Arc::clone(shared));
    let join = async { C::join(topic, payload, &mut joining).await };
    let join = guarded(shared, join.instrument(span.clone()));
    let outcome = tokio::select! {
        biased;
        () = &mut disconnected => return None,
        outcome = join => outcome,
    };
    let outcome = match joining.take_failure() {
        Some(failure) => outcome.and(Err(failure.to_string())),
        None => outcome,
    };
    // What the user refuses with may be shown; what a decoder has to say may quote the payload.
    let reason = match &outcome {
        Ok(Err(JoinError::Refused(response))) => Some(response.clone()),
        _ => None,
    };
    let outcome = span.in_scope(|| judge_join(shared, outcome));
    let duration = started.elapsed();
    link.metrics().join_seconds.record(duration);
    if let Some(params) = params {
        let filter = &link.log().filter_parameters;
        let params = filter.show(&params);
        let answer = reason.as_ref().map(|reason| display(filter.show(reason)));
        span.in_scope(|| match &outcome {
            Ok(_) => log!(link.log().join, %params, ?duration, "joined"),
            Err(_) => log!(link.log().join, %params, answer, ?duration, "refused"),
        });
    }
    Some((outcome.map(|joined| (joined, joining.into_sources())), replaced))
}

/// The joined channel, or the reply that turns the client away.
fn judge_join<C: Channel>(
    shared: &Shared<C>,
    outcome: Result<Result<Joined<C>, JoinError>, String>,
) -> Result<Joined<C>, Answer> {
    let topic = &*shared.topic;
    let refusal = match outcome {
        Ok(Ok(joined)) => return Ok(joined),
        Ok(Err(JoinError::Encode(error))) => return Err(join_crashed(shared, &error)),
        Err(crash) => return Err(join_crashed(shared, &crash)),
        Ok(Err(JoinError::Refused(response))) => Answer::error(response),
        Ok(Err(JoinError::UnmatchedTopic)) => {
            shared.link.complain(format_args!("no join of the channel accepts the topic {topic:?}"));
            Answer::refusal("unmatched topic")
        }
        Ok(Err(JoinError::InvalidPayload(error))) => {
            let answer = Answer::invalid_payload(&error);
            // The detail is the client's alone: it may quote what a log must not hold.
            shared.link.complain(format_args!("the payload of a join of {topic:?} does not fit"));
            answer
        }
    };
    shared.link.metrics().joined(JoinResult::Refused);
    Err(refusal)
}

fn join_crashed<C: Channel>(shared: &Shared<C>, crash: &dyn Display) -> Answer {
    shared.link.metrics().joined(JoinResult::Crashed);
    tell_crash(shared, Crashed::Join, crash);
    Answer::refusal("join crashed")
}

/// Answers the join. From then on the channel gets the topic's broadcasts, none of them before the answer.
pub(crate) fn admit<C: Channel>(
    shared: &Arc<Shared<C>>,
    outcome: JoinOutcome<C>,
    replaced: Option<&Ref>,
) -> Option<(C, Context<C>)> {
    let outcome = outcome.and_then(|(Joined { channel, response }, sources)| {
        match shared.encode_join_reply(&Answer::ok(response)) {
            Ok(frame) => {
                shared.link.metrics().joined(JoinResult::Ok);
                Ok((channel, sources, frame))
            }
            Err(error) => Err(join_crashed(shared, &error)),
        }
    });
    let tell_replaced = || {
        if let Some(join_ref) = replaced {
            shared.push_closed(join_ref);
        }
    };
    match outcome {
        Ok((channel, sources, frame)) => {
            // In Phoenix, the client's messages reach a channel only once it is joined; what the join sent to itself
            // is there already.
            shared.inbox.let_first(Mail::is_from_elsewhere);
            let (outbox, serializer) = (Arc::clone(&shared.link.outbox), shared.link.serializer.clone());
            let events = C::TABLE.intercepts;
            let subscriber = if events.is_empty() {
                Subscriber::Direct { outbox, serializer }
            } else {
                let channel = Arc::clone(shared) as Arc<dyn Port>;
                let intercepts = Box::new(Intercepts { channel, events });
                Subscriber::Intercepting { outbox, serializer, intercepts }
            };
            let subscription = shared.pubsub().subscribe(&shared.topic, subscriber, || {
                shared.link.outbox.push(frame);
                tell_replaced();
            });
            Some((channel, Context::new(Arc::clone(shared), subscription, sources)))
        }
        Err(answer) => {
            shared.inbox.close_with(|rest, _| {
                shared.refuse_join(&answer);
                tell_replaced();
                answer_as_unmatched(shared, rest);
            });
            None
        }
    }
}

/// Answers what came after a join that failed, as if it had come to a topic that is not joined.
fn answer_as_unmatched<C: Channel>(shared: &Shared<C>, rest: &VecDeque<Mail<C>>) {
    let topic = &Name::from(&*shared.topic);
    for mail in rest {
        if let Mail::Client(delivery) = mail {
            shared.link.answer_late(delivery, topic);
        }
    }
}
