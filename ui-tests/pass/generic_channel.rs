//! A channel may be generic; each `channel!` line names one instance.

use phx_runtime::Channel;
use phx_runtime::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    channel!("text:*", EchoChannel<String>);
    channel!("number:*", EchoChannel<u64>);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct EchoChannel<T> {
    last: Option<T>,
}

struct Forget;

#[channel(socket = UserSocket)]
impl<T> EchoChannel<T>
where
    T: Clone + Serialize + DeserializeOwned + Send + 'static,
{
    #[join("{kind}:*")]
    fn join(kind: String) -> Result<Self, Refused> {
        if kind.is_empty() {
            Err(Refused::new("no kind"))
        } else {
            Ok(Self { last: None })
        }
    }

    #[handle_in("echo")]
    async fn echo(&mut self, value: T) -> Result<T, Refused> {
        self.last = Some(value.clone());
        Ok(value)
    }

    #[handle_info]
    async fn forget(&mut self, _: Forget) {
        self.last = None;
    }
}

fn main() {
    assert_eq!(
        EchoChannel::<u64>::TABLE.joins[0].pattern.captures("number:x:y"),
        Some(["number"])
    );
    let _ = Forget;
}
