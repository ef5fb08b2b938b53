//! What holds for any bytes that a client, or a user of the macros, can come up with. Each function takes the input of
//! one fuzz target and panics if a property does not hold; `tests/fuzz` feeds them, and `seeds.rs` runs the seeds.
//!
//! What is expected comes from readers written here on purpose, as plainly as possible, and not from the libraries that
//! the code under test uses.
//!
//! # Fuzzing
//!
//! `cargo xtask fuzz` runs every target for ten minutes, `cargo xtask fuzz origins --seconds 30` one of them for half a
//! minute. It needs a nightly compiler and installs cargo-fuzz. It begins with the seeds, `tests/fuzz/seeds/<target>`,
//! and keeps what it learns in `target/fuzz/corpus`, to go on from there the next time.
//!
//! An input that breaks a property is left in `tests/fuzz/artifacts/<target>`. Give it a name that says what is special
//! about it, move it to the seeds, and run `cargo test -p properties` until it passes: every seed runs there, with the
//! stable compiler. Statements of `docs/protocol.md` should each have a seed, so that the fuzzer has them to start from.
//!
//! For a new target, add a function to this crate and to [`TARGETS`], a folder of seeds, and in `tests/fuzz` a program
//! that calls it, named in `Cargo.toml`.

mod binary_frames;
#[allow(dead_code, unreachable_pub, reason = "a file of phx-macros, of which the targets need a part")]
#[path = "../../phx-macros/src/errors.rs"]
mod errors;
mod json;
mod origins;
#[allow(dead_code, unreachable_pub, reason = "a file of phx-macros, of which the targets need a part")]
#[path = "../../phx-macros/src/overlap.rs"]
mod overlap;
#[allow(dead_code, unreachable_pub, reason = "a file of phx-macros, of which the targets need a part")]
#[path = "../../phx-macros/src/pattern.rs"]
mod pattern;
mod patterns;
mod posts;
mod query_strings;
mod terms;
mod text_frames;
mod wire;

pub use binary_frames::binary_frames;
pub use origins::origins;
pub use patterns::patterns;
pub use posts::posts;
pub use query_strings::query_strings;
pub use terms::{Kind, Record, Value, terms};
pub use text_frames::text_frames;

/// One fuzz target: its name, which is also that of its folder of seeds, and its body.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: &[Target] = &[
    ("binary_frames", binary_frames),
    ("origins", origins),
    ("patterns", patterns),
    ("posts", posts),
    ("query_strings", query_strings),
    ("terms", terms),
    ("text_frames", text_frames),
];
