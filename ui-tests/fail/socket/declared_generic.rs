use phx_runtime::prelude::*;
use std::marker::PhantomData;

struct UserSocket<T>(PhantomData<T>);

#[socket("/socket")]
impl<T: Send + Sync + 'static> Socket for UserSocket<T> {
    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self(PhantomData))
    }
}

fn main() {}
