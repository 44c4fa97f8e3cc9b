//! Why a socket ends, and what is said of it.

use std::io;

use actix_web::error::PayloadError;
use actix_ws::{CloseCode, CloseReason, ProtocolError};

use crate::sockets::is_sendable;

/// HTTP's 401 in the range for applications (RFC 6455, section 7.4.2).
const UNAUTHORIZED: u16 = 4401;
/// What is said of a connection that broke (RFC 6455, section 7.4.1); it is never sent.
const BROKEN: u16 = 1006;
/// What is said of a close frame without a code; it is never sent.
const WITHOUT_CODE: u16 = 1005;

/// Why a socket ends.
#[derive(Debug)]
pub(super) enum Ending {
    /// The connection is gone.
    Gone,
    /// The client closes, with this code.
    ByClient(Option<CloseCode>),
    /// The handler closes, with this code.
    ByHandler(u16),
    /// The handler panicked, or the worker ends.
    Failed,
    /// The credential is not, or no longer, valid, or did not come in time.
    Unauthorized,
    /// Too many sockets, or no database.
    Overloaded,
    /// No sign of life.
    Silent,
    /// The client does not take what it is told.
    Unread,
    /// More pings than anybody needs.
    Flood,
    /// Not text.
    Binary,
    /// Not what the protocol allows, or too long.
    Broken(ProtocolError),
    /// The server stops.
    Stopping,
}

impl Ending {
    /// The close frame; `None` if there is nobody to send it to.
    pub(super) fn reason(&self) -> Option<CloseReason> {
        let (code, description) = match self {
            Self::Gone => return None,
            Self::ByClient(code) => {
                let code = code.filter(|code| is_sendable((*code).into())).unwrap_or(CloseCode::Normal);
                return Some(CloseReason { code, description: None });
            }
            Self::ByHandler(code) => return Some(CloseReason { code: (*code).into(), description: None }),
            Self::Failed => (CloseCode::Error, "Internal Server Error"),
            Self::Unauthorized => (CloseCode::Other(UNAUTHORIZED), "Unauthorized"),
            Self::Overloaded => (CloseCode::Again, "Service Unavailable"),
            Self::Silent => (CloseCode::Policy, "no sign of life"),
            Self::Unread => (CloseCode::Policy, "nothing is read"),
            Self::Flood => (CloseCode::Policy, "too many pings"),
            Self::Binary => (CloseCode::Unsupported, "text only"),
            Self::Broken(error) => broken(error),
            Self::Stopping => (CloseCode::Away, "the server stops"),
        };
        Some(CloseReason { code, description: Some(description.to_owned()) })
    }

    /// What the handler is told.
    pub(super) fn code(&self) -> u16 {
        match self {
            Self::Gone => BROKEN,
            Self::ByClient(code) => code.map_or(WITHOUT_CODE, u16::from),
            _ => self.reason().map_or(BROKEN, |reason| reason.code.into()),
        }
    }
}

impl From<ProtocolError> for Ending {
    fn from(error: ProtocolError) -> Self {
        match cause(&error) {
            // What the messages are read from ended in the middle of one.
            Some(PayloadError::Overflow | PayloadError::EncodingCorrupted) | None => Self::Broken(error),
            Some(_) => Self::Gone,
        }
    }
}

fn broken(error: &ProtocolError) -> (CloseCode, &'static str) {
    const MALFORMED: (CloseCode, &str) = (CloseCode::Protocol, "protocol error");
    match (error, cause(error)) {
        (_, Some(PayloadError::EncodingCorrupted)) => MALFORMED,
        (ProtocolError::Io(error), _) if error.kind() == io::ErrorKind::InvalidData => {
            (CloseCode::Invalid, "not UTF-8")
        }
        // What else is called I/O is a message that is too long.
        (ProtocolError::Overflow | ProtocolError::Io(_), _) => (CloseCode::Size, "message too long"),
        _ => MALFORMED,
    }
}

/// What [`super::frames`] found, or what happened to the connection.
fn cause(error: &ProtocolError) -> Option<&PayloadError> {
    let ProtocolError::Io(error) = error else { return None };
    error.get_ref().and_then(|cause| cause.downcast_ref())
}
