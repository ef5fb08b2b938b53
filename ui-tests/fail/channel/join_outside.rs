use phx_runtime::prelude::*;

struct RoomChannel;

impl RoomChannel {
    #[join("room:*")]
    fn join() -> Self {
        Self
    }
}

fn main() {
    let RoomChannel = RoomChannel::join();
}
