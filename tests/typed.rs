//! What the macros know of topics and events at compile time, seen on the wire: captures of the rest of a topic, topics
//! that are built, and events that are constants.

use crate::support::{Over, TestResult, TestServer, apply, each_transport, each_transport_of_v2};
use phx_runtime::prelude::*;
use phx_runtime::{Broadcast, Replies, TypeInfo};
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::str::FromStr;

struct FileSocket;

#[socket]
impl Socket for FileSocket {
    channel!("file:{user}:{path..}", File);
    channel!("index:{all..}", Index);
    channel!("trap:*", Trap);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }

    fn id(&self) -> Option<String> {
        Some("files".to_owned())
    }
}

struct File {
    user: u64,
    path: String,
}

#[derive(Serialize, Deserialize)]
struct Write {
    text: String,
}

#[derive(Serialize, Deserialize)]
struct Written {
    user: u64,
    bytes: usize,
}

#[channel(socket = FileSocket)]
impl File {
    const WRITE: Event<Write> = Event::new("write");
    const WRITTEN: Event<Written> = Event::new("written");

    #[join("file:0:{path..}")]
    fn of_root(path: String) -> Result<Self, Refused> {
        Err(Refused::new(format!("{path} is not yours")))
    }

    #[join("file:{user}:{path..}")]
    fn join(path: String, user: u64) -> Result<(Self, String), Refused> {
        let answer = path.clone();
        Ok((Self { user, path }, answer))
    }

    #[handle_in(Self::WRITE)]
    fn write(&mut self, write: Write, ctx: &mut Context<Self>) -> Result<usize, Refused> {
        let bytes = write.text.len();
        ctx.broadcast(Self::WRITTEN, &Written { user: self.user, bytes });
        Ok(bytes)
    }

    #[handle_in("copy")]
    fn copy(&mut self, to: u64, ctx: &mut Context<Self>) -> Result<(), Refused> {
        ctx.broadcast_to(Self::topic(to, &self.path), "copied", &serde_json::json!({ "by": self.user }));
        Ok(())
    }

    #[handle_out(Self::WRITTEN)]
    fn written(&mut self, mut written: Written, ctx: &mut Context<Self>) {
        written.bytes += self.path.len();
        ctx.push(Self::WRITTEN, &written);
    }
}

struct Index;

#[channel(socket = FileSocket)]
impl Index {
    #[join("index:{all..}")]
    fn join(all: String, ctx: &mut Joining<Self>) -> Result<Self, Refused> {
        ctx.subscribe(File::topic(7, &all));
        Ok(Self)
    }

    #[handle_info]
    fn changed(&mut self, broadcast: Broadcast, ctx: &mut Context<Self>) {
        ctx.push("changed", &serde_json::json!({ "topic": broadcast.topic() }));
    }
}

struct Trap;

/// Cannot cope with everything that a client writes.
struct Touchy;

impl FromStr for Touchy {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        assert!(text != "crash", "asked to panic in from_str");
        Ok(Self)
    }
}

#[channel(socket = FileSocket)]
impl Trap {
    #[join("trap:{x}")]
    fn join(x: Touchy) -> Result<Self, Refused> {
        let Touchy = x;
        Ok(Self)
    }

    #[handle_in("close all")]
    fn close_all(&mut self, ctx: &mut Context<Self>) -> Result<(), Refused> {
        ctx.broadcast_to("files", "disconnect", &());
        Ok(())
    }

    #[handle_in("send a number")]
    fn send_a_number(&mut self, ctx: &mut Context<Self>) {
        ctx.broadcast_to("trap:elsewhere", "number", &7);
    }
}

#[apply(each_transport)]
#[tokio::test]
async fn a_capture_that_panics_ends_its_join_and_nothing_else(over: Over) -> TestResult {
    let server = TestServer::start_socket::<FileSocket>(|_| ()).await?;
    let mut client = server.connect(over).await;
    client
        .talk(
            r#"
            -> ["1","1","trap:crash","phx_join",{}]
            <- ["1","1","trap:crash","phx_reply",{"response":{"reason":"join crashed"},"status":"error"}]
            -> ["2","2","trap:ok","phx_join",{}]
            <- ["2","2","trap:ok","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    Ok(())
}

/// In version 1 a number can be sent.
#[apply(each_transport_of_v2)]
#[tokio::test]
async fn a_broadcast_to_another_topic_that_cannot_be_sent_ends_the_channel_that_sends_it(
    over: Over,
) -> TestResult {
    let server = TestServer::start_socket::<FileSocket>(|_| ()).await?;
    let mut client = server.connect(over).await;
    client
        .talk(
            r#"
            -> ["1","1","trap:a","phx_join",{}]
            <- ["1","1","trap:a","phx_reply",{"response":{},"status":"ok"}]
            -> ["2","2","trap:elsewhere","phx_join",{}]
            <- ["2","2","trap:elsewhere","phx_reply",{"response":{},"status":"ok"}]
            -> ["1","3","trap:a","send a number",{}]
            <- ["1","1","trap:a","phx_error",{"reason":"channel_crash"}]
            -> [null,"4","phoenix","heartbeat",{}]
            <- [null,"4","phoenix","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_channel_may_close_the_connections_of_an_id(over: Over) -> TestResult {
    let server = TestServer::start_socket::<FileSocket>(|_| ()).await?;
    let [mut ann, mut bo] = [server.connect(over).await, server.connect(over).await];
    ann.talk(
        r#"
        -> ["1","1","trap:a","phx_join",{}]
        <- ["1","1","trap:a","phx_reply",{"response":{},"status":"ok"}]
        -> ["1","2","trap:a","close all",{}]
        "#,
    )
    .await;
    bo.expect_close(1001).await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_rest_takes_every_colon_and_may_be_empty(over: Over) -> TestResult {
    let server = TestServer::start_socket::<FileSocket>(|_| ()).await?;
    let mut client = server.connect(over).await;
    client
        .talk(
            r#"
            -> ["1","1","file:7:a:b::c","phx_join",{}]
            <- ["1","1","file:7:a:b::c","phx_reply",{"response":"a:b::c","status":"ok"}]
            -> ["2","2","file:7:","phx_join",{}]
            <- ["2","2","file:7:","phx_reply",{"response":"","status":"ok"}]
            -> ["3","3","file:7","phx_join",{}]
            <- [null,"3","file:7","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]
            -> ["4","4","file:ann:a","phx_join",{}]
            <- ["4","4","file:ann:a","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]
            -> ["5","5","file:0:etc:x","phx_join",{}]
            <- ["5","5","file:0:etc:x","phx_reply",{"response":{"reason":"etc:x is not yours"},"status":"error"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn an_event_constant_is_its_name_on_the_wire(over: Over) -> TestResult {
    let server = TestServer::start_socket::<FileSocket>(|_| ()).await?;
    let mut client = server.connect(over).await;
    client
        .talk(
            r#"
            -> ["1","1","file:7:ab","phx_join",{}]
            <- ["1","1","file:7:ab","phx_reply",{"response":"ab","status":"ok"}]
            -> ["1","2","file:7:ab","write",{"text":"four"}]
            <- ["1","2","file:7:ab","phx_reply",{"response":4,"status":"ok"}]
            <- ["1",null,"file:7:ab","written",{"user":7,"bytes":6}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_built_topic_is_the_one_that_was_joined(over: Over) -> TestResult {
    let server = TestServer::start_socket::<FileSocket>(|_| ()).await?;
    let mut client = server.connect(over).await;
    client
        .talk(
            r#"
            -> ["1","1","file:7:a:b","phx_join",{}]
            <- ["1","1","file:7:a:b","phx_reply",{"response":"a:b","status":"ok"}]
            -> ["1","1","index:a:b","phx_join",{}]
            <- ["1","1","index:a:b","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    server.endpoint.broadcast(File::topic(7, "a:b"), File::WRITTEN, &Written { user: 0, bytes: 1 })?;
    let file = r#"["1",null,"file:7:a:b","written",{"user":0,"bytes":4}]"#;
    let index = r#"["1",null,"index:a:b","changed",{"topic":"file:7:a:b"}]"#;
    client.gets_in_any_order([file, index]).await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_channel_may_broadcast_to_another_topic(over: Over) -> TestResult {
    let server = TestServer::start_socket::<FileSocket>(|_| ()).await?;
    let [mut ann, mut bo] = [server.connect(over).await, server.connect(over).await];
    ann.talk(
        r#"
        -> ["1","1","file:7:a","phx_join",{}]
        <- ["1","1","file:7:a","phx_reply",{"response":"a","status":"ok"}]
        "#,
    )
    .await;
    bo.talk(
        r#"
        -> ["1","1","file:8:a","phx_join",{}]
        <- ["1","1","file:8:a","phx_reply",{"response":"a","status":"ok"}]
        "#,
    )
    .await;
    ann.talk(
        r#"
        -> ["1","2","file:7:a","copy",8]
        <- ["1","2","file:7:a","phx_reply",{"response":{},"status":"ok"}]
        "#,
    )
    .await;
    bo.talk(r#"<- [null,null,"file:8:a","copied",{"by":7}]"#).await;
    Ok(())
}

#[test]
fn a_table_tells_what_a_channel_takes_and_sends() {
    let [of_root, join] = File::TABLE.joins else { panic!("{:?}", File::TABLE.joins) };
    assert_eq!((of_root.method, of_root.pattern.source()), ("of_root", "file:0:{path..}"));
    let captures: Vec<_> = join.captures.iter().map(|capture| (capture.name, capture.ty)).collect();
    assert_eq!(captures, [("user", TypeInfo::of::<u64>()), ("path", TypeInfo::of::<String>())]);
    assert_eq!((join.payload, join.replies), (None, Replies::of::<String, Refused>()));

    let [write, _] = File::TABLE.events_in else { panic!("{:?}", File::TABLE.events_in) };
    assert_eq!((write.event, write.method), ("write", "write"));
    assert_eq!(write.payload, Some(TypeInfo::of::<Write>()));
    assert_eq!(write.replies, Replies::of::<usize, Refused>());

    let out: Vec<_> = File::TABLE.events_out.iter().map(|row| (row.event, row.payload)).collect();
    let expected = [("write", Some(TypeInfo::of::<Write>())), ("written", Some(TypeInfo::of::<Written>()))];
    assert_eq!(out, expected);
    assert_eq!(File::TABLE.intercepts, ["written"]);
}
