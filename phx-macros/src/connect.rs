//! The `connect` of a socket: it is asynchronous, and the parameters that it takes have to be declared.

use crate::errors::Errors;
use crate::types::{mentions, ungrouped, written};
use proc_macro2::Span;
use quote::ToTokens;
use syn::{FnArg, ImplItem, ImplItemFn, ItemImpl, PatType, ReturnType, Token, Type, parse_quote};

pub(crate) fn check(item: &mut ItemImpl, errors: &mut Errors) {
    check_asynchronous(item, errors);
    check_params(item, errors);
}

/// Makes `connect` asynchronous if it is not, after saying so.
fn check_asynchronous(item: &mut ItemImpl, errors: &mut Errors) {
    for item in &mut item.items {
        if let ImplItem::Fn(ImplItemFn { sig, .. }) = item
            && sig.ident == "connect"
            && sig.asyncness.is_none()
            && let ReturnType::Type(_, ty) = &sig.output
            && is_result(ty)
        {
            errors.at(&sig.ident, "a client may be made to wait: write `async fn connect`");
            sig.asyncness = Some(Token![async](Span::call_site()));
        }
    }
}

/// Whether it is surely no future.
fn is_result(ty: &Type) -> bool {
    matches!(ungrouped(ty), Type::Path(ty) if ty.path.segments.last().is_some_and(|last| last.ident == "Result"))
}

/// Declares the parameters that a user has not, after saying so.
fn check_params(item: &mut ItemImpl, errors: &mut Errors) {
    if item.items.iter().any(is_params) {
        return;
    }
    let Some(ty) = taken_by_connect(item).cloned() else { return };
    let shown = written(&ty);
    errors
        .at(&ty, format!("the parameters are not declared: write `type Params = {shown};` above `connect`"));
    item.items.push(parse_quote!(type Params = #ty;));
}

pub(crate) fn is_params(item: &ImplItem) -> bool {
    matches!(item, ImplItem::Type(ty) if ty.ident == "Params")
}

/// The type of the parameters in the signature of `connect`, unless there are none.
fn taken_by_connect(item: &ItemImpl) -> Option<&Type> {
    let connect = item.items.iter().find_map(|item| match item {
        ImplItem::Fn(method) if method.sig.ident == "connect" => method.sig.inputs.first(),
        _ => None,
    });
    let Some(FnArg::Typed(PatType { ty, .. })) = connect else { return None };
    let Type::Path(path) = ungrouped(ty) else { return None };
    let name = &path.path.segments.last()?.ident;
    (name != "NoParams" && name != "ConnectInfo" && !mentions(ty.to_token_stream(), "Self")).then_some(ty)
}
