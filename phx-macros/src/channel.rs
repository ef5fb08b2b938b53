//! `#[channel]`: sorts the methods of an impl block into callbacks.

use crate::arguments::Arguments;
use crate::attribute::{read_pattern, refuse_attributes, take_attribute, take_misspelled_join};
use crate::cfg::{Cfgs, same_tokens};
use crate::errors::Errors;
use crate::event::{Constant, Event};
use crate::generics::{self, Role};
use crate::handler::{Handler, Kind};
use crate::item;
use crate::krate::Krate;
use crate::pattern::Pattern;
use crate::types::{is_named, written};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Attribute, Error, Ident, ImplItem, ImplItemFn, Item, ItemImpl, Meta, Token};

/// The impl block under `#[channel]`, and the callbacks found in it.
pub(crate) struct Channel {
    /// Our attributes are taken out of it.
    pub(crate) item: ItemImpl,
    pub(crate) arguments: Arguments,
    pub(crate) constants: Vec<Constant>,
    pub(crate) joins: Vec<Join>,
    /// Those with a mistake, and those that nothing is left for.
    pub(crate) wrong_joins: Vec<WrongJoin>,
    pub(crate) handle_in: Vec<EventHandler>,
    pub(crate) handle_out: Vec<EventHandler>,
    pub(crate) handle_info: Vec<Handler>,
    pub(crate) terminate: Vec<Handler>,
}

pub(crate) struct Join {
    pub(crate) pattern: Pattern,
    pub(crate) handler: Handler,
}

pub(crate) struct WrongJoin {
    pub(crate) cfgs: Cfgs,
    pub(crate) name: Ident,
    pub(crate) error: TokenStream,
}

pub(crate) struct EventHandler {
    pub(crate) event: Event,
    pub(crate) handler: Handler,
}

pub(crate) fn expand(arguments: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let arguments = Arguments::parse(arguments, &mut errors);
    let stub = |stub: Option<ItemImpl>, arguments: Arguments, errors: &Errors| {
        let item = item::without_callbacks(item, &arguments.krate);
        let stub = stub.map(|stub| Channel::new(stub, arguments).expand(errors));
        quote!(#item #stub)
    };
    let expansion = match errors.ok(item::parse(item)) {
        Some(Item::Impl(item)) => match generics::without_unused(&item) {
            None => expand_impl(generics::check(item, Role::Channel, &mut errors), arguments, &mut errors),
            without_unused => stub(without_unused, arguments, &errors),
        },
        other => {
            if other.is_some() {
                errors.at(item::first_token(item), EXPECTED_IMPL);
            }
            stub(item::impl_of(item), arguments, &errors)
        }
    };
    let errors = errors.into_compile_errors();
    quote!(#expansion #errors)
}

const EXPECTED_IMPL: &str =
    "expected `impl YourChannel`: `#[channel]` belongs on the impl block that has the callbacks";

fn expand_impl(mut item: ItemImpl, arguments: Arguments, errors: &mut Errors) -> TokenStream {
    let Some((path, _)) = item.trait_.take() else {
        return Channel::parse(item, arguments, errors).expand(errors);
    };
    errors.at(&path, EXPECTED_IMPL);
    // As if the callbacks stood in an impl block of their own, so that the one error is all there is to see.
    let is_channel = path.segments.last().is_some_and(|segment| segment.ident == "Channel");
    let mut rest = item.clone();
    let is_callback = |item: &ImplItem| is_callback(item, &arguments.krate);
    item.items.retain(is_callback);
    if item.items.is_empty() {
        rest.trait_ = Some((path, Token![for](Span::call_site())));
        let stub = (!is_channel).then(|| Channel::new(item, arguments).expand(errors));
        return quote!(#rest #stub);
    }
    rest.items.retain(|item| !is_callback(item));
    if is_channel {
        rest.items.retain(|item| matches!(item, ImplItem::Fn(_)));
    } else {
        rest.trait_ = Some((path, Token![for](Span::call_site())));
    }
    let channel = Channel::parse(item, arguments, errors).expand(errors);
    quote!(#rest #channel)
}

fn is_callback(item: &ImplItem, krate: &Krate) -> bool {
    matches!(item, ImplItem::Fn(method)
        if method.attrs.iter().any(|attribute| Kind::of(attribute.path(), krate).is_some()))
}

// parse

impl Channel {
    /// A channel without callbacks.
    fn new(item: ItemImpl, arguments: Arguments) -> Self {
        Self {
            item,
            arguments,
            constants: Vec::new(),
            joins: Vec::new(),
            wrong_joins: Vec::new(),
            handle_in: Vec::new(),
            handle_out: Vec::new(),
            handle_info: Vec::new(),
            terminate: Vec::new(),
        }
    }

    fn parse(mut item: ItemImpl, arguments: Arguments, errors: &mut Errors) -> Self {
        let mut methods = Vec::new();
        for item in &mut item.items {
            match item {
                ImplItem::Fn(method) => {
                    let attribute = take_attribute(method, &arguments.krate, errors);
                    methods.extend(attribute.map(|attribute| (attribute, method.clone())));
                }
                other => refuse_attributes(other, &arguments.krate, errors),
            }
        }
        if !methods.iter().any(|((kind, _), _)| *kind == Kind::Join) {
            methods.extend(take_misspelled_join(&mut item.items, errors));
        }
        if !methods.iter().any(|((kind, _), _)| *kind == Kind::Join) {
            errors.at(
                &item.self_ty,
                "a channel needs a `#[join(\"topic:*\")]` method: it decides who may join",
            );
        }
        let constants = Constant::all_of(&item, &arguments.krate, errors);
        let mut channel = Self { constants, ..Self::new(item, arguments) };
        for ((kind, attribute), method) in methods {
            channel.add(kind, &attribute, &method, errors);
        }
        channel
    }

    fn add_join(&mut self, attribute: &Attribute, method: &ImplItemFn, errors: &mut Errors) {
        let pattern = read_pattern(attribute, errors).and_then(|literal| Pattern::parse(literal, errors));
        let Some(pattern) = pattern else { return };
        if let Some(handler) = Handler::parse(Kind::Join, method, Some(&pattern), errors) {
            add(&mut self.joins, Join { pattern, handler }, errors);
        }
    }

    /// Adds one callback, if it is well-formed and does not take what belongs to an earlier one.
    fn add(&mut self, kind: Kind, attribute: &Attribute, method: &ImplItemFn, errors: &mut Errors) {
        match kind {
            Kind::Join => {
                let before = errors.count();
                self.add_join(attribute, method, errors);
                if errors.count() > before {
                    let (cfgs, name) = (Cfgs::of(&method.attrs), method.sig.ident.clone());
                    self.wrong_joins.push(WrongJoin { cfgs, name, error: errors.after(before) });
                }
            }
            Kind::HandleIn | Kind::HandleOut => {
                let event = Event::parse(kind, attribute, &self.constants, errors);
                let handler = Handler::parse(kind, method, None, errors);
                let handlers =
                    if kind == Kind::HandleIn { &mut self.handle_in } else { &mut self.handle_out };
                if let (Some(event), Some(handler)) = (event, handler) {
                    add(handlers, EventHandler { event, handler }, errors);
                }
            }
            Kind::HandleInfo | Kind::Terminate => {
                if !matches!(attribute.meta, Meta::Path(_)) {
                    errors.at(attribute, format!("`{}` takes no arguments", kind.usage()));
                }
                let handlers =
                    if kind == Kind::HandleInfo { &mut self.handle_info } else { &mut self.terminate };
                if let Some(handler) = Handler::parse(kind, method, None, errors) {
                    add(handlers, handler, errors);
                }
            }
        }
    }
}

// check

/// A callback that takes what comes its way, so that a later one for the same gets nothing.
trait Callback {
    fn cfgs(&self) -> &Cfgs;

    /// If nothing is left for `self` after `earlier`: what to say about it, and about `earlier`.
    fn conflict(&self, earlier: &Self) -> Option<[Error; 2]>;
}

fn add<T: Callback>(callbacks: &mut Vec<T>, callback: T, errors: &mut Errors) {
    let rivals = callbacks.iter().filter(|earlier| earlier.cfgs().hold_whenever(callback.cfgs()));
    match rivals.into_iter().find_map(|earlier| callback.conflict(earlier)) {
        None => callbacks.push(callback),
        Some(conflict) => errors.extend(conflict),
    }
}

impl Callback for Join {
    fn cfgs(&self) -> &Cfgs {
        &self.handler.cfgs
    }

    fn conflict(&self, earlier: &Self) -> Option<[Error; 2]> {
        let (source, first) = (&self.pattern.source, &earlier.pattern.source);
        let (text, first_text) = (source.value(), first.value());
        // A topic whose captures cannot be parsed is left to the joins below.
        let takes_all = earlier.handler.captures().all(|(_, ty)| is_named(ty, "String"));
        if text == first_text && (takes_all || self.handler.has_the_captures_of(&earlier.handler)) {
            return Some([
                Error::new_spanned(source, format!("topic pattern {text:?} is joined twice")),
                Error::new_spanned(first, "first joined here"),
            ]);
        }
        let message =
            || format!("unreachable join: every topic matching {text:?} already matches {first_text:?}");
        (takes_all && earlier.pattern.covers(&self.pattern)).then(|| {
            [
                Error::new_spanned(source, message()),
                Error::new_spanned(first, "this join takes those topics: put the narrower pattern above it"),
            ]
        })
    }
}

impl Callback for EventHandler {
    fn cfgs(&self) -> &Cfgs {
        &self.handler.cfgs
    }

    fn conflict(&self, earlier: &Self) -> Option<[Error; 2]> {
        self.event.is_same_as(&earlier.event).then(|| {
            [
                Error::new_spanned(&self.event, format!("event {} is handled twice", self.event.shown())),
                Error::new_spanned(&earlier.event, "first handled here"),
            ]
        })
    }
}

impl Callback for Handler {
    fn cfgs(&self) -> &Cfgs {
        &self.cfgs
    }

    fn conflict(&self, earlier: &Self) -> Option<[Error; 2]> {
        if self.kind == Kind::Terminate {
            let message = "a channel has one `#[terminate]` method: do in it all that has to be done";
            return Some([
                Error::new_spanned(&self.name, message),
                Error::new_spanned(&earlier.name, "the first is here"),
            ]);
        }
        let (message, first) = (self.message_type()?, earlier.message_type()?);
        same_tokens(message, first).then(|| {
            let name = written(message);
            [
                Error::new_spanned(message, format!("message `{name}` is handled twice")),
                Error::new_spanned(first, "first handled here"),
            ]
        })
    }
}
