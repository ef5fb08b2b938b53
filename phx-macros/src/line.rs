//! One `channel!` line of a socket.

use crate::cfg::Cfgs;
use crate::errors::Errors;
use crate::expand::ends;
use crate::pattern::Pattern;
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprAssign, ImplItemMacro, LitStr, Token, Type, UnOp};

/// One `channel!("topic:*", YourChannel[, data]);`
pub(crate) struct Line {
    pub(crate) cfgs: Cfgs,
    pub(crate) pattern: Pattern,
    pub(crate) channel: Type,
    data: Option<Expr>,
}

// parse

impl Line {
    pub(crate) fn parse(call: &ImplItemMacro, errors: &mut Errors) -> Option<Self> {
        for attribute in &call.attrs {
            if !["cfg", "doc"].iter().any(|name| attribute.path().is_ident(name)) {
                errors.at(attribute, "only `#[cfg]` and doc comments have a meaning on a `channel!` line");
            }
        }
        let (pattern, channel, data) = errors.ok(call.mac.parse_body_with(parse_line))?;
        let pattern = Pattern::parse(pattern, errors)?;
        Some(Self { cfgs: Cfgs::of(&call.attrs), pattern, channel, data })
    }
}

/// What stands between the parentheses.
pub(crate) fn parse_line(input: ParseStream<'_>) -> syn::Result<(LitStr, Type, Option<Expr>)> {
    const EXPECTED: &str = "expected `channel!(\"topic:*\", YourChannel[, data])`";
    let expected = |span| Error::new(span, EXPECTED);
    let pattern = input.parse().map_err(|_| expected(input.span()))?;
    input.parse::<Token![,]>().map_err(|_| expected(input.span()))?;
    let channel = input.parse().map_err(|error: Error| expected(error.span()))?;
    input.parse::<Option<Token![,]>>()?;
    if input.is_empty() {
        return Ok((pattern, channel, None));
    }
    let data = input.parse().map_err(|error: Error| {
        Error::new(error.span(), format!("{error} in the third argument, the channel's data"))
    })?;
    if let Expr::Assign(ExprAssign { left, .. }) = &data {
        return Err(Error::new_spanned(left, format!("the data has no name: {EXPECTED}")));
    }
    input.parse::<Option<Token![,]>>()?;
    if input.is_empty() { Ok((pattern, channel, Some(data))) } else { Err(expected(input.span())) }
}

// expand

impl Line {
    /// An element of `ROUTES`.
    pub(crate) fn route(&self) -> TokenStream {
        let Self { cfgs, pattern, channel, data } = self;
        // What is wrong with the channel is reported under all of it.
        let (first, last) = ends(&channel.to_token_stream());
        let (to, call) = match data.as_ref().map(constant) {
            None => (Ident::new("to", first), quote_spanned!(last=> >(#pattern))),
            Some(data) => (Ident::new("to_with", first), quote_spanned!(last=> , _>(#pattern, #data))),
        };
        let route = quote_spanned!(first=> ::phx_runtime::Route::<Self>::#to::<);
        quote!(#cfgs #route #channel #call)
    }
}

/// A reference to what a line gives its channel: to a constant, or to the `static` that the line names.
fn constant(data: &Expr) -> TokenStream {
    // No name of ours is in what is added, so it may be as much the user's as the data.
    let (first, last) = ends(&data.to_token_stream());
    let [first, last] = [first, last].map(|span| span.resolved_at(data.span()));
    let borrow = quote_spanned!(first=> &);
    // In a block, a value adapts to the type that the channel takes, as an array to a slice. A place must not stand
    // in one: that would move what is in the `static`.
    let data = if is_place(data) { quote_spanned!(last=> (#data)) } else { quote_spanned!(last=> { #data }) };
    let block = quote_spanned!(last=> { #borrow #data });
    quote_spanned!(first=> const #block)
}

/// Whether an expression may name a `static`, or a part of one.
fn is_place(expr: &Expr) -> bool {
    match expr {
        Expr::Path(_) | Expr::Field(_) | Expr::Index(_) => true,
        Expr::Unary(unary) => matches!(unary.op, UnOp::Deref(_)),
        Expr::Paren(paren) => is_place(&paren.expr),
        Expr::Group(group) => is_place(&group.expr),
        _ => false,
    }
}
