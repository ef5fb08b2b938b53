//! One callback: which kind it is, and what stands in its signature.

use crate::cfg::{Cfgs, same_tokens};
use crate::errors::Errors;
use crate::krate::Krate;
use crate::pattern::Pattern;
use crate::types::owned_instead;
use crate::{output, signature};
use proc_macro2::Ident;
use syn::{ImplItemFn, Path, Type};

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
}

/// A callback.
pub(crate) struct Handler {
    /// Otherwise its mistakes were noted, and it must not be called.
    pub(crate) is_right: bool,
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
    /// Reads a method; a `#[join]` has a pattern. `None` when after its mistakes nothing of use is left.
    pub(crate) fn parse(
        kind: Kind,
        method: &ImplItemFn,
        pattern: Option<&Pattern>,
        errors: &mut Errors,
    ) -> Option<Self> {
        let before = errors.count();
        let arguments = signature::read(kind, &method.sig, pattern, errors);
        let output = output::read(kind, &method.sig, errors);
        let is_right = errors.count() == before;
        let handler = Self {
            is_right,
            cfgs: Cfgs::of(&method.attrs),
            kind,
            name: method.sig.ident.clone(),
            is_async: method.sig.asyncness.is_some(),
            arguments,
            output,
        };
        (is_right || handler.keeps_its_message()).then_some(handler)
    }

    /// Whether its message is still handled as far as others can tell, so that those who send it are not wrong too.
    fn keeps_its_message(&self) -> bool {
        self.kind == Kind::HandleInfo
            && self.message_type().is_some_and(|ty| owned_instead(true, "", ty).is_none())
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
