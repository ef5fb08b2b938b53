use phx_runtime::prelude::*;

/// Every method of the trait, in another order than the trait's.
struct Everything { name: String }

#[socket]
impl Socket for Everything {
    async fn background(endpoint: Endpoint) {
        let mut news = endpoint.subscribe("news");
        while let Ok(item) = news.recv().await {
            println!("{}: {:?}", item.event(), item.payload());
        }
    }

    fn id(&self) -> Option<String> { Some(self.name.clone()) }

    type Params = NoParams;

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self { name: "name".into() }) }
}

struct NotAsync;

#[socket]
impl Socket for NotAsync {
    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }

    fn background(_: Endpoint) -> impl Future<Output = ()> + Send { async { println!("started") } }
}

fn main() -> Result<(), EndpointError> {
    Endpoint::builder().socket::<Everything>("/everything").socket::<NotAsync>("/not_async").build()?;
    Ok(())
}
