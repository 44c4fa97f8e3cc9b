//! A view as data, and what happens around its handlers.

use std::{future::ready, sync::Arc};

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse, Resource,
    body::{BoxBody, MessageBody, to_bytes},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{ALLOW, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE},
    },
    middleware::{Next, from_fn},
    web::{self, ServiceConfig},
};
use countersign_core::{AuthError, TokenFault, Verified};

use super::{
    authorization::{KEYWORD, Unauthenticated, accepted},
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

/// Does what the framework does around a handler: admits the request or refuses it, and completes the answer.
///
/// # Errors
/// None of its own; what the handler's service fails with.
pub async fn dispatch<A, B>(
    view: &'static View,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error>
where
    A: Adapter<Error = Error, Options: Localized + Throttled>,
    B: MessageBody + 'static,
{
    let locale = Locale::of::<A>(request.request());
    let language = locale.language(request.request());
    if language != Language::ENGLISH {
        request.extensions_mut().insert(language);
    }
    let (rendering, admitted) = match negotiate(request.request(), suffix(request.request())) {
        Ok(rendering) => (rendering, admit::<A>(view, &request).await),
        Err(refusal) => (Rendering::COMPACT, Err(refusal)),
    };
    let response = match admitted {
        Ok(()) => said(language, next.call(request).await?.map_into_boxed_body()),
        Err(refusal) => request.into_response(refusal.answer(language)),
    };
    let mut response = complete::<A>(view, rendering, response).await;
    locale.sign(language, response.headers_mut());
    Ok(response)
}

/// The answer of a handler, which knows English only, in the language of the request.
fn said(language: Language, response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let refusal = response.response().error().and_then(|error| error.as_error::<Error>());
    match refusal.filter(|_| language != Language::ENGLISH).map(|refusal| refusal.answer(language)) {
        Some(answer) => response.into_response(answer),
        None => response,
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

/// Authentication, then permission, then the throttles. Whoever is found is left in the request's extensions.
async fn admit<A>(view: &View, request: &ServiceRequest) -> Result<(), Error>
where
    A: Adapter<Error = Error, Options: Throttled>,
{
    let http = request.request();
    let Some(mount) = Use::<A>::of(http) else {
        return Err(Error::detail(StatusCode::INTERNAL_SERVER_ERROR, Message::verbatim("This view is not mounted.")));
    };
    if matches!(view.guests, Guests::Unasked) {
        return throttle::check(mount, http, None);
    }
    let credential = accepted(http, mount).map_err(Error::Unauthenticated)?;
    let Some((presented, door)) = credential else {
        let known = view.guests.may(request.method());
        known.then_some(()).ok_or(Error::Unauthenticated(Unauthenticated::Missing))?;
        return throttle::check(mount, http, None);
    };
    let found: Result<Arc<Verified>, AuthError> = caller::lookup(mount, door, presented.text()).await;
    let verified = found.map_err(|error| match error {
        AuthError::Token(TokenFault::Missing) => Error::Unauthenticated(Unauthenticated::Missing),
        AuthError::Token(fault) => Error::Unauthenticated(presented.refusal(fault)),
        error => error.into(),
    })?;
    let user = verified.user.id;
    request.extensions_mut().insert(verified);
    throttle::check(mount, http, Some(user))
}

/// The headers of Django and DRF, and the indentation that was asked for.
async fn complete<A: Adapter>(
    view: &View,
    rendering: Rendering,
    mut response: ServiceResponse<BoxBody>,
) -> ServiceResponse<BoxBody> {
    let is_page = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let refuses = response.status() == StatusCode::UNAUTHORIZED;
    let challenge = if refuses { challenge::<A>(view, response.request()) } else { None };
    let headers = response.headers_mut();
    pages::secure(headers);
    if !is_page {
        headers.insert(ALLOW, HeaderValue::from_static(view.allow));
    }
    if let Some(challenge) = challenge {
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    let Some(indent) = rendering.indent.filter(|_| !is_page) else { return response };
    let (request, response) = response.into_parts();
    let (response, body) = response.into_parts();
    let bytes = to_bytes(body).await.unwrap_or_default();
    ServiceResponse::new(request, response.set_body(BoxBody::new(indented(&bytes, indent))))
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
