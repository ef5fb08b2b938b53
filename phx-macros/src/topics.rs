//! Writes the functions that build topics: what routes in can be built out.

use crate::cfg::Cfgs;
use crate::channel::{Channel, Join, WrongJoin};
use crate::handler::Part;
use crate::pattern::{Segment, Tail};
use crate::types::{is_named, ungrouped};
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{ImplItem, ItemImpl, Type};

impl Channel {
    /// One function for each join, unless the user has one of that name.
    pub(crate) fn expand_topics(&self) -> Option<TokenStream> {
        let (impl_generics, _, where_clause) = self.item.generics.split_for_impl();
        // The user's token, as in `expand_channel`.
        let ItemImpl { impl_token, self_ty, .. } = &self.item;
        let right = self.joins.iter().filter_map(|join| {
            let name = self.name_for(&join.handler.name, join.pattern.source.span())?;
            Some(Builder::of(join).expand(&name, &join.handler.cfgs))
        });
        let wrong = self.wrong_joins.iter().filter_map(|join| {
            let name = self.name_for(&join.name, join.name.span())?;
            Some(join.stand_in(&name))
        });
        let builders: Vec<TokenStream> = right.chain(wrong).collect();
        (!builders.is_empty()).then(|| {
            quote! {
                /// The topics that clients join, built of what their patterns capture.
                #[allow(dead_code, deprecated, private_interfaces, unreachable_pub)]
                #impl_token #impl_generics #self_ty #where_clause {
                    #(#builders)*
                }
            }
        })
    }

    /// What the function of a join is called, for this place. `None` if the user has one of that name.
    fn name_for(&self, method: &Ident, at: Span) -> Option<Ident> {
        let is_only = self.joins.len() + self.wrong_joins.len() == 1;
        let method = method.unraw().to_string();
        let name = if is_only || method == "join" { "topic".to_owned() } else { format!("{method}_topic") };
        let name = Ident::new(&name, Span::call_site().located_at(at));
        let is_own = |item: &ImplItem| matches!(item, ImplItem::Fn(own) if own.sig.ident == name);
        (!self.item.items.iter().any(is_own)).then_some(name)
    }
}

impl WrongJoin {
    /// In place of the function, what causes no other errors where it is called, whatever with.
    fn stand_in(&self, name: &Ident) -> TokenStream {
        let Self { cfgs, error, .. } = self;
        quote! {
            #cfgs
            #[allow(non_upper_case_globals)]
            pub const #name: [(); { #error }] = [];
        }
    }
}

/// The parts of one function.
struct Builder {
    doc: String,
    /// That of `format!`.
    format: String,
    arguments: Vec<TokenStream>,
    values: Vec<TokenStream>,
    /// The types that have to be written, other than those that surely can.
    written: Vec<Type>,
    can_fail: bool,
}

impl Builder {
    fn of(join: &Join) -> Self {
        let pattern = &join.pattern;
        let mut builder = Self {
            doc: format!(
                " The topic `{}`, as a client joins it by `{}`.",
                pattern.source.value(),
                join.handler.name
            ),
            format: String::new(),
            arguments: Vec::new(),
            values: Vec::new(),
            written: Vec::new(),
            can_fail: false,
        };
        for (i, segment) in pattern.segments.iter().enumerate() {
            if i > 0 {
                builder.format.push(':');
            }
            match segment {
                Segment::Literal(text) => builder.format.push_str(text),
                Segment::Capture(name) => builder.capture(join, name, true),
            }
        }
        if pattern.tail != Tail::Nothing && !pattern.segments.is_empty() {
            builder.format.push(':');
        }
        match &pattern.tail {
            Tail::Nothing => {}
            Tail::Star(prefix) => {
                builder.format.push_str(prefix);
                builder.format.push_str("{}");
                let rest = Ident::new("rest", Span::mixed_site());
                builder.arguments.push(quote!(#rest: &::core::primitive::str));
                builder.values.push(rest.into_token_stream());
            }
            Tail::Rest(name) => builder.capture(join, name, false),
        }
        builder
    }

    /// A capture of one segment must not hold another; a rest may hold anything.
    fn capture(&mut self, join: &Join, name: &str, is_segment: bool) {
        let Some(ty) = join.handler.type_of(&Part::Capture(name.to_owned())) else { return };
        let argument = argument_named(name);
        self.format.push_str("{}");
        let is_plain = PLAIN.iter().any(|plain| is_named(ty, plain));
        self.arguments.push(match ungrouped(ty) {
            _ if is_plain => quote!(#argument: #ty),
            ty if is_named(ty, "String") => quote!(#argument: &::core::primitive::str),
            ty => {
                self.written.push(ty.clone());
                quote!(#argument: &#ty)
            }
        });
        if is_plain || !is_segment {
            self.values.push(argument.into_token_stream());
        } else {
            self.can_fail = true;
            self.values.push(quote!(::phx_runtime::segment(#argument)?));
        }
    }

    fn expand(&self, name: &Ident, cfgs: &Cfgs) -> TokenStream {
        let Self { doc, format, arguments, values, written, .. } = self;
        // Its place is that of the pattern, also for a rival of the same name.
        let at_name = Span::call_site().located_at(name.span());
        let arguments = parenthesized(at_name, &quote!(#(#arguments),*));
        let (string, result, error) = (
            quote_spanned!(at_name=> ::std::string::String),
            quote_spanned!(at_name=> ::core::result::Result),
            quote_spanned!(at_name=> ::phx_runtime::TopicError),
        );
        let output = if self.can_fail { quote_spanned!(at_name=> #result<#string, #error>) } else { string };
        let header = quote_spanned!(at_name=> pub fn #name #arguments -> #output);
        // With the lifetime, a type that cannot be written is an error only where a topic of it is to be built.
        let bounds = (!written.is_empty()).then(|| quote!(where #(for<'a> #written: ::core::fmt::Display),*));
        let topic = if values.is_empty() {
            quote!(::std::string::String::from(#format))
        } else {
            quote!(::std::format!(#format #(, #values)*))
        };
        if self.can_fail {
            return quote! {
                #cfgs
                #[doc = #doc]
                ///
                /// # Errors
                /// If there is a `:` in the text of a capture.
                #[allow(clippy::too_many_arguments)]
                #header #bounds {
                    ::core::result::Result::Ok(#topic)
                }
            };
        }
        quote! {
            #cfgs
            #[doc = #doc]
            #[must_use]
            #[allow(clippy::too_many_arguments)]
            #header #bounds {
                #topic
            }
        }
    }
}

fn parenthesized(at: Span, arguments: &TokenStream) -> Group {
    let mut group = Group::new(Delimiter::Parenthesis, arguments.clone());
    group.set_span(at);
    group
}

/// Types whose text has no `:`, and which are as well handed over by value.
const PLAIN: [&str; 13] =
    ["u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "bool"];

fn argument_named(name: &str) -> Ident {
    syn::parse_str::<Ident>(name)
        .map_or_else(|_| Ident::new_raw(name, Span::call_site()), |_| Ident::new(name, Span::call_site()))
}
