//! What a failing step says, and where.

use futures_util::FutureExt;
use std::cell::RefCell;
use std::future::IntoFuture;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::LazyLock;

/// How a step has failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) text: String,
    /// The file and the line that the panic is reported at.
    pub(super) place: Option<(String, u32)>,
}

thread_local! {
    /// Whether the next panic of this thread is looked at, and where it was.
    static WATCHED: RefCell<Option<Option<(String, u32)>>> = const { RefCell::new(None) };
}

/// Has panics noted where they are expected, and reported as ever elsewhere.
static HOOK: LazyLock<()> = LazyLock::new(|| {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |panic: &PanicHookInfo<'_>| {
        let is_watched = WATCHED.with_borrow_mut(|watched| {
            if let Some(place) = watched {
                *place = panic.location().map(|at| (at.file().to_owned(), at.line()));
            }
            watched.is_some()
        });
        if !is_watched {
            report(panic);
        }
    }));
});

/// Has a step fail.
#[track_caller]
pub(super) fn of<T>(step: impl IntoFuture<Output = T>) -> impl Future<Output = Failure> {
    let step = step.into_future();
    async move { caught(async { step.await }).await }
}

/// Has what awaits a step itself fail, so that the place is there.
pub(super) async fn caught<T>(test: impl Future<Output = T>) -> Failure {
    LazyLock::force(&HOOK);
    WATCHED.set(Some(None));
    let outcome = AssertUnwindSafe(test).catch_unwind().await;
    let place = WATCHED.take().flatten();
    let text = match outcome {
        Ok(_) => panic!("the step has not failed"),
        Err(panic) => match panic.downcast::<String>() {
            Ok(text) => *text,
            Err(panic) => panic.downcast::<&str>().map(|text| (*text).to_owned()).unwrap_or_default(),
        },
    };
    Failure { text, place }
}
