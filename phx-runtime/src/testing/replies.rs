//! Replies to pushes, and the ends of channels: waited for, and missed in words.

use super::channel::Pushed;
use super::compare::{differences, same, shown};
use super::entry::{End, Entry};
use super::inner::Inner;
use crate::payload::{FromPayload, Payload};
use std::any::type_name;

/// Waits for the reply, and has it be this one.
pub(super) async fn assert(
    inner: &Inner,
    topic: &str,
    to: &Pushed,
    status: &str,
    expected: &Payload,
) -> Result<(), String> {
    let (got, response) = next(inner, topic, to).await?;
    if got == status && same(expected, &response) {
        return Ok(());
    }
    let mut lines = Vec::new();
    if got != status {
        lines.push(format!("status: expected {status:?}, got {got:?}"));
    }
    lines.extend(differences(expected, &response));
    let (event, lines, listed) = (&to.event, lines.join("\n  "), inner.ends.journal.listed());
    let (expected, response) = (shown(expected), shown(&response));
    Err(format!(
        "the reply to {event:?} on {topic:?} was to be {status} {expected}, and is {got} {response}\n  {lines}\n\n\
         {listed}"
    ))
}

/// Waits for the reply, and reads it if it has this status.
pub(super) async fn expect<P: FromPayload>(
    inner: &Inner,
    topic: &str,
    to: &Pushed,
    status: &str,
) -> Result<P, String> {
    let (got, response) = next(inner, topic, to).await?;
    let (event, said) = (&to.event, shown(&response));
    if got != status {
        let listed = inner.ends.journal.listed();
        return Err(format!(
            "the reply to {event:?} on {topic:?} was to be {status}, and is {got} {said}\n\n{listed}"
        ));
    }
    P::from_payload(response).map_err(|error| {
        let wanted = type_name::<P>();
        format!("the reply to {event:?} on {topic:?} is no `{wanted}`: {error}\n  it is {said}")
    })
}

/// Fails if it has come.
pub(super) fn refute(inner: &Inner, topic: &str, to: &Pushed) -> Result<(), String> {
    check(inner, topic, to)?;
    match inner.ends.journal.take_now(|entry| reply(entry, to)) {
        Some((status, response)) => {
            let (event, response, listed) = (&to.event, shown(&response), inner.ends.journal.listed());
            Err(format!(
                "no reply was to come to {event:?} on {topic:?}, and one did: {status} {response}\n\n{listed}"
            ))
        }
        None => Ok(()),
    }
}

/// A ref means something only to the client that has sent it.
fn check(inner: &Inner, topic: &str, to: &Pushed) -> Result<(), String> {
    let Pushed { client, topic: of, event, .. } = to;
    let whose = if *client != inner.number {
        "by another client".to_owned()
    } else if of != topic {
        format!("on {of:?}, not on {topic:?}")
    } else {
        return Ok(());
    };
    Err(format!("{event:?} was pushed {whose}: ask the channel that has pushed it for the reply"))
}

fn reply(entry: &Entry, to: &Pushed) -> Option<(String, Payload)> {
    match entry {
        Entry::Reply { reference, status, response, .. } if *reference == to.reference => {
            Some((status.clone(), response.clone()))
        }
        _ => None,
    }
}

/// Waits for the reply to a push.
pub(super) async fn next(inner: &Inner, topic: &str, to: &Pushed) -> Result<(String, Payload), String> {
    check(inner, topic, to)?;
    let (timeout, journal) = (inner.patience(), &inner.ends.journal);
    journal.take_until(timeout, inner.over(to.join), |entry| reply(entry, to)).await.ok_or_else(|| {
        let (event, listed) = (&to.event, journal.listed());
        let when = match journal.told_end(to.join) {
            Some(end) => format!("before {end}"),
            None => format!("within {timeout:?}"),
        };
        format!("no reply to {event:?} on {topic:?} came {when}\n\n{listed}")
    })
}

/// Waits for the end of a channel, and has it be this one.
pub(super) async fn ended(inner: &Inner, topic: &str, join: u64, expected: End) -> Result<(), String> {
    let (timeout, journal) = (inner.patience(), &inner.ends.journal);
    let end = journal.take_until(timeout, journal.ended(join), |entry| match entry {
        Entry::End { join: of, topic: at, end, payload } if at == topic && of.is_none_or(|of| of == join) => {
            Some((*end, payload.clone()))
        }
        _ => None,
    });
    let wanted = expected.event();
    match end.await {
        Some((end, _)) if end == expected => Ok(()),
        Some((end, payload)) => {
            let (got, payload, listed) = (end.event(), shown(&payload), journal.listed());
            Err(format!(
                "the channel on {topic:?} was to end with {wanted}, and did with {got} {payload}\n\n{listed}"
            ))
        }
        None => {
            let (channel, listed) = (format!("the channel on {topic:?}"), journal.listed());
            Err(match journal.end(join).map(End::event) {
                Some(end) => format!(
                    "{channel} was to end with {wanted}, and an earlier assertion has taken its {end}\n\n{listed}"
                ),
                None if journal.told_end(join).is_some() => {
                    format!(
                        "{channel} did not end with {wanted} before the connection was closed\n\n{listed}"
                    )
                }
                None => format!("{channel} did not end with {wanted} within {timeout:?}\n\n{listed}"),
            })
        }
    }
}
