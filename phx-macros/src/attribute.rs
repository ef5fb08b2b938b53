//! The attributes that make a method a callback, as they stand on it.

use crate::errors::Errors;
use crate::handler::Kind;
use crate::krate::Krate;
use crate::suggest::did_you_mean;
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::quote;
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Expr, ImplItem, ImplItemFn, LitStr, Meta, Token, parse_quote};

/// Takes our attributes off a method and returns the first.
pub(crate) fn take_attribute(
    method: &mut ImplItemFn,
    krate: &Krate,
    errors: &mut Errors,
) -> Option<(Kind, Attribute)> {
    let mut found = Vec::new();
    method.attrs.retain(|attribute| match read(attribute, krate, errors) {
        Some(callback) => {
            found.push(callback);
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

/// Takes our attributes off what is not a method.
pub(crate) fn refuse_attributes(item: &mut ImplItem, krate: &Krate, errors: &mut Errors) {
    let (attributes, why) = match item {
        ImplItem::Const(item) => (&mut item.attrs, ""),
        ImplItem::Type(item) => (&mut item.attrs, ""),
        ImplItem::Macro(item) => (&mut item.attrs, ", and `#[channel]` cannot see what a macro call becomes"),
        _ => return,
    };
    attributes.retain(|attribute| match Kind::of(attribute.path(), krate) {
        Some(kind) => {
            errors.at(attribute, format!("`#[{}]` only has a meaning on a method{why}", kind.name()));
            false
        }
        None => true,
    });
}

/// For a channel without a `#[join]`: takes off the attribute that was meant to be one.
pub(crate) fn take_misspelled_join(
    items: &mut [ImplItem],
    errors: &mut Errors,
) -> Option<((Kind, Attribute), ImplItemFn)> {
    items.iter_mut().find_map(|item| {
        let ImplItem::Fn(method) = item else { return None };
        let is_meant = |attribute: &Attribute| {
            let name = attribute.path().get_ident().map(ToString::to_string);
            name.is_some_and(|name| did_you_mean(&name, &["join"]).is_some())
        };
        let attribute = method.attrs.remove(method.attrs.iter().position(is_meant)?);
        let usage = Kind::Join.usage();
        errors.at(attribute.path(), format!("there is no such attribute: did you mean `{usage}`?"));
        Some(((Kind::Join, attribute), method.clone()))
    })
}

fn read(attribute: &Attribute, krate: &Krate, errors: &mut Errors) -> Option<(Kind, Attribute)> {
    if let Some(kind) = Kind::of(attribute.path(), krate) {
        return Some((kind, attribute.clone()));
    }
    if !attribute.path().is_ident("cfg_attr") {
        return None;
    }
    let (predicate, metas) = attribute.parse_args_with(parse_cfg_attr).ok()?;
    let (kind, meta) = metas.into_iter().find_map(|meta| Some((Kind::of(meta.path(), krate)?, meta)))?;
    let name = kind.name();
    errors.at(
        attribute,
        format!("`#[{name}]` cannot stand in a `cfg_attr`: write `#[cfg({predicate})]` on the method, beside a plain `#[{name}]`"),
    );
    Some((kind, parse_quote!(#[#meta])))
}

fn parse_cfg_attr(input: ParseStream<'_>) -> syn::Result<(TokenStream, Punctuated<Meta, Token![,]>)> {
    let predicate: Meta = input.parse()?;
    input.parse::<Token![,]>()?;
    Ok((quote!(#predicate), Punctuated::parse_terminated(input)?))
}

/// The topic pattern of `#[join]`.
pub(crate) fn read_pattern(attribute: &Attribute, errors: &mut Errors) -> Option<LitStr> {
    let usage = Kind::Join.usage();
    errors.ok(match &attribute.meta {
        Meta::List(list) => attribute.parse_args::<LitStr>().map_err(|error| {
            let why = match syn::parse2(list.tokens.clone()) {
                Ok(Expr::Path(_) | Expr::Macro(_)) => {
                    ": it is matched at compile time, so it must be a string literal"
                }
                _ => "",
            };
            Error::new(error.span(), format!("expected `{usage}`{why}"))
        }),
        _ => Err(Error::new_spanned(attribute, format!("expected `{usage}`"))),
    })
}

/// For the attributes where no `#[channel]` has read them.
pub(crate) fn misplaced(kind: Kind, item: &TokenStream) -> TokenStream {
    let name = kind.name();
    // Else it is no method, or one of a trait.
    let has_body = matches!(item.clone().into_iter().last(), Some(TokenTree::Group(_)));
    let is_function =
        item.clone().into_iter().any(|token| matches!(token, TokenTree::Ident(word) if word == "fn"));
    let way_out = if is_function && has_body {
        ": put `#[channel(socket = YourSocket)]` above the impl block"
    } else {
        ""
    };
    let message =
        format!("`#[{name}]` only has a meaning on a method inside a `#[channel]` impl block{way_out}");
    let error = Error::new(Span::call_site(), message).into_compile_error();
    quote!(#item #error)
}
