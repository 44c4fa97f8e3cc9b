//! Refuses a frame that is too long by its header.
//!
//! The parser behind `actix-ws` compares a frame's length with the limit only when all of it has arrived, so that
//! whoever announces a gigabyte makes the server keep a gigabyte.

use actix_web::{
    dev,
    error::PayloadError,
    web::{self, Bytes},
};
use futures_util::StreamExt as _;

/// The longest frame and the longest message, in bytes: who says who they are needs no more.
pub(super) const LONGEST: usize = 64 * 1024;

/// The same bytes, which end with [`PayloadError::Overflow`] where a frame announces more than [`LONGEST`].
pub(super) fn checked(payload: web::Payload) -> dev::Payload {
    let mut frames = Frames::default();
    let checked = payload.into_inner().map(move |chunk: Result<Bytes, PayloadError>| {
        let chunk = chunk?;
        if frames.fit(&chunk) { Ok(chunk) } else { Err(PayloadError::Overflow) }
    });
    dev::Payload::Stream { payload: Box::pin(checked) }
}

/// Where in the frames the bytes seen so far end (RFC 6455, section 5.2).
#[derive(Default)]
struct Frames {
    /// The first two bytes of a header, and up to eight of an extended length.
    header: [u8; 10],
    /// How many of them are there.
    known: usize,
    /// What is still to come of mask and payload.
    rest: u64,
}

impl Frames {
    /// Moves on over `bytes`; `false` at a frame that is too long.
    fn fit(&mut self, mut bytes: &[u8]) -> bool {
        const MASK: u64 = 4;
        while let Some((&first, behind)) = bytes.split_first() {
            if self.rest > 0 {
                let within = usize::try_from(self.rest).unwrap_or(usize::MAX).min(bytes.len());
                self.rest -= within as u64;
                bytes = &bytes[within..];
                continue;
            }
            self.header[self.known] = first;
            self.known += 1;
            bytes = behind;
            if let Some(length) = self.length() {
                if length > LONGEST as u64 {
                    return false;
                }
                let masked = self.header[1] & 0x80 != 0;
                self.rest = length + if masked { MASK } else { 0 };
                self.known = 0;
            }
        }
        true
    }

    /// The length of the payload, once its bytes are there.
    fn length(&self) -> Option<u64> {
        let [_, short, extended @ ..] = self.header;
        match (short & 0x7f, self.known) {
            (_, ..2) | (126, ..4) | (127, ..10) => None,
            (126, _) => Some(u64::from(u16::from_be_bytes([extended[0], extended[1]]))),
            (127, _) => Some(u64::from_be_bytes(extended)),
            (length, _) => Some(length.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A masked text frame that announces `length`, with as much of it.
    fn frame(length: usize) -> Vec<u8> {
        let mut frame = vec![0x81];
        match length {
            0..126 => frame.push(0x80 | u8::try_from(length).unwrap()),
            126..65_536 => {
                frame.push(0x80 | 0x7e);
                frame.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
            _ => {
                frame.push(0x80 | 0x7f);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.extend(vec![0xff; 4 + length.min(LONGEST)]);
        frame
    }

    #[test]
    fn frames_up_to_the_limit_fit_however_they_are_cut() {
        let bytes: Vec<u8> = [0, 1, 125, 126, 65_535, LONGEST, 3].into_iter().flat_map(frame).collect();
        for size in [1, 2, 3, 7, 1000, bytes.len()] {
            let mut frames = Frames::default();
            assert!(bytes.chunks(size).all(|chunk| frames.fit(chunk)), "{size}");
            assert_eq!((frames.known, frames.rest), (0, 0), "{size}");
        }
    }

    #[test]
    fn a_longer_one_is_refused_by_its_header() {
        for length in [LONGEST + 1, 1 << 30, usize::MAX] {
            let mut frames = Frames::default();
            assert!(frames.fit(&frame(7)) && frames.fit(&frame(length)[..9]), "{length}");
            assert!(!frames.fit(&frame(length)[9..10]), "{length}");
        }
    }
}
