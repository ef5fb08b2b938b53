//! Questions asked of the types in a signature.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::Type;

/// The type without the invisible delimiters that a `macro_rules` variable puts around it.
pub(crate) fn ungrouped(mut ty: &Type) -> &Type {
    loop {
        ty = match ty {
            Type::Group(group) => &group.elem,
            Type::Paren(paren) => &paren.elem,
            _ => return ty,
        };
    }
}

pub(crate) fn is_unit(ty: &Type) -> bool {
    matches!(ungrouped(ty), Type::Tuple(tuple) if tuple.elems.is_empty())
}

/// Whether a type is `Context<…>` or `Joining<…>`, by its name.
pub(crate) fn is_context(ty: &Type) -> bool {
    let Type::Path(path) = ungrouped(ty) else { return false };
    path.path.segments.last().is_some_and(|segment| {
        (segment.ident == "Context" || segment.ident == "Joining") && !segment.arguments.is_none()
    })
}

/// Whether a type contains a word, such as the `impl` of an `impl Trait`.
pub(crate) fn mentions(ty: TokenStream, word: &str) -> bool {
    ty.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == word,
        TokenTree::Group(group) => mentions(group.stream(), word),
        _ => false,
    })
}

/// What to write in place of a type that borrows; `None` when it does not.
pub(crate) fn owned_instead(may_call: bool, name: &str, ty: &Type) -> Option<String> {
    if let Type::Reference(reference) = ty {
        let owned = match ungrouped(&reference.elem) {
            Type::Slice(slice) => format!("Vec<{}>", slice.elem.to_token_stream()),
            ty => match ty.to_token_stream().to_string() {
                text if text == "str" => "String".to_owned(),
                text => text,
            },
        };
        return Some(format!("write `{name}: {owned}`"));
    }
    if may_call && mentions_function(ty) {
        return None;
    }
    let borrow = borrow_in(ty.to_token_stream())?;
    Some(match borrow.as_str() {
        "&str" => "write `String` in place of `&str`".to_owned(),
        "&" => "write a type without `&`".to_owned(),
        lifetime => format!("write `'static` in place of `{lifetime}`, or a type without a lifetime"),
    })
}

/// What to write in place of a type that borrows, but not for ever; `None` when it does not.
pub(crate) fn static_instead(ty: &Type) -> Option<String> {
    if mentions_function(ty) {
        return None;
    }
    let borrow = borrow_in(ty.to_token_stream())?;
    let for_ever = match borrow.strip_prefix('&') {
        Some(borrowed) => format!("&'static {borrowed}"),
        None => "'static".to_owned(),
    };
    Some(format!("write `{}` in place of `{borrow}`", for_ever.trim_end()))
}

/// Whether a type contains that of a function: what is borrowed in it may be an argument.
fn mentions_function(ty: &Type) -> bool {
    ["fn", "Fn", "FnMut", "FnOnce"].iter().any(|name| mentions(ty.to_token_stream(), name))
}

/// What a type borrows with, unless it is for ever: a lifetime, `&str` or another `&`.
fn borrow_in(ty: TokenStream) -> Option<String> {
    let mut tokens = ty.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let next = tokens.peek().map(ToString::to_string).unwrap_or_default();
        let found = match token {
            TokenTree::Group(group) => borrow_in(group.stream()),
            TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                (next != "static").then(|| format!("'{next}"))
            }
            TokenTree::Punct(punct) if punct.as_char() == '&' => match next.as_str() {
                // The lifetime comes next.
                "'" => None,
                "str" => Some("&str".to_owned()),
                _ => Some("&".to_owned()),
            },
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Whether a type goes by this name, as far as the words tell.
pub(crate) fn is_named(ty: &Type, name: &str) -> bool {
    let Type::Path(path) = ungrouped(ty) else { return false };
    path.qself.is_none()
        && path.path.segments.last().is_some_and(|last| last.ident == name && last.arguments.is_none())
}
