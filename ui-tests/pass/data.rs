//! What a `channel!` line can give its channel: whatever is known at compile time, and any `static`.

use phx_runtime::prelude::*;
use std::marker::PhantomData;
use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;

struct UserSocket<T>(PhantomData<T>);

#[socket]
impl<T: Send + Sync + 'static> Socket for UserSocket<T> {
    channel!("number:*", With<T, u64>, 5);
    channel!("constant:*", With<T, u64>, Self::LIMIT + 1,);
    channel!("size:*", With<T, usize>, size_of::<T>());
    channel!("option:*", With<T, Option<u64>>, None);
    channel!("text:*", With<T, &'static str>, "a room");
    channel!("slice:*", With<T, &'static [&'static str]>, &["a", "b"]);
    channel!("object:*", With<T, &'static (dyn Fn(u64) -> u64 + Sync)>, &double);
    channel!("function:*", With<T, fn(u64) -> u64>, |number| number + number);
    channel!("list:*", With<T, Vec<String>>, Vec::new());
    channel!("unit:*", With<T, ()>, ());
    channel!("nothing:*", With<T, ()>);
    channel!("static:*", With<T, Config>, CONFIG);
    channel!("part:*", With<T, String>, CONFIG.name);
    channel!("element:*", With<T, AtomicU64>, COUNTERS[1]);
    channel!("lazy:*", With<T, LazyLock<Config>>, LOADED);
    #[cfg(any())]
    channel!("missing:*", With<T, Missing>, Missing);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self(PhantomData))
    }
}

impl<T> UserSocket<T> {
    const LIMIT: u64 = 10;
}

struct Config {
    name: String,
}

static CONFIG: Config = Config { name: String::new() };
static COUNTERS: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];
static LOADED: LazyLock<Config> = LazyLock::new(|| Config { name: "loaded".to_owned() });

fn double(number: u64) -> u64 {
    number * 2
}

struct With<T, D>(PhantomData<(T, D)>);

#[channel(data = D, socket = UserSocket<T>)]
impl<T: Send + Sync + 'static, D: Send + Sync + 'static> With<T, D> {
    #[join("*")]
    fn join(ctx: &mut Joining<Self>) -> Result<Self, Refused> {
        let _: &'static D = ctx.data();
        Ok(Self(PhantomData))
    }

    #[handle_in("data")]
    fn data(&mut self, ctx: &mut Context<Self>) {
        let _: &'static D = ctx.data();
    }
}

fn main() -> Result<(), EndpointError> {
    Endpoint::builder().socket::<UserSocket<u64>>("/socket").build()?;
    Ok(())
}
