//! Not public API. Used by generated code.

/// Through it asynchronous callbacks are called: a future that cannot be sent to another thread is then reported at its
/// method, and not at the whole `impl` block.
pub fn sendable<F: Future + Send>(future: F) -> impl Future<Output = F::Output> + Send {
    future
}
