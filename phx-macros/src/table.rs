//! Writes what a channel takes and sends as a table.

use crate::channel::{Channel, EventHandler, Join};
use crate::errors::Errors;
use crate::event::Constant;
use crate::expand::{bound_const, ends};
use crate::handler::{Handler, Kind, Part};
use crate::types::{is_named, mentions, written};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;
use syn::ext::IdentExt;

impl Channel {
    pub(crate) fn expand_table(&self, errors: &Errors) -> TokenStream {
        if errors.count() > 0 || self.joins.is_empty() {
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
        out.extend(self.handle_out.iter().filter(|handler| !declared(handler)).map(|handler| {
            let (cfgs, name) = (&handler.handler.cfgs, handler.event_name());
            quote!(#cfgs ::phx_runtime::EventOut::new(#name))
        }));
        let events_out = rows("events_out", out);
        let intercepts = rows(
            "intercepts",
            self.handle_out.iter().map(|handler| {
                let (cfgs, name) = (&handler.handler.cfgs, handler.event_name());
                quote!(#cfgs #name)
            }),
        );
        quote! {
            const TABLE: ::phx_runtime::Table =
                ::phx_runtime::Table::new(&[#(#joins),*]) #events_in #events_out #intercepts;
        }
    }

    /// Has rustc see that no event is handled twice, where the name of one is written elsewhere.
    pub(crate) fn expand_event_check(&self, errors: &Errors) -> Option<TokenStream> {
        let unknown =
            self.handle_in.iter().chain(&self.handle_out).find(|handler| handler.event.name().is_none())?;
        let self_ty = &self.item.self_ty;
        let is_known = errors.count() == 0 && self.item.generics.params.is_empty();
        is_known.then(|| {
            let name = written(self_ty);
            let table = quote!(<#self_ty as ::phx_runtime::Channel>::TABLE);
            let (first, last) = ends(&unknown.event.to_token_stream());
            let function = quote_spanned!(first=> ::phx_runtime::refuse_repeated_events);
            let arguments = quote_spanned!(last=> (&#table, #name));
            quote!(#[allow(long_running_const_eval)] const _: () = #function #arguments;)
        })
    }
}

/// The call that adds these rows, if there are any.
fn rows(method: &str, rows: impl IntoIterator<Item = TokenStream>) -> Option<TokenStream> {
    let mut rows = rows.into_iter().peekable();
    rows.peek()?;
    let method = quote::format_ident!("{method}");
    Some(quote!(.#method(&[#(#rows),*])))
}

/// The type stands in it as in the signature, and not as an argument of another type: so rustc says of a type that it
/// cannot find the same in both places, and reports it once.
fn type_info(ty: &Type) -> TokenStream {
    quote!(<#ty as ::phx_runtime::Typed>::TYPE)
}

impl Join {
    fn row(&self) -> TokenStream {
        let Self { pattern, handler } = self;
        let (cfgs, method) = (&handler.cfgs, handler.name.unraw().to_string());
        let captures = pattern.captures().filter_map(|name| {
            let ty = handler.type_of(&Part::Capture(name.to_owned()))?;
            let ty = type_info(ty);
            Some(quote!(::phx_runtime::Capture::new(#name, #ty)))
        });
        let captures = rows("captures", captures);
        let (payload, replies) = (handler.payload(), handler.replies());
        quote!(#cfgs ::phx_runtime::Join::new(#method, #pattern) #captures #payload #replies)
    }
}

impl EventHandler {
    /// What its event carries, as far as the method tells.
    pub(crate) fn carried(&self) -> Option<&Type> {
        // That is taken as it came, whatever it is.
        self.handler.type_of(&Part::Payload).filter(|ty| !is_named(ty, "Payload"))
    }

    fn event_name(&self) -> TokenStream {
        self.event.to_name(self.carried())
    }

    fn row(&self) -> TokenStream {
        let Self { handler, .. } = self;
        let (cfgs, name, method) = (&handler.cfgs, self.event_name(), handler.name.unraw().to_string());
        let (payload, replies) = (handler.payload(), handler.replies());
        quote!(#cfgs ::phx_runtime::EventIn::new(#name, #method) #payload #replies)
    }
}

impl Handler {
    fn payload(&self) -> Option<TokenStream> {
        let ty = type_info(self.type_of(&Part::Payload)?);
        Some(quote!(.payload(#ty)))
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
