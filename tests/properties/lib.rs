//! What holds for any bytes that a client, or a user of the macros, can come up with. Each function takes the input of
//! one fuzz target and panics if a property does not hold; `tests/fuzz` feeds them, and `seeds.rs` runs the seeds.
//!
//! What is expected comes from readers written here on purpose, as plainly as possible, and not from the libraries that
//! the code under test uses.

mod binary_frames;
#[allow(dead_code, unreachable_pub, reason = "a file of phx-macros, of which the targets need a part")]
#[path = "../../phx-macros/src/errors.rs"]
mod errors;
mod json;
mod origins;
#[allow(dead_code, unreachable_pub, reason = "a file of phx-macros, of which the targets need a part")]
#[path = "../../phx-macros/src/pattern.rs"]
mod pattern;
mod patterns;
mod query_strings;
mod text_frames;
mod wire;

pub use binary_frames::binary_frames;
pub use origins::origins;
pub use patterns::patterns;
pub use query_strings::query_strings;
pub use text_frames::text_frames;

/// One fuzz target: its name, which is also that of its folder of seeds, and its body.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: &[Target] = &[
    ("binary_frames", binary_frames),
    ("origins", origins),
    ("patterns", patterns),
    ("query_strings", query_strings),
    ("text_frames", text_frames),
];
