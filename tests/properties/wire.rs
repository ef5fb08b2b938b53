//! A WebSocket frame of the server, taken apart (RFC 6455 §5.2).

/// The first byte of an unfragmented text frame.
pub(crate) const TEXT: u8 = 0x81;
/// The first byte of an unfragmented binary frame.
pub(crate) const BINARY: u8 = 0x82;

/// The first byte and the payload, after checking that the length is that of the payload in its shortest form.
pub(crate) fn open(frame: &[u8]) -> (u8, &[u8]) {
    let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte));
    let (length, header, least) = match frame[1] {
        127 => (number(&frame[2..10]), 10, 0x1_0000),
        126 => (number(&frame[2..4]), 4, 126),
        short => (usize::from(short), 2, 0),
    };
    let payload = &frame[header..];
    assert!(length == payload.len() && length >= least, "the length in the header");
    (frame[0], payload)
}
