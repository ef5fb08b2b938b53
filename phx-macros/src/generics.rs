//! What the type of an impl block is made of. A channel or socket lives on its own, perhaps in another thread; left to
//! itself, rustc says so in a dozen places.

use crate::cfg::same_tokens;
use crate::errors::Errors;
use crate::item;
use crate::types::{mentions, static_instead, written};
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericParam, Item, ItemImpl, Type, TypeParam, TypeParamBound, WherePredicate, parse_quote};

/// What an impl block makes of its type.
#[derive(Clone, Copy)]
pub(crate) enum Role {
    Channel,
    Socket,
}

impl Role {
    const fn name(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Socket => "socket",
        }
    }

    /// What all that is in it must be, as a user writes it.
    const fn bounds(self) -> &'static [&'static str] {
        match self {
            Self::Channel => &["Send", "'static"],
            Self::Socket => &["Send", "Sync", "'static"],
        }
    }
}

/// Notes what the type cannot be made of, and returns the impl block as if it were not, for rustc not to say it again.
pub(crate) fn check(item: ItemImpl, role: Role, errors: &mut Errors) -> ItemImpl {
    let mut item = check_borrows(item, role, errors);
    check_types(&mut item, role, errors);
    item
}

// lifetimes

fn check_borrows(item: ItemImpl, role: Role, errors: &mut Errors) -> ItemImpl {
    let Some(instead) = static_instead(&item.self_ty) else { return item };
    let name = role.name();
    let message =
        format!("a {name} lives on by itself, so it cannot borrow: {instead}, or a type without a lifetime");
    errors.at(&item.self_ty, message);
    without_lifetimes(&item).unwrap_or(item)
}

/// The impl block with `'static` in place of all lifetimes of its type.
fn without_lifetimes(item: &ItemImpl) -> Option<ItemImpl> {
    let mut changed = item.clone();
    let params = changed.generics.params.into_iter();
    changed.generics.params = params.filter(|param| !matches!(param, GenericParam::Lifetime(_))).collect();
    *changed.self_ty = syn::parse2(make_static(item.self_ty.to_token_stream(), &|_| true)).ok()?;
    let is_param = |name: &Ident| item.generics.lifetimes().any(|param| param.lifetime.ident == *name);
    match item::parse(&make_static(changed.to_token_stream(), &is_param)).ok()? {
        Item::Impl(item) => Some(item),
        _ => None,
    }
}

fn make_static(tokens: TokenStream, is_replaced: &dyn Fn(&Ident) -> bool) -> TokenStream {
    let mut after_quote = false;
    let changed = tokens.into_iter().map(|token| {
        let is_lifetime = after_quote;
        after_quote = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '\'');
        match token {
            TokenTree::Ident(name) if is_lifetime && is_replaced(&name) => {
                Ident::new("static", name.span()).into()
            }
            TokenTree::Group(group) => item::with_content(&group, make_static(group.stream(), is_replaced)),
            token => token,
        }
    });
    changed.collect()
}

// types

/// Traits that many types have which borrow. Another one may ask for `'static` by itself.
const NOT_STATIC: &str = "AsRef Clone Copy Debug Default Deserialize DeserializeOwned Display Eq From FromStr Hash Into \
    Iterator Ord PartialEq PartialOrd Send Serialize Sync";

fn check_types(item: &mut ItemImpl, role: Role, errors: &mut Errors) {
    let mut missing: Vec<WherePredicate> = Vec::new();
    for param in item.generics.type_params() {
        let name = &param.ident;
        if !mentions(item.self_ty.to_token_stream(), &name.to_string()) || may_be_static(param, item) {
            continue;
        }
        let mut bounds: Vec<String> = param.bounds.iter().map(written).collect();
        for bound in role.bounds() {
            if !bounds.iter().any(|own| own == bound) {
                bounds.push((*bound).to_owned());
            }
        }
        let (what, bounds) = (role.name(), bounds.join(" + "));
        let message =
            format!("a {what} lives on by itself, perhaps in another thread: write `{name}: {bounds}`");
        errors.at(param, message);
        missing.push(parse_quote!(#name: ::core::marker::Send + ::core::marker::Sync + 'static));
    }
    if !missing.is_empty() {
        item.generics.make_where_clause().predicates.extend(missing);
    }
}

/// Whether something in the bounds may ask for `'static`.
fn may_be_static(param: &TypeParam, item: &ItemImpl) -> bool {
    let mut bounds: Vec<&TypeParamBound> = param.bounds.iter().collect();
    for predicate in item.generics.where_clause.iter().flat_map(|clause| &clause.predicates) {
        let WherePredicate::Type(predicate) = predicate else { continue };
        match &predicate.bounded_ty {
            Type::Path(ty) if ty.path.is_ident(&param.ident) => bounds.extend(&predicate.bounds),
            ty if mentions(ty.to_token_stream(), "Self") || same_tokens(ty, &item.self_ty) => return true,
            _ => {}
        }
    }
    bounds.into_iter().any(|bound| match bound {
        TypeParamBound::Trait(bound) => bound
            .path
            .segments
            .last()
            .is_none_or(|last| !NOT_STATIC.split_whitespace().any(|name| last.ident == name)),
        TypeParamBound::Lifetime(lifetime) => lifetime.ident == "static",
        _ => true,
    })
}

// parameters without a use

/// For an impl block with parameters that its type does not have, of which rustc complains: the block without
/// them, and without what is in it.
pub(crate) fn without_unused(item: &ItemImpl) -> Option<ItemImpl> {
    let mut changed = item.clone();
    changed.items.clear();
    let generics = &mut changed.generics;
    let params = item.generics.params.iter().filter(|param| !is_unused(param, item));
    generics.params = params.cloned().collect();
    if generics.params.len() == item.generics.params.len() {
        return None;
    }
    generics.where_clause = None;
    Some(changed)
}

fn is_unused(param: &GenericParam, item: &ItemImpl) -> bool {
    let name = match param {
        GenericParam::Type(param) => &param.ident,
        GenericParam::Const(param) => &param.ident,
        GenericParam::Lifetime(_) => return false,
    };
    let is_mentioned = |tokens: TokenStream| mentions(tokens, &name.to_string());
    // It may follow from another parameter, as in `I: Iterator<Item = T>`.
    let generics = &item.generics;
    let others = generics.params.iter().filter(|other| !same_tokens(other, &param));
    !is_mentioned(item.self_ty.to_token_stream())
        && !others.into_iter().any(|other| is_mentioned(other.to_token_stream()))
        && !generics.where_clause.iter().flat_map(|clause| &clause.predicates).any(|predicate| {
            matches!(predicate, WherePredicate::Type(predicate) if !same_tokens(&predicate.bounded_ty, name))
                && is_mentioned(predicate.to_token_stream())
        })
}
