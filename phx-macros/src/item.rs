//! The item under an attribute, read so that what rustc reports by itself is not reported again.

use crate::handler::Kind;
use crate::krate::Krate;
use crate::types::mentions;
use proc_macro2::{Delimiter, Group, Punct, Spacing, TokenStream, TokenTree};
use quote::quote;
use syn::{Expr, ImplItem, Item, ItemImpl, Meta, Stmt, parse_quote};

/// Reads an item. The bodies of an `impl` block stay unread: what is wrong in them is for rustc to say.
pub(crate) fn parse(item: &TokenStream) -> syn::Result<Item> {
    if let Some((emptied, bodies)) = edit_braces(item, take_bodies) {
        let mut item = syn::parse2(emptied)?;
        if put_back(&mut item, bodies) {
            return Ok(item);
        }
    }
    syn::parse2(item.clone())
}

/// The item without our attributes on its methods, for when they cannot be obeyed.
pub(crate) fn without_callbacks(item: &TokenStream, krate: &Krate) -> TokenStream {
    edit_braces(item, |methods| (drop_attributes(methods, krate), ()))
        .map_or_else(|| item.clone(), |(item, ())| item)
}

/// The impl block of a socket without what only `#[socket]` understands, for when it cannot be read.
pub(crate) fn without_lines(item: &TokenStream, krate: &Krate) -> TokenStream {
    let is_trait_impl = item.clone().into_iter().any(|token| is_word(&token, "for"));
    edit_braces(item, |items| {
        let params = (is_trait_impl && !mentions(items.clone(), "Params")).then(|| {
            krate.rename(quote!(
                type Params = ::phx_runtime::NoParams;
            ))
        });
        let items = drop_lines(items);
        (quote!(#params #items), ())
    })
    .map_or_else(|| item.clone(), |(item, ())| item)
}

/// For an item that cannot be used, be it the type itself or a block that cannot be read: an empty impl block of
/// its type.
pub(crate) fn impl_of(item: &TokenStream) -> Option<ItemImpl> {
    let emptied = edit_braces(item, |_| (TokenStream::new(), ()));
    let emptied = emptied.map_or_else(|| item.clone(), |(emptied, ())| emptied);
    let (name, generics) = match syn::parse2(emptied).ok()? {
        Item::Impl(item) => return Some(ItemImpl { trait_: None, attrs: Vec::new(), ..item }),
        Item::Struct(item) => (item.ident, item.generics),
        Item::Enum(item) => (item.ident, item.generics),
        _ => return None,
    };
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    Some(parse_quote!(impl #impl_generics #name #ty_generics #where_clause {}))
}

/// The token to underline when a whole item is wrong: its first after the attributes.
pub(crate) fn first_token(item: &TokenStream) -> Option<TokenTree> {
    let mut tokens = item.clone().into_iter();
    let mut token = tokens.next()?;
    while is_punct(&token, '#') {
        token = tokens.nth(1)?;
    }
    Some(token)
}

/// Rewrites what the braces at the end of an item contain.
fn edit_braces<T>(
    item: &TokenStream,
    edit: impl FnOnce(TokenStream) -> (TokenStream, T),
) -> Option<(TokenStream, T)> {
    let mut tokens: Vec<TokenTree> = item.clone().into_iter().collect();
    let Some(TokenTree::Group(braces)) = tokens.pop() else { return None };
    if braces.delimiter() != Delimiter::Brace {
        return None;
    }
    let (inside, found) = edit(braces.stream());
    tokens.push(with_content(&braces, inside));
    Some((tokens.into_iter().collect(), found))
}

/// Empties the bodies of methods, and returns them. Adds the `;` that a `channel!` line lacks: rustc has asked for
/// it by then, but hands on the tokens as they were.
fn take_bodies(methods: TokenStream) -> (TokenStream, Vec<TokenStream>) {
    let mut emptied: Vec<TokenTree> = Vec::new();
    let mut bodies = Vec::new();
    let mut in_signature = false;
    let mut tokens = methods.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let next = tokens.peek();
        let next_is = |punct| next.is_some_and(|next| is_punct(next, punct));
        match &token {
            TokenTree::Ident(name) if name == "fn" && matches!(next, Some(TokenTree::Ident(_))) => {
                in_signature = true;
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' => in_signature = false,
            // Braces before a `>` or `,` are an argument of a type, as in `Board<{ 8 * 8 }>`.
            TokenTree::Group(body)
                if in_signature && body.delimiter() == Delimiter::Brace && !next_is('>') && !next_is(',') =>
            {
                in_signature = false;
                bodies.push(body.stream());
                emptied.push(with_content(body, TokenStream::new()));
                continue;
            }
            TokenTree::Group(_) if !in_signature && !next_is(';') && ends_in_channel_call(&emptied) => {
                emptied.push(token);
                emptied.push(Punct::new(';', Spacing::Alone).into());
                continue;
            }
            _ => {}
        }
        emptied.push(token);
    }
    (emptied.into_iter().collect(), bodies)
}

fn ends_in_channel_call(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [.., name, bang] if is_word(name, "channel") && is_punct(bang, '!'))
}

/// Gives each method its body again. False if there are others, as when a method came out of a `macro_rules` variable.
fn put_back(item: &mut Item, bodies: Vec<TokenStream>) -> bool {
    let Item::Impl(item) = item else { return bodies.is_empty() };
    let blocks = item.items.iter_mut().filter_map(|item| match item {
        ImplItem::Fn(method) => Some(&mut method.block),
        _ => None,
    });
    let blocks: Vec<_> = blocks.collect();
    let all = blocks.len() == bodies.len();
    for (block, body) in blocks.into_iter().zip(bodies) {
        block.stmts = vec![Stmt::Expr(Expr::Verbatim(body), None)];
    }
    all
}

fn drop_attributes(methods: TokenStream, krate: &Krate) -> TokenStream {
    let mut kept: Vec<TokenTree> = Vec::new();
    for token in methods {
        let is_ours = match &token {
            TokenTree::Group(group) if kept.last().is_some_and(|last| is_punct(last, '#')) => {
                syn::parse2(group.stream()).is_ok_and(|meta: Meta| Kind::of(meta.path(), krate).is_some())
            }
            _ => false,
        };
        if is_ours {
            kept.pop();
        } else {
            kept.push(token);
        }
    }
    kept.into_iter().collect()
}

fn drop_lines(items: TokenStream) -> TokenStream {
    let mut kept: Vec<TokenTree> = Vec::new();
    let mut tokens = items.into_iter().peekable();
    while let Some(token) = tokens.next() {
        if !matches!(token, TokenTree::Group(_)) || !ends_in_channel_call(&kept) {
            kept.push(token);
            continue;
        }
        kept.truncate(kept.len() - 2);
        while matches!(&kept[..], [.., mark, TokenTree::Group(_)] if is_punct(mark, '#')) {
            kept.truncate(kept.len() - 2);
        }
        tokens.next_if(|next| is_punct(next, ';'));
    }
    kept.into_iter().collect()
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(name) if name == word)
}

pub(crate) fn is_punct(token: &TokenTree, char: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == char)
}

pub(crate) fn with_content(group: &Group, content: TokenStream) -> TokenTree {
    let mut changed = Group::new(group.delimiter(), content);
    changed.set_span(group.span());
    changed.into()
}
