//! What a failing step says, and where.

use futures_util::FutureExt;
use std::cell::{Cell, RefCell};
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
    /// Whether this thread is to panic.
    static IS_WATCHED: Cell<bool> = const { Cell::new(false) };
    /// Where it last did.
    static PLACE: RefCell<Option<(String, u32)>> = const { RefCell::new(None) };
}

/// Has panics noted where they are expected, and reported as ever elsewhere.
static HOOK: LazyLock<()> = LazyLock::new(|| {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |panic: &PanicHookInfo<'_>| {
        if IS_WATCHED.get() {
            PLACE.set(panic.location().map(|at| (at.file().to_owned(), at.line())));
        } else {
            report(panic);
        }
    }));
});

/// Has a step fail, or what awaits it.
pub(super) async fn of<T>(step: impl Future<Output = T>) -> Failure {
    LazyLock::force(&HOOK);
    IS_WATCHED.set(true);
    let outcome = AssertUnwindSafe(step).catch_unwind().await;
    IS_WATCHED.set(false);
    let Err(panic) = outcome else { panic!("the step has not failed") };
    let text = match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => panic.downcast::<&str>().map(|text| (*text).to_owned()).unwrap_or_default(),
    };
    Failure { text, place: PLACE.take() }
}
