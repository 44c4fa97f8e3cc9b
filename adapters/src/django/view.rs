//! A view as data, and what happens around its handlers.

use std::{
    future::{Future, ready},
    sync::Arc,
};

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse, Resource,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{ALLOW, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE},
    },
    middleware::{Next, from_fn},
    web::{self, ServiceConfig},
};
use countersign_core::{AuthError, TokenFault, Verified, throttle::Asked};
use futures_util::{
    FutureExt as _, TryFutureExt as _,
    future::{Either, LocalBoxFuture},
};

use super::{
    authorization::{KEYWORD, Presented, Unauthenticated, accepted},
    error::Error,
    language::{Language, Locale, Localized},
    media::{Rendering, negotiate},
    message::Message,
    metadata::{Action, Field, Metadata},
    pages,
    throttle::{self, Throttled},
};
use crate::{adapter::Adapter, caller, mount::Use};

/// The dynamic part of a pattern that holds `/` or a format suffix such as `.json`.
const TAIL: &str = "tail";

/// The challenge of simplejwt's own views.
const BEARER: &str = "Bearer realm=\"api\"";

/// A path with its methods.
#[derive(Debug)]
pub struct View {
    /// The path below the mount, as a pattern of actix.
    pub pattern: &'static str,
    /// `Allow`, in the framework's order; `HEAD` is served wherever `GET` is.
    pub allow: &'static str,
    /// Who need not be known.
    pub guests: Guests,
    /// The view's name, for `OPTIONS`.
    pub name: &'static str,
    /// Its description, for `OPTIONS`.
    pub description: &'static str,
    /// What it takes, for `OPTIONS`.
    pub action: Option<Action>,
}

/// Which methods are open to somebody who is not logged in. A bad credential is refused also there.
#[derive(Debug, Clone, Copy)]
pub enum Guests {
    /// All, also those that are not served: their answer is 405.
    All,
    /// These; the answer to others is 401.
    Only(&'static [Method]),
    /// All, and nobody asks who they are: a view without authentication classes, as simplejwt's are. The header
    /// `Authorization` is not read, and a 401 asks for `Bearer`.
    Unasked,
}

impl Guests {
    fn may(self, method: &Method) -> bool {
        match self {
            Self::All | Self::Unasked => true,
            Self::Only(methods) => methods.contains(method),
        }
    }
}

/// Does what the framework does around a handler: admits the request or refuses it, and completes the answer. Nothing is
/// waited for, or put on the heap, for a caller who is known at once.
///
/// # Errors
/// None of its own; what the handler's service fails with.
pub fn dispatch<A, B>(
    view: &'static View,
    request: ServiceRequest,
    next: Next<B>,
) -> impl Future<Output = Result<ServiceResponse<BoxBody>, actix_web::Error>> + 'static
where
    A: Adapter<Error = Error, Options: Localized + Throttled>,
    B: MessageBody + 'static,
{
    let (around, admission) = Around::arrive::<A>(view, &request);
    let pass = |around: Around, request, next: &Next<B>| {
        next.call(request).map_ok(move |response| around.complete::<A>(around.said(response.map_into_boxed_body())))
    };
    match admission {
        Admission::Settled(Ok(())) => Either::Left(Either::Left(pass(around, request, &next))),
        Admission::Settled(Err(refusal)) => {
            Either::Left(Either::Right(ready(Ok(around.refuse::<A>(request, &refusal)))))
        }
        waiting => Either::Right(
            async move {
                match waiting.settled::<A>(request.request()).await {
                    Ok(()) => pass(around, request, &next).await,
                    Err(refusal) => Ok(around.refuse::<A>(request, &refusal)),
                }
            }
            .boxed_local(),
        ),
    }
}

/// What is known of a request before its handler, and needed behind it.
#[derive(Clone, Copy)]
struct Around {
    view: &'static View,
    locale: Locale,
    language: Language,
    rendering: Rendering,
}

impl Around {
    fn arrive<A>(view: &'static View, request: &ServiceRequest) -> (Self, Admission)
    where
        A: Adapter<Error = Error, Options: Localized + Throttled>,
    {
        let http = request.request();
        let mount = Use::<A>::of(http);
        let locale = Locale::at(mount);
        let language = locale.language(http);
        if language != Language::ENGLISH {
            request.extensions_mut().insert(language);
        }
        let (rendering, admission) = match negotiate(http, suffix(http)) {
            Ok(rendering) => (rendering, admit(view, http, mount)),
            Err(refusal) => (Rendering::COMPACT, Admission::Settled(Err(refusal))),
        };
        (Self { view, locale, language, rendering }, admission)
    }

    fn refuse<A: Adapter>(self, request: ServiceRequest, refusal: &Error) -> ServiceResponse<BoxBody> {
        self.complete::<A>(request.into_response(refusal.answer(self.language)))
    }

    /// The answer of a handler, which knows English only, in the language of the request.
    fn said(self, response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
        if self.language == Language::ENGLISH {
            return response;
        }
        let refusal = response.response().error().and_then(|error| error.as_error::<Error>());
        match refusal.map(|refusal| refusal.answer(self.language)) {
            Some(answer) => response.into_response(answer),
            None => response,
        }
    }

    /// The headers of Django and DRF, and the indentation that was asked for.
    fn complete<A: Adapter>(self, mut response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
        let kind = response.headers().get(CONTENT_TYPE);
        let is_page = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        let refuses = response.status() == StatusCode::UNAUTHORIZED;
        let challenge = if refuses { challenge::<A>(self.view, response.request()) } else { None };
        let headers = response.headers_mut();
        pages::secure(headers);
        if !is_page {
            headers.insert(ALLOW, HeaderValue::from_static(self.view.allow));
        }
        if let Some(challenge) = challenge {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        self.locale.sign(self.language, headers);
        let Some(indent) = self.rendering.indent.filter(|_| !is_page) else { return response };
        // JSON is always there as a whole.
        response.map_body(|_, body| match body.try_into_bytes() {
            Ok(json) => BoxBody::new(indented(&json, indent)),
            Err(body) => body,
        })
    }
}

/// Answers the methods of `view` that have no handler; registered behind its handlers.
pub fn rest(view: &'static View) -> Resource {
    rest_with(view, |_, fields| fields)
}

/// [`rest`], where the settings of the mount choose the fields that `OPTIONS` describes.
pub fn rest_with(view: &'static View, choose: Choose) -> Resource {
    web::resource(view.pattern).to(move |request, language| ready(unhandled(view, choose, &request, language)))
}

/// Chooses the fields of a view that `OPTIONS` describes.
type Choose = fn(&HttpRequest, &'static [Field]) -> &'static [Field];

/// Registers a view of an application's own, outside of the mount's prefix: its callers are known by the credentials of
/// `mount`, and everything around its handlers is as in the framework. `handlers` adds them to the resource; none is
/// needed for `OPTIONS` and `HEAD`. A pattern that ends with a slash redirects from the path without it.
///
/// See `countersign::serve::serve_with` for an example.
pub fn own_view<A: Adapter<Error = Error, Options: Localized + Throttled>>(
    cfg: &mut ServiceConfig,
    mount: &Use<A>,
    view: &'static View,
    handlers: impl FnOnce(Resource) -> Resource,
) {
    let around = from_fn(move |request, next| dispatch::<A, _>(view, request, next));
    let others = move |request, language| ready(unhandled(view, |_, fields| fields, &request, language));
    let resource = handlers(web::resource(view.pattern)).default_service(web::to(others));
    cfg.service(resource.app_data(mount.clone()).wrap(around));
    if let Some(pattern) = view.pattern.strip_suffix('/').filter(|pattern| !pattern.is_empty()) {
        cfg.service(web::resource(pattern).app_data(mount.clone()).to(pages::add_slash::<A>));
    }
}

/// `OPTIONS`, or 405.
fn unhandled(
    view: &'static View,
    choose: Choose,
    request: &HttpRequest,
    language: Language,
) -> Result<HttpResponse, Error> {
    if request.method() == Method::OPTIONS {
        Ok(describe(view, view.action.as_ref().map(|action| choose(request, action.fields)), language))
    } else {
        Err(Error::method_not_allowed(request.method().as_str()))
    }
}

/// The answer to `OPTIONS`; without `fields` to somebody who may not use them.
pub fn describe(view: &'static View, fields: Option<&'static [Field]>, language: Language) -> HttpResponse {
    HttpResponse::Ok().json(Metadata::of(view, fields, language))
}

/// The format that the path ends in.
fn suffix(request: &HttpRequest) -> Option<&str> {
    request.match_info().get(TAIL).and_then(|tail| tail.strip_prefix('.')).map(|format| format.trim_end_matches('/'))
}

/// Is the request admitted?
enum Admission {
    /// It is, or is not.
    Settled(Result<(), Error>),
    /// That depends on who sent the credential of this scheme.
    Coming(Presented<'static>, LocalBoxFuture<'static, Result<Arc<Verified>, AuthError>>),
    /// That depends on how often this was asked for, which a store knows.
    Counting(LocalBoxFuture<'static, Result<(), AuthError>>),
}

impl Admission {
    /// What the throttles said.
    fn counted<A: Adapter>(mount: &Use<A>, asked: Asked<()>) -> Self {
        match asked {
            Asked::Known(answer) => Self::Settled(answer.map_err(Error::from)),
            Asked::Question(_) => {
                let mount = mount.clone();
                Self::Counting(async move { mount.asked(asked).await }.boxed_local())
            }
        }
    }

    /// Waits for what it depends on.
    async fn settled<A>(self, http: &HttpRequest) -> Result<(), Error>
    where
        A: Adapter<Error = Error, Options: Throttled>,
    {
        let admission = match self {
            Self::Coming(scheme, found) => settle::<A>(http, scheme, found.await),
            other => other,
        };
        match admission {
            Self::Settled(answer) => answer,
            Self::Counting(counted) => Ok(counted.await?),
            Self::Coming(..) => Err(unmounted()),
        }
    }
}

/// Authentication, then permission, then the throttles. Whoever is found is left in the request's extensions.
fn admit<A>(view: &View, http: &HttpRequest, mount: Option<&Use<A>>) -> Admission
where
    A: Adapter<Error = Error, Options: Throttled>,
{
    let Some(mount) = mount else { return Admission::Settled(Err(unmounted())) };
    if matches!(view.guests, Guests::Unasked) {
        return Admission::counted(mount, throttle::check(mount, http, None));
    }
    let (presented, door) = match accepted(http.headers(), mount) {
        Ok(Some(accepted)) => accepted,
        Ok(None) if view.guests.may(http.method()) => {
            return Admission::counted(mount, throttle::check(mount, http, None));
        }
        Ok(None) => return Admission::Settled(Err(Error::Unauthenticated(Unauthenticated::Missing))),
        Err(why) => return Admission::Settled(Err(Error::Unauthenticated(why))),
    };
    match caller::lookup(mount, door, presented.text()) {
        Either::Left(found) => settle::<A>(http, presented.scheme(), found.into_inner()),
        Either::Right(coming) => Admission::Coming(presented.scheme(), coming),
    }
}

/// Is the request admitted whose credential of this scheme is known by now?
fn settle<A>(http: &HttpRequest, scheme: Presented<'static>, found: Result<Arc<Verified>, AuthError>) -> Admission
where
    A: Adapter<Error = Error, Options: Throttled>,
{
    let verified = match found {
        Ok(verified) => verified,
        Err(error) => {
            return Admission::Settled(Err(match error {
                AuthError::Token(TokenFault::Missing) => Error::Unauthenticated(Unauthenticated::Missing),
                AuthError::Token(fault) => Error::Unauthenticated(scheme.refusal(fault)),
                error => error.into(),
            }));
        }
    };
    let user = verified.user.id;
    http.extensions_mut().insert(verified);
    match Use::<A>::of(http) {
        Some(mount) => Admission::counted(mount, throttle::check(mount, http, Some(user))),
        None => Admission::Settled(Err(unmounted())),
    }
}

fn unmounted() -> Error {
    Error::detail(StatusCode::INTERNAL_SERVER_ERROR, Message::verbatim("This view is not mounted."))
}

/// What a 401 asks for: the first way of authentication that is there.
fn challenge<A: Adapter>(view: &View, request: &HttpRequest) -> Option<HeaderValue> {
    let mount = Use::<A>::of(request);
    let has_tokens = mount.is_none_or(|mount| A::takes_token(&mount.options));
    if has_tokens && !matches!(view.guests, Guests::Unasked) {
        HeaderValue::from_str(A::token_scheme(&mount?.options).unwrap_or(KEYWORD)).ok()
    } else {
        Some(HeaderValue::from_static(BEARER))
    }
}

/// Compact JSON with line breaks and `indent` blanks a level, as Python writes it.
fn indented(json: &[u8], indent: usize) -> Vec<u8> {
    let (mut out, mut level, mut quoted, mut escaped) = (Vec::with_capacity(json.len() * 2), 0, false, false);
    let line = |out: &mut Vec<u8>, level: usize| {
        out.push(b'\n');
        out.resize(out.len() + level * indent, b' ');
    };
    let mut bytes = json.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if quoted {
            quoted = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            out.push(byte);
            continue;
        }
        match byte {
            b'{' | b'[' => {
                out.push(byte);
                if let Some(closing @ (b'}' | b']')) = bytes.peek().copied() {
                    bytes.next();
                    out.push(closing);
                } else {
                    level += 1;
                    line(&mut out, level);
                }
            }
            b'}' | b']' => {
                level -= 1;
                line(&mut out, level);
                out.push(byte);
            }
            b',' => {
                out.push(byte);
                line(&mut out, level);
            }
            b':' => out.extend_from_slice(b": "),
            _ => {
                quoted = byte == b'"';
                out.push(byte);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_indented_as_python_indents_it() {
        let compact = br#"{"a":"x,\"{y}:","b":[1,{"c":[]}],"d":{}}"#;
        let wide =
            "{\n  \"a\": \"x,\\\"{y}:\",\n  \"b\": [\n    1,\n    {\n      \"c\": []\n    }\n  ],\n  \"d\": {}\n}";
        assert_eq!(String::from_utf8(indented(compact, 2)).unwrap(), wide);
        assert_eq!(indented(b"", 4), b"");
    }
}
