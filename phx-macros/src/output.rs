//! What a callback returns.

use crate::errors::Errors;
use crate::handler::Kind;
use crate::types::{is_unit, ungrouped, written};
use syn::{
    AngleBracketedGenericArguments, GenericArgument, PathArguments, ReturnType, Signature, Type,
    TypeParamBound,
};

/// The type that a method returns; `None` when it returns nothing.
pub(crate) fn read(kind: Kind, sig: &Signature, errors: &mut Errors) -> Option<Type> {
    let name = &sig.ident;
    let output = match &sig.output {
        ReturnType::Type(_, ty) if !is_unit(ty) => Some(&**ty),
        _ => None,
    };
    let future = output.and_then(|ty| Some((ty, output_of_future(ty)?)));
    match (kind, output, future) {
        (Kind::Join, None, _) => errors.at(
            name,
            "a `#[join]` method decides who may join: return `Result<Self, E>` or `Result<(Self, T), E>`",
        ),
        (_, _, Some((ty, inner))) => {
            let inner = written(inner);
            let message = if sig.asyncness.is_some() {
                format!("`async fn {name}` is a future by itself: return the output, `{inner}`")
            } else {
                format!(
                    "a future that is returned is not awaited: write `async fn {name}` and return its output, `{inner}`"
                )
            };
            errors.at(ty, message);
        }
        (Kind::HandleOut | Kind::HandleInfo | Kind::Terminate, Some(ty), _) => {
            errors.at(ty, "only `#[join]` and `#[handle_in]` answer the client: return nothing here");
        }
        _ => {}
    }
    output.cloned()
}

/// If a type is a future, as far as can be seen: the type of its output.
fn output_of_future(ty: &Type) -> Option<&Type> {
    let path = match ungrouped(ty) {
        Type::ImplTrait(ty) => return ty.bounds.iter().find_map(output_of_future_bound),
        Type::TraitObject(ty) => return ty.bounds.iter().find_map(output_of_future_bound),
        Type::Path(ty) => &ty.path,
        _ => return None,
    };
    let segment = path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    let inner = last_type(arguments)?;
    match segment.ident.to_string().as_str() {
        "Pin" | "Box" => output_of_future(inner),
        "BoxFuture" | "LocalBoxFuture" => Some(inner),
        _ => None,
    }
}

fn output_of_future_bound(bound: &TypeParamBound) -> Option<&Type> {
    let TypeParamBound::Trait(bound) = bound else { return None };
    let segment = bound.path.segments.last().filter(|segment| segment.ident == "Future")?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(output) => Some(&output.ty),
        _ => None,
    })
}

fn last_type(arguments: &AngleBracketedGenericArguments) -> Option<&Type> {
    arguments.args.iter().rev().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}
