//! Frames in small bites, refused by their headers: one that is too long, one too many of a message, and one with reserved
//! bits.
//!
//! The parser behind `actix-ws` compares a frame's length with the limit only when all of it has arrived, so that
//! whoever announces a gigabyte makes the server keep a gigabyte. It keeps every part of a message, however small, with
//! many times its size, and counts no empty ones.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::{
    dev,
    error::PayloadError,
    web::{self, Bytes},
};
use futures_util::Stream;

/// The longest frame and the longest message, in bytes: who says who they are needs no more.
pub(super) const LONGEST: usize = 64 * 1024;
/// Of how many frames a message may be: many times what any client makes of 64 KiB.
const MOST: u32 = 256;
/// How many bytes are read at once. `actix-ws` makes messages of all that it is given, and an empty one of six bytes costs
/// ten times as much: of the hundred kilobytes that actix reads at once a megabyte would become.
const SLICE: usize = 4 * 1024;

/// The same bytes, which end with [`PayloadError::Overflow`] where a frame announces more than [`LONGEST`] or a message has
/// more than [`MOST`] frames, and with [`PayloadError::EncodingCorrupted`] at reserved bits: they belong to extensions, and
/// none was agreed on.
pub(super) fn checked(payload: web::Payload) -> dev::Payload {
    let frames = Frames::default();
    let checked = Checked { payload: payload.into_inner(), frames, unread: Bytes::new(), is_given: false };
    dev::Payload::Stream { payload: Box::pin(checked) }
}

/// Frames that come in slices: after each one there is nothing for a moment, so that it is read before the next.
struct Checked {
    payload: dev::Payload,
    frames: Frames,
    unread: Bytes,
    /// Was a slice given that is to be read first?
    is_given: bool,
}

impl Stream for Checked {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.unread.is_empty() {
            match ready!(Pin::new(&mut this.payload).poll_next(context)) {
                Some(chunk) => this.unread = chunk?,
                None => return Poll::Ready(None),
            }
        }
        if std::mem::take(&mut this.is_given) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let slice = this.unread.split_to(this.unread.len().min(SLICE));
        this.is_given = true;
        Poll::Ready(Some(this.frames.read(&slice).map(|()| slice)))
    }
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
    /// Of how many frames the message is so far that has not ended.
    parts: u32,
}

impl Frames {
    /// Moves on over `bytes`, up to a frame that is refused.
    fn read(&mut self, mut bytes: &[u8]) -> Result<(), PayloadError> {
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
                self.admit(length)?;
                let masked = self.header[1] & 0x80 != 0;
                self.rest = length + if masked { MASK } else { 0 };
                self.known = 0;
            }
        }
        Ok(())
    }

    /// Judges the header that is there.
    fn admit(&mut self, length: u64) -> Result<(), PayloadError> {
        const FINAL: u8 = 0x80;
        const RESERVED: u8 = 0x70;
        const CONTROL: u8 = 0x08;
        let [first, ..] = self.header;
        if first & RESERVED != 0 {
            return Err(PayloadError::EncodingCorrupted);
        }
        // A control frame may stand between the frames of a message.
        if first & CONTROL == 0 {
            self.parts = if first & FINAL == 0 { self.parts + 1 } else { 0 };
        }
        if length > LONGEST as u64 || self.parts > MOST { Err(PayloadError::Overflow) } else { Ok(()) }
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
            assert!(bytes.chunks(size).all(|chunk| frames.read(chunk).is_ok()), "{size}");
            assert_eq!((frames.known, frames.rest), (0, 0), "{size}");
        }
    }

    #[test]
    fn a_longer_one_is_refused_by_its_header() {
        for length in [LONGEST + 1, 1 << 30, usize::MAX] {
            let mut frames = Frames::default();
            assert!(frames.read(&frame(7)).is_ok() && frames.read(&frame(length)[..9]).is_ok(), "{length}");
            assert!(matches!(frames.read(&frame(length)[9..10]), Err(PayloadError::Overflow)), "{length}");
        }
    }

    #[test]
    fn a_message_has_so_many_frames_and_the_next_one_as_many_again() {
        let (first, middle, last, ping) = ([1, 0x80, 0, 0, 0, 0], [0, 0x80, 0, 0, 0, 0], [0x80, 0], [0x89, 0]);
        let mut frames = Frames::default();
        for _ in 0..2 {
            frames.read(&first).unwrap();
            for _ in 1..MOST {
                frames.read(&middle).and_then(|()| frames.read(&ping)).unwrap();
            }
            frames.read(&last).unwrap();
        }
        frames.read(&first).unwrap();
        let beyond = (0..MOST).find_map(|part| frames.read(&middle).err().map(|error| (part, error)));
        assert!(matches!(beyond, Some((part, PayloadError::Overflow)) if part == MOST - 1), "{beyond:?}");
    }

    #[test]
    fn reserved_bits_are_refused() {
        for bit in [0x40, 0x20, 0x10] {
            let refused = Frames::default().read(&[0x81 | bit, 0x80]);
            assert!(matches!(refused, Err(PayloadError::EncodingCorrupted)), "{bit:x}");
        }
    }
}
