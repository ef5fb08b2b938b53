//! `#[socket]`: reads the `channel!` lines, orders and checks them.

use crate::connect;
use crate::declare::Arguments;
use crate::errors::Errors;
use crate::expand::ends;
use crate::generics::{self, Role};
use crate::item;
use crate::krate::Krate;
use crate::line::{Line, parse_line};
use crate::pattern::Pattern;
use crate::suggest::did_you_mean;
use crate::types::written;
use proc_macro2::{Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{ImplItem, ImplItemMacro, Item, ItemImpl, Path, Token, Type, parse_quote};

/// The impl block under `#[socket]`, with the `channel!` lines taken out.
struct Socket {
    item: ItemImpl,
    lines: Vec<Line>,
}

pub(crate) fn expand(arguments: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let Arguments { mount, krate } = Arguments::parse(arguments, &mut errors);
    let expansion = match errors.ok(item::parse(item)) {
        Some(Item::Impl(item)) => {
            let item = generics::check(item, Role::Socket, &mut errors);
            let mut socket = Socket::parse(item, &mut errors);
            check_order(&socket.lines, &mut errors);
            check_trait(&socket.item, &mut errors);
            connect::check(&mut socket.item, &mut errors);
            let declared = mount.map(|mount| krate.scope(mount.expand(&socket.item, &mut errors)));
            let expansion = socket.expand(&krate, errors.count() == 0);
            quote!(#expansion #declared)
        }
        other => {
            if other.is_some() {
                errors.at(item::first_token(item), "expected `impl Socket for YourSocket`");
            }
            let routes = item::impl_of(item).map(|item| krate.scope(expand_routes(&item, &[], false)));
            let item = item::without_lines(item, &krate);
            quote!(#item #routes)
        }
    };
    let errors = errors.into_compile_errors();
    quote!(#expansion #errors)
}

// parse

impl Socket {
    fn parse(mut item: ItemImpl, errors: &mut Errors) -> Self {
        let mut lines = Vec::new();
        let (calls, items) = item.items.into_iter().partition(|item| is_channel_call(item, errors));
        item.items = items;
        for call in calls {
            if let ImplItem::Macro(call) = call {
                lines.extend(Line::parse(&call, errors));
            }
        }
        Self { item, lines }
    }
}

/// Whether an item is a `channel!` line, or meant to be one.
fn is_channel_call(item: &ImplItem, errors: &mut Errors) -> bool {
    let ImplItem::Macro(ImplItemMacro { mac, .. }) = item else { return false };
    if mac.path.is_ident("channel") {
        return true;
    }
    // It may be a macro of the user's own, unless it contains what only such a line does.
    let name = mac.path.get_ident().map(ToString::to_string).unwrap_or_default();
    let is_meant = did_you_mean(&name, &["channel"]).is_some() && mac.parse_body_with(parse_line).is_ok();
    if is_meant {
        errors.at(&mac.path, format!("there is no macro `{name}!` here: did you mean `channel!`?"));
    }
    is_meant
}

// check

/// The first line that matches wins, so no line may hide one below it. Partly overlapping lines have no right order.
fn check_order(lines: &[Line], errors: &mut Errors) {
    for (i, later) in lines.iter().enumerate() {
        // One error for a line is enough: the others often go away with it.
        for earlier in lines[..i].iter().filter(|earlier| earlier.cfgs.hold_whenever(&later.cfgs)) {
            if !check_pair(&earlier.pattern, &later.pattern, errors) {
                break;
            }
        }
    }
}

/// Whether the two lines may stand in this order.
fn check_pair(earlier: &Pattern, later: &Pattern, errors: &mut Errors) -> bool {
    let (first, second) = (&earlier.source, &later.source);
    let (first_text, second_text) = (first.value(), second.value());
    if first_text == second_text {
        let message = format!("topic pattern {second_text:?} is already routed");
        errors.conflict((second, message), (first, "first routed here"));
    } else if earlier.covers(later) {
        let message = format!(
            "unreachable channel: every topic matching {second_text:?} already matches {first_text:?}"
        );
        let note = if later.covers(earlier) {
            "this line takes the same topics"
        } else {
            "this line takes those topics: put the narrower pattern above it"
        };
        errors.conflict((second, message), (first, note));
    } else if later.covers(earlier) {
        return true;
    } else if let Some(topic) = earlier.common_topic(later) {
        let message = format!(
            "ambiguous channels: some topics match both {first_text:?} and {second_text:?}, for example {topic:?}"
        );
        let note = "the other pattern: narrow one of the two, or give all these topics to one channel";
        errors.conflict((second, message), (first, note));
    } else {
        return true;
    }
    false
}

fn check_trait(item: &ItemImpl, errors: &mut Errors) {
    let self_ty = &item.self_ty;
    match &item.trait_ {
        Some((path, _)) if !is_of_socket(path, item) => errors.at(path, expected(self_ty)),
        Some(_) => {}
        None => errors.at(self_ty, expected(self_ty)),
    }
}

fn expected(self_ty: &Type) -> String {
    format!("expected `impl Socket for {}`", written(self_ty))
}

/// Whether an impl is meant for `Socket`, which may have been imported by another name.
fn is_of_socket(path: &Path, item: &ItemImpl) -> bool {
    let connects = |item: &ImplItem| matches!(item, ImplItem::Fn(method) if method.sig.ident == "connect");
    is_socket(path) || item.items.iter().any(connects)
}

fn is_socket(path: &Path) -> bool {
    path.segments.last().is_some_and(|segment| segment.ident == "Socket")
}

// expand

impl Socket {
    fn expand(self, krate: &Krate, is_sound: bool) -> TokenStream {
        let Self { mut item, lines } = self;
        let routes = krate.scope(expand_routes(&item, &lines, is_sound));
        let beside = match &item.trait_ {
            Some((path, _)) if is_socket(path) => None,
            Some((path, _)) if is_of_socket(path, &item) => {
                Some(krate.scope(check_alias(path, &item.self_ty)))
            }
            Some(_) => return quote!(#item #routes),
            None => Some(own_items(&item).into_token_stream()),
        };
        if beside.is_some() {
            make_socket_impl(&mut item, krate);
        }
        if !item.items.iter().any(connect::is_params) {
            let none = krate.rename(quote!(::phx_runtime::NoParams));
            item.items.push(parse_quote!(
                type Params = #none;
            ));
        }
        quote!(#beside #item #routes)
    }
}

/// The table, and if nothing is wrong with the lines so far, the checks that rustc makes of it.
fn expand_routes(item: &ItemImpl, lines: &[Line], is_sound: bool) -> TokenStream {
    let (impl_generics, _, where_clause) = item.generics.split_for_impl();
    let self_ty = &item.self_ty;
    let is_generic = !item.generics.params.is_empty();
    let checks = (is_sound && !is_generic).then(|| check_lines(self_ty, lines));
    let lines = lines.iter().map(Line::route);
    quote! {
        impl #impl_generics ::phx_runtime::Routes for #self_ty #where_clause {
            const ROUTES: &'static [::phx_runtime::Route<Self>] = &[#(#lines),*];
        }
        #checks
    }
}

/// Has rustc see, line by line, whether lines and joins fit.
fn check_lines(self_ty: &Type, lines: &[Line]) -> TokenStream {
    let routes = quote!(<#self_ty as ::phx_runtime::Routes>::ROUTES);
    let checks = lines.iter().enumerate().map(|(i, line)| {
        let Line { cfgs, pattern: Pattern { source, .. }, channel, .. } = line;
        let (place, name) = (place_after(&lines[..i]), written(channel));
        let at_pattern = Span::call_site().located_at(source.span());
        let (first, last) = ends(&channel.to_token_stream());
        let accepted =
            quote_spanned!(at_pattern=> ::phx_runtime::refuse_unaccepted_line(#routes, #place, #name));
        let reached = quote_spanned!(first=> ::phx_runtime::refuse_unreached_joins);
        let arguments = quote_spanned!(last=> (#routes, #place, #name));
        quote! {
            #cfgs
            #[allow(long_running_const_eval)]
            const _: () = #accepted;
            #cfgs
            #[allow(long_running_const_eval)]
            const _: () = #reached #arguments;
        }
    });
    checks.collect()
}

/// The place in the table of the line after these: those whose conditions hold count.
fn place_after(lines: &[Line]) -> TokenStream {
    let (always, sometimes): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.cfgs.is_empty());
    let always = Literal::usize_unsuffixed(always.len());
    let sometimes = sometimes.iter().map(|line| line.cfgs.predicate());
    quote!(#always #(+ ::core::cfg!(#sometimes) as ::core::primitive::usize)*)
}

/// Has rustc judge the other name by which a user calls `Socket`.
fn check_alias(path: &Path, self_ty: &Type) -> TokenStream {
    let message = expected(self_ty);
    let at_path = Span::call_site().located_at(path.span());
    let check = quote_spanned!(at_path=> is_socket::<W::S>(););
    quote! {
        const _: () = {
            #[diagnostic::on_unimplemented(message = #message, label = "not the trait `phx_runtime::Socket`")]
            trait IsSocket {}

            #[diagnostic::do_not_recommend]
            impl<S: ::phx_runtime::Socket> IsSocket for S {}

            trait Written {
                type S: #path;
            }

            fn is_socket<S: IsSocket>() {}
            fn check<W: Written>() {
                #check
            }
        };
    }
}

/// After `impl UserSocket`: what does not belong to the trait.
fn own_items(item: &ItemImpl) -> ItemImpl {
    let mut own = item.clone();
    own.items.retain(|item| !belongs_to_socket(item));
    own
}

/// Makes any impl the `impl Socket for UserSocket` it was meant to be, so that the one error is all there is to see.
fn make_socket_impl(item: &mut ItemImpl, krate: &Krate) {
    if item.trait_.is_none() {
        item.items.retain(belongs_to_socket);
    }
    let socket = krate.rename(quote!(::phx_runtime::Socket));
    item.trait_ = Some((parse_quote!(#socket), Token![for](Span::call_site())));
}

fn belongs_to_socket(item: &ImplItem) -> bool {
    match item {
        ImplItem::Type(ty) => ty.ident == "Params",
        ImplItem::Fn(method) => {
            ["connect", "refused", "id", "background"].iter().any(|name| method.sig.ident == name)
        }
        _ => false,
    }
}
