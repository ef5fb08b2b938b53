//! What names an event: a literal, or a constant that also says what the event carries.

use crate::cfg::{Cfgs, same_tokens};
use crate::errors::Errors;
use crate::handler::Kind;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, Expr, ExprLit, ImplItem, ImplItemConst, ItemImpl, Lit, LitStr, Meta, Path, Type,
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
    pub(crate) fn all_of(item: &ItemImpl, errors: &mut Errors) -> Vec<Self> {
        let constants = item.items.iter().filter_map(|item| match item {
            ImplItem::Const(item) => Self::of(item),
            _ => None,
        });
        constants
            .filter(|constant| constant.literal.as_ref().is_none_or(|name| may_be_event(name, errors)))
            .collect()
    }

    fn of(item: &ImplItemConst) -> Option<Self> {
        // By its looks: a type of the user's own may be called `Event` too.
        let (Type::Path(path), Expr::Call(call)) = (&item.ty, &item.expr) else { return None };
        let Expr::Path(function) = &*call.func else { return None };
        let (ty, function) = (path.path.segments.last()?, function.path.segments.last()?);
        if ty.ident != "Event" || ty.arguments.is_none() || function.ident != "new" {
            return None;
        }
        let literal = match call.args.first() {
            Some(Expr::Lit(ExprLit { lit: Lit::Str(literal), .. })) => Some(literal.clone()),
            _ => None,
        };
        Some(Self { cfgs: Cfgs::of(&item.attrs), item: item.clone(), literal })
    }

    /// A row of the table.
    pub(crate) fn row(&self) -> TokenStream {
        let Self { cfgs, item, .. } = self;
        let name = &item.ident;
        quote!(#cfgs ::phx_runtime::EventOut::of(&Self::#name))
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
    fn is_named_by(&self, path: &Path) -> bool {
        let name = &self.item.ident;
        same_tokens(path, &quote!(Self::#name))
    }
}

/// The event of a `#[handle_in]` or `#[handle_out]`.
pub(crate) enum Event {
    Literal(LitStr),
    /// With its name, if that is known.
    Constant(Path, Option<LitStr>),
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
        match ungrouped(errors.ok(attribute.parse_args().map_err(expected))?) {
            Expr::Lit(ExprLit { lit: Lit::Str(literal), .. }) => {
                may_be_event(&literal, errors).then_some(Self::Literal(literal))
            }
            Expr::Path(path) if path.qself.is_none() && is_constant(&path.path) => {
                let known = constants.iter().find(|constant| constant.is_named_by(&path.path));
                Some(Self::Constant(path.path, known.and_then(|constant| constant.literal.clone())))
            }
            Expr::Path(path) => {
                let text = path.to_token_stream().to_string();
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
            Self::Constant(path, None) => format!("`{}`", spaceless(path)),
            Self::Constant(path, Some(literal)) => format!("`{}` ({:?})", spaceless(path), literal.value()),
        }
    }

    /// A constant expression with the name.
    pub(crate) fn to_name(&self) -> TokenStream {
        match self {
            Self::Literal(literal) => literal.to_token_stream(),
            Self::Constant(path, _) => {
                let at_path = Span::call_site().located_at(path.span());
                quote_spanned!(at_path=> ::phx_runtime::Event::name(&#path))
            }
        }
    }

    /// What stands before the `=>` of an arm that takes `event`.
    pub(crate) fn to_arm(&self, event: &TokenStream) -> TokenStream {
        match self {
            Self::Literal(literal) => literal.to_token_stream(),
            Self::Constant(..) => {
                let name = self.to_name();
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

/// The expression without the invisible delimiters that a `macro_rules` variable puts around it.
fn ungrouped(mut expr: Expr) -> Expr {
    while let Expr::Group(group) = expr {
        expr = *group.expr;
    }
    expr
}

fn spaceless(path: &Path) -> String {
    path.to_token_stream().to_string().replace(' ', "")
}

fn may_be_event(name: &LitStr, errors: &mut Errors) -> bool {
    let reserved = name.value().starts_with("phx_");
    if reserved {
        errors.at(name, "event names that start with `phx_` belong to the protocol");
    }
    !reserved
}

/// A lone lower-case word is more likely a name without its quotes.
fn is_constant(path: &Path) -> bool {
    path.segments.len() > 1
        || path.segments.iter().all(|segment| segment.ident.to_string().contains(char::is_uppercase))
}
