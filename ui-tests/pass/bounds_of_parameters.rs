//! A parameter of a channel or socket may live as long as need be for any reason there is.

use phx_runtime::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::Any;
use std::marker::PhantomData;

trait Item: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {}

impl Item for u64 {}

struct UserSocket<T, const N: usize>(PhantomData<T>);

#[socket]
impl<T: Item, const N: usize> Socket for UserSocket<T, N> {
    channel!("own:*", Own<T, N>);
    channel!("any:*", AnyValue<T, N>);
    channel!("bounds:*", WithWhere<T, Vec<T>, N>);
    channel!("static:*", Borrowing<'static, T, N>);
    channel!("named:*", Named<T, N>);
    channel!("call:*", Holding<Box<dyn for<'a> Call<'a> + Send>, T, N>);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self(PhantomData))
    }
}

struct Own<T, const N: usize>([Option<T>; N]);

#[channel(socket = UserSocket<T, N>)]
impl<T: Item, const N: usize> Own<T, N> {
    #[join("*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self([const { None }; N]))
    }

    #[handle_in("first")]
    async fn first(&mut self) -> Result<Option<T>, Refused> {
        Ok(self.0.first().cloned().flatten())
    }
}

struct AnyValue<T, const N: usize>(PhantomData<T>);

#[channel(socket = UserSocket<T, N>)]
impl<T: Any + Send + Item, const N: usize> AnyValue<T, N> {
    #[join("*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self(PhantomData))
    }
}

struct WithWhere<T, I, const N: usize>(PhantomData<(T, I)>);

#[channel(socket = UserSocket<T, N>)]
impl<T, I: Clone, const N: usize> WithWhere<T, I, N>
where
    T: Item,
    I: IntoIterator<Item = T>,
    Self: Send + 'static,
{
    #[join("*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self(PhantomData))
    }
}

struct Borrowing<'a, T, const N: usize>(&'a str, PhantomData<T>);

#[channel(socket = UserSocket<T, N>)]
impl<T: Item, const N: usize> Borrowing<'static, T, N> {
    #[join("*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self("a room", PhantomData))
    }

    #[handle_in("name")]
    fn name(&self) -> Result<&'static str, Refused> {
        Ok(self.0)
    }
}

struct Named<T, const N: usize>(PhantomData<T>);

#[channel(socket = UserSocket<T, N>)]
impl<T, const N: usize> Named<T, N>
where
    T: Clone,
    T: Item,
{
    #[join("*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self(PhantomData))
    }
}

trait Call<'a> {
    fn call(&self, argument: &'a str) -> &'a str;
}

struct Holding<C, T, const N: usize>(Option<C>, PhantomData<T>);

#[channel(socket = UserSocket<T, N>)]
impl<T: Item, const N: usize> Holding<Box<dyn for<'a> Call<'a> + Send>, T, N> {
    #[join("*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self(None, PhantomData))
    }

    #[handle_in("call")]
    fn call(&mut self) -> Result<Option<String>, Refused> {
        Ok(self.0.as_ref().map(|call| call.call("argument").to_owned()))
    }
}

fn main() -> Result<(), EndpointError> {
    let _ = AnyValue::<u64, 2>::join();
    Endpoint::builder().socket::<UserSocket<u64, 2>>("/socket").build()?;
    Ok(())
}
