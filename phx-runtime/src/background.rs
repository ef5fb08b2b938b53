//! The tasks that sockets run in the background of an endpoint.

use crate::crash::panic_text;
use crate::endpoint::Endpoint;
use crate::log::log;
use crate::metrics::Crashed;
use crate::mount::Mount;
use futures_util::FutureExt;
use std::mem;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::task::JoinSet;

/// Started once, stopped for good.
#[derive(Debug, Default)]
pub(crate) struct Background(OnceLock<Mutex<JoinSet<()>>>);

impl Background {
    /// Starts the tasks of `endpoint`, unless they have been started or stopped already.
    pub(crate) fn start(&self, endpoint: &Endpoint) {
        self.0.get_or_init(|| {
            let tasks = endpoint.mounts.iter().map(|mount| guarded(Arc::clone(mount), endpoint.clone()));
            Mutex::new(tasks.collect())
        });
    }

    /// Drops what still runs and waits until it is gone.
    pub(crate) async fn stop(&self) {
        self.take().shutdown().await;
    }

    /// Drops what still runs, each task as soon as it lets go of its thread.
    pub(crate) fn abort(&self) {
        drop(self.take());
    }

    fn take(&self) -> JoinSet<()> {
        let tasks = self.0.get_or_init(Mutex::default);
        mem::take(&mut *tasks.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn guarded(mount: Arc<Mount>, endpoint: Endpoint) {
    let task = AssertUnwindSafe(mount.background(endpoint));
    if let Err(panic) = task.catch_unwind().await {
        mount.metrics.crashed(Crashed::Background);
        let crash = panic_text(&*panic);
        log!(mount.options.log.crash, path = mount.path, crash, "a socket's background task crashed");
    }
}
