//! The body of the answer that opened a socket: frames, taken from its line one by one when the connection can write.
//!
//! So what has left the line is what the connection is writing, and a client that does not read costs no more than the
//! line and the connection hold. `actix-ws` has a queue of its own for this, of messages of any length, which nobody can
//! take back.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use actix_web::{
    Error, HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    web::Bytes,
};
use actix_ws::CloseReason;

use super::{
    Message,
    line::{End, Line, Next},
};

/// Lets the connection that `response` opens say what is put on `line`.
pub(crate) fn attach(response: HttpResponse, line: Arc<Line>) -> HttpResponse {
    response.map_body(|_, unused| Outgoing { line, has_ended: false, _alive: unused }).map_into_boxed_body()
}

struct Outgoing {
    line: Arc<Line>,
    has_ended: bool,
    /// That of `actix-ws`: when it is dropped, whoever reads messages learns that the connection is gone.
    _alive: BoxBody,
}

impl MessageBody for Outgoing {
    type Error = Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        let frame = match self.line.next(context.waker()) {
            Next::Pong(payload) => frame(Opcode::Pong, &payload),
            Next::Ping => frame(Opcode::Ping, b""),
            Next::Message(Message::Text(text)) => frame(Opcode::Text, text.as_bytes()),
            Next::Message(Message::Binary(bytes)) => frame(Opcode::Binary, &bytes),
            Next::End(End(reason)) => {
                self.has_ended = true;
                let Some(reason) = reason else { return Poll::Ready(None) };
                frame(Opcode::Close, &close(&reason))
            }
            Next::Nothing => return Poll::Pending,
        };
        Poll::Ready(Some(Ok(frame)))
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.line.hang_up();
    }
}

/// What a frame is (RFC 6455, section 5.2).
#[derive(Clone, Copy)]
enum Opcode {
    Text = 0x1,
    Binary = 0x2,
    Close = 0x8,
    Ping = 0x9,
    Pong = 0xa,
}

/// A whole message in one frame; a server does not mask.
fn frame(opcode: Opcode, payload: &[u8]) -> Bytes {
    const FINAL: u8 = 0x80;
    const LONGEST_HEADER: usize = 10;
    let mut frame = Vec::with_capacity(LONGEST_HEADER + payload.len());
    frame.push(FINAL | opcode as u8);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ 0..126), _) => frame.push(length),
        (_, Ok(length)) => {
            frame.push(126);
            frame.extend(length.to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend(payload);
    frame.into()
}

/// Code and reason; a control frame has 125 bytes at most.
fn close(reason: &CloseReason) -> Vec<u8> {
    const LONGEST: usize = 123;
    let text = reason.description.as_deref().unwrap_or_default();
    let end = (0..=text.len().min(LONGEST)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    let mut payload = u16::from(reason.code).to_be_bytes().to_vec();
    payload.extend(&text.as_bytes()[..end]);
    payload
}

#[cfg(test)]
mod tests {
    use actix_ws::CloseCode;

    use super::*;

    #[test]
    fn the_length_is_written_in_the_shortest_way() {
        for (length, header) in [
            (0, &[0x81, 0][..]),
            (125, &[0x81, 125]),
            (126, &[0x81, 126, 0, 126]),
            (65_535, &[0x81, 126, 255, 255]),
            (65_536, &[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let payload = vec![b'x'; length];
            assert_eq!(frame(Opcode::Text, &payload), [header, &payload].concat(), "{length}");
        }
        assert_eq!(frame(Opcode::Binary, &[1]), [0x82, 1, 1][..]);
    }

    #[test]
    fn a_reason_is_cut_between_two_letters() {
        let reason = |text: String| close(&CloseReason { code: CloseCode::Other(4401), description: Some(text) });
        assert_eq!(reason("why".to_owned()), [&4401_u16.to_be_bytes()[..], b"why"].concat());
        assert_eq!(reason("x".repeat(200)).len(), 125);
        assert_eq!(reason("\u{44f}".repeat(100)).len(), 124);
    }
}
