//! Pushes and broadcasts: waited for, taken, and missed in words.

use super::compare::{differences, is_near, same, shown};
use super::entry::Entry;
use super::journal::Journal;
use crate::payload::{FromPayload, Payload};
use std::time::Duration;

/// What kind of event it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Push,
    Broadcast,
}

/// An event on a topic.
#[derive(Debug, Clone)]
pub(super) struct Sought {
    pub(super) kind: Kind,
    /// Of the channel that is asked, if it is one.
    pub(super) join: Option<u64>,
    pub(super) topic: String,
    pub(super) event: String,
}

impl Sought {
    /// Waits for it with this payload, unless it is `over` before.
    pub(super) async fn assert(
        self,
        journal: &Journal,
        timeout: Duration,
        over: impl Future<Output = ()>,
        expected: &Payload,
    ) -> Result<(), String> {
        let is_it =
            |entry: &Entry| self.payload_of(entry).filter(|payload| same(payload, expected)).map(|_| ());
        let found = journal.take_until(timeout, over, is_it).await;
        found.ok_or_else(|| {
            let what = format!("{self} with {}", shown(expected));
            self.missed(journal, timeout, &what, Some(expected))
        })
    }

    /// Waits for it, unless it is `over` before, and reads what came with it.
    pub(super) async fn expect<P: FromPayload>(
        self,
        journal: &Journal,
        timeout: Duration,
        over: impl Future<Output = ()>,
    ) -> Result<P, String> {
        let found = journal.take_until(timeout, over, |entry| self.payload_of(entry).cloned()).await;
        let payload = found.ok_or_else(|| self.missed(journal, timeout, &self.to_string(), None))?;
        P::from_payload(payload.clone()).map_err(|error| {
            let wanted = std::any::type_name::<P>();
            format!("{self} came, but not with a `{wanted}`: {error}\n  it came with {}", shown(&payload))
        })
    }

    /// Fails if it has come.
    pub(super) fn refute(&self, journal: &Journal) -> Result<(), String> {
        match journal.take_now(|entry| self.payload_of(entry).cloned()) {
            Some(payload) => {
                let listed = journal.listed();
                Err(format!("{self} was not to come, and came with {}\n\n{listed}", shown(&payload)))
            }
            None => Ok(()),
        }
    }

    pub(super) fn payload_of<'e>(&self, entry: &'e Entry) -> Option<&'e Payload> {
        let (kind, topic, event, payload) = parts(entry)?;
        let is_it = kind == self.kind && topic == self.topic && event == self.event;
        (is_it && self.reaches(entry)).then_some(payload)
    }

    /// Whether something on the topic came for this join of it.
    fn reaches(&self, entry: &Entry) -> bool {
        match (entry, self.join) {
            (Entry::Push { join: Some(of), .. }, Some(join)) => *of == join,
            (Entry::Broadcast { before, .. }, Some(join)) => join < *before,
            _ => true,
        }
    }

    fn missed(&self, journal: &Journal, timeout: Duration, what: &str, expected: Option<&Payload>) -> String {
        let end = self.join.and_then(|join| journal.told_end(join));
        let mut text = match (self.kind, end) {
            (Kind::Push, Some(end)) => format!("{what} did not come before {end}"),
            // Others may broadcast after that.
            (Kind::Broadcast, Some(end)) => format!("{what} did not come within {timeout:?}\n  {end} before"),
            (_, None) => format!("{what} did not come within {timeout:?}"),
        };
        for hint in self.hints(journal, expected) {
            text += "\n";
            text += &hint;
        }
        text + "\n\n" + &journal.listed()
    }

    /// What came that is nearly it.
    fn hints(&self, journal: &Journal, expected: Option<&Payload>) -> Vec<String> {
        let entries = journal.entries();
        let (mut hints, mut other_kind) = (Vec::new(), false);
        for entry in &entries {
            let Some((kind, topic, event, payload)) = parts(entry) else { continue };
            if kind != self.kind {
                other_kind |= topic == self.topic && event == self.event && self.reaches(entry);
                continue;
            }
            if topic == self.topic && event == self.event {
                if !self.reaches(entry) {
                    hints.push("it came with another join of the topic".to_owned());
                } else if let Some(expected) = expected {
                    let lines = differences(expected, payload);
                    hints.push(format!("it came with another payload:\n    {}", lines.join("\n    ")));
                }
            } else if event == self.event {
                hints.push(format!("it came on {topic:?}"));
            } else if topic == self.topic && is_near(event, &self.event) {
                hints.push(format!("{event:?} came: is the name right?"));
            }
        }
        if hints.is_empty() && other_kind {
            hints.push(match self.kind {
                Kind::Push => {
                    "it was broadcast, and not pushed to the client: that is for `assert_broadcast`"
                        .to_owned()
                }
                Kind::Broadcast => {
                    "it was pushed to the client, and not broadcast: that is for `assert_push`".to_owned()
                }
            });
        }
        hints.dedup();
        hints.iter().map(|hint| format!("  {hint}")).collect()
    }
}

impl std::fmt::Display for Sought {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.kind {
            Kind::Push => "push",
            Kind::Broadcast => "broadcast",
        };
        write!(f, "the {kind} {:?} on {:?}", self.event, self.topic)
    }
}

fn parts(entry: &Entry) -> Option<(Kind, &str, &str, &Payload)> {
    match entry {
        Entry::Push { topic, event, payload, .. } => Some((Kind::Push, topic, event, payload)),
        Entry::Broadcast { topic, event, payload, .. } => Some((Kind::Broadcast, topic, event, payload)),
        _ => None,
    }
}
