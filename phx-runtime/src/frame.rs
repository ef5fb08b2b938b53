//! An outgoing WebSocket frame: encoded once, and compressed at most once, header included, shared by everyone who
//! gets it.

use crate::compression::Compression;
use crate::deflate;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, OnceLock};

/// FIN bit and opcode of an unfragmented text, binary, close and pong frame (RFC 6455 §5.2).
const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PONG: u8 = 0x8A;

/// The bit of the first byte that says that a message is compressed (RFC 7692 §6).
const RSV1: u8 = 0x40;

/// The bit of the opcode that control frames have.
const CONTROL: u8 = 0x08;

/// Room for the longest header of an unmasked frame: two bytes and a 64-bit length.
const HEADER_ROOM: usize = 10;

/// What kind of data a WebSocket frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opcode {
    /// UTF-8 text.
    Text,
    /// Any bytes.
    Binary,
}

/// Where a [`Serializer`](crate::Serializer) writes a message. It can only append: what the WebSocket needs before the
/// message has its place already.
#[derive(Debug)]
pub struct FrameBuffer(Vec<u8>);

impl FrameBuffer {
    /// Appends bytes.
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// Appends, and never fails.
impl io::Write for FrameBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes ready for the socket. Cloning shares them.
#[derive(Debug, Clone)]
pub(crate) struct Frame(Arc<Encoded>);

#[derive(Debug)]
struct Encoded {
    /// The header, at the end of the room for it, and the payload.
    buffer: Vec<u8>,
    start: usize,
    /// The same message compressed, if that makes it smaller: made by the first who needs it, for all who do.
    compressed: OnceLock<Option<Frame>>,
}

impl Frame {
    /// What a frame takes beside its bytes.
    pub(crate) const OVERHEAD: usize = size_of::<Self>() + size_of::<Encoded>();

    /// A frame whose payload `write` appends; `size_hint` spares reallocations.
    pub(crate) fn message<E>(
        size_hint: usize,
        write: impl FnOnce(&mut FrameBuffer) -> Result<Opcode, E>,
    ) -> Result<Self, E> {
        let mut buffer = FrameBuffer(Vec::with_capacity(HEADER_ROOM + size_hint));
        buffer.extend_from_slice(&[0; HEADER_ROOM]);
        let first_byte = match write(&mut buffer)? {
            Opcode::Text => TEXT,
            Opcode::Binary => BINARY,
        };
        Ok(Self::finish(first_byte, buffer.0))
    }

    /// A frame that holds `payload`.
    pub(crate) fn data(opcode: Opcode, payload: &[u8]) -> Self {
        let write = |buffer: &mut FrameBuffer| {
            buffer.extend_from_slice(payload);
            Ok::<_, Infallible>(opcode)
        };
        let Ok(frame) = Self::message(payload.len(), write);
        frame
    }

    /// The answer to a ping; the codec has refused ping payloads over 125 bytes.
    pub(crate) fn pong(payload: &[u8]) -> Self {
        Self::control(PONG, payload)
    }

    /// A close frame without reason text, as Phoenix sends them.
    pub(crate) fn close(code: CloseCode) -> Self {
        Self::control(CLOSE, &code.as_u16().to_be_bytes())
    }

    fn control(first_byte: u8, payload: &[u8]) -> Self {
        let mut buffer = vec![0; HEADER_ROOM];
        buffer.extend_from_slice(payload);
        Self::finish(first_byte, buffer)
    }

    /// Writes the header into the reserved room, right before the payload.
    fn finish(first_byte: u8, mut buffer: Vec<u8>) -> Self {
        let length = buffer.len() - HEADER_ROOM;
        let mut header = [0; HEADER_ROOM];
        let header_length = match length {
            0..=125 => {
                header[1] = u8::try_from(length).unwrap_or(125);
                2
            }
            126..=0xFFFF => {
                header[1] = 126;
                header[2..4].copy_from_slice(&u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
                4
            }
            _ => {
                header[1] = 127;
                header[2..10].copy_from_slice(&(length as u64).to_be_bytes());
                10
            }
        };
        header[0] = first_byte;
        let start = HEADER_ROOM - header_length;
        buffer[start..HEADER_ROOM].copy_from_slice(&header[..header_length]);
        Self(Arc::new(Encoded { buffer, start, compressed: OnceLock::new() }))
    }

    /// The frame for a client that has agreed to compression: itself if that is not worth while.
    pub(crate) fn compressed(&self, compression: &Compression) -> Self {
        let payload = &self.0.buffer[HEADER_ROOM..];
        let first_byte = self.0.buffer[self.0.start];
        if payload.len() < compression.threshold_bytes || first_byte & CONTROL != 0 {
            return self.clone();
        }
        let compressed = self.0.compressed.get_or_init(|| {
            let mut buffer = vec![0; HEADER_ROOM];
            let is_smaller = deflate::deflate(payload, compression.level, &mut buffer);
            buffer.shrink_to_fit();
            is_smaller.then(|| Self::finish(first_byte | RSV1, buffer))
        });
        compressed.as_ref().unwrap_or(self).clone()
    }

    /// What kind of message it is, and the message itself.
    pub(crate) fn message_in(&self) -> (Opcode, &[u8]) {
        let opcode = if self.0.buffer[self.0.start] == BINARY { Opcode::Binary } else { Opcode::Text };
        (opcode, &self.0.buffer[HEADER_ROOM..])
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0.buffer[self.0.start..]
    }

    pub(crate) fn len(&self) -> usize {
        self.0.buffer.len() - self.0.start
    }
}

/// Why the server closes a WebSocket (RFC 6455 §7.4; which situation gets which: docs/protocol.md §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseCode {
    /// 1000: the client closed, and gets its answer, or a custom socket is done. phoenix.js does not reconnect.
    Normal,
    /// 1001: the connection was silent for too long, or was closed by its socket id. Phoenix says 1000 or 1002 to
    /// silence; 1001 makes phoenix.js reconnect.
    GoingAway,
    /// 1002: the client broke the WebSocket protocol.
    ProtocolError,
    /// 1007: a text is not UTF-8, or what is compressed cannot be inflated.
    InvalidText,
    /// 1009: a message is larger than allowed.
    TooLarge,
    /// 1011: a message that is none, or the server's own fault.
    InternalError,
    /// 1012: the server shuts down.
    ServiceRestart,
    /// 1013: the client does not read what it is sent, or has sent more than can be handled.
    TryAgainLater,
    /// A code of the application's own, from 3000 to 4999. Any other number is sent as 1011.
    Application(u16),
}

impl CloseCode {
    /// The number on the wire.
    #[must_use]
    pub fn as_u16(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::GoingAway => 1001,
            Self::ProtocolError => 1002,
            Self::InvalidText => 1007,
            Self::TooLarge => 1009,
            Self::Application(code @ 3000..=4999) => code,
            Self::InternalError | Self::Application(_) => 1011,
            Self::ServiceRestart => 1012,
            Self::TryAgainLater => 1013,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(length: usize) -> Frame {
        Frame::data(Opcode::Text, &vec![b'x'; length])
    }

    #[test]
    fn the_header_grows_with_the_payload() {
        assert_eq!(text(0).as_bytes(), [0x81, 0]);
        assert_eq!(&text(125).as_bytes()[..2], [0x81, 125]);
        assert_eq!(&text(126).as_bytes()[..4], [0x81, 126, 0, 126]);
        assert_eq!(&text(65_535).as_bytes()[..4], [0x81, 126, 0xFF, 0xFF]);
        assert_eq!(&text(65_536).as_bytes()[..10], [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
        assert_eq!(text(65_536).len(), 65_546);
        assert_eq!(Frame::data(Opcode::Binary, &[7]).as_bytes(), [0x82, 1, 7]);
    }

    #[test]
    fn control_frames() {
        assert_eq!(Frame::close(CloseCode::ServiceRestart).as_bytes(), [0x88, 2, 0x03, 0xF4]);
        assert_eq!(Frame::pong(b"hi").as_bytes(), [0x8A, 2, b'h', b'i']);
    }

    #[test]
    fn a_frame_is_compressed_once_for_all_who_take_it_so() {
        let compression = Compression::default();
        let frame = text(1000);
        let (first, second) = (frame.compressed(&compression), frame.clone().compressed(&compression));
        assert_eq!(first.as_bytes()[0], 0xC1);
        assert!(first.len() < 50);
        assert_eq!(first.as_bytes().as_ptr(), second.as_bytes().as_ptr(), "the same bytes in memory");
        assert_eq!(frame.as_bytes()[0], 0x81);
    }

    #[test]
    fn a_frame_below_the_threshold_stays_as_it_is_and_so_does_a_control_frame() {
        let compression = Compression { threshold_bytes: 100, ..Compression::default() };
        assert_eq!(text(99).compressed(&compression).as_bytes()[0], 0x81);
        assert_eq!(text(100).compressed(&compression).as_bytes()[0], 0xC1);
        let ping = [b'x'; 125];
        assert_eq!(Frame::pong(&ping).compressed(&compression).as_bytes()[0], 0x8A);
    }

    #[test]
    fn a_frame_takes_one_word_of_a_queue() {
        assert_eq!(size_of::<Frame>(), size_of::<usize>());
    }
}
