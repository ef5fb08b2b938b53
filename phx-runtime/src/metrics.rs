//! What the server counts; docs/observability.md explains each.
//!
//! Each mount takes its handles when the endpoint is built: looking them up again would cost more than most of what is
//! counted.

use crate::frame::CloseCode;
use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge,
    histogram,
};

/// Of one mount.
#[derive(Debug)]
pub(crate) struct Metrics {
    pub(crate) connections: Gauge,
    pub(crate) channels: Gauge,
    pub(crate) connects: Counter,
    pub(crate) messages_in: Counter,
    messages_out: Counter,
    outbox_bytes: Histogram,
    pub(crate) connect_seconds: Histogram,
    pub(crate) join_seconds: Histogram,
    pub(crate) handle_in_seconds: Histogram,
    refusals: Vec<Counter>,
    joins: Vec<Counter>,
    crashes: Vec<Counter>,
    closes: Vec<Counter>,
}

/// An enum whose variants are the values of a label.
macro_rules! label {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name { $($variant,)* }

        impl $name {
            const TEXTS: &[&str] = &[$($text,)*];
        }
    };
}

label! {
    /// At which check a handshake was refused.
    Check {
        Method = "method",
        Query = "query",
        Origin = "origin",
        AuthToken = "auth_token",
        Subprotocol = "subprotocol",
        Version = "version",
        Params = "params",
        Connect = "connect",
        Upgrade = "upgrade",
        Sessions = "sessions",
        Crash = "crash",
    }
}

label! {
    /// How a join ended.
    JoinResult {
        Ok = "ok",
        Refused = "refused",
        Crashed = "crashed",
    }
}

label! {
    /// What crashed.
    Crashed {
        Handshake = "handshake",
        Socket = "socket",
        Join = "join",
        Channel = "channel",
        Terminate = "terminate",
        Background = "background",
    }
}

impl Check {
    pub(crate) fn text(self) -> &'static str {
        Self::TEXTS[self as usize]
    }
}

impl Crashed {
    pub(crate) fn text(self) -> &'static str {
        Self::TEXTS[self as usize]
    }
}

label! {
    /// The code a connection was closed with.
    Closed {
        Normal = "1000",
        GoingAway = "1001",
        ProtocolError = "1002",
        InvalidText = "1007",
        TooLarge = "1009",
        InternalError = "1011",
        ServiceRestart = "1012",
        TryAgainLater = "1013",
        Application = "application",
        Vanished = "none",
    }
}

impl Metrics {
    pub(crate) fn new(path: &str) -> Self {
        let path = || path.to_owned();
        let by_label = |name: &'static str, label: &'static str, texts: &[&'static str]| {
            texts.iter().map(|text| counter!(name, "path" => path(), label => *text)).collect()
        };
        Self {
            connections: gauge!("phx_connections", "path" => path()),
            channels: gauge!("phx_channels", "path" => path()),
            connects: counter!("phx_connects_total", "path" => path()),
            messages_in: counter!("phx_messages_in_total", "path" => path()),
            messages_out: counter!("phx_messages_out_total", "path" => path()),
            outbox_bytes: histogram!("phx_outbox_bytes", "path" => path()),
            connect_seconds: histogram!("phx_connect_seconds", "path" => path()),
            join_seconds: histogram!("phx_join_seconds", "path" => path()),
            handle_in_seconds: histogram!("phx_handle_in_seconds", "path" => path()),
            refusals: by_label("phx_refusals_total", "check", Check::TEXTS),
            joins: by_label("phx_joins_total", "result", JoinResult::TEXTS),
            crashes: by_label("phx_crashes_total", "in", Crashed::TEXTS),
            closes: by_label("phx_closes_total", "code", Closed::TEXTS),
        }
    }

    pub(crate) fn refused(&self, check: Check) {
        self.refusals[check as usize].increment(1);
    }

    pub(crate) fn joined(&self, result: JoinResult) {
        self.joins[result as usize].increment(1);
    }

    pub(crate) fn crashed(&self, what: Crashed) {
        self.crashes[what as usize].increment(1);
    }

    /// So many messages are taken from an outbox, where they took so many bytes.
    pub(crate) fn sent(&self, messages: usize, bytes: usize) {
        self.messages_out.increment(messages as u64);
        // Exact up to 4 GiB, a thousand times what may wait by default.
        self.outbox_bytes.record(u32::try_from(bytes).unwrap_or(u32::MAX));
    }

    /// `None` if the client was gone without a goodbye.
    pub(crate) fn closed(&self, code: Option<CloseCode>) {
        let code = match code.map(CloseCode::as_u16) {
            None => Closed::Vanished,
            Some(1000) => Closed::Normal,
            Some(1001) => Closed::GoingAway,
            Some(1002) => Closed::ProtocolError,
            Some(1007) => Closed::InvalidText,
            Some(1009) => Closed::TooLarge,
            Some(1011) => Closed::InternalError,
            Some(1012) => Closed::ServiceRestart,
            Some(1013) => Closed::TryAgainLater,
            Some(_) => Closed::Application,
        };
        self.closes[code as usize].increment(1);
    }
}

/// Of the endpoint.
pub(crate) fn broadcasts() -> Counter {
    describe();
    counter!("phx_broadcasts_total")
}

fn describe() {
    describe_counter!("phx_broadcasts_total", "Broadcasts sent on this node");
    describe_gauge!("phx_connections", "Open connections");
    describe_gauge!("phx_channels", "Channels that are joined, join or end");
    describe_counter!("phx_connects_total", "Connections accepted");
    describe_counter!("phx_refusals_total", "Handshakes refused, by the check that failed");
    describe_counter!("phx_closes_total", "Connections ended, by close code");
    describe_counter!("phx_joins_total", "Joins answered, by result");
    describe_counter!("phx_messages_in_total", "Messages received from clients");
    describe_counter!("phx_messages_out_total", "Messages handed to connections for writing");
    describe_counter!("phx_crashes_total", "Panics and errors that ended something, by what ended");
    describe_histogram!("phx_outbox_bytes", Unit::Bytes, "What waited for a client when its turn came");
    describe_histogram!("phx_connect_seconds", Unit::Seconds, "Time spent in connect");
    describe_histogram!("phx_join_seconds", Unit::Seconds, "Time spent in join");
    describe_histogram!("phx_handle_in_seconds", Unit::Seconds, "Time spent in handle_in");
}
