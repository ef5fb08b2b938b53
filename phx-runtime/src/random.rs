//! Bytes that nobody can guess.

/// From the operating system, without which nothing can be kept secret.
///
/// # Panics
/// If it has none.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if let Err(error) = getrandom::fill(&mut bytes) {
        panic!("the operating system has no random numbers: {error}");
    }
    bytes
}
