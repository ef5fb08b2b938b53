//! `#[channel]`: sorts methods into callbacks and writes the trait impls that call them.

use crate::cfg::same_tokens;
use crate::errors::Errors;
use crate::handler::{Handler, Kind};
use crate::pattern::Pattern;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::{
    Attribute, Error, Ident, ImplItem, ImplItemFn, Item, ItemImpl, LitStr, Meta, Token, Type, parse_quote,
};

/// The impl block under `#[channel]`, and the callbacks found in it.
pub(crate) struct Channel {
    /// Our attributes are taken out of it.
    pub(crate) item: ItemImpl,
    pub(crate) socket: TokenStream,
    pub(crate) joins: Vec<Join>,
    pub(crate) handle_in: Vec<EventHandler>,
    pub(crate) handle_out: Vec<EventHandler>,
    pub(crate) handle_info: Vec<Handler>,
    pub(crate) terminate: Vec<Handler>,
}

pub(crate) struct Join {
    pub(crate) pattern: Pattern,
    pub(crate) handler: Handler,
}

pub(crate) struct EventHandler {
    pub(crate) event: LitStr,
    pub(crate) handler: Handler,
}

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let expansion = match parse_item(item.clone(), &mut errors) {
        Some(item) => {
            let socket = parse_socket(arguments, &mut errors).unwrap_or_else(|error| error_type(&error));
            Channel::parse(item, socket, &mut errors).expand()
        }
        None => item,
    };
    let errors = errors.into_compile_errors();
    quote!(#expansion #errors)
}

// parse

fn parse_item(item: TokenStream, errors: &mut Errors) -> Option<ItemImpl> {
    let expected =
        "expected `impl YourChannel`: `#[channel]` belongs on the impl block that has the callbacks";
    match errors.ok(syn::parse2(item))? {
        Item::Impl(ItemImpl { trait_: Some((path, _)), .. }) => errors.at(path, expected),
        Item::Impl(item) => return Some(item),
        other => errors.at(other.to_token_stream().into_iter().take(1).collect::<TokenStream>(), expected),
    }
    None
}

/// Reads `socket = YourSocket`.
fn parse_socket(arguments: TokenStream, errors: &mut Errors) -> syn::Result<TokenStream> {
    const EXPECTED: &str = "expected `#[channel(socket = YourSocket)]`";
    let read = |input: ParseStream<'_>| {
        if input.is_empty() {
            return Err(Error::new(Span::call_site(), EXPECTED));
        }
        let expected = |error: Error| Error::new(error.span(), EXPECTED);
        let name: Ident = input.parse().map_err(expected)?;
        if name != "socket" {
            return Err(Error::new(name.span(), format!("unknown argument `{name}`, {EXPECTED}")));
        }
        input.parse::<Token![=]>().map_err(expected)?;
        let socket: Type = input.parse().map_err(expected)?;
        if !input.is_empty() {
            input.parse::<Token![,]>().map_err(expected)?;
        }
        Ok((socket, input.parse::<TokenStream>()?))
    };
    let (socket, unknown) = read.parse2(arguments)?;
    if !unknown.is_empty() {
        errors.at(&unknown, format!("unknown argument `{unknown}`, {EXPECTED}"));
    }
    Ok(socket.into_token_stream())
}

/// Stands for the socket nobody named: a type that is an error itself causes no others where the channel is used.
fn error_type(error: &Error) -> TokenStream {
    let error = error.to_compile_error();
    quote!([(); { #error }])
}

impl Channel {
    fn parse(mut item: ItemImpl, socket: TokenStream, errors: &mut Errors) -> Self {
        let mut methods = Vec::new();
        for item in &mut item.items {
            if let ImplItem::Fn(method) = item {
                methods.extend(take_attribute(method, errors).map(|attribute| (attribute, method.clone())));
            }
        }
        if !methods.iter().any(|((kind, _), _)| *kind == Kind::Join) {
            errors.at(
                &item.self_ty,
                "a channel needs a `#[join(\"topic:*\")]` method: it decides who may join",
            );
        }
        let mut channel = Self {
            item,
            socket,
            joins: Vec::new(),
            handle_in: Vec::new(),
            handle_out: Vec::new(),
            handle_info: Vec::new(),
            terminate: Vec::new(),
        };
        for ((kind, attribute), method) in methods {
            channel.add(kind, &attribute, &method, errors);
        }
        channel
    }

    /// Adds one callback, if it is well-formed and the only one of its kind.
    fn add(&mut self, kind: Kind, attribute: &Attribute, method: &ImplItemFn, errors: &mut Errors) {
        match kind {
            Kind::Join => {
                let literal = read_literal(kind, attribute, errors);
                let Some(pattern) = literal.and_then(|literal| Pattern::parse(literal, errors)) else {
                    return;
                };
                let Some(handler) = Handler::parse(kind, method, Some(&pattern), errors) else {
                    return;
                };
                self.add_join(Join { pattern, handler }, errors);
            }
            Kind::HandleIn | Kind::HandleOut => {
                let event = read_literal(kind, attribute, errors);
                let handler = Handler::parse(kind, method, None, errors);
                if let (Some(event), Some(handler)) = (event, handler) {
                    let handlers =
                        if kind == Kind::HandleIn { &mut self.handle_in } else { &mut self.handle_out };
                    add_event(handlers, EventHandler { event, handler }, errors);
                }
            }
            Kind::HandleInfo | Kind::Terminate => {
                if !matches!(attribute.meta, Meta::Path(_)) {
                    errors.at(attribute, format!("`{}` takes no arguments", kind.usage()));
                }
                let Some(handler) = Handler::parse(kind, method, None, errors) else {
                    return;
                };
                if kind == Kind::HandleInfo {
                    self.add_handle_info(handler, errors);
                } else {
                    self.add_terminate(handler, errors);
                }
            }
        }
    }

    fn add_join(&mut self, join: Join, errors: &mut Errors) {
        let source = join.pattern.source.value();
        let same = |earlier: &&Join| {
            earlier.pattern.source.value() == source && earlier.handler.cfgs.hold_whenever(&join.handler.cfgs)
        };
        match self.joins.iter().find(same) {
            None => self.joins.push(join),
            Some(earlier) => errors.conflict(
                (&join.pattern.source, format!("topic pattern {source:?} is joined twice")),
                (&earlier.pattern.source, "first joined here"),
            ),
        }
    }

    fn add_handle_info(&mut self, handler: Handler, errors: &mut Errors) {
        let message = handler.message_type();
        let same = |earlier: &&Handler| {
            same_tokens(&earlier.message_type(), &message) && earlier.cfgs.hold_whenever(&handler.cfgs)
        };
        match self.handle_info.iter().find(same) {
            None => self.handle_info.push(handler),
            Some(earlier) => {
                let name = message.map(|ty| ty.to_token_stream().to_string()).unwrap_or_default();
                errors.conflict(
                    (message, format!("message `{name}` is handled twice")),
                    (earlier.message_type(), "first handled here"),
                );
            }
        }
    }

    fn add_terminate(&mut self, handler: Handler, errors: &mut Errors) {
        match self.terminate.iter().find(|earlier| earlier.cfgs.hold_whenever(&handler.cfgs)) {
            None => self.terminate.push(handler),
            Some(earlier) => errors.conflict(
                (&handler.name, "a channel has one `#[terminate]` method: do in it all that has to be done"),
                (&earlier.name, "the first is here"),
            ),
        }
    }
}

fn add_event(handlers: &mut Vec<EventHandler>, handler: EventHandler, errors: &mut Errors) {
    let event = handler.event.value();
    let same = |earlier: &&EventHandler| {
        earlier.event.value() == event && earlier.handler.cfgs.hold_whenever(&handler.handler.cfgs)
    };
    match handlers.iter().find(same) {
        None => handlers.push(handler),
        Some(earlier) => errors.conflict(
            (&handler.event, format!("event {event:?} is handled twice")),
            (&earlier.event, "first handled here"),
        ),
    }
}

/// Takes our attributes off a method and returns the first.
fn take_attribute(method: &mut ImplItemFn, errors: &mut Errors) -> Option<(Kind, Attribute)> {
    let mut found = Vec::new();
    method.attrs.retain(|attribute| match Kind::of(attribute) {
        Some(kind) => {
            found.push((kind, attribute.clone()));
            false
        }
        None => true,
    });
    let mut found = found.into_iter();
    let first = found.next()?;
    for (_, attribute) in found {
        errors.at(attribute, "a method is one callback: move this attribute to a method of its own");
    }
    // The kind of callback dictates these, not the user.
    method.attrs.push(parse_quote!(#[allow(
        clippy::needless_pass_by_value,
        clippy::trivially_copy_pass_by_ref,
        clippy::unnecessary_wraps,
        clippy::unused_async,
        clippy::unused_self
    )]));
    Some(first)
}

/// The topic pattern of `#[join]`, or the event of `#[handle_in]` and `#[handle_out]`.
fn read_literal(kind: Kind, attribute: &Attribute, errors: &mut Errors) -> Option<LitStr> {
    let expected = || format!("expected `{}`", kind.usage());
    let literal = match &attribute.meta {
        Meta::List(_) => {
            attribute.parse_args::<LitStr>().map_err(|error| Error::new(error.span(), expected()))
        }
        _ => Err(Error::new_spanned(attribute, expected())),
    };
    let literal = errors.ok(literal)?;
    if kind != Kind::Join && literal.value().starts_with("phx_") {
        errors.at(&literal, "event names that start with `phx_` belong to the protocol");
        return None;
    }
    Some(literal)
}
