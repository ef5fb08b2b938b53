//! Version 2 for clients that can be sent text only (docs/protocol.md §9.7).

use super::{DecodeError, Serializer, V2};
use crate::frame::{FrameBuffer, Opcode};
use crate::message::{Message, Outgoing};
use crate::payload::{EncodeError, Payload};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

/// As [`V2`], but bytes go out as `{"base64":"…"}`, in the place of the payload or the response.
pub(crate) struct V2Text;

impl Serializer for V2Text {
    fn decode<'f>(&self, opcode: Opcode, frame: &'f Bytes) -> Result<Message<'f>, DecodeError> {
        V2.decode(opcode, frame)
    }

    fn encode(&self, message: &Outgoing<'_>, buffer: &mut FrameBuffer) -> Result<Opcode, EncodeError> {
        let mut message = *message;
        let (Outgoing::Message { payload, .. }
        | Outgoing::Broadcast { payload, .. }
        | Outgoing::Reply { response: payload, .. }) = &mut message;
        let in_text = payload.as_binary().map(|bytes| in_text(&bytes.0));
        if let Some(in_text) = &in_text {
            *payload = in_text;
        }
        V2.encode(&message, buffer)
    }
}

fn in_text(bytes: &[u8]) -> Payload {
    Payload::from_trusted(format!(r#"{{"base64":"{}"}}"#, STANDARD.encode(bytes)).into())
}
