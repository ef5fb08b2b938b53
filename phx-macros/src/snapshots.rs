//! What three declarations expand to, to be read: each should be code that a person could have written by hand.
//!
//! After a change on purpose, run `UPDATE_SNAPSHOTS=1 cargo test -p phx-macros` and read the diff.

use crate::{channel, socket};
use proc_macro2::TokenStream;
use quote::quote;
use std::error::Error;
use std::path::Path;

fn compare(name: &str, expansion: TokenStream) -> Result<(), Box<dyn Error>> {
    let written = prettyplease::unparse(&syn::parse2(expansion)?);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/snapshots").join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &written)?;
    }
    let expected = std::fs::read_to_string(&path)?;
    assert!(written == expected, "{} is no longer what comes out:\n{written}", path.display());
    Ok(())
}

#[test]
fn a_socket() -> Result<(), Box<dyn Error>> {
    let item = quote! {
        impl Socket for UserSocket {
            channel!("room:lobby", Lobby);
            channel!("room:*", Room, RoomConfig { seats: 5 });

            async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
                Ok(Self)
            }
        }
    };
    compare("socket.expanded", socket::expand(TokenStream::new(), &item))
}

#[test]
fn a_channel_with_joins() -> Result<(), Box<dyn Error>> {
    let item = quote! {
        impl Room {
            #[join("room:lobby")]
            fn lobby() -> Result<Self, Refused> {
                Ok(Self)
            }

            #[join("room:{id}:{rest..}")]
            async fn join(id: u64, rest: String, hello: Hello, ctx: &mut Joining<Self>) -> Result<(Self, Welcome), Refused> {
                ctx.notify(AfterJoin);
                Ok((Self, Welcome))
            }

            #[handle_info]
            async fn after_join(&mut self, _: AfterJoin) {}
        }
    };
    compare("joins.expanded", channel::expand(quote!(socket = UserSocket), &item))
}

#[test]
fn a_channel_with_events() -> Result<(), Box<dyn Error>> {
    let item = quote! {
        impl Room {
            pub const NEW_MSG: Event<NewMsg> = Event::new("new_msg");

            #[join("room:*")]
            fn join() -> Result<Self, Refused> {
                Ok(Self)
            }

            #[handle_in("ping")]
            fn ping(&mut self) {}

            #[handle_in(Self::NEW_MSG)]
            async fn new_msg(&mut self, msg: NewMsg, ctx: &mut Context<Self>) -> Result<Posted, Refused> {
                ctx.broadcast(Self::NEW_MSG, &msg);
                Ok(Posted { id: 1 })
            }

            #[handle_out(Self::NEW_MSG)]
            fn show(&mut self, msg: NewMsg, ctx: &mut Context<Self>) {
                ctx.push(Self::NEW_MSG, &msg);
            }

            #[terminate]
            fn left(&mut self, reason: Reason) {
                println!("{reason:?}");
            }
        }
    };
    compare("events.expanded", channel::expand(quote!(socket = UserSocket), &item))
}
