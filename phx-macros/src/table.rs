//! Writes what a channel takes and sends as a table.

use crate::channel::{Channel, EventHandler, Join};
use crate::errors::Errors;
use crate::event::Constant;
use crate::expand::bound_const;
use crate::handler::{Handler, Kind, Part};
use crate::types::mentions;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

impl Channel {
    pub(crate) fn expand_table(&self, errors: &Errors) -> TokenStream {
        if errors.count() > 0 {
            // Any topic might be joined by what was wrong.
            let join = quote!(::phx_runtime::Join::new("", ::phx_runtime::Pattern::prefix("*", &[], "")));
            return quote!(const TABLE: ::phx_runtime::Table = ::phx_runtime::Table::new(&[#join]););
        }
        let joins = self.joins.iter().map(Join::row);
        let events_in = rows("events_in", self.handle_in.iter().map(EventHandler::row));
        let mut out: Vec<TokenStream> = self.constants.iter().map(Constant::row).collect();
        let declared = |handler: &EventHandler| {
            self.constants.iter().any(|constant| constant.is_for(&handler.event, &handler.handler.cfgs))
        };
        out.extend(self.handle_out.iter().filter(|handler| !declared(handler)).map(
            |EventHandler { event, handler }| {
                let (cfgs, name) = (&handler.cfgs, event.to_name());
                quote!(#cfgs ::phx_runtime::EventOut::new(#name))
            },
        ));
        let events_out = rows("events_out", out);
        let intercepts = rows(
            "intercepts",
            self.handle_out.iter().map(|EventHandler { event, handler }| {
                let (cfgs, name) = (&handler.cfgs, event.to_name());
                quote!(#cfgs #name)
            }),
        );
        quote! {
            const TABLE: ::phx_runtime::Table =
                ::phx_runtime::Table::new(&[#(#joins),*]) #events_in #events_out #intercepts;
        }
    }
}

/// The call that adds these rows, if there are any.
fn rows(method: &str, rows: impl IntoIterator<Item = TokenStream>) -> Option<TokenStream> {
    let mut rows = rows.into_iter().peekable();
    rows.peek()?;
    let method = quote::format_ident!("{method}");
    Some(quote!(.#method(&[#(#rows),*])))
}

impl Join {
    fn row(&self) -> TokenStream {
        let Self { pattern, handler } = self;
        let (cfgs, method) = (&handler.cfgs, handler.name.to_string());
        let captures = pattern.captures().filter_map(|name| {
            let ty = handler.type_of(&Part::Capture(name.to_owned()))?;
            Some(quote!(::phx_runtime::Capture::new::<#ty>(#name)))
        });
        let captures = rows("captures", captures);
        let (payload, replies) = (handler.payload(), handler.replies());
        quote!(#cfgs ::phx_runtime::Join::new(#method, #pattern) #captures #payload #replies)
    }
}

impl EventHandler {
    fn row(&self) -> TokenStream {
        let Self { event, handler } = self;
        let (cfgs, name, method) = (&handler.cfgs, event.to_name(), handler.name.to_string());
        let (payload, replies) = (handler.payload(), handler.replies());
        quote!(#cfgs ::phx_runtime::EventIn::new(#name, #method) #payload #replies)
    }
}

impl Handler {
    fn payload(&self) -> Option<TokenStream> {
        let ty = self.type_of(&Part::Payload)?;
        Some(quote!(.payload::<#ty>()))
    }

    /// A type without a name tells nothing.
    fn replies(&self) -> Option<TokenStream> {
        let ty = self.output.as_ref()?;
        if mentions(ty.to_token_stream(), "impl") {
            return (self.kind == Kind::HandleIn).then(|| quote!(.replies(::phx_runtime::Replies::Untyped)));
        }
        let path = self.answers_through();
        let replies = bound_const(ty, &path, &quote!(REPLIES));
        Some(quote!(.replies(#replies)))
    }
}
