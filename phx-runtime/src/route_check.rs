//! Whether the lines of a socket and the joins of its channels fit: while the program compiles as far as a macro can see
//! the whole table, and when an endpoint is built.

use crate::const_text::ConstText;
use crate::endpoint_error::EndpointProblem;
use crate::route::{Route, Routes};
use crate::topic::Pattern;
use std::any::type_name;

/// Refuses a line none of whose topics the channel lets anyone join, while the program compiles. `#[socket]` writes the
/// call for each line, with its place among the `routes`.
///
/// # Panics
/// If it is such a line.
#[track_caller]
pub const fn refuse_unaccepted_line<S>(routes: &[Route<S>], line: usize, channel: &str) {
    let route = &routes[line];
    if route.is_accepted() {
        return;
    }
    let text = ConstText::new().and("no `#[join]` of `").and(channel).and("` accepts a topic matching \"");
    let mut text = text.and(route.pattern().source()).and("\"");
    let mut i = 0;
    while i < route.table().joins.len() {
        let before = if i == 0 { ": its joins are for \"" } else { ", \"" };
        text = text.and(before).and(route.table().joins[i].pattern.source()).and("\"");
        i += 1;
    }
    panic!("{}", text.as_str())
}

/// Refuses a socket one of whose channels has a join that no topic gets to, while the program compiles. `#[socket]`
/// writes the call for each channel, with the places of its lines among the `routes`.
///
/// # Panics
/// If there is such a join.
#[track_caller]
pub const fn refuse_unreached_joins<S>(routes: &[Route<S>], lines: &[usize], channel: &str) {
    let Some(&first) = lines.first() else { return };
    let joins = routes[first].table().joins;
    let mut i = 0;
    while i < joins.len() {
        let source = joins[i].pattern.source();
        if !is_reached(routes, lines, &joins[i].pattern) {
            let text = ConstText::new().and("no topic gets to `#[join(\"").and(source).and("\")]` of `");
            let text = text.and(channel).and("`: the `channel!` lines of this socket send none there");
            panic!("{}", text.and(", so widen one or remove the join").as_str())
        }
        i += 1;
    }
}

/// What is wrong with the lines of a socket, also of one that the compiler could not look at.
pub(crate) fn problems<S: Routes>() -> Vec<EndpointProblem> {
    let mut problems = Vec::new();
    for route in S::ROUTES.iter().filter(|route| !route.is_accepted()) {
        problems.push(EndpointProblem::LineWithoutJoin {
            socket: type_name::<S>(),
            pattern: *route.pattern(),
            channel: route.channel_name(),
        });
    }
    for (first, route) in S::ROUTES.iter().enumerate() {
        let lines: Vec<_> = (0..S::ROUTES.len()).filter(|line| S::ROUTES[*line].is_beside(route)).collect();
        if lines.first() == Some(&first) {
            let unreached =
                route.table().joins.iter().filter(|join| !is_reached(S::ROUTES, &lines, &join.pattern));
            problems.extend(unreached.map(|join| EndpointProblem::JoinWithoutLine {
                socket: type_name::<S>(),
                pattern: join.pattern,
                channel: route.channel_name(),
            }));
        }
    }
    problems
}

/// Whether topics of the pattern come by one of these lines, all of one channel. None do if no line has its topics, or
/// others take them first. A line that is wrong itself may well be why, so it counts.
const fn is_reached<S>(routes: &[Route<S>], lines: &[usize], pattern: &Pattern) -> bool {
    let mut i = 0;
    while i < lines.len() {
        if !routes[lines[i]].is_accepted() || gets_topics(routes, lines[i], pattern) {
            return true;
        }
        i += 1;
    }
    false
}

/// Whether some topic of the pattern goes by this line and by none above it.
const fn gets_topics<S>(routes: &[Route<S>], line: usize, pattern: &Pattern) -> bool {
    let own = routes[line].pattern();
    let mut above = 0;
    let mut taken = !own.overlaps(pattern);
    while above < line {
        taken = taken || routes[above].pattern().covers_common(own, pattern);
        above += 1;
    }
    !taken
}

impl<S> Route<S> {
    /// Whether a join of the channel accepts some topic of the line.
    const fn is_accepted(&self) -> bool {
        let mut i = 0;
        while i < self.table().joins.len() {
            if self.table().joins[i].pattern.overlaps(self.pattern()) {
                return true;
            }
            i += 1;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate as phx_runtime;
    use crate::prelude::*;

    /// The compiler does not look at the table of a generic socket.
    struct AnySocket<T>(T);

    #[socket(crate = phx_runtime)]
    impl<T: Send + Sync + 'static> Socket for AnySocket<T> {
        channel!("lobby:{name}", Lobby<T>);
        channel!("room:main", Lobby<T>);
        channel!("room:*", Room<T>);
        channel!("rooms:*", Room<T>);
        channel!("hall:{name}", Hall<T>);

        async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
            Err(Refused::new("no"))
        }
    }

    struct Lobby<T>(T);

    #[channel(socket = AnySocket<T>, crate = phx_runtime)]
    impl<T: Send + Sync + 'static> Lobby<T> {
        #[join("lobby:{rest..}")]
        fn join(rest: String) -> Result<Self, Refused> {
            Err(Refused::new(rest))
        }

        #[join("{kind}:main")]
        fn main(kind: String) -> Result<Self, Refused> {
            Err(Refused::new(kind))
        }

        #[join("room:other")]
        fn other() -> Result<Self, Refused> {
            Err(Refused::new("other"))
        }
    }

    struct Room<T>(T);

    #[channel(socket = AnySocket<T>, crate = phx_runtime)]
    impl<T: Send + Sync + 'static> Room<T> {
        #[join("room:{id}")]
        fn join(id: u64) -> Result<Self, Refused> {
            Err(Refused::new(id.to_string()))
        }
    }

    struct Hall<T>(T);

    #[channel(socket = AnySocket<T>, crate = phx_runtime)]
    impl<T: Send + Sync + 'static> Hall<T> {
        #[join("hall:{name}")]
        fn join(name: String) -> Result<Self, Refused> {
            Err(Refused::new(name))
        }

        /// One segment too many.
        #[join("hall:{name}:{seat}")]
        fn seat(name: String, seat: u8) -> Result<Self, Refused> {
            Err(Refused::new(format!("{name} {seat}")))
        }
    }

    #[test]
    fn lines_without_a_join_and_joins_without_a_line_are_found() {
        let texts: Vec<_> = problems::<AnySocket<u8>>().iter().map(ToString::to_string).collect();
        let [line, other, seat] = &texts[..] else { panic!("{texts:#?}") };
        assert!(
            line.contains("`phx_runtime::route_check::tests::Room<u8>` accepts a topic matching \"rooms:*\""),
            "{line}"
        );
        assert!(other.contains("no topic gets to `#[join(\"room:other\")]` of"), "{other}");
        assert!(seat.contains("no topic gets to `#[join(\"hall:{name}:{seat}\")]` of"), "{seat}");
    }

    /// What `refuse_unreached_joins` is asked while a program compiles.
    #[test]
    fn a_line_above_takes_topics_from_those_below() {
        struct AbcSocket;

        #[socket(crate = phx_runtime)]
        impl Socket for AbcSocket {
            channel!("a:b", Abc);
            channel!("a:{x}", Rest);
            channel!("{all..}", Abc);

            async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
                Ok(Self)
            }
        }

        struct Abc;

        #[channel(socket = AbcSocket, crate = phx_runtime)]
        impl Abc {
            #[join("*")]
            fn join() -> Result<Self, Refused> {
                Ok(Self)
            }
        }

        struct Rest;

        #[channel(socket = AbcSocket, crate = phx_runtime)]
        impl Rest {
            #[join("*")]
            fn join() -> Result<Self, Refused> {
                Ok(Self)
            }
        }

        const fn exact(source: &'static str, segments: &'static [crate::Segment]) -> Pattern {
            Pattern::exact(source, segments)
        }
        use crate::Segment::{Capture, Literal};
        let reached = |lines: &[usize], pattern| is_reached(AbcSocket::ROUTES, lines, &pattern);
        let a_b = exact("a:b", &[Literal("a"), Literal("b")]);
        assert!(reached(&[0], a_b) && !reached(&[1], a_b) && !reached(&[2], a_b) && reached(&[0, 2], a_b));
        let a_c = exact("a:c", &[Literal("a"), Literal("c")]);
        assert!(reached(&[1], a_c) && !reached(&[0, 2], a_c));
        let any_b = exact("{x}:b", &[Capture("x"), Literal("b")]);
        assert!(!reached(&[1], any_b) && reached(&[2], any_b));
        assert!(
            !reached(&[0], Pattern::prefix("c*", &[], "c")) && reached(&[2], Pattern::prefix("c*", &[], "c"))
        );
    }
}
