//! Phoenix Channels in Rust: a realtime server that phoenix.js, and other clients of
//! [Phoenix Channels](https://hexdocs.pm/phoenix/channels.html), connect to unchanged over WebSocket or long
//! polling.
//!
//! A client opens one connection to a **socket** and joins any number of **topics** on it. Each joined topic is a
//! **channel**: a value of your type that receives the client's **events** and answers, pushes and broadcasts. You
//! annotate plain structs; which topic and event goes where, and what its payload is, is checked when you compile.
//!
//! # A whole program
//!
//! ```standalone_crate,no_run
//! use phx_runtime::prelude::*;
//!
//! struct UserSocket;
//!
//! #[socket("/socket")]
//! impl Socket for UserSocket {
//!     channel!("room:*", Room);
//!
//!     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
//! }
//!
//! struct Room;
//!
//! #[channel(socket = UserSocket)]
//! impl Room {
//!     #[join("room:{name}")]
//!     async fn join(name: String) -> Result<Self, Refused> {
//!         if name == "secret" { Err(Refused::new("unauthorized")) } else { Ok(Self) }
//!     }
//!
//!     #[handle_in("shout")]
//!     async fn shout(&mut self, message: Payload, ctx: &mut Context<Self>) {
//!         ctx.broadcast("shout", &message);
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), phx_runtime::ServeError> {
//!     phx_runtime::serve(([127, 0, 0, 1], 4000)).await
//! }
//! ```
//!
//! In the browser: `new Socket("ws://127.0.0.1:4000/socket")`, `socket.channel("room:lobby")`.
//!
//! # Sockets: who is connected
//!
//! [`Socket::connect`] runs once for each connection, with the parameters that the client gave and what the request
//! tells besides ([`ConnectInfo`]). The value it returns is shared by all channels of the connection, as
//! [`Context::socket`]. The `channel!` lines say which channel a topic belongs to; like the arms of a `match`, the first
//! that fits wins, and one that can never be reached does not compile.
//! A pattern is a literal (`"room:lobby"`), ends in `*` (`"room:*"`, which also matches `room:`), or captures whole
//! segments (`"room:{id}"`, `"file:{path..}"`).
//!
//! # Channels: what a client does on a topic
//!
//! `#[channel(socket = …)]` stands on an `impl` block. An attribute makes a method a callback; a method without one is
//! your own. Callbacks may be `async` or not. Their arguments are found by what they are: **an argument named like a
//! capture of the pattern is that capture, any other owned argument is the payload, and the `&mut` one is the context.**
//! Payload and context may be left out. `self` is the channel's state; there is no map of assigns.
//! [`#[channel]`](macro@channel) lists every form.
//!
//! ```
//! # use phx_runtime::prelude::*;
//! # struct UserSocket;
//! # #[socket] impl Socket for UserSocket {
//! #     channel!("room:*", RoomChannel);
//! #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
//! # }
//! use serde::{Deserialize, Serialize};
//!
//! struct RoomChannel { room: u64, posted: u64 }
//!
//! #[derive(Deserialize)] struct Hello { last_seen: u64 }
//! #[derive(Serialize)] struct Welcome { unread: u64 }
//! #[derive(Serialize, Deserialize)] struct NewMsg { body: String }
//! #[derive(Serialize)] struct Posted { id: u64 }
//! struct AfterJoin;
//!
//! #[channel(socket = UserSocket)]
//! impl RoomChannel {
//!     // Joins are tried in order. `id` must parse as a `u64`, or this one does not match. The client has no channel
//!     // yet, so the context can do less: there is nothing to push to.
//!     #[join("room:{id}")]
//!     async fn join(id: u64, hello: Hello, ctx: &mut Joining<Self>) -> Result<(Self, Welcome), Refused> {
//!         ctx.notify(AfterJoin);
//!         Ok((Self { room: id, posted: 0 }, Welcome { unread: 42_u64.saturating_sub(hello.last_seen) }))
//!     }
//!
//!     // A message to oneself: here, what has to wait until the join is answered.
//!     #[handle_info]
//!     async fn after_join(&mut self, _: AfterJoin, ctx: &mut Context<Self>) {
//!         ctx.push("history", &serde_json::json!({"messages": []}));
//!     }
//!
//!     // `()` answers nothing; `Result<T, E>` answers ok or error; a `Reply` has any other status.
//!     #[handle_in("new_msg")]
//!     async fn new_msg(&mut self, msg: NewMsg, ctx: &mut Context<Self>) -> Result<Posted, Refused> {
//!         if msg.body.is_empty() { return Err(Refused::new("empty")); }
//!         ctx.broadcast("new_msg", &msg);
//!         self.posted += 1;
//!         Ok(Posted { id: self.posted })
//!     }
//!
//!     // An intercept: broadcasts of this event come here instead of going straight to the client.
//!     #[handle_out("new_msg")]
//!     async fn show(&mut self, msg: NewMsg, ctx: &mut Context<Self>) {
//!         if !msg.body.contains("spoiler") { ctx.push("new_msg", &msg); }
//!     }
//!
//!     #[terminate]
//!     async fn left(&mut self, reason: Reason) { println!("room {}: {reason:?}", self.room); }
//! }
//! ```
//!
//! * **Payloads** are any [`serde::Deserialize`]; take [`Payload`] to get the JSON undecoded and pass it on untouched,
//!   and [`Binary`] for bytes.
//! * **Sending**: [`Context::push`] to this client, [`Context::broadcast`] to everyone on the topic,
//!   [`Context::broadcast_from`] to everyone else, [`Context::broadcast_to`] to another topic, [`Endpoint::broadcast`] from
//!   outside any channel. They do not wait.
//! * **Names that cannot be misspelled**: an [`Event`] constant knows its name and what it carries, and goes wherever a
//!   string does. `RoomChannel::topic(7)` is the topic `room:7`, from the pattern of the join; of several joins, the one
//!   called `lobby` has `lobby_topic`. See [`#[channel]`](macro@channel#events-with-a-type).
//! * **Answering later**: [`Context::defer`]. **Ending**: [`Context::stop`], [`Context::stop_with`].
//! * **Other messages**, all for `#[handle_info]`: [`Context::notify`] sends the channel one at once,
//!   [`Context::send_after`] later, [`Context::sender`] lets other tasks send some, and [`Context::subscribe`] brings
//!   the broadcasts of another topic.
//! * **Order**: the callbacks of one channel run one at a time, and what they send appears in the order of the
//!   program. Channels of one connection run side by side.
//! * **Bad messages**: an event without a handler, or a payload that does not fit, is answered with an error and
//!   logged. A panic ends its channel and nothing else; the client joins again by itself. To see what is logged, a program
//!   installs a subscriber: `tracing_subscriber::fmt::init()`, of the crate `tracing-subscriber`.
//!
//! What routing costs, and that it does not allocate, is told in [`routing`].
//!
//! # Presence: who is here
//!
//! A channel says by which key it is present, and what of it everybody may know. Clients get the list once and then what
//! changes, which `Presence` of phoenix.js puts together: `new Presence(channel)`.
//!
//! ```
//! # use phx_runtime::prelude::*;
//! # struct UserSocket { user: String }
//! # #[socket] impl Socket for UserSocket {
//! #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self { user: "jose".into() }) }
//! # }
//! # struct Room;
//! # struct AfterJoin;
//! # #[channel(socket = UserSocket)]
//! # impl Room {
//! #     #[join("room:*")]
//! #     fn join(ctx: &mut Joining<Self>) -> Result<Self, Refused> { ctx.notify(AfterJoin); Ok(Self) }
//! #[handle_info]
//! fn after_join(&mut self, _: AfterJoin, ctx: &mut Context<Self>) {
//!     ctx.track(&ctx.socket().user, &serde_json::json!({"status": "online"}));
//!     ctx.push("presence_state", &ctx.presences());
//! }
//! # }
//! ```
//!
//! However the channel ends, it is present no more. [`Context::track`] tells the rest; [`Presence`] is for code outside of
//! channels; [`PresenceCallbacks`] add what a database knows of the keys, and react to who comes and goes;
//! [`EndpointBuilder::presence_grace`] keeps those who only reconnect from leaving.
//!
//! # Tokens and sessions: who may connect
//!
//! A [`Token`] is a text that only your program can have made: it signs one for who logs in, and [`Socket::connect`] reads
//! from it who that was. It is the one of `Phoenix.Token`, so that an application in Elixir may make it, or read it.
//! phoenix.js brings it as its `authToken`, for mounts with [`auth_token`](MountOptions::auth_token).
//!
//! ```
//! # use phx_runtime::prelude::*;
//! struct UserSocket { user: u64 }
//!
//! #[socket]
//! impl Socket for UserSocket {
//!     async fn connect(_: NoParams, info: &ConnectInfo) -> Result<Self, Refused> {
//!         let user = info.token("user auth")?.verify(info.auth_token())?;
//!         Ok(Self { user })
//!     }
//!
//!     // So that `endpoint.disconnect("users:7")` closes all that the user has open.
//!     fn id(&self) -> Option<String> { Some(format!("users:{}", self.user)) }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let secret = "s".repeat(64);
//! let endpoint = Endpoint::builder()
//!     .secret_key_base(secret)
//!     .socket_with::<UserSocket>("/socket", |options| options.auth_token = true)
//!     .build()?;
//! // For who has logged in: good for a day, unless one says otherwise.
//! let token = endpoint.token("user auth")?.sign(&7)?;
//! # Ok(())
//! # }
//! ```
//!
//! The example `auth` is all of it. Where a Phoenix application serves the pages, its session is there as well:
//! [`SessionCookie`] says where, and [`ConnectInfo::session`] has it.
//!
//! # Serving
//!
//! [`serve`] is all of `main` when every socket declares where it is, as `#[socket("/socket")]` does. What it does can be
//! written out, and then has room for more:
//!
//! ```no_run
//! # use phx_runtime::prelude::*;
//! # struct UserSocket;
//! # #[socket] impl Socket for UserSocket {
//! #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
//! # }
//! use warp::Filter;
//!
//! #[tokio::main]
//! async fn main() -> Result<(), phx_runtime::ServeError> {
//!     // The sockets that declare where they are, and one that does not.
//!     let endpoint = Endpoint::builder().socket::<UserSocket>("/socket").build()?;
//!     let routes = endpoint.routes().or(warp::path!("health").map(|| "ok"));
//!     endpoint.serve(([127, 0, 0, 1], 4000), routes).await
//! }
//! ```
//!
//! [`Endpoint::routes`] is a filter of warp 0.4, to combine with your own routes: add `warp = "0.4"` for them. [`Endpoint::serve`] runs it until ctrl-c or
//! SIGTERM and then closes every connection so that clients reconnect; [`Endpoint::bind`] gives more control. Under
//! `warp::serve` it works too.
//!
//! Browsers may connect from pages of `localhost` only, until you say where your pages are:
//! [`EndpointBuilder::url_host`] or [`EndpointBuilder::check_origin`]. Other clients always may.
//!
//! Each mount has [`MountOptions`], set in [`#[socket("/socket", …)]`](macro@socket#declaring-the-mount) or with
//! [`EndpointBuilder::socket_with`].
//!
//! # Transports
//!
//! Clients come over WebSocket, and where a mount says so by [`LongPoll`]: `#[socket("/socket", longpoll)]`, which
//! phoenix.js falls back to by itself with `longPollFallbackMs: 2500`. Channels do not see the difference. A transport
//! of your own below them, such as server-sent events, is a [`Session`] for each client, and a protocol of your own
//! in their place is a [`Transport`]: the contract between the two is that one brings messages and fetches
//! messages, and the other handles and sends them.
//!
//! # Limits
//!
//! Everything a client can make grow has a bound with a default, in [`Limits`].
//!
//! # Watching it run
//!
//! Connects, joins and events are `tracing` spans and events, and all of it is counted with `metrics`: see
//! [`observability`].
//!
//! # Testing
//!
//! With the feature `testing`, a test is a client: it connects, joins, pushes, and asserts what comes, without a network and
//! without waiting, or over every transport from the same source. [Testing your channels](testing/index.html) has a channel
//! of each kind.
//!
//! # Coming from Phoenix
//!
//! | Phoenix | here |
//! | --- | --- |
//! | `use Phoenix.Socket`, `channel "room:*", RoomChannel` | `#[socket]`, `channel!("room:*", RoomChannel)` |
//! | `connect/3` | [`Socket::connect`] |
//! | `{:error, reason}` and `error_handler` | [`Socket::refused`] |
//! | `connect_info` | [`ConnectInfo`], without asking for it beforehand |
//! | `check_origin`, `url: [host: …]` | [`EndpointBuilder::check_origin`], [`EndpointBuilder::url_host`] |
//! | `socket "/socket", UserSocket, …` in the endpoint | `#[socket("/socket", …)]` on the socket, [`MountOptions`] |
//! | `join/3` matching `"room:" <> id` | `#[join("room:{id}")]` for one segment, `#[join("room:*")]` for any rest |
//! | `handle_in("new_msg", …)` | `#[handle_in("new_msg")]` |
//! | `intercept ["new_msg"]`, `handle_out/3` | `#[handle_out("new_msg")]` |
//! | `handle_info/2`, `send(self(), …)` | `#[handle_info]` for each type of message, [`Context::notify`] |
//! | `send(channel_pid, …)` from another process | [`Context::sender`], [`Sender::notify`] |
//! | `Process.send_after/3`, `Process.cancel_timer/1` | [`Context::send_after`], [`Timer::cancel`] |
//! | `MyAppWeb.Endpoint.subscribe/1`, `unsubscribe/1`, `%Broadcast{}` | [`Context::subscribe`], [`Context::unsubscribe`], [`Broadcast`] |
//! | `terminate/2` | `#[terminate]` |
//! | `channel "room:*", RoomChannel, assigns: %{max: 5}` | `channel!("room:*", RoomChannel, RoomConfig { max: 5 })`, [`Context::data`] |
//! | `socket.assigns` | fields of your channel, and of your socket |
//! | `push`, `broadcast!`, `broadcast_from!` | [`Context::push`], [`Context::broadcast`], [`Context::broadcast_from`] |
//! | `{:reply, {:ok, map}, socket}`, `{:noreply, socket}` | `Ok(value)`, `()` |
//! | `socket_ref/1`, `reply/2` | [`Context::defer`], [`Deferred::reply`] |
//! | `{:binary, data}` as a payload | [`Binary`] |
//! | `serializer:` option, `Phoenix.Socket.Serializer` | [`MountOptions::serializers`], [`Serializer`] |
//! | `websocket: [compress: true]` | [`MountOptions::compress`] |
//! | `longpoll: true`, `longpoll: [window_ms: …]` | `longpoll` in `#[socket("/socket", longpoll)]`, [`LongPoll`] |
//! | `secret_key_base` | [`EndpointBuilder::secret_key_base`] |
//! | `Phoenix.Token.sign/4`, `verify/4` | [`Endpoint::token`], in `connect` [`ConnectInfo::token`]; [`Token::sign`], [`Token::verify`] |
//! | `Phoenix.Token.encrypt/4`, `decrypt/4` | [`Token::encrypt`], [`Token::decrypt`] |
//! | `max_age`, `signed_at`, `key_iterations`, … | methods of [`Token`] |
//! | `connect_info: [session: @session_options]` | [`MountOptions::session`], [`ConnectInfo::session`] |
//! | `get_csrf_token()` in the page, `check_csrf` | the same, [`SessionCookie::check_csrf`] |
//! | `{:stop, :normal, socket}` | [`Context::stop`] |
//! | `{:stop, :shutdown, socket}`, any other reason | [`Context::stop_with`] with [`Stop::Shutdown`], [`Stop::Error`] |
//! | `{:stop, reason, {:ok, map}, socket}` | [`Context::stop_with`], then return the reply |
//! | `Presence.track/3`, `update/3`, `untrack/2` with a socket | [`Context::track`], [`Context::update`], [`Context::untrack`] |
//! | `Presence.update/3` with a function | [`Context::tracked`], then [`Context::update`] |
//! | `Presence.track/4` with a pid and a topic | [`Presence::track`](Presence::track) |
//! | `Presence.list/1`, `get_by_key/2` | [`Context::presences`], [`Presence::list`], [`Presence::get_by_key`] |
//! | `fetch/2`, `handle_metas/4` of a `Phoenix.Presence` | [`PresenceCallbacks`], one for each endpoint |
//! | `MyAppWeb.Endpoint.broadcast` | [`Endpoint::broadcast`], in a channel [`Context::broadcast_to`] |
//! | a broadcast of `"disconnect"` on the socket's id | [`Endpoint::disconnect`], in a channel `ctx.broadcast_to(id, "disconnect", &())` |
//! | `drainer: [batch_size: …]` | [`MountOptions::drain`] |
//! | `log`, `log_join`, `log_handle_in`, `filter_parameters` | [`MountOptions::log`] |
//! | telemetry events | [`observability`] |
//! | `Phoenix.Socket.Transport` | [`Transport`]; for who calls its callbacks, [`Endpoint::connect`] and [`Session`] |
//! | `Phoenix.ChannelTest` | [`testing`](testing/index.html): `TestClient`, `TestChannel`, `TestSubscription` |
//! | `assert_push`, `assert_reply`, `assert_broadcast`, `refute_…` | methods of those names, and `expect_…` in place of a pattern |
//! | `child_spec/1` of a socket | [`Socket::background`] |
//! | hibernation (`:hibernate`, `hibernate_after`) | has no equivalent, and needs none: an idle channel has no stack or heap of its own to shrink |
//!
//! What is deliberately different is listed in `docs/differences.md`.

#[doc(hidden)]
pub mod __bench;
#[doc(hidden)]
pub mod __fuzz;
mod arrival;
mod background;
mod broadcast;
mod budget;
mod builder;
mod capture;
mod channel;
mod channel_join;
mod channel_task;
mod channels;
mod codec;
mod complaints;
mod compression;
mod connect_info;
mod connection;
mod const_text;
mod context;
mod cookies;
mod crash;
mod csrf;
mod declared;
mod deferred;
mod deflate;
mod delivery;
mod desk;
mod draft;
mod drain;
mod driver;
mod endpoint;
mod endpoint_error;
mod envelope;
mod error;
mod event;
mod extensions;
mod filter_parameters;
mod frame;
mod handshake;
mod http_stream;
mod hub;
mod inbox;
mod incoming;
mod joining;
mod keys;
mod limits;
mod log;
mod longpoll;
mod message;
mod metrics;
mod mount;
mod not_inferred;
mod origin;
mod outbound;
mod outbox;
mod overlap;
mod params;
mod path;
mod payload;
mod port;
mod presence;
mod pubsub;
mod random;
mod receipt;
mod refusal;
mod reply;
mod route;
mod route_check;
mod sealed;
mod sender;
mod serializer;
mod serve;
mod server;
mod session;
mod session_cookie;
mod session_task;
mod signed;
mod socket;
mod sources;
mod subprotocol;
mod subscription;
mod table;
mod term;
#[cfg(feature = "testing")]
pub mod testing;
mod timers;
mod token;
mod token_error;
mod token_text;
mod topic;
mod topic_name;
mod transport;
mod upgrade;
mod way;
mod websocket;

pub use arrival::{Arrival, peer_addr};
pub use broadcast::Broadcast;
pub use builder::EndpointBuilder;
pub use capture::{FromCapture, TopicError, segment};
pub use channel::{Channel, HandleInfo, Info, Reason};
pub use compression::Compression;
pub use connect_info::ConnectInfo;
pub use context::{Context, Stop};
pub use deferred::Deferred;
pub use delivery::Delivery;
pub use drain::Drain;
pub use endpoint::Endpoint;
pub use endpoint_error::{EndpointError, EndpointProblem, Site};
pub use error::{HandleError, JoinError, Joined};
pub use event::{CarriedBy, Event, EventName};
pub use filter_parameters::FilterParameters;
pub use frame::{CloseCode, FrameBuffer, Opcode};
pub use joining::Joining;
pub use keys::KeyDigest;
pub use limits::Limits;
pub use log::Log;
pub use longpoll::LongPoll;
pub use message::{Message, Name, Outgoing, Ref};
pub use mount::MountOptions;
pub use origin::{CheckOrigin, Origin};
pub use payload::{Binary, EncodeError, FromPayload, Payload, PayloadError, ToPayload};
#[doc = include_str!("../docs/channel.md")]
pub use phx_macros::channel;
/// Handles an event from the client, inside [`#[channel]`](macro@channel): `#[handle_in("new_msg")]`, or
/// `#[handle_in(Self::NEW_MSG)]` for an [`Event`].
pub use phx_macros::handle_in;
/// Handles a message of its type, inside [`#[channel]`](macro@channel): from [`Context::notify`],
/// [`Context::send_after`], a [`Sender`], or [`Context::subscribe`].
pub use phx_macros::handle_info;
/// Handles a broadcast before it reaches the client, inside [`#[channel]`](macro@channel):
/// `#[handle_out("new_msg")]`, or better the constant of an [`Event`], since a misspelled name intercepts nothing.
/// Broadcasts of that event no longer go to the client by themselves: [push](Context::push) what it is to get. A
/// [broadcast](Context::broadcast) of the same event from here comes back here, again and again.
pub use phx_macros::handle_out;
/// Decides who may join, inside [`#[channel]`](macro@channel): `#[join("room:{id}")]`.
pub use phx_macros::join;
#[doc = include_str!("../docs/socket.md")]
pub use phx_macros::socket;
/// Runs when the channel ends, inside [`#[channel]`](macro@channel).
pub use phx_macros::terminate;
pub use presence::{Presence, PresenceCallbacks, PresenceDiff, Presences, PresencesIter, Present, Tracked};
pub use reply::{IntoJoined, IntoReply, Refused, Reply};
#[doc(hidden)]
pub use route::{DataOf, NoData};
pub use route::{Route, Routes};
pub use route_check::{refuse_unaccepted_line, refuse_unreached_joins};
pub use sender::{ChannelEnded, Sender};
pub use serializer::{DecodeError, Serializer, Serializers, V1, V2};
pub use serve::serve;
pub use server::{ServeError, Server};
pub use session::{Session, SessionError};
pub use session_cookie::SessionCookie;
pub use socket::{NoParams, Socket};
pub use subscription::{Missed, Subscription};
pub use table::{Capture, EventIn, EventOut, Join, Replies, Table, TypeInfo, Typed, refuse_repeated_events};
pub use term::Atom;
pub use timers::Timer;
pub use token::Token;
pub use token_error::TokenError;
pub use token_text::TokenText;
pub use topic::{Pattern, Segment, Tail};
pub use topic_name::TopicName;
pub use transport::{
    ConnectRequest, Control, Flow, ParamsError, Transport, TransportContext, TransportSender,
};

#[doc = include_str!("../docs/observability.md")]
pub mod observability {}

#[doc = include_str!("../docs/routing.md")]
pub mod routing {}

/// Not public API. Used by generated code.
#[doc(hidden)]
pub mod __private;
/// Not public API. Used by generated code. The crate, by a name that no part of it has.
#[doc(hidden)]
pub use crate as __root;

/// What a file that declares sockets and channels needs: `use phx_runtime::prelude::*;`
pub mod prelude {
    pub use crate::{
        Binary, Broadcast, Channel, ConnectInfo, Context, Endpoint, EndpointError, Event, Joining, NoParams,
        Payload, Reason, Refused, Reply, Socket, channel, handle_in, handle_info, handle_out, join, socket,
        terminate,
    };
}
