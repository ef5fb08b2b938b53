//! The same events as a channel and as the map that a person would write by hand, with plain methods and with `async`
//! ones, and 5, 20 and 100 of them.

use futures_util::future::BoxFuture;
use phx_runtime::HandleError;
use phx_runtime::prelude::*;
use std::collections::HashMap;
use std::hint::black_box;
use std::task::{Poll, Waker};

pub(crate) struct UserSocket;

#[socket]
impl Socket for UserSocket {
    channel!("5:plain", Five);
    channel!("20:plain", Twenty);
    channel!("100:plain", Hundred);
    channel!("5:async", FiveAsync);
    channel!("20:async", TwentyAsync);
    channel!("100:async", HundredAsync);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

/// What `handle_in` comes to.
pub(crate) type Handled = Result<Option<Reply>, HandleError>;

/// Handlers that are all plain functions: the fastest there can be, for a server where none ever waits.
type Plain<C> = Box<dyn Fn(&mut C, Payload, &mut Context<C>) -> Handled + Send + Sync>;

/// Handlers that may wait.
type Async<C> =
    Box<dyn for<'a> Fn(&'a mut C, Payload, &'a mut Context<C>) -> BoxFuture<'a, Handled> + Send + Sync>;

pub(crate) trait Handler<C: Channel> {
    /// As far as it comes without waiting, which all of ours do to their end.
    fn call(&self, channel: &mut C, payload: Payload, ctx: &mut Context<C>) -> Poll<Handled>;
}

impl<C: Channel> Handler<C> for Plain<C> {
    fn call(&self, channel: &mut C, payload: Payload, ctx: &mut Context<C>) -> Poll<Handled> {
        Poll::Ready(self(channel, payload, ctx))
    }
}

impl<C: Channel> Handler<C> for Async<C> {
    fn call(&self, channel: &mut C, payload: Payload, ctx: &mut Context<C>) -> Poll<Handled> {
        self(channel, payload, ctx).as_mut().poll(&mut std::task::Context::from_waker(Waker::noop()))
    }
}

/// A channel, with the map that could take the place of its `handle_in`.
pub(crate) trait ByHand: Channel<Socket = UserSocket, Data = ()> + Default {
    type Handler: Handler<Self>;

    const EVENTS: &'static [&'static str];

    fn by_hand() -> HashMap<String, Self::Handler>;
}

/// One channel with plain methods and one with `async` ones. The body keeps the methods apart: the compiler would make
/// one of all that do the same.
macro_rules! channels {
    ($plain:ident $async:ident $($method:ident $event:tt)*) => {
        #[derive(Default)]
        pub(crate) struct $plain(&'static str);

        #[channel(socket = UserSocket)]
        impl $plain {
            #[join("*")]
            fn join() -> Result<Self, Refused> {
                Ok(Self::default())
            }

            $(#[handle_in($event)]
            fn $method(&mut self) {
                self.0 = black_box($event);
            })*
        }

        impl ByHand for $plain {
            type Handler = Plain<Self>;

            const EVENTS: &'static [&'static str] = &[$($event),*];

            fn by_hand() -> HashMap<String, Self::Handler> {
                let mut map = HashMap::<String, Self::Handler>::new();
                $(map.insert($event.to_owned(), Box::new(|channel, _, _| {
                    channel.$method();
                    Ok(None)
                }));)*
                map
            }
        }

        #[derive(Default)]
        pub(crate) struct $async(&'static str);

        #[channel(socket = UserSocket)]
        impl $async {
            #[join("*")]
            fn join() -> Result<Self, Refused> {
                Ok(Self::default())
            }

            $(#[handle_in($event)]
            async fn $method(&mut self) {
                self.0 = black_box($event);
            })*
        }

        impl ByHand for $async {
            type Handler = Async<Self>;

            const EVENTS: &'static [&'static str] = &[$($event),*];

            fn by_hand() -> HashMap<String, Self::Handler> {
                let mut map = HashMap::<String, Self::Handler>::new();
                $(map.insert($event.to_owned(), Box::new(|channel, _, _| Box::pin(async {
                    channel.$method().await;
                    Ok(None)
                })));)*
                map
            }
        }
    };
}

macro_rules! sizes {
    ([$($five:tt)*] [$($to_twenty:tt)*] [$($to_hundred:tt)*]) => {
        channels!(Five FiveAsync $($five)*);
        channels!(Twenty TwentyAsync $($five)* $($to_twenty)*);
        channels!(Hundred HundredAsync $($five)* $($to_twenty)* $($to_hundred)*);
    };
}

sizes! {
    [
        new_message "new_message" edit_message "edit_message" delete_message "delete_message"
        pin_message "pin_message" share_message "share_message"
    ]
    [
        lock_message "lock_message" rename_message "rename_message" archive_message "archive_message"
        restore_message "restore_message" reorder_message "reorder_message" new_thread "new_thread"
        edit_thread "edit_thread" delete_thread "delete_thread" pin_thread "pin_thread"
        share_thread "share_thread" lock_thread "lock_thread" rename_thread "rename_thread"
        archive_thread "archive_thread" restore_thread "restore_thread" reorder_thread "reorder_thread"
    ]
    [
        new_member "new_member" edit_member "edit_member" delete_member "delete_member"
        pin_member "pin_member" share_member "share_member" lock_member "lock_member"
        rename_member "rename_member" archive_member "archive_member" restore_member "restore_member"
        reorder_member "reorder_member" new_card "new_card" edit_card "edit_card" delete_card "delete_card"
        pin_card "pin_card" share_card "share_card" lock_card "lock_card" rename_card "rename_card"
        archive_card "archive_card" restore_card "restore_card" reorder_card "reorder_card"
        new_board "new_board" edit_board "edit_board" delete_board "delete_board" pin_board "pin_board"
        share_board "share_board" lock_board "lock_board" rename_board "rename_board"
        archive_board "archive_board" restore_board "restore_board" reorder_board "reorder_board"
        new_vote "new_vote" edit_vote "edit_vote" delete_vote "delete_vote" pin_vote "pin_vote"
        share_vote "share_vote" lock_vote "lock_vote" rename_vote "rename_vote" archive_vote "archive_vote"
        restore_vote "restore_vote" reorder_vote "reorder_vote" new_file "new_file" edit_file "edit_file"
        delete_file "delete_file" pin_file "pin_file" share_file "share_file" lock_file "lock_file"
        rename_file "rename_file" archive_file "archive_file" restore_file "restore_file"
        reorder_file "reorder_file" new_game "new_game" edit_game "edit_game" delete_game "delete_game"
        pin_game "pin_game" share_game "share_game" lock_game "lock_game" rename_game "rename_game"
        archive_game "archive_game" restore_game "restore_game" reorder_game "reorder_game"
        new_invitation "new_invitation" edit_invitation "edit_invitation"
        delete_invitation "delete_invitation" pin_invitation "pin_invitation"
        share_invitation "share_invitation" lock_invitation "lock_invitation"
        rename_invitation "rename_invitation" archive_invitation "archive_invitation"
        restore_invitation "restore_invitation" reorder_invitation "reorder_invitation"
        new_notification "new_notification" edit_notification "edit_notification"
        delete_notification "delete_notification" pin_notification "pin_notification"
        share_notification "share_notification" lock_notification "lock_notification"
        rename_notification "rename_notification" archive_notification "archive_notification"
        restore_notification "restore_notification" reorder_notification "reorder_notification"
    ]
}
