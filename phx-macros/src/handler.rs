//! One callback: its attribute, and which argument of its signature plays which part.

use crate::cfg::Cfgs;
use crate::errors::Errors;
use crate::pattern::Pattern;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{
    Attribute, Error, FnArg, GenericParam, ImplItemFn, Pat, PatType, Receiver, ReceiverKind, ReturnType,
    Safety, Signature, Type,
};

/// The attributes that make a method a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Join,
    HandleIn,
    HandleOut,
    HandleInfo,
    Terminate,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Join, Self::HandleIn, Self::HandleOut, Self::HandleInfo, Self::Terminate];

    pub(crate) fn of(attribute: &Attribute) -> Option<Self> {
        let name = &attribute.path().segments.last()?.ident;
        Self::ALL.into_iter().find(|kind| name == kind.name())
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::HandleIn => "handle_in",
            Self::HandleOut => "handle_out",
            Self::HandleInfo => "handle_info",
            Self::Terminate => "terminate",
        }
    }

    /// The attribute as it is written.
    pub(crate) const fn usage(self) -> &'static str {
        match self {
            Self::Join => "#[join(\"topic:*\")]",
            Self::HandleIn => "#[handle_in(\"event\")]",
            Self::HandleOut => "#[handle_out(\"event\")]",
            Self::HandleInfo => "#[handle_info]",
            Self::Terminate => "#[terminate]",
        }
    }

    /// What an owned argument is, besides a capture.
    const fn owned(self) -> Part {
        match self {
            Self::Join | Self::HandleIn | Self::HandleOut => Part::Payload,
            Self::HandleInfo => Part::Message,
            Self::Terminate => Part::Reason,
        }
    }
}

/// For the attributes where no `#[channel]` has read them.
pub(crate) fn misplaced(kind: Kind, item: TokenStream) -> TokenStream {
    let name = kind.name();
    let message = format!("`#[{name}]` only has a meaning on a method inside a `#[channel]` impl block");
    let error = Error::new(Span::call_site(), message).into_compile_error();
    quote!(#item #error)
}

/// A callback that can be called with what the channel has at hand.
pub(crate) struct Handler {
    pub(crate) cfgs: Cfgs,
    pub(crate) kind: Kind,
    pub(crate) name: Ident,
    pub(crate) is_async: bool,
    pub(crate) arguments: Vec<Argument>,
    /// `None` when the method returns nothing.
    pub(crate) output: Option<Type>,
}

pub(crate) struct Argument {
    pub(crate) part: Part,
    pub(crate) ty: Type,
}

/// What an argument receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// What the pattern of the `#[join]` captures under this name.
    Capture(String),
    Payload,
    Message,
    Reason,
    Context,
}

// parse

impl Handler {
    /// Reads a method; a `#[join]` has a pattern. `None` after its mistakes were noted.
    pub(crate) fn parse(
        kind: Kind,
        method: &ImplItemFn,
        pattern: Option<&Pattern>,
        errors: &mut Errors,
    ) -> Option<Self> {
        let before = errors.count();
        let reader = Reader { kind, sig: &method.sig, pattern };
        reader.check_modifiers(errors);
        reader.check_receiver(errors);
        let arguments = reader.arguments(errors);
        let output = reader.output(errors);
        (errors.count() == before).then(|| Self {
            cfgs: Cfgs::of(&method.attrs),
            kind,
            name: method.sig.ident.clone(),
            is_async: method.sig.asyncness.is_some(),
            arguments,
            output,
        })
    }

    /// The type of the message that a `#[handle_info]` takes.
    pub(crate) fn message_type(&self) -> Option<&Type> {
        self.arguments.iter().find(|argument| argument.part == Part::Message).map(|argument| &argument.ty)
    }
}

/// Reads one signature.
struct Reader<'a> {
    kind: Kind,
    sig: &'a Signature,
    pattern: Option<&'a Pattern>,
}

impl Reader<'_> {
    fn check_modifiers(&self, errors: &mut Errors) {
        if let Safety::Unsafe(token) = &self.sig.safety {
            errors.at(token, "a callback cannot be `unsafe`: clients decide when it is called");
        }
        for parameter in &self.sig.generics.params {
            if !matches!(parameter, GenericParam::Lifetime(_)) {
                errors
                    .at(parameter, "a callback cannot have type parameters: write the type in the argument");
            }
        }
    }

    fn check_receiver(&self, errors: &mut Errors) {
        let receiver = self.sig.receiver();
        match (self.kind, receiver) {
            (Kind::Join, None) => {}
            (Kind::Join, Some(receiver)) => errors.at(
                receiver,
                "`join` creates the channel, so there is no `self` yet: return `Ok(Self { .. })`",
            ),
            (_, Some(receiver)) if is_borrowed(receiver) => {}
            (_, Some(receiver)) => errors.at(receiver, "a callback borrows its channel: write `&mut self`"),
            (_, None) => self.wrong_arguments(errors),
        }
    }

    fn arguments(&self, errors: &mut Errors) -> Vec<Argument> {
        let mut arguments: Vec<Argument> = Vec::new();
        for input in &self.sig.inputs {
            let FnArg::Typed(input) = input else { continue };
            let Some(part) = self.part(input, errors) else {
                continue;
            };
            if arguments.iter().any(|argument| argument.part == part) {
                self.unexpected(input, errors);
            } else {
                arguments.push(Argument { part, ty: (*input.ty).clone() });
            }
        }
        let has = |part: &Part| arguments.iter().any(|argument| argument.part == *part);
        if self.kind == Kind::HandleInfo && self.sig.receiver().is_some() && !has(&Part::Message) {
            self.wrong_arguments(errors);
        }
        if let Some(pattern) = self.pattern {
            for name in pattern.captures().filter(|name| !has(&Part::Capture((*name).to_owned()))) {
                errors.at(&pattern.source, format!("nothing receives the capture `{{{name}}}`"));
                errors.at_span(self.parentheses(), format!("expected an argument named `{name}` here"));
            }
        }
        arguments
    }

    /// Which part an argument plays. `None` after its mistake was noted.
    fn part(&self, input: &PatType, errors: &mut Errors) -> Option<Part> {
        let capture = self.capture(input);
        match (ungrouped(&input.ty), capture) {
            (Type::Reference(ty), Some(name)) => {
                errors.at(ty, format!("a capture is parsed into an owned value: write `{name}: String`"));
                // It is received all the same, if not in the right way.
                Some(Part::Capture(name))
            }
            (_, Some(name)) => Some(Part::Capture(name)),
            (Type::Reference(ty), None) if ty.mutability.is_some() => {
                self.check_context(&ty.elem, errors);
                Some(Part::Context)
            }
            (Type::Reference(_), None) => {
                self.unexpected(input, errors);
                None
            }
            (ty, None) if mentions_impl(ty.to_token_stream()) => {
                errors.at(ty, "a callback cannot have type parameters: write the type itself");
                None
            }
            (_, None) => Some(self.kind.owned()),
        }
    }

    fn capture(&self, input: &PatType) -> Option<String> {
        let Pat::Ident(pat) = &*input.pat else { return None };
        let name = pat.ident.unraw().to_string();
        self.pattern?.captures().any(|capture| capture == name).then_some(name)
    }

    /// Which context it is depends on whether the client has joined. Any other type is for rustc to judge.
    fn check_context(&self, ty: &Type, errors: &mut Errors) {
        let Type::Path(path) = ungrouped(ty) else { return };
        let is = |name| path.path.segments.last().is_some_and(|segment| segment.ident == name);
        if self.kind == Kind::Join && is("Context") {
            errors.at(ty, "a client that is joining has no `Context` yet: take `ctx: &mut Joining<Self>`");
        } else if self.kind != Kind::Join && is("Joining") {
            errors.at(ty, "only `#[join]` has a client that is joining: take `ctx: &mut Context<Self>`");
        }
    }

    fn output(&self, errors: &mut Errors) -> Option<Type> {
        let output = match &self.sig.output {
            ReturnType::Type(_, ty) if !is_unit(ty) => Some(&**ty),
            _ => None,
        };
        match (self.kind, output) {
            (Kind::Join, None) => errors.at(
                &self.sig.ident,
                "a `#[join]` method decides who may join: return `Result<Self, E>` or `Result<(Self, T), E>`",
            ),
            (Kind::HandleOut | Kind::HandleInfo | Kind::Terminate, Some(ty)) => {
                errors.at(ty, "only `#[join]` and `#[handle_in]` answer the client: return nothing here");
            }
            _ => {}
        }
        output.cloned()
    }

    fn unexpected(&self, input: &PatType, errors: &mut Errors) {
        errors.at(input, format!("unexpected argument, expected `{}`", self.usage()));
    }

    fn wrong_arguments(&self, errors: &mut Errors) {
        errors.at_span(self.parentheses(), format!("expected `{}`", self.usage()));
    }

    fn parentheses(&self) -> Span {
        self.sig.paren_token.span.join()
    }

    /// The legal signature, with optional parts in brackets.
    fn usage(&self) -> String {
        let rest = match self.kind {
            Kind::Join => "[payload: P,] [ctx: &mut Joining<Self>]) -> Result<Self, E>",
            Kind::HandleIn | Kind::HandleOut => "&mut self, [payload: P,] [ctx: &mut Context<Self>])",
            Kind::HandleInfo => "&mut self, message: M, [ctx: &mut Context<Self>])",
            Kind::Terminate => "&mut self, [reason: Reason,] [ctx: &mut Context<Self>])",
        };
        let mut captures = String::new();
        for name in self.pattern.iter().flat_map(|pattern| pattern.captures()) {
            captures.push_str(name);
            captures.push_str(": T, ");
        }
        let asyncness = self.sig.asyncness.map_or("", |_| "async ");
        format!("{asyncness}fn {}({captures}{rest}", self.sig.ident)
    }
}

fn is_borrowed(receiver: &Receiver) -> bool {
    match &receiver.kind {
        ReceiverKind::Reference(..) => true,
        ReceiverKind::Typed(_, ty) => matches!(ungrouped(ty), Type::Reference(_)),
        _ => false,
    }
}

fn is_unit(ty: &Type) -> bool {
    matches!(ungrouped(ty), Type::Tuple(tuple) if tuple.elems.is_empty())
}

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

/// Whether a type contains `impl Trait`, which cannot be written in the expansion.
pub(crate) fn mentions_impl(ty: TokenStream) -> bool {
    ty.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "impl",
        TokenTree::Group(group) => mentions_impl(group.stream()),
        _ => false,
    })
}
