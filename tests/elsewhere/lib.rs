//! What `tests/declared` collects from another crate.

mod forgotten;
mod rooms;

pub use forgotten::LooseSocket;
pub use rooms::RoomSocket;
