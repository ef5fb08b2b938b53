//! The signature of a callback: which argument plays which part.

use crate::errors::Errors;
use crate::handler::{Argument, Kind, Part};
use crate::pattern::Pattern;
use crate::suggest::did_you_mean;
use crate::types::{borrowed, is_context, mentions, owned_instead, ungrouped};
use proc_macro2::Span;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{
    FnArg, GenericParam, Pat, PatType, Receiver, ReceiverKind, Safety, Signature, Type, TypeParamBound,
    WherePredicate,
};

/// Notes what is wrong with a signature, and returns its arguments as far as they are right.
pub(crate) fn read(
    kind: Kind,
    sig: &Signature,
    pattern: Option<&Pattern>,
    errors: &mut Errors,
) -> Vec<Argument> {
    let reader = Reader { kind, sig, pattern };
    reader.check_modifiers(errors);
    reader.check_receiver(errors);
    reader.arguments(errors)
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
        if let Some(abi) = &self.sig.abi {
            errors.at(abi, "a callback cannot be `extern`: only its channel calls it");
        }
        for parameter in &self.sig.generics.params {
            if !matches!(parameter, GenericParam::Lifetime(_)) {
                errors
                    .at(parameter, "a callback cannot have type parameters: write the type in the argument");
            }
        }
        let bounds = self.sig.generics.where_clause.iter().flat_map(|clause| &clause.predicates);
        for bound in bounds.filter(|bound| asks_for_a_trait(bound)) {
            errors.at(bound, "a callback cannot have conditions of its own: move this to the impl block");
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
        let mut unexpected = Vec::new();
        for input in self.typed_inputs() {
            if let Some(cfg) = input.attrs.iter().find(|attribute| attribute.path().is_ident("cfg")) {
                errors.at(
                    cfg,
                    "the arguments of a callback are the same in every build: put `#[cfg]` on the method",
                );
            }
            let part = self.part(input);
            if arguments.iter().any(|argument| argument.part == part) {
                unexpected.push(input);
            } else {
                self.check_type(&part, input, errors);
                arguments.push(Argument { part, ty: (*input.ty).clone() });
            }
        }
        let has = |part: &Part| arguments.iter().any(|argument| argument.part == *part);
        if self.kind == Kind::HandleInfo && self.sig.receiver().is_some() && !has(&Part::Message) {
            self.wrong_arguments(errors);
        }
        let captures = self.pattern.iter().flat_map(|pattern| pattern.captures());
        let missing: Vec<&str> = captures.filter(|name| !has(&Part::Capture((*name).to_owned()))).collect();
        if missing.is_empty() {
            for input in unexpected {
                errors.at(input, format!("unexpected argument, expected `{}`", self.usage()));
            }
        }
        // An argument that is left over was meant for a capture that is, by another name.
        for name in missing {
            self.missing_capture(name, errors);
        }
        arguments
    }

    fn missing_capture(&self, name: &str, errors: &mut Errors) {
        let Some(pattern) = self.pattern else { return };
        errors.at(&pattern.source, format!("nothing receives the capture `{{{name}}}`"));
        let meant = self.typed_inputs().find(|input| {
            let is_owned = matches!(self.part(input), Part::Payload);
            is_owned && name_of(input).is_some_and(|wrong| did_you_mean(&wrong, &[name]).is_some())
        });
        match meant {
            Some(input) => errors.at(&input.pat, format!("did you mean `{name}`?")),
            None => errors.at_span(self.parentheses(), format!("expected an argument named `{name}` here")),
        }
    }

    fn typed_inputs(&self) -> impl Iterator<Item = &PatType> {
        self.sig.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(input) => Some(input),
            FnArg::Receiver(_) => None,
        })
    }

    /// Which part an argument plays, judged by its name and what kind of type it has.
    fn part(&self, input: &PatType) -> Part {
        if let Some(name) = self.capture(input) {
            return Part::Capture(name);
        }
        match ungrouped(&input.ty) {
            Type::Reference(ty) if ty.mutability.is_some() || is_context(&ty.elem) => Part::Context,
            ty if is_context(ty) && mentions(ty.to_token_stream(), "Self") => Part::Context,
            _ => self.owned_part(),
        }
    }

    /// What an owned argument is, besides a capture.
    const fn owned_part(&self) -> Part {
        match self.kind {
            Kind::Join | Kind::HandleIn | Kind::HandleOut => Part::Payload,
            Kind::HandleInfo => Part::Message,
            Kind::Terminate => Part::Reason,
        }
    }

    /// The capture that an argument is named after, perhaps with the underscore that marks it as unused.
    fn capture(&self, input: &PatType) -> Option<String> {
        let name = name_of(input)?;
        let is_capture = |name: &str| self.pattern?.captures().find(|capture| *capture == name);
        let exact = is_capture(&name);
        let unused = || {
            let is_taken =
                |name: &str| self.typed_inputs().any(|input| name_of(input).as_deref() == Some(name));
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
            (Part::Capture(name), ty) if is_context(borrowed(ty)) => errors.at(
                input,
                format!(
                    "`{}` receives the capture `{{{name}}}`, whose name it has: rename one of the two",
                    shown(input)
                ),
            ),
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

/// Whether a condition of a `where` clause is more than one of lifetimes.
fn asks_for_a_trait(predicate: &WherePredicate) -> bool {
    matches!(predicate, WherePredicate::Type(predicate)
        if predicate.bounds.iter().any(|bound| matches!(bound, TypeParamBound::Trait(_))))
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
