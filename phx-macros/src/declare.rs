//! What is submitted when the program is linked, for `EndpointBuilder::build` to find: the mount that
//! `#[socket("/path", …)]` declares, and every channel.

use crate::errors::Errors;
use crate::krate::{self, Krate};
use crate::path;
use crate::suggest::did_you_mean;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, ExprLit, ItemImpl, Lit, LitBool, LitStr, Token};

/// The arguments of `#[socket]`.
#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) mount: Option<Mount>,
    pub(crate) krate: Krate,
}

/// Those that declare a mount: `"/path"[, option[ = value]]…`
pub(crate) struct Mount {
    path: LitStr,
    options: Vec<MountOption>,
}

/// `limits.max_channels = 3`, or `auth_token` alone for `true`, `longpoll` alone for its default settings.
struct MountOption {
    name: Punctuated<Ident, Token![.]>,
    value: Option<Expr>,
}

/// The public fields of `MountOptions`.
const OPTIONS: &[&str] = &[
    "auth_token",
    "check_origin",
    "compress",
    "drain",
    "limits",
    "log",
    "longpoll",
    "serializers",
    "session",
    "subprotocols",
    "websocket_path",
];

/// Those of them that are a `bool`.
const FLAGS: &[&str] = &["auth_token"];

/// Those that are off unless they have settings: without a value, the default ones.
const OFF_BY_DEFAULT: &[&str] = &["compress", "longpoll"];

/// Those that are an `Option`: a part of one is given by turning it on.
const OPTIONAL: &[&str] = &["compress", "drain", "longpoll"];

fn known_names() -> Vec<&'static str> {
    [OPTIONS, &["crate"]].concat()
}

const EXPECTED: &str = "expected `#[socket(\"/path\"[, option[ = value]]…[, crate = path])]`";

// parse

impl Arguments {
    /// Without what cannot be read, after the mistake was noted.
    pub(crate) fn parse(arguments: TokenStream, errors: &mut Errors) -> Self {
        let read = Parser::parse2(|input: ParseStream<'_>| Self::read(input, errors), arguments);
        let arguments = errors.ok(read).unwrap_or_default();
        if let Some(mount) = &arguments.mount {
            mount.check(errors);
        }
        arguments
    }

    fn read(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Self> {
        let (mut given, mut path, mut options) = (None, None, Vec::new());
        while !input.is_empty() {
            if input.peek(Token![crate]) && input.peek2(Token![=]) {
                let name = input.call(Ident::parse_any)?;
                input.parse::<Token![=]>()?;
                let value = krate::read_path(input, errors)?;
                if given.replace(value).is_some() {
                    return Err(Error::new(name.span(), "argument `crate` is given twice"));
                }
            } else if path.is_none() {
                path = Some(input.parse().map_err(|error: Error| {
                    let message = format!(
                        "{EXPECTED}: the path is read at compile time, so it must be a string literal"
                    );
                    Error::new(error.span(), message)
                })?);
            } else {
                let option = input.call(MountOption::read)?;
                // It is refused later, and meant until then.
                if let (Some("crate"), Some(Expr::Path(value))) = (option.meant(), &option.value) {
                    given.get_or_insert_with(|| value.path.clone());
                }
                options.push(option);
            }
            if !input.is_empty() {
                input.parse::<Token![,]>().map_err(|error| Error::new(error.span(), EXPECTED))?;
            }
        }
        Ok(Self { mount: path.map(|path| Mount { path, options }), krate: Krate::new(given) })
    }
}

impl MountOption {
    fn read(input: ParseStream<'_>) -> syn::Result<Self> {
        let name: Punctuated<_, _> = Punctuated::parse_separated_nonempty_with(input, Ident::parse_any)
            .map_err(|error| Error::new(error.span(), EXPECTED))?;
        let mut option = Self { name, value: None };
        // A value that is left out is missed later, with what to write.
        if input.parse::<Option<Token![=]>>()?.is_some() && !input.is_empty() && !input.peek(Token![,]) {
            option.value = Some(input.parse()?);
        }
        Ok(option)
    }

    fn full_name(&self) -> String {
        self.name.iter().map(ToString::to_string).collect::<Vec<_>>().join(".")
    }
}

// check

impl Mount {
    fn check(&self, errors: &mut Errors) {
        if let Some(mistake) = path::mistake(&self.path.value()) {
            errors.at(&self.path, mistake);
        }
        for (i, option) in self.options.iter().enumerate() {
            option.check(&self.options[..i], errors);
        }
    }
}

impl MountOption {
    fn check(&self, earlier: &[Self], errors: &mut Errors) {
        let name = self.full_name();
        let field = &self.name[0];
        if !self.is_known() {
            let instead = match self.meant() {
                Some(meant) => format!(": did you mean `{meant}`?"),
                None => format!(", expected one of `{}`", known_names().join("`, `")),
            };
            errors.at(field, format!("unknown option `{field}`{instead}"));
        } else if self.lacks_value() {
            errors.at(&self.name, format!("the option `{name}` needs a value: write `{name} = …`"));
        } else if let Some(is_on) = self.is_switched() {
            let instead = if is_on.value {
                format!("write `{name}` alone for the default ones")
            } else {
                format!("write `{name} = None`")
            };
            errors.at(is_on, format!("the option `{name}` takes settings: {instead}"));
        } else if let Some(other) = earlier.iter().find(|other| other.full_name() == name) {
            let message = format!("option `{name}` is given twice");
            errors.conflict((&self.name, message), (&other.name, "first given here"));
        } else if let Some(part) = earlier.iter().find(|other| other.is_part_of(&name)) {
            let message = format!("option `{name}` overwrites `{}`: write it first", part.full_name());
            errors.conflict((&self.name, message), (&part.name, "this has no effect"));
        }
    }

    /// For a name that is not known: the one that was meant.
    fn meant(&self) -> Option<&'static str> {
        did_you_mean(&self.name[0].to_string(), &known_names()).filter(|_| !self.is_known())
    }

    fn is_known(&self) -> bool {
        OPTIONS.iter().any(|known| self.name[0] == known)
    }

    fn lacks_value(&self) -> bool {
        self.value.is_none() && ![FLAGS, OFF_BY_DEFAULT].concat().contains(&&*self.full_name())
    }

    /// The `true` or `false` that is given in the place of settings.
    fn is_switched(&self) -> Option<&LitBool> {
        match &self.value {
            Some(Expr::Lit(ExprLit { lit: Lit::Bool(is_on), .. }))
                if OFF_BY_DEFAULT.contains(&&*self.full_name()) =>
            {
                Some(is_on)
            }
            _ => None,
        }
    }

    /// Whether rustc should see it: what has been told of is none.
    fn is_usable(&self) -> bool {
        self.is_known() && !self.lacks_value() && self.is_switched().is_none()
    }

    fn is_part_of(&self, name: &str) -> bool {
        self.full_name().strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))
    }
}

// expand

impl Mount {
    /// After an error nothing is declared, but rustc still sees the values.
    pub(crate) fn expand(&self, socket: &ItemImpl, errors: &mut Errors) -> TokenStream {
        let Self { path, options } = self;
        let ty = &socket.self_ty;
        if !socket.generics.params.is_empty() {
            let message = format!(
                "a generic socket is many types, so none can be declared: write `#[socket]` alone, and mount each type \
                 that you need with `Endpoint::builder().socket::<YourSocket<…>>({})`",
                path.to_token_stream(),
            );
            errors.at(&socket.generics.params, message);
        }
        let options: Vec<_> = options.iter().filter(|option| option.is_usable()).collect();
        let variable = (!options.is_empty()).then(|| all_options(Span::call_site()));
        let parameter = variable.map_or_else(|| quote!(_), ToTokens::into_token_stream);
        let configure = quote!(|#parameter| { #(#options)* });
        if errors.count() > 0 {
            return quote!(const _: fn(&mut ::phx_runtime::MountOptions) = #configure;);
        }
        submit(&quote!(::phx_runtime::__private::DeclaredSocket::new::<#ty>(#path, #configure)))
    }
}

/// Submits a channel, so that one which is never mounted is noticed. A generic one is as many types as its lines name.
pub(crate) fn channel(channel: &ItemImpl, errors: &Errors) -> Option<TokenStream> {
    let ty = &channel.self_ty;
    let is_one_type = channel.generics.params.is_empty();
    (is_one_type && errors.count() == 0)
        .then(|| submit(&quote!(::phx_runtime::__private::DeclaredChannel::new::<#ty>())))
}

fn submit(declaration: &TokenStream) -> TokenStream {
    quote!(::phx_runtime::__private::inventory::submit! { #declaration })
}

/// The variable of an expansion whose fields the options are, which no name in a value can meet.
fn all_options(at: Span) -> Ident {
    Ident::new("options", Span::mixed_site().located_at(at))
}

impl ToTokens for MountOption {
    /// The assignment, placed so that what is wrong with the option or its value is reported there.
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { name, value } = self;
        let at_name = Span::call_site().located_at(name[0].span());
        let options = all_options(at_name);
        let turned_on = if FLAGS.contains(&&*self.full_name()) {
            quote_spanned!(at_name=> true)
        } else {
            quote_spanned!(at_name=> ::core::option::Option::Some(::core::default::Default::default()))
        };
        let value = value.as_ref().map_or(turned_on, ToTokens::to_token_stream);
        let mut parts = name.iter();
        let whole = parts.next();
        let is_part = name.len() > 1 && OPTIONAL.iter().any(|optional| name[0] == optional);
        let place = if is_part {
            quote_spanned!(at_name=> #options.#whole.get_or_insert_with(::core::default::Default::default) #(.#parts)*)
        } else {
            quote_spanned!(at_name=> #options.#name)
        };
        tokens.extend(quote_spanned!(at_name=> #place = #value;));
    }
}
