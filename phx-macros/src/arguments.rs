//! The arguments of `#[channel(socket = …)]`.

use crate::errors::Errors;
use crate::krate::{self, Krate};
use crate::suggest::did_you_mean;
use crate::types::static_instead;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Path, Token, Type};

/// What the attribute names.
pub(crate) struct Arguments {
    pub(crate) socket: TokenStream,
    pub(crate) data: TokenStream,
    pub(crate) krate: Krate,
}

const ARGUMENTS: &[&str] = &["socket", "data", "crate"];

const EXPECTED: &str = "expected `#[channel(socket = YourSocket[, data = YourData][, crate = path])]`";

/// As far as they have been read.
#[derive(Default)]
struct Read {
    socket: Option<(Ident, Type)>,
    data: Option<(Ident, Type)>,
    krate: Option<(Ident, Path)>,
}

impl Arguments {
    pub(crate) fn parse(arguments: TokenStream, errors: &mut Errors) -> Self {
        let mut read = Read::default();
        let mut error = Parser::parse2(|input: ParseStream<'_>| read.all(input, errors), arguments).err();
        let Read { socket, data, krate } = read;
        if socket.is_none() {
            error.get_or_insert_with(|| Error::new(Span::call_site(), EXPECTED));
        }
        let krate = Krate::new(krate.map(|(_, path)| path));
        let [socket, data] = [socket, data].map(|argument| Some(argument?.1.into_token_stream()));
        let Some(error) = error else {
            let (socket, data) = (socket.unwrap_or_default(), data.unwrap_or_else(|| quote!(())));
            return Self { socket, data, krate };
        };
        // An error in place of a type causes no others where the type is used.
        match (socket, data) {
            (Some(socket), Some(data)) => {
                errors.extend([error]);
                Self { socket, data, krate }
            }
            (Some(socket), None) => Self { socket, data: error_type(&error), krate },
            (None, data) => {
                let data = data.unwrap_or_else(|| quote!(<Self as ::phx_runtime::Channel>::Socket));
                Self { socket: error_type(&error), data, krate }
            }
        }
    }
}

impl Read {
    /// Reads `socket = YourSocket, data = YourData`, in any order, up to the first mistake in it.
    fn all(&mut self, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<()> {
        let expected = |error: Error| Error::new(error.span(), EXPECTED);
        while !input.is_empty() {
            let mut name = input.call(Ident::parse_any).map_err(expected)?;
            if !ARGUMENTS.iter().any(|known| name == known) {
                let Some(meant) = did_you_mean(&name.to_string(), ARGUMENTS) else {
                    return Err(Error::new(name.span(), format!("unknown argument `{name}`, {EXPECTED}")));
                };
                errors.at(&name, format!("unknown argument `{name}`: did you mean `{meant}`?"));
                name = Ident::new(meant, name.span());
            }
            if input.parse::<Option<Token![=]>>()?.is_none() || input.is_empty() {
                return Err(Error::new(name.span(), EXPECTED));
            }
            if name == "crate" {
                let path = krate::read_path(input, errors)?;
                set(&mut self.krate, name, path, errors);
            } else {
                let is_data = name == "data";
                let ty: Type = input.parse().map_err(expected)?;
                if let (true, Some(instead)) = (is_data, static_instead(&ty)) {
                    let message = format!("data lasts as long as the program runs: {instead}");
                    return Err(Error::new_spanned(ty, message));
                }
                set(if is_data { &mut self.data } else { &mut self.socket }, name, ty, errors);
            }
            if !input.is_empty() {
                input.parse::<Token![,]>().map_err(expected)?;
            }
        }
        Ok(())
    }
}

fn set<T>(argument: &mut Option<(Ident, T)>, name: Ident, value: T, errors: &mut Errors) {
    match argument {
        Some((first, _)) => {
            let message = format!("argument `{name}` is given twice");
            errors.conflict((&name, message), (first, "first given here"));
        }
        None => *argument = Some((name, value)),
    }
}

/// Stands for a type that nobody named.
fn error_type(error: &Error) -> TokenStream {
    let error = error.to_compile_error();
    quote!([(); { #error }])
}
