//! What brings a channel messages besides its client and its own topic: timers, and other topics.

use crate::broadcast::Broadcast;
use crate::channel::{Channel, Info};
use crate::port::{InfoHandler, Shared, info};
use crate::pubsub::{Subscriber, Subscription};
use crate::timers::{Timer, Timers};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Most channels have none of it, which costs them one word.
pub(crate) struct Sources<C: Channel>(Option<Box<Opened<C>>>);

struct Opened<C: Channel> {
    timers: Timers<InfoHandler<C>>,
    subscriptions: Vec<Subscription>,
}

/// More of something than a channel may have.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the channel has more than {limit} {what}")]
pub(crate) struct TooMany {
    what: &'static str,
    limit: usize,
}

impl<C: Channel> Sources<C> {
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    pub(crate) fn send_after<M: Info<C>>(
        &mut self,
        shared: &Shared<C>,
        delay: Duration,
        message: M,
    ) -> Result<Timer, TooMany> {
        let limit = shared.link.limits().timers;
        self.opened().timers.set(delay, info(message), limit).ok_or(TooMany { what: "timers", limit })
    }

    pub(crate) fn has_timers(&self) -> bool {
        self.0.as_ref().is_some_and(|opened| !opened.timers.is_empty())
    }

    pub(crate) fn poll_timers(&mut self, cx: &mut Context<'_>) -> Poll<InfoHandler<C>> {
        match &mut self.0 {
            Some(opened) => opened.timers.poll_due(cx),
            None => Poll::Pending,
        }
    }

    pub(crate) fn subscribe(&mut self, shared: &Arc<Shared<C>>, topic: &str) -> Result<(), TooMany>
    where
        Broadcast: Info<C>,
    {
        let limit = shared.link.limits().subscriptions;
        let subscriptions = &mut self.opened().subscriptions;
        if subscriptions.len() >= limit {
            return Err(TooMany { what: "subscriptions", limit });
        }
        let channel = Arc::clone(shared);
        let subscriber = Subscriber::Listening(Box::new(move |broadcast| channel.notify_of(broadcast)));
        subscriptions.push(shared.pubsub().subscribe(&topic.into(), subscriber, || ()));
        Ok(())
    }

    pub(crate) fn unsubscribe(&mut self, topic: &str) {
        if let Some(opened) = &mut self.0 {
            opened.subscriptions.retain(|subscription| subscription.topic() != topic);
        }
    }

    pub(crate) fn subscriptions(&self) -> &[Subscription] {
        self.0.as_ref().map_or(&[], |opened| &opened.subscriptions)
    }

    fn opened(&mut self) -> &mut Opened<C> {
        self.0.get_or_insert_with(|| Box::new(Opened { timers: Timers::new(), subscriptions: Vec::new() }))
    }
}
