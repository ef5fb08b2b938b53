//! What names an event: a literal, or a constant that also says what the event carries.

use crate::cfg::{Cfgs, same_tokens};
use crate::errors::Errors;
use crate::expand::ends;
use crate::handler::Kind;
use crate::krate::Krate;
use crate::types::{ungrouped, written};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, Expr, ExprLit, ExprPath, ImplItem, ImplItemConst, ItemImpl, Lit, LitStr, Meta, Type,
};

/// `const NEW_MSG: Event<NewMsg> = Event::new("new_msg");` in the impl block.
pub(crate) struct Constant {
    pub(crate) cfgs: Cfgs,
    item: ImplItemConst,
    /// The name, if it is written out.
    literal: Option<LitStr>,
}

impl Constant {
    /// Those of an impl block, without those that could not be events.
    pub(crate) fn all_of(item: &ItemImpl, krate: &Krate, errors: &mut Errors) -> Vec<Self> {
        let constants = item.items.iter().filter_map(|item| match item {
            ImplItem::Const(item) => Self::of(item, krate),
            _ => None,
        });
        constants
            .filter(|constant| constant.literal.as_ref().is_none_or(|name| may_be_event(name, errors)))
            .collect()
    }

    fn of(item: &ImplItemConst, krate: &Krate) -> Option<Self> {
        let Type::Path(path) = ungrouped(&item.ty) else { return None };
        let segments: Vec<String> =
            path.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let has_payload = path.path.segments.last().is_some_and(|last| !last.arguments.is_none());
        // By its looks: a type of the user's own may be called `Event` too.
        let is_ours = match &segments[..] {
            [name] => name == "Event",
            [path @ .., name] => name == "Event" && krate.is(path),
            [] => false,
        };
        if !(is_ours && has_payload) {
            return None;
        }
        Some(Self { cfgs: Cfgs::of(&item.attrs), item: item.clone(), literal: literal_in(&item.expr) })
    }

    /// A row of the table.
    pub(crate) fn row(&self) -> TokenStream {
        let Self { cfgs, item, .. } = self;
        let name = &item.ident;
        let at_type = Span::call_site().located_at(item.ty.span());
        let row = quote_spanned!(at_type=> ::phx_runtime::EventOut::of(&Self::#name));
        quote!(#cfgs #row)
    }

    /// Whether it is for this event, at least under these conditions.
    pub(crate) fn is_for(&self, event: &Event, cfgs: &Cfgs) -> bool {
        let same = match event {
            Event::Constant(path, _) if self.is_named_by(path) => true,
            _ => self.literal.as_ref().is_some_and(|literal| event.name() == Some(literal.value())),
        };
        same && self.cfgs.hold_whenever(cfgs)
    }

    /// Whether a path names it from within the impl block.
    fn is_named_by(&self, path: &ExprPath) -> bool {
        let name = &self.item.ident;
        same_tokens(path, &quote!(Self::#name))
    }
}

/// The event of a `#[handle_in]` or `#[handle_out]`.
pub(crate) enum Event {
    Literal(LitStr),
    /// With its name, if that is known.
    Constant(ExprPath, Option<LitStr>),
}

impl Event {
    /// Reads the attribute. `None` after its mistake was noted.
    pub(crate) fn parse(
        kind: Kind,
        attribute: &Attribute,
        constants: &[Constant],
        errors: &mut Errors,
    ) -> Option<Self> {
        let usage = kind.usage();
        let Meta::List(_) = &attribute.meta else {
            errors.at(attribute, format!("expected `{usage}`"));
            return None;
        };
        let expected = |error: Error| {
            Error::new(error.span(), format!("expected `{usage}` or the constant of an event"))
        };
        let named: Expr = errors.ok(attribute.parse_args().map_err(expected))?;
        match ungrouped_expr(&named) {
            Expr::Lit(ExprLit { lit: Lit::Str(literal), .. }) => {
                may_be_event(literal, errors).then(|| Self::Literal(literal.clone()))
            }
            Expr::Path(path) if is_constant(path) => {
                // Of several, each under its `#[cfg]`, this build has one, and nobody here knows which.
                let mut known = constants.iter().filter(|constant| constant.is_named_by(path));
                let only = known.next().filter(|_| known.next().is_none());
                Some(Self::Constant(path.clone(), only.and_then(|constant| constant.literal.clone())))
            }
            Expr::Path(path) => {
                let text = written(path);
                let name = kind.name();
                errors.at(path, format!("expected `{usage}`: did you mean `#[{name}(\"{text}\")]`?"));
                None
            }
            other => {
                errors.at(
                    other,
                    format!("expected `{usage}` or the constant of an event, such as `Self::NEW_MSG`"),
                );
                None
            }
        }
    }

    /// The event's name, if it is known here.
    pub(crate) fn name(&self) -> Option<String> {
        match self {
            Self::Literal(literal) | Self::Constant(_, Some(literal)) => Some(literal.value()),
            Self::Constant(_, None) => None,
        }
    }

    /// Whether both name the same event, as far as that is known here.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Constant(path, None), Self::Constant(other, _)) => same_tokens(path, other),
            _ => self.name().is_some_and(|name| other.name() == Some(name)),
        }
    }

    /// How the user would call it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Literal(literal) => format!("{:?}", literal.value()),
            Self::Constant(path, None) => format!("`{}`", written(path)),
            Self::Constant(path, Some(literal)) => format!("`{}` ({:?})", written(path), literal.value()),
        }
    }

    /// A constant expression with the name, which also has rustc see that the event carries this. The same expression
    /// everywhere, so that it reports the same mistake once.
    pub(crate) fn to_name(&self, payload: Option<&Type>) -> TokenStream {
        match self {
            Self::Literal(literal) => literal.to_token_stream(),
            Self::Constant(path, _) => {
                let (first, last) = ends(&path.to_token_stream());
                let function = payload.map_or_else(
                    || quote_spanned!(first=> ::phx_runtime::Event::name),
                    |ty| quote_spanned!(first=> ::phx_runtime::Event::name_for::<#ty>),
                );
                let borrow = quote_spanned!(first=> &);
                let argument = quote_spanned!(last=> (#borrow #path));
                quote!(#function #argument)
            }
        }
    }

    /// What stands before the `=>` of an arm that takes `event`.
    pub(crate) fn to_arm(&self, event: &TokenStream, payload: Option<&Type>) -> TokenStream {
        match self {
            Self::Literal(literal) => literal.to_token_stream(),
            Self::Constant(..) => {
                let name = self.to_name(payload);
                quote!(_ if #event == #name)
            }
        }
    }
}

impl ToTokens for Event {
    /// As the user wrote it.
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Literal(literal) => literal.to_tokens(tokens),
            Self::Constant(path, _) => path.to_tokens(tokens),
        }
    }
}

/// The `"new_msg"` of `Event::new("new_msg")`. What another function makes of its argument is not known.
fn literal_in(value: &Expr) -> Option<LitStr> {
    let Expr::Call(call) = ungrouped_expr(value) else { return None };
    let Expr::Path(function) = &*call.func else { return None };
    let names: Vec<String> = function.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    if !names.ends_with(&["Event".to_owned(), "new".to_owned()]) {
        return None;
    }
    match call.args.first().map(ungrouped_expr) {
        Some(Expr::Lit(ExprLit { lit: Lit::Str(literal), .. })) => Some(literal.clone()),
        _ => None,
    }
}

/// The expression without the invisible delimiters that a `macro_rules` variable puts around it.
fn ungrouped_expr(mut expr: &Expr) -> &Expr {
    while let Expr::Group(group) = expr {
        expr = &group.expr;
    }
    expr
}

fn may_be_event(name: &LitStr, errors: &mut Errors) -> bool {
    let reserved = name.value().starts_with("phx_");
    if reserved {
        errors.at(name, "event names that start with `phx_` belong to the protocol");
    }
    !reserved
}

/// A lone lower-case word is more likely a name without its quotes.
fn is_constant(path: &ExprPath) -> bool {
    let segments = &path.path.segments;
    segments.len() > 1
        || segments.iter().all(|segment| segment.ident.to_string().contains(char::is_uppercase))
}
