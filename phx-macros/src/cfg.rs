//! The `#[cfg]` attributes of a line or method, which must guard all that is generated for it.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Meta};

pub(crate) struct Cfgs(Vec<Attribute>);

impl Cfgs {
    pub(crate) fn of(attributes: &[Attribute]) -> Self {
        Self(attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them as the one condition that they are.
    pub(crate) fn predicate(&self) -> TokenStream {
        let conditions = self.0.iter().map(|cfg| match &cfg.meta {
            Meta::List(list) => list.tokens.clone(),
            other => other.to_token_stream(),
        });
        quote!(all(#(#conditions),*))
    }

    /// Whether what these guard exists in every build that has what `other` guards. Two lines that never meet in
    /// one build, such as `#[cfg(test)]` and `#[cfg(not(test))]`, are not in conflict.
    pub(crate) fn hold_whenever(&self, other: &Self) -> bool {
        self.0.iter().all(|cfg| other.0.iter().any(|other| same_tokens(cfg, other)))
    }
}

impl ToTokens for Cfgs {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        for cfg in &self.0 {
            cfg.to_tokens(tokens);
        }
    }
}

/// Whether two pieces of syntax were written alike.
pub(crate) fn same_tokens(a: &impl ToTokens, b: &impl ToTokens) -> bool {
    a.to_token_stream().to_string() == b.to_token_stream().to_string()
}
