//! The parsed body, read under the server's limits of size and time.

use std::{
    future::{Ready, ready},
    marker::PhantomData,
    time::Duration,
};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest,
    dev::Payload,
    http::header::{HeaderMap, TRANSFER_ENCODING, UPGRADE},
    rt::time::timeout,
    web::{Bytes, BytesMut},
};
use countersign_core::{AuthError, store::StoreError};
use futures_util::{FutureExt as _, StreamExt as _, future::LocalBoxFuture};

use crate::{adapter::Adapter, mount::Use};

/// Why a body was not accepted. Each adapter says it in its own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Longer than the server reads: 413.
    #[error("the body is longer than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// It took too long to arrive: 408.
    #[error("the body did not arrive in {limit:?}")]
    TooSlow {
        /// The limit.
        limit: Duration,
    },
    /// The connection broke, or the framing is wrong: 400.
    #[error("the body did not arrive whole")]
    Broken,
    /// A type that this wire does not read: 415.
    #[error("unsupported media type {media_type:?}")]
    UnsupportedMediaType {
        /// What the request said, cut to a sane length.
        media_type: String,
    },
    /// Not well-formed: 400.
    #[error("syntax error: {detail}")]
    Syntax {
        /// The parser's words.
        detail: String,
    },
    /// A key came twice: 400.
    #[error("duplicate key {key:?}")]
    DuplicateKey {
        /// Which.
        key: String,
    },
    /// A NUL character, which no store could keep.
    #[error("NUL character in {field:?}")]
    Nul {
        /// The top-level field that holds it.
        field: String,
    },
    /// Well-formed, but not what the operation takes.
    #[error("unexpected shape: {detail}")]
    Shape {
        /// What does not fit.
        detail: String,
    },
}

/// How a wire makes a `Self` of a body.
pub trait Parse<A: Adapter>: Sized {
    /// Parses; the request is there for its content type, query and language.
    ///
    /// # Errors
    /// The wire's own answer.
    fn parse(request: &HttpRequest, body: Bytes) -> Result<Self, A::Error>;
}

/// The body as a `T`, or the adapter's own 400, 408, 413, 415 or 422.
pub struct Body<A, T> {
    /// What was sent.
    pub input: T,
    adapter: PhantomData<fn() -> A>,
}

impl<A, T> Body<A, T> {
    /// What was sent.
    pub fn into_inner(self) -> T {
        self.input
    }
}

impl<A: Adapter, T: Parse<A> + 'static> FromRequest for Body<A, T> {
    type Error = A::Error;
    type Future = LocalBoxFuture<'static, Result<Self, A::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let unread = Unread::<A>::of(request, payload);
        async move { Ok(Self { input: unread.read().await?, adapter: PhantomData }) }.boxed_local()
    }
}

/// The body, still to be read: for handlers that first ask who is calling and what they may do. Extractors run side by
/// side, so that of a [`crate::Caller`] and a [`Body`] that both refuse it is chance which one answers.
pub struct Unread<A> {
    request: HttpRequest,
    payload: Payload,
    adapter: PhantomData<fn() -> A>,
}

impl<A: Adapter> Unread<A> {
    fn of(request: &HttpRequest, payload: &mut Payload) -> Self {
        Self { request: request.clone(), payload: payload.take(), adapter: PhantomData }
    }

    /// Reads and parses it.
    ///
    /// # Errors
    /// The adapter's own 400, 408, 413, 415 or 422.
    pub async fn read<T: Parse<A>>(self) -> Result<T, A::Error> {
        let Self { request, payload, .. } = self;
        let Some(mount) = Use::<A>::of(&request) else {
            let unmounted = AuthError::Store(StoreError::new("adapter is not mounted here"));
            return Err(A::refuse(&request, unmounted.into()));
        };
        let (limit, time) = (mount.site.body_limit, mount.site.body_timeout);
        let bytes = read(&request, payload, limit, time).await.map_err(|e| A::refuse(&request, e.into()))?;
        T::parse(&request, bytes)
    }
}

impl<A: Adapter> FromRequest for Unread<A> {
    type Error = A::Error;
    type Future = Ready<Result<Self, A::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request, payload)))
    }
}

/// Reads a body of at most `limit` bytes within `time`.
///
/// # Errors
/// [`BodyError::TooLarge`], [`BodyError::TooSlow`], [`BodyError::Broken`].
pub async fn read(
    request: &HttpRequest,
    mut payload: Payload,
    limit: usize,
    time: Duration,
) -> Result<Bytes, BodyError> {
    let declared = request.headers().get("content-length").and_then(|length| length.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length: u64| length > limit as u64) {
        return Err(BodyError::TooLarge { limit });
    }
    let end = end(request.headers(), declared);
    let whole = async {
        let mut bytes = BytesMut::new();
        while end.is_none_or(|end| bytes.len() < end)
            && let Some(chunk) = payload.next().await
        {
            let chunk = chunk.map_err(|_| BodyError::Broken)?;
            let left = end.map_or(chunk.len(), |end| chunk.len().min(end - bytes.len()));
            if bytes.len() + left > limit {
                return Err(BodyError::TooLarge { limit });
            }
            bytes.extend_from_slice(&chunk[..left]);
        }
        if end.is_some_and(|end| bytes.len() < end) { Err(BodyError::Broken) } else { Ok(bytes.freeze()) }
    };
    timeout(time, whole).await.unwrap_or(Err(BodyError::TooSlow { limit: time }))
}

/// Where the body ends, if the payload does not say so itself: of a request that names `Upgrade: websocket`, whatever it asks for, the
/// framework gives everything until the connection ends. Its body is as long as any other's (RFC 9112, section 6.3).
fn end(headers: &HeaderMap, declared: Option<u64>) -> Option<usize> {
    if !headers.contains_key(UPGRADE) || headers.contains_key(TRANSFER_ENCODING) {
        return None;
    }
    Some(declared.map_or(0, |length| usize::try_from(length).unwrap_or(usize::MAX)))
}

/// The media type of a request without parameters, in lower case; empty if it has none.
pub fn media_type(request: &HttpRequest) -> String {
    const LONGEST: usize = 100;
    let full = request.content_type();
    full.chars().take(LONGEST).collect::<String>().trim().to_ascii_lowercase()
}
