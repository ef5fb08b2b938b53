//! Keeps rustc from guessing.

use std::marker::PhantomData;

/// Stands where rustc would otherwise infer a type from the only impl there is, and then report that something else is
/// wrong. With a second impl, for this, it waits until it knows, and reports what is.
#[derive(Debug)]
pub struct NotInferred<T: ?Sized>(PhantomData<T>);
