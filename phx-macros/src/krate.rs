//! By which name an expansion finds `phx-runtime`, which a user may have renamed or re-exported.
//!
//! What we write calls it `::phx_runtime` at first.

use crate::errors::Errors;
use crate::item::{is_punct, with_content};
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::ParseStream;
use syn::{LitStr, Path};

/// The path given with `crate = …`.
#[derive(Default)]
pub(crate) struct Krate(Option<Path>);

/// The path after `crate =`. One in quotes is a mistake, but clear enough.
pub(crate) fn read_path(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Path> {
    if !input.peek(LitStr) {
        return input.call(Path::parse_mod_style);
    }
    let text: LitStr = input.parse()?;
    errors.at(&text, format!("write the path without quotes: `crate = {}`", text.value()));
    text.parse_with(Path::parse_mod_style)
}

impl Krate {
    pub(crate) fn new(path: Option<Path>) -> Self {
        Self(path)
    }

    /// Whether these segments name the crate, perhaps from a place from where fewer of them do.
    pub(crate) fn is(&self, segments: &[String]) -> bool {
        let given = self.0.iter().flat_map(|path| &path.segments).map(|segment| segment.ident.to_string());
        let given: Vec<String> = given.collect();
        segments == ["phx_runtime"] || (!segments.is_empty() && given.ends_with(segments))
    }

    /// Puts the path in place of every `::phx_runtime` in what we write into an item of the user's.
    pub(crate) fn rename(&self, tokens: TokenStream) -> TokenStream {
        match &self.0 {
            Some(path) => rename(tokens, &path.to_token_stream()),
            None => tokens,
        }
    }

    /// Sets items of ours apart, with a name for the crate that is looked up once: if it is not there, or is another
    /// one, that is one error, at the path that the user has given.
    pub(crate) fn scope(&self, items: TokenStream) -> TokenStream {
        let default = || quote!(::phx_runtime);
        let path = self.0.as_ref().map_or_else(default, ToTokens::to_token_stream);
        let items = rename(items, &quote!(__phx));
        quote! {
            const _: () = {
                use #path::__root as __phx;
                #items
            };
        }
    }
}

fn rename(tokens: TokenStream, path: &TokenStream) -> TokenStream {
    let mut renamed: Vec<TokenTree> = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Ident(name) if name == "phx_runtime" && ends_in_colons(&renamed) => {
                renamed.truncate(renamed.len() - 2);
                renamed.extend(placed(path, name.span()));
            }
            TokenTree::Group(group) => renamed.push(with_content(&group, rename(group.stream(), path))),
            token => renamed.push(token),
        }
    }
    renamed.into_iter().collect()
}

fn ends_in_colons(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [.., first, second] if is_punct(first, ':') && is_punct(second, ':'))
}

/// The path with the meaning it has for the user, at the place of what we wrote.
fn placed(path: &TokenStream, at: Span) -> impl Iterator<Item = TokenTree> {
    path.clone().into_iter().map(move |mut token| {
        token.set_span(token.span().located_at(at));
        token
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renamed(path: TokenStream, tokens: TokenStream) -> syn::Result<String> {
        Ok(Krate(Some(syn::parse2(path)?)).rename(tokens).to_string())
    }

    #[test]
    fn every_path_to_the_crate_is_renamed() -> syn::Result<()> {
        let tokens =
            quote!(impl<'a> ::phx_runtime::Channel for [T<'a>; { ::phx_runtime::N }] { phx_runtime });
        let expected = quote!(impl<'a> crate::rt::Channel for [T<'a>; { crate::rt::N }] { phx_runtime });
        assert_eq!(renamed(quote!(crate::rt), tokens)?, expected.to_string());
        Ok(())
    }

    #[test]
    fn attributes_go_by_either_name() -> syn::Result<()> {
        let krate = Krate(Some(syn::parse_str("::facade::phx")?));
        let segments = |text: &str| text.split("::").map(str::to_owned).collect::<Vec<_>>();
        assert!(krate.is(&segments("facade::phx")) && krate.is(&segments("phx")));
        assert!(krate.is(&segments("phx_runtime")));
        assert!(!krate.is(&segments("facade")) && !krate.is(&[]) && !Krate::default().is(&[]));
        Ok(())
    }
}
