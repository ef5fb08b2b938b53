//! A protocol of one's own beside channels, which says everything back: `cargo run --example echo`

use bytes::Bytes;
use phx_runtime::{
    CheckOrigin, CloseCode, ConnectRequest, Endpoint, Flow, Opcode, Transport, TransportContext,
};
use std::ops::ControlFlow::{Break, Continue};
use std::time::Duration;
use warp::reply::Response;

/// How often the client heard itself.
struct Echo {
    echoes: usize,
}

impl Transport for Echo {
    /// What a task of ours sends to the connection.
    type Info = &'static str;

    async fn connect(_: &ConnectRequest<'_>) -> Result<Self, Response> {
        Ok(Self { echoes: 0 })
    }

    fn init(&mut self, ctx: &mut TransportContext<'_, '_, Self>) -> Flow {
        // What takes time belongs in a task, and reaches the connection through a sender.
        let sender = ctx.sender();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(5)).await;
            sender.notify("still there?");
        });
        Continue(())
    }

    fn handle_in(&mut self, opcode: Opcode, frame: Bytes, ctx: &mut TransportContext<'_, '_, Self>) -> Flow {
        if &*frame == b"bye" {
            return Break(CloseCode::Normal);
        }
        self.echoes += 1;
        ctx.push(opcode, &frame);
        Continue(())
    }

    fn handle_info(&mut self, question: &'static str, ctx: &mut TransportContext<'_, '_, Self>) -> Flow {
        let text = format!("{question} You have heard yourself {} time(s).", self.echoes);
        ctx.push(Opcode::Text, text.as_bytes());
        Continue(())
    }

    fn terminate(&mut self, code: Option<CloseCode>) {
        println!("a connection ended after {} echo(es): {code:?}", self.echoes);
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let endpoint = Endpoint::builder()
        .check_origin(CheckOrigin::same_as_request())
        .transport::<Echo>("/echo")
        .build()?;
    let server = endpoint.bind(([127, 0, 0, 1], 4000)).await?;
    println!("connect any WebSocket client to ws://127.0.0.1:4000/echo/websocket; `bye` ends it");
    server.run(endpoint.routes()).await;
    Ok(())
}
