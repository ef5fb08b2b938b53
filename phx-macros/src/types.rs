//! Questions asked of the types in a signature.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
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

/// The type behind a `&` or `&mut`, or the type itself.
pub(crate) fn borrowed(ty: &Type) -> &Type {
    match ungrouped(ty) {
        Type::Reference(reference) => ungrouped(&reference.elem),
        ty => ty,
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

/// A type as a person writes it; tokens alone print with a space between any two.
pub(crate) fn written(ty: &impl ToTokens) -> String {
    let mut text = String::new();
    write_tokens(ty.to_token_stream(), &mut text);
    text
}

fn write_tokens(tokens: TokenStream, text: &mut String) {
    let mut last = None;
    for token in tokens {
        let shown = token.to_string();
        if last.as_deref().is_some_and(|last| are_apart(last, &shown)) {
            text.push(' ');
        }
        match &token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{ ", " }"),
                    Delimiter::None => ("", ""),
                };
                text.push_str(open);
                write_tokens(group.stream(), text);
                text.push_str(close);
            }
            _ => text.push_str(&shown),
        }
        // The `>` of an arrow ends no arguments.
        last = Some(if last.as_deref() == Some("-") { "->".to_owned() } else { shown });
    }
}

/// Whether there is a space between two tokens of a type.
fn are_apart(first: &str, second: &str) -> bool {
    let is_word = |text: &str| text.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    match (first, second) {
        ("," | ";" | "+" | "=" | "->" | "as" | "mut" | "dyn" | "impl" | "const", _)
        | (_, "+" | "=" | "-") => true,
        (first, second) => is_word(first) && is_word(second),
    }
}

/// What to write in place of a type that borrows; `None` when it does not.
pub(crate) fn owned_instead(may_call: bool, name: &str, ty: &Type) -> Option<String> {
    if let Type::Reference(reference) = ty {
        let owned = match ungrouped(&reference.elem) {
            Type::Slice(slice) => format!("Vec<{}>", written(&slice.elem)),
            ty => match written(ty).as_str() {
                "str" => "String".to_owned(),
                text => text.to_owned(),
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

/// Whether a type contains that of a function, or another with lifetimes of its own (`for<'a>`): what is borrowed in
/// it may be an argument.
fn mentions_function(ty: &Type) -> bool {
    ["fn", "Fn", "FnMut", "FnOnce", "for"].iter().any(|name| mentions(ty.to_token_stream(), name))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_shown_as_it_is_written() -> syn::Result<()> {
        for text in [
            "u64",
            "()",
            "(u8, [u8; 4])",
            "Joining<Self>",
            "std::collections::HashMap<String, Vec<Option<u8>>>",
            "&'static mut [u8]",
            "<Self as ::phx_runtime::Channel>::Data",
            "Box<dyn Fn(&str, u8) -> Result<(), E> + Send + 'a>",
            "impl Future<Output = Result<(), Refused>>",
            "Board<{ 8 }>",
            "fn() -> *const [u8]",
        ] {
            assert_eq!(written(&syn::parse_str::<Type>(text)?), text);
        }
        Ok(())
    }
}
