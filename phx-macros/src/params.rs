//! The parameters of a socket: what `connect` takes has to be declared too.

use crate::errors::Errors;
use crate::types::{mentions, ungrouped, written};
use quote::ToTokens;
use syn::{FnArg, ImplItem, ItemImpl, PatType, Type, parse_quote};

/// Declares the parameters that a user has not, after saying so.
pub(crate) fn check(item: &mut ItemImpl, errors: &mut Errors) {
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
