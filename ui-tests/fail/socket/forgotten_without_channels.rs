use phx_runtime::prelude::*;

struct UserSocket;

impl Socket for UserSocket {
    type Params = NoParams;

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

fn main() -> Result<(), EndpointError> {
    Endpoint::builder().socket::<UserSocket>("/socket").build()?;
    Ok(())
}
