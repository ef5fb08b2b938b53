//! Writes the trait impls of a channel, and in them the calls of the user's methods.

use crate::arguments::Arguments;
use crate::channel::{Channel, EventHandler, Join};
use crate::declare;
use crate::errors::Errors;
use crate::handler::{Argument, Handler, Kind, Part};
use crate::types::{mentions, ungrouped};
use proc_macro2::{Ident, Literal, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{ItemImpl, Type};

impl Channel {
    /// The user's item, and beside it all that makes it a channel.
    pub(crate) fn expand(&self, errors: &Errors) -> TokenStream {
        let item = &self.item;
        let (channel, topics) = (self.expand_channel(errors), self.expand_topics());
        let handle_info = self.handle_info.iter().map(|handler| self.expand_handle_info(handler));
        let declared = declare::channel(item, errors);
        let check = self.expand_event_check(errors);
        let krate = &self.arguments.krate;
        // Apart, so that rustc calls them by the name that a user does.
        let topics = topics.map(|topics| krate.rename(topics));
        let impls = krate.scope(quote!(#channel #(#handle_info)* #declared #check));
        quote!(#item #topics #impls)
    }

    fn expand_channel(&self, errors: &Errors) -> TokenStream {
        let Self { item, arguments: Arguments { socket, data, .. }, .. } = self;
        let (impl_generics, _, where_clause) = item.generics.split_for_impl();
        // The user's own token: rustc reports a type that it cannot find once for all impls that it thinks are one.
        let ItemImpl { impl_token, self_ty, .. } = item;
        let table = self.expand_table(errors);
        let join = self.expand_join();
        let handle_in = self.expand_handle_in();
        let handle_out = self.expand_handle_out();
        let terminate = self.expand_terminate();
        let [socket, data] = [("Socket", socket), ("Data", data)].map(|(name, ty)| {
            let (first, last) = ends(ty);
            let name = Ident::new(name, first);
            let start = quote_spanned!(first=> type #name =);
            let end = quote_spanned!(last=> ;);
            quote!(#start #ty #end)
        });
        quote! {
            #[allow(deprecated)]
            #impl_token #impl_generics ::phx_runtime::Channel for #self_ty #where_clause {
                #socket
                #data
                #table
                #join
                #handle_in
                #handle_out
                #terminate
            }
        }
    }

    fn expand_join(&self) -> TokenStream {
        let [topic, payload, ctx] = ["topic", "payload", "ctx"].map(local);
        let attempts = self.joins.iter().map(|join| join.attempt(&topic));
        quote! {
            async fn join(
                #topic: &::core::primitive::str,
                #payload: ::phx_runtime::Payload,
                #ctx: &mut ::phx_runtime::Joining<Self>,
            ) -> ::core::result::Result<::phx_runtime::Joined<Self>, ::phx_runtime::JoinError> {
                #(#attempts)*
                ::core::result::Result::Err(::phx_runtime::JoinError::UnmatchedTopic)
            }
        }
    }

    fn expand_handle_in(&self) -> Option<TokenStream> {
        let output = quote!(::core::option::Option<::phx_runtime::Reply>);
        dispatch(&quote!(handle_in), &self.handle_in, &output)
    }

    fn expand_handle_out(&self) -> Option<TokenStream> {
        dispatch(&quote!(handle_out), &self.handle_out, &quote!(()))
    }

    fn expand_terminate(&self) -> TokenStream {
        let [reason, ctx] = ["reason", "ctx"].map(local);
        let methods = self.terminate.iter().map(|handler| {
            let cfgs = &handler.cfgs;
            let answer = handler.answer();
            quote! {
                #cfgs
                async fn terminate(
                    &mut self,
                    #reason: ::phx_runtime::Reason,
                    #ctx: &mut ::phx_runtime::Context<Self>,
                ) {
                    #answer
                }
            }
        });
        methods.collect()
    }

    fn expand_handle_info(&self, handler: &Handler) -> TokenStream {
        let [mut message, ctx] = ["message", "ctx"].map(local);
        let (impl_generics, _, where_clause) = self.item.generics.split_for_impl();
        let cfgs = &handler.cfgs;
        let ty = handler.message_type().to_token_stream();
        let answer = handler.answer();
        let (first, last) = ends(&ty);
        // The place of a message that cannot be sent to another thread.
        message.set_span(message.span().located_at(first));
        let nothing = quote_spanned!(first=> ());
        let method = quote_spanned! {last=>
            async fn handle_info(
                &mut self,
                #message: #ty,
                #ctx: &mut ::phx_runtime::Context<Self>,
            ) -> #nothing {
                #answer
            }
        };
        // Two impls for one message, spelled differently, are reported under the messages.
        let start = quote_spanned!(first=> impl);
        let self_ty = moved_to(last, &self.item.self_ty.to_token_stream());
        let header = quote_spanned!(last=> ::phx_runtime::HandleInfo<#ty> for #self_ty #where_clause);
        let body = quote_spanned!(last=> { #method });
        quote!(#cfgs #[allow(deprecated)] #start #impl_generics #header #body)
    }
}

impl Join {
    /// Returns from the function it stands in when `topic` matches and its captures can be parsed.
    fn attempt(&self, topic: &Ident) -> TokenStream {
        let Self { pattern, handler } = self;
        let cfgs = &handler.cfgs;
        // The method may take its captures in another order than the pattern has them.
        let in_order: Vec<_> = pattern.captures().map(capture_local).collect();
        let count = Literal::usize_unsuffixed(in_order.len());
        let answer = handler.answer();
        let parse_and_answer = handler.captures().fold(quote!(return #answer;), |rest, (name, ty)| {
            let capture = capture_local(name);
            let parse =
                bound_call(ty, &quote!(::phx_runtime::FromCapture), &quote!(from_capture), &quote!(#capture));
            quote!(if let ::core::option::Option::Some(#capture) = #parse { #rest })
        });
        quote! {
            #cfgs
            {
                const PATTERN: ::phx_runtime::Pattern = #pattern;
                if let ::core::option::Option::Some([#(#in_order),*]) = PATTERN.captures::<#count>(#topic) {
                    #parse_and_answer
                }
            }
        }
    }
}

/// The method of the trait that picks a handler by event.
fn dispatch(name: &TokenStream, handlers: &[EventHandler], output: &TokenStream) -> Option<TokenStream> {
    if handlers.is_empty() {
        return None;
    }
    let [event, payload, ctx] = ["event", "payload", "ctx"].map(local);
    let event_local = event.to_token_stream();
    let arms = handlers.iter().map(|arm| {
        let EventHandler { event, handler } = arm;
        let cfgs = &handler.cfgs;
        let answer = handler.answer();
        let arm = event.to_arm(&event_local, arm.carried());
        quote!(#cfgs #arm => #answer,)
    });
    Some(quote! {
        async fn #name(
            &mut self,
            #event: &::core::primitive::str,
            #payload: ::phx_runtime::Payload,
            #ctx: &mut ::phx_runtime::Context<Self>,
        ) -> ::core::result::Result<#output, ::phx_runtime::HandleError> {
            match #event {
                #(#arms)*
                _ => ::core::result::Result::Err(::phx_runtime::HandleError::UnmatchedEvent),
            }
        }
    })
}

/// A variable of an expansion, which no name of the user can meet.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

impl Handler {
    /// Calls the method and turns what it returns into what the trait's method returns.
    ///
    /// The locals `payload`, `message`, `reason` and `ctx` must be in scope as far as the kind of callback has them.
    fn answer(&self) -> TokenStream {
        if !self.is_right {
            return TokenStream::new();
        }
        let call = self.call();
        match (self.kind, &self.output) {
            (Kind::Join, Some(ty)) => bound_call(ty, &self.answers_through(), &quote!(into_joined), &call),
            (Kind::HandleIn, Some(ty)) => bound_call(ty, &self.answers_through(), &quote!(into_reply), &call),
            (Kind::HandleIn, None) => {
                quote!({ #call; ::core::result::Result::Ok(::core::option::Option::None) })
            }
            (Kind::HandleOut, _) => quote!({ #call; ::core::result::Result::Ok(()) }),
            _ => quote!(#call;),
        }
    }

    /// The trait that makes an answer of what the method returns.
    pub(crate) fn answers_through(&self) -> TokenStream {
        if self.kind == Kind::Join {
            quote!(::phx_runtime::IntoJoined::<Self>)
        } else {
            quote!(::phx_runtime::IntoReply)
        }
    }

    fn call(&self) -> TokenStream {
        let name = &self.name;
        let at_name = Span::call_site().located_at(name.span());
        let receiver = (self.kind != Kind::Join).then(|| quote!(self,));
        let arguments = self.arguments.iter().map(Argument::value);
        let call = quote_spanned!(at_name=> Self::#name(#receiver #(#arguments),*));
        if self.is_async {
            quote_spanned!(at_name=> ::phx_runtime::__private::sendable(#call).await)
        } else {
            call
        }
    }
}

impl Argument {
    fn value(&self) -> TokenStream {
        let at_type = |name: &str| {
            let ty = match ungrouped(&self.ty) {
                Type::Reference(reference) => reference.elem.span(),
                ty => ty.span(),
            };
            let mut local = local(name);
            local.set_span(local.span().located_at(ty));
            local.into_token_stream()
        };
        match &self.part {
            Part::Capture(name) => capture_local(name).into_token_stream(),
            Part::Payload => {
                let payload = local("payload");
                let path = quote!(::phx_runtime::FromPayload);
                let decode = bound_call(&self.ty, &path, &quote!(from_payload), &quote!(#payload));
                quote!(#decode?)
            }
            Part::Message => at_type("message"),
            Part::Reason => at_type("reason"),
            Part::Context => at_type("ctx"),
        }
    }
}

/// The local that holds the capture `name`.
fn capture_local(name: &str) -> Ident {
    local(&format!("capture_{name}"))
}

/// `<ty as path>::function(argument)`, placed so that an unmet bound is reported under all of the user's type.
fn bound_call(ty: &Type, path: &TokenStream, function: &TokenStream, argument: &TokenStream) -> TokenStream {
    let (first, last) = ends(&ty.to_token_stream());
    let (path, function) = (moved_to(last, path), moved_to(last, function));
    if mentions(ty.to_token_stream(), "impl") {
        // Such a type has no name; what it is follows from the argument.
        return quote_spanned!(last=> #path::#function(#argument));
    }
    let open = quote_spanned!(first=> <);
    let close = quote_spanned!(last=> as #path>::#function(#argument));
    quote!(#open #ty #close)
}

/// `<ty as path>::name`, placed like [`bound_call`], which reports the same.
pub(crate) fn bound_const(ty: &Type, path: &TokenStream, name: &TokenStream) -> TokenStream {
    let (first, last) = ends(&ty.to_token_stream());
    let (path, name) = (moved_to(last, path), moved_to(last, name));
    let open = quote_spanned!(first=> <);
    let close = quote_spanned!(last=> as #path>::#name);
    quote!(#open #ty #close)
}

/// The places of the first and the last of the user's tokens, for our own to be reported at.
pub(crate) fn ends(tokens: &TokenStream) -> (Span, Span) {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let at = |token: Option<&TokenTree>| {
        Span::call_site().located_at(token.map_or_else(Span::call_site, TokenTree::span))
    };
    (at(tokens.first()), at(tokens.last()))
}

fn moved_to(span: Span, tokens: &TokenStream) -> TokenStream {
    let moved = tokens.clone().into_iter().map(|mut token| {
        token.set_span(token.span().located_at(span));
        token
    });
    moved.collect()
}
