//! A join, and what comes of it.

use super::channel::TestChannel;
use super::compare::shown;
use super::entry::Entry;
use super::inner::Inner;
use super::join_error::JoinError;
use super::wire::Sent;
use crate::payload::{EncodeError, FromPayload, Payload};
use std::any::type_name;
use std::sync::Arc;

/// Joins, and listens to the broadcasts on the topic if that is asked for.
pub(super) async fn join(
    inner: &Arc<Inner>,
    topic: &str,
    params: Result<Payload, EncodeError>,
    subscribes: bool,
) -> Result<(TestChannel, Payload), JoinError> {
    let params = params.map_err(|error| JoinError::Unanswered(error.to_string()))?;
    let join = inner.next_ref();
    // Before the join, as what it broadcasts is heard too.
    let channel = TestChannel::new(Arc::clone(inner), topic, join, subscribes);
    let join_ref = &*join.to_string();
    let sent =
        Sent { join_ref: Some(join_ref), reference: join_ref, topic, event: "phx_join", payload: &params };
    inner.send(sent).await.map_err(JoinError::Unanswered)?;
    let (timeout, journal) = (inner.patience(), &inner.ends.journal);
    let answer = journal.take_until_closed(timeout, |entry| match entry {
        Entry::Reply { reference, status, response, .. } if reference == join_ref => {
            Some((status.clone(), response.clone()))
        }
        _ => None,
    });
    match answer.await {
        Some((status, response)) if status == "ok" => Ok((channel, response)),
        Some((status, response)) => Err(JoinError::Refused { topic: topic.to_owned(), status, response }),
        None => {
            let when = if journal.is_closed() {
                "before the connection was closed".to_owned()
            } else {
                format!("within {timeout:?}")
            };
            let text = format!("joining {topic:?} was not answered {when}\n\n{}", journal.listed());
            Err(JoinError::Unanswered(text))
        }
    }
}

/// Joins where that is refused.
pub(super) async fn refused<R: FromPayload>(
    inner: &Arc<Inner>,
    topic: &str,
    params: Result<Payload, EncodeError>,
) -> Result<R, String> {
    match join(inner, topic, params, false).await {
        Ok((_, reply)) => {
            let reply = shown(&reply);
            Err(format!("joining {topic:?} was to be refused, and was answered ok {reply}"))
        }
        Err(JoinError::Refused { response, .. }) => R::from_payload(response.clone()).map_err(|error| {
            let (wanted, response) = (type_name::<R>(), shown(&response));
            format!(
                "{topic:?} refused the join, but not with a `{wanted}`: {error}\n  it did with {response}"
            )
        }),
        Err(unanswered) => Err(unanswered.to_string()),
    }
}
