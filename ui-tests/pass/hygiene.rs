//! The expansions do not care what the user's module calls its own things.

use ::phx_runtime as phoenix;

mod shadows {
    #![allow(dead_code, non_camel_case_types, non_upper_case_globals)]

    pub struct Result;
    pub struct Option;
    pub struct String;
    pub struct Vec;
    pub struct Payload;
    pub struct Joined;
    pub struct Pattern;
    pub struct Segment;
    pub struct Route;
    pub struct str;
    pub trait Send {}
    pub trait Future {}
    pub trait FromStr {}
    pub trait IntoReply {}
    pub trait Channel {}
    pub mod core {}
    pub mod std {}
    pub mod phx_runtime {}
    pub mod inventory {}
    pub fn options() {}
    pub fn parse() {}
    pub fn sendable() {}
    pub fn payload() {}
    pub fn ctx() {}
    pub fn event() {}
    pub fn topic() {}

    #[allow(non_snake_case)]
    pub fn Ok() {}
    #[allow(non_snake_case)]
    pub fn Err() {}
    #[allow(non_snake_case)]
    pub fn Some() {}
    pub const None: () = ();
}

#[allow(unused_imports)]
use shadows::*;

struct UserSocket;

#[phoenix::socket("/socket", auth_token, limits.max_channels = 3)]
impl phoenix::Socket for UserSocket {
    channel!("room:{topic}:*", RoomChannel, 5);

    async fn connect(
        _: phoenix::NoParams,
        _: &phoenix::ConnectInfo,
    ) -> ::core::result::Result<Self, phoenix::Refused> {
        ::core::result::Result::Ok(Self)
    }
}

struct RoomChannel;

struct Tick;

type Answer<T> = ::core::result::Result<T, phoenix::Refused>;

#[phoenix::channel(socket = UserSocket, data = ::core::primitive::u32)]
impl RoomChannel {
    // The captures are named like the variables of an expansion.
    #[::phx_runtime::join("room:{topic}:{payload}:{ctx}:{type}")]
    async fn enter(
        topic: u64,
        payload: ::std::string::String,
        ctx: bool,
        r#type: ::std::string::String,
        event: phoenix::Payload,
        self_: &mut phoenix::Joining<Self>,
    ) -> Answer<Self> {
        let _ = (topic, payload, ctx, r#type, event, self_.socket());
        ::core::result::Result::Ok(Self)
    }

    // The methods are named like those of the trait.
    #[::phx_runtime::join("room:{id}:join")]
    async fn join(id: u64) -> Answer<Self> {
        let _ = id;
        ::core::result::Result::Ok(Self)
    }

    #[::phx_runtime::handle_in("handle_in")]
    async fn handle_in(&mut self, event: phoenix::Payload) -> Answer<phoenix::Payload> {
        ::core::result::Result::Ok(event)
    }

    #[::phx_runtime::handle_out("handle_out")]
    async fn handle_out(&mut self, payload: phoenix::Payload, ctx: &mut phoenix::Context<Self>) {
        ctx.push("handle_out", &payload);
    }

    #[::phx_runtime::handle_info]
    async fn handle_info(&mut self, payload: Tick) {
        let Tick = payload;
    }

    #[::phx_runtime::terminate]
    async fn terminate(&mut self, ctx: phoenix::Reason) {
        let _ = ctx;
    }
}

fn main() {
    let joins = <RoomChannel as phoenix::Channel>::TABLE.joins;
    assert_eq!(joins.len(), 2);
    assert_eq!(<RoomChannel as phoenix::Channel>::TABLE.intercepts, ["handle_out"]);
}
