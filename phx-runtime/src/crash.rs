//! Callbacks that panic, and what is told of a crash.

use crate::channel::Channel;
use crate::log::log;
use crate::metrics::Crashed;
use crate::port::Shared;
use futures_util::FutureExt;
use std::any::{Any, type_name};
use std::fmt::Display;
use std::future::Future;
use std::panic::AssertUnwindSafe;

/// Runs a callback as [`caught`] does. Boxed: the memory of an idle channel must not grow with its largest callback.
pub(crate) async fn guarded<C: Channel, T>(
    shared: &Shared<C>,
    callback: impl Future<Output = T> + Send,
) -> Result<T, String> {
    Box::pin(caught(shared, callback)).await
}

/// Runs a callback so that a panic in it is a value, as is one that goes on for too long after the client has joined
/// again.
pub(crate) async fn caught<C: Channel, T>(
    shared: &Shared<C>,
    callback: impl Future<Output = T> + Send,
) -> Result<T, String> {
    let limit = shared.link.limits().replace_timeout;
    let overdue = async {
        shared.inbox.replaced().await;
        tokio::time::sleep(limit).await;
    };
    tokio::select! {
        biased;
        outcome = AssertUnwindSafe(callback).catch_unwind() => {
            outcome.map_err(|panic| panic_text(&*panic).to_owned())
        }
        () = overdue => Err(format!("a callback took longer than {limit:?} after the client had joined again")),
    }
}

pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("panic without text")
}

/// Tells the log and the metrics.
pub(crate) fn tell_crash<C: Channel>(shared: &Shared<C>, crashed: Crashed, crash: &dyn Display) {
    let link = &shared.link;
    link.metrics().crashed(crashed);
    let (path, topic, channel) = (link.path(), &*shared.topic, type_name::<C>());
    // As `Debug` does: a line break in it must not look like another line of the log.
    let crash = crash.to_string();
    log!(link.log().crash, path, topic, channel, ?crash, "{} crashed", crashed.text());
}
