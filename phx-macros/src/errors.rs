//! Collects every error of one macro invocation, so that a user sees all of them at once.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use std::fmt::Display;

/// The mistakes found so far. Turn them into tokens with [`Errors::into_compile_errors`], or the user never sees them.
#[must_use]
#[derive(Default)]
pub(crate) struct Errors(Vec<syn::Error>);

impl Errors {
    /// How many there are; compare two counts to learn whether a step went well.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// Reports `message` under all of `tokens`.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.0.push(syn::Error::new_spanned(tokens, message));
    }

    /// Reports `message` under one span, such as that of a pair of parentheses.
    pub(crate) fn at_span(&mut self, span: Span, message: impl Display) {
        self.0.push(syn::Error::new(span, message));
    }

    /// Reports both ends of a conflict: the later place, then the earlier one.
    pub(crate) fn conflict(
        &mut self,
        (later, message): (impl ToTokens, impl Display),
        (earlier, note): (impl ToTokens, impl Display),
    ) {
        self.at(later, message);
        self.at(earlier, note);
    }

    pub(crate) fn extend(&mut self, errors: impl IntoIterator<Item = syn::Error>) {
        self.0.extend(errors);
    }

    /// The value, or `None` after its error was noted.
    pub(crate) fn ok<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.0.push(error)).ok()
    }

    /// The `compile_error!` of the first mistake after so many.
    pub(crate) fn after(&self, count: usize) -> TokenStream {
        self.0.get(count).map(syn::Error::to_compile_error).unwrap_or_default()
    }

    /// One `compile_error!` for each mistake; nothing when there was none.
    pub(crate) fn into_compile_errors(self) -> TokenStream {
        self.0.iter().map(syn::Error::to_compile_error).collect()
    }
}
