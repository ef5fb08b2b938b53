//! Whether the lines of a socket and the joins of its channels fit: while the program compiles as far as a macro can see
//! the whole table, and when an endpoint is built.

use crate::const_text::{ConstText, is_same};
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

/// Refuses a socket whose channel on this line has a join that no topic gets to, while the program compiles. `#[socket]`
/// writes the call for each line, with its place among the `routes`.
///
/// # Panics
/// If there is such a join.
#[track_caller]
pub const fn refuse_unreached_joins<S>(routes: &[Route<S>], line: usize, channel: &str) {
    let joins = routes[line].table().joins;
    let Some(reached) = reached_joins(routes, line) else { return };
    let mut i = 0;
    while i < joins.len() {
        if !reached.contains(i) {
            let source = joins[i].pattern.source();
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
    let socket = type_name::<S>();
    for (line, route) in S::ROUTES.iter().enumerate() {
        let (channel, joins) = (route.channel_name(), route.table().joins);
        if !route.is_accepted() {
            let pattern = *route.pattern();
            problems.push(EndpointProblem::LineWithoutJoin { socket, pattern, channel });
        }
        if let Some(reached) = reached_joins(S::ROUTES, line) {
            let unreached = joins.iter().enumerate().filter(|(i, _)| !reached.contains(*i));
            problems.extend(unreached.map(|(_, join)| {
                let pattern = join.pattern;
                EndpointProblem::JoinWithoutLine { socket, pattern, channel }
            }));
        }
        if !S::ROUTES[..line].iter().any(|above| above.has_the_channel_of(route)) {
            let repeated = route.table().repeated_event();
            problems.extend(repeated.map(|event| EndpointProblem::EventHandledTwice { channel, event }));
        }
    }
    problems
}

/// The joins of the channel on this line that topics get to, by this line or another of the channel. `None` if another
/// line tells it: the first of the channel, or one that is wrong itself, which may well be why a join gets none.
const fn reached_joins<S>(routes: &[Route<S>], line: usize) -> Option<Reached> {
    let joins = routes[line].table().joins;
    let mut reached = Reached { joins: [false; MOST_JOINS] };
    let mut i = 0;
    while i < routes.len() {
        if is_beside(&routes[i], &routes[line]) {
            if i < line || !routes[i].is_accepted() {
                return None;
            }
            let mut j = 0;
            while j < joins.len() && j < MOST_JOINS {
                reached.joins[j] = reached.joins[j] || gets_topics(routes, i, &joins[j].pattern);
                j += 1;
            }
        }
        i += 1;
    }
    Some(reached)
}

/// The joins of a channel that are looked at: more than anybody writes by hand.
const MOST_JOINS: usize = 256;

struct Reached {
    joins: [bool; MOST_JOINS],
}

impl Reached {
    const fn contains(&self, join: usize) -> bool {
        join >= MOST_JOINS || self.joins[join]
    }
}

/// Whether both lines lead to one channel, as far as the compiler can tell: types cannot be compared yet, but joins
/// can. Instances of a generic channel, which have one impl block, count as one.
const fn is_beside<S>(one: &Route<S>, other: &Route<S>) -> bool {
    let (one, other) = (one.table().joins, other.table().joins);
    let mut i = 0;
    while i < one.len() && i < other.len() {
        if !is_same(one[i].pattern.source(), other[i].pattern.source()) {
            return false;
        }
        i += 1;
    }
    one.len() == other.len()
}

/// Whether some topic of the pattern goes by this line and by none above it.
const fn gets_topics<S>(routes: &[Route<S>], line: usize, pattern: &Pattern) -> bool {
    let own = routes[line].pattern();
    if !own.overlaps(pattern) {
        return false;
    }
    let mut above = 0;
    while above < line {
        if routes[above].pattern().covers_common(own, pattern) {
            return false;
        }
        above += 1;
    }
    true
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
        channel!("area:{id}", Twin<T>);
        channel!("zone:{id}", OtherTwin<T>);

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

        #[handle_in(crate::route_check::tests::PING)]
        fn ping(&mut self) {}

        #[handle_in("ping")]
        fn ping_again(&mut self) {}

        #[join("room:other")]
        fn other() -> Result<Self, Refused> {
            Err(Refused::new("other"))
        }
    }

    const PING: crate::Event<()> = crate::Event::new("ping");

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

    struct Twin<T>(T);

    #[channel(socket = AnySocket<T>, crate = phx_runtime)]
    impl<T: Send + Sync + 'static> Twin<T> {
        #[join("{kind}:{id}")]
        fn join(kind: String, id: u8) -> Result<Self, Refused> {
            Err(Refused::new(format!("{kind} {id}")))
        }
    }

    /// Another channel, which the compiler takes for the same one by its joins.
    struct OtherTwin<T>(T);

    #[channel(socket = AnySocket<T>, crate = phx_runtime)]
    impl<T: Send + Sync + 'static> OtherTwin<T> {
        #[join("{kind}:{id}")]
        fn join(kind: String, id: u8) -> Result<Self, Refused> {
            Err(Refused::new(format!("{kind} {id}")))
        }

        #[handle_out("ping")]
        fn ping(&mut self) {}

        #[handle_out(crate::route_check::tests::PING)]
        fn ping_again(&mut self) {}
    }

    #[test]
    fn lines_without_a_join_joins_without_a_line_and_repeated_events_are_found() {
        let texts: Vec<_> = problems::<AnySocket<u8>>().iter().map(ToString::to_string).collect();
        let [other, twice, line, seat, twice_out] = &texts[..] else { panic!("{texts:#?}") };
        assert!(
            twice_out.contains("handled twice by `phx_runtime::route_check::tests::OtherTwin<u8>`"),
            "{twice_out}"
        );
        assert!(twice.contains("event \"ping\" is handled twice by"), "{twice}");
        assert!(
            line.contains("`phx_runtime::route_check::tests::Room<u8>` accepts a topic matching \"rooms:*\""),
            "{line}"
        );
        assert!(other.contains("no topic gets to `#[join(\"room:other\")]` of"), "{other}");
        assert!(seat.contains("no topic gets to `#[join(\"hall:{name}:{seat}\")]` of"), "{seat}");
    }

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
            #[join("{all..}")]
            fn join(all: String) -> Result<Self, Refused> {
                Err(Refused::new(all))
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

        use crate::Segment::{Capture, Literal};
        let gets = |line: usize, pattern: Pattern| gets_topics(AbcSocket::ROUTES, line, &pattern);
        let a_b = Pattern::exact("a:b", &[Literal("a"), Literal("b")]);
        assert!(gets(0, a_b) && !gets(1, a_b) && !gets(2, a_b));
        let a_c = Pattern::exact("a:c", &[Literal("a"), Literal("c")]);
        assert!(!gets(0, a_c) && gets(1, a_c) && !gets(2, a_c));
        let any_b = Pattern::exact("{x}:b", &[Capture("x"), Literal("b")]);
        assert!(gets(0, any_b) && !gets(1, any_b) && gets(2, any_b));
        let c = Pattern::prefix("c*", &[], "c");
        assert!(!gets(0, c) && gets(2, c));
        assert_eq!(problems::<AbcSocket>(), []);
    }
}
