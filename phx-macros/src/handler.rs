//! One callback: its attribute, and which argument of its signature plays which part.

use crate::cfg::{Cfgs, same_tokens};
use crate::errors::Errors;
use crate::krate::Krate;
use crate::pattern::Pattern;
use crate::types::{is_context, is_unit, mentions, owned_instead, ungrouped};
use proc_macro2::{Ident, Span};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{
    FnArg, GenericParam, ImplItemFn, Pat, PatType, Path, Receiver, ReceiverKind, ReturnType, Safety,
    Signature, Type,
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

    /// Whose attribute this is: `join` or `phx_runtime::join`, but not that of another crate.
    pub(crate) fn of(attribute: &Path, krate: &Krate) -> Option<Self> {
        let names: Vec<String> = attribute.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let name = match &names[..] {
            [name] if attribute.leading_colon.is_none() => name,
            [path @ .., name] if krate.is(path) => name,
            _ => return None,
        };
        Self::ALL.into_iter().find(|kind| name == kind.name())
    }

    pub(crate) const fn name(self) -> &'static str {
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

    /// The captures of a `#[join]` that its method takes: the name of each, and its type.
    pub(crate) fn captures(&self) -> impl Iterator<Item = (&str, &Type)> {
        self.arguments.iter().filter_map(|argument| match &argument.part {
            Part::Capture(name) => Some((name.as_str(), &argument.ty)),
            _ => None,
        })
    }

    /// Whether it takes the captures that `other` takes, of the same types.
    pub(crate) fn has_the_captures_of(&self, other: &Self) -> bool {
        other.captures().all(|(name, ty)| {
            self.captures().any(|(own_name, own_ty)| own_name == name && same_tokens(own_ty, ty))
        })
    }

    /// The type of the message that a `#[handle_info]` takes.
    pub(crate) fn message_type(&self) -> Option<&Type> {
        self.type_of(&Part::Message)
    }

    /// The type of the argument that plays this part, if there is one.
    pub(crate) fn type_of(&self, part: &Part) -> Option<&Type> {
        self.arguments.iter().find(|argument| argument.part == *part).map(|argument| &argument.ty)
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
            let part = self.part(input);
            if arguments.iter().any(|argument| argument.part == part) {
                self.unexpected(input, errors);
            } else {
                self.check_type(&part, input, errors);
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

    /// Which part an argument plays, judged by its name and what kind of type it has.
    fn part(&self, input: &PatType) -> Part {
        if let Some(name) = self.capture(input) {
            return Part::Capture(name);
        }
        match ungrouped(&input.ty) {
            Type::Reference(ty) if ty.mutability.is_some() || is_context(&ty.elem) => Part::Context,
            ty if is_context(ty) && mentions(ty.to_token_stream(), "Self") => Part::Context,
            _ => self.kind.owned(),
        }
    }

    /// The capture that an argument is named after, perhaps with the underscore that marks it as unused.
    fn capture(&self, input: &PatType) -> Option<String> {
        let name = name_of(input)?;
        let is_capture = |name: &str| self.pattern?.captures().find(|capture| *capture == name);
        let exact = is_capture(&name);
        let unused = || {
            let is_taken = |name: &str| {
                self.sig.inputs.iter().any(
                    |input| matches!(input, FnArg::Typed(input) if name_of(input).as_deref() == Some(name)),
                )
            };
            is_capture(name.strip_prefix('_')?).filter(|name| !is_taken(name))
        };
        exact.or_else(unused).map(str::to_owned)
    }

    fn check_type(&self, part: &Part, input: &PatType, errors: &mut Errors) {
        let ty = ungrouped(&input.ty);
        match (part, ty) {
            (Part::Context, Type::Reference(reference)) if reference.mutability.is_some() => {
                self.check_context(&reference.elem, errors);
            }
            (Part::Context, _) => {
                let context = if self.kind == Kind::Join { "Joining" } else { "Context" };
                errors.at(
                    ty,
                    format!("the context is borrowed: write `{}: &mut {context}<Self>`", shown(input)),
                );
            }
            (_, ty) if mentions(ty.to_token_stream(), "impl") => {
                errors.at(ty, "a callback cannot have type parameters: write the type itself");
            }
            (part, ty) => {
                if let Some(way_out) = owned_instead(*part == Part::Message, &shown(input), ty) {
                    let what = match part {
                        Part::Capture(_) => "a capture is parsed into an owned value",
                        Part::Payload => "a payload is decoded into an owned value",
                        Part::Message => "a message is handed over as an owned value",
                        _ => "the reason is handed over as an owned value",
                    };
                    errors.at(ty, format!("{what}: {way_out}"));
                }
            }
        }
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

/// The name of an argument, if it has one and not a pattern.
fn name_of(input: &PatType) -> Option<String> {
    match &*input.pat {
        Pat::Ident(pat) => Some(pat.ident.unraw().to_string()),
        _ => None,
    }
}

/// The argument, for a message that shows how to write it.
fn shown(input: &PatType) -> String {
    name_of(input).unwrap_or_else(|| input.pat.to_token_stream().to_string())
}
