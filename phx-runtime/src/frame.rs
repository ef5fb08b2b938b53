//! An outgoing WebSocket frame: encoded once, header included, shared by everyone who gets it.

use bytes::Bytes;

/// FIN bit and opcode of an unfragmented text, close and pong frame (RFC 6455 §5.2).
const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;
const PONG: u8 = 0x8A;

/// Room for the longest header of an unmasked frame: two bytes and a 64-bit length.
const HEADER_ROOM: usize = 10;

/// Bytes ready for the socket. Cloning shares them.
#[derive(Debug, Clone)]
pub(crate) struct Frame(Bytes);

impl Frame {
    /// A text frame whose payload `write` appends; `size_hint` spares reallocations.
    pub(crate) fn text(size_hint: usize, write: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut buffer = Vec::with_capacity(HEADER_ROOM + size_hint);
        buffer.extend_from_slice(&[0; HEADER_ROOM]);
        write(&mut buffer);
        Self::finish(TEXT, buffer)
    }

    /// The answer to a ping; the codec has refused ping payloads over 125 bytes.
    pub(crate) fn pong(payload: &[u8]) -> Self {
        Self::control(PONG, payload)
    }

    /// A close frame without reason text, as Phoenix sends them.
    pub(crate) fn close(code: CloseCode) -> Self {
        Self::control(CLOSE, &(code as u16).to_be_bytes())
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
        Self(Bytes::from(buffer).slice(start..))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Why the server closes a WebSocket (RFC 6455 §7.4; which situation gets which: docs/protocol.md §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CloseCode {
    /// The client closed, and gets its answer.
    Normal = 1000,
    /// The connection was silent for too long. Phoenix says 1000 or 1002 here; 1001 makes phoenix.js reconnect.
    GoingAway = 1001,
    ProtocolError = 1002,
    UnsupportedData = 1003,
    InvalidText = 1007,
    TooLarge = 1009,
    /// A message that is not a Phoenix message.
    InternalError = 1011,
    /// The server shuts down.
    ServiceRestart = 1012,
    /// The client does not read what it is sent.
    TryAgainLater = 1013,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(length: usize) -> Frame {
        Frame::text(length, |buffer| buffer.resize(buffer.len() + length, b'x'))
    }

    #[test]
    fn the_header_grows_with_the_payload() {
        assert_eq!(text(0).as_bytes(), [0x81, 0]);
        assert_eq!(&text(125).as_bytes()[..2], [0x81, 125]);
        assert_eq!(&text(126).as_bytes()[..4], [0x81, 126, 0, 126]);
        assert_eq!(&text(65_535).as_bytes()[..4], [0x81, 126, 0xFF, 0xFF]);
        assert_eq!(&text(65_536).as_bytes()[..10], [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
        assert_eq!(text(65_536).len(), 65_546);
    }

    #[test]
    fn control_frames() {
        assert_eq!(Frame::close(CloseCode::ServiceRestart).as_bytes(), [0x88, 2, 0x03, 0xF4]);
        assert_eq!(Frame::pong(b"hi").as_bytes(), [0x8A, 2, b'h', b'i']);
    }
}
