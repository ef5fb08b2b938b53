//! Not public API. Used by generated code.

pub use crate::declared::{DeclaredChannel, DeclaredSocket};
pub use inventory;

/// Through it asynchronous callbacks are called: a future that cannot be sent to another thread is then reported at its
/// method, and not at the whole `impl` block. It returns the future itself: an opaque type would be checked anew at every
/// level, which takes most of the time that a channel takes to compile.
pub fn sendable<F: Future + Send>(future: F) -> F {
    future
}
