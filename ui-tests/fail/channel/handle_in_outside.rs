use phx_runtime::prelude::*;

struct RoomChannel;

impl RoomChannel {
    #[handle_in("ping")]
    fn ping(&mut self) {
        let Self = self;
    }
}

fn main() {}
