//! The attributes of `phx-runtime`, which re-exports them and documents them: see `phx_runtime::socket` and
//! `phx_runtime::channel`.
//!
//! Each macro reads its item into a model, checks it, and expands what was right even when something was wrong, so
//! that one mistake gives one error.

#![allow(
    missing_docs,
    reason = "those of a re-export would be printed behind those that phx-runtime has for it"
)]

mod arguments;
mod attribute;
mod cfg;
mod channel;
mod connect;
mod declare;
mod errors;
mod event;
mod expand;
mod generics;
mod handler;
mod item;
mod krate;
mod line;
mod output;
mod overlap;

mod path;
mod pattern;
mod signature;
#[cfg(test)]
mod snapshots;
mod socket;
mod suggest;
mod table;
mod topics;
mod types;

use proc_macro::TokenStream;

#[proc_macro_attribute]
pub fn socket(arguments: TokenStream, item: TokenStream) -> TokenStream {
    socket::expand(arguments.into(), &item.into()).into()
}

#[proc_macro_attribute]
pub fn channel(arguments: TokenStream, item: TokenStream) -> TokenStream {
    channel::expand(arguments.into(), &item.into()).into()
}

#[proc_macro_attribute]
pub fn join(_: TokenStream, item: TokenStream) -> TokenStream {
    attribute::misplaced(handler::Kind::Join, &item.into()).into()
}

#[proc_macro_attribute]
pub fn handle_in(_: TokenStream, item: TokenStream) -> TokenStream {
    attribute::misplaced(handler::Kind::HandleIn, &item.into()).into()
}

#[proc_macro_attribute]
pub fn handle_out(_: TokenStream, item: TokenStream) -> TokenStream {
    attribute::misplaced(handler::Kind::HandleOut, &item.into()).into()
}

#[proc_macro_attribute]
pub fn handle_info(_: TokenStream, item: TokenStream) -> TokenStream {
    attribute::misplaced(handler::Kind::HandleInfo, &item.into()).into()
}

#[proc_macro_attribute]
pub fn terminate(_: TokenStream, item: TokenStream) -> TokenStream {
    attribute::misplaced(handler::Kind::Terminate, &item.into()).into()
}
