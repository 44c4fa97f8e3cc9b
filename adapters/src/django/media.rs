//! Media types as DRF compares them, and the choice of a renderer, of which there is one: JSON.

use actix_web::{
    HttpRequest,
    http::{
        StatusCode,
        header::{ACCEPT, HeaderMap},
    },
};

use super::{
    error::Error,
    number::{Int, int},
};

/// The parameter of the query that names a renderer (`URL_FORMAT_OVERRIDE`).
const FORMAT: &str = "format";
/// `DATA_UPLOAD_MAX_NUMBER_FIELDS`, of a query as of a form.
pub(super) const MOST_FIELDS: usize = 1000;
/// The only renderer's format and media type.
const JSON: &str = "json";
const APPLICATION_JSON: (&str, &str) = ("application", "json");
/// The widest indentation that a client may ask for (`JSONRenderer.get_indent`).
const WIDEST_INDENT: usize = 8;

/// A media type or range with its parameters, in lower case.
pub(super) struct MediaType {
    main: String,
    sub: String,
    parameters: Vec<(String, String)>,
}

impl MediaType {
    pub(super) fn parse(text: &str) -> Self {
        let mut parts = text.split(';');
        let full = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let (main, sub) = full.split_once('/').unwrap_or((&full, ""));
        let parameters = parts.filter_map(|part| part.split_once('=')).map(|(name, value)| {
            let value = value.trim();
            let unquoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            (name.trim().to_ascii_lowercase(), unquoted.unwrap_or(value).to_owned())
        });
        Self { main: main.to_owned(), sub: sub.to_owned(), parameters: parameters.collect() }
    }

    /// Of several the last counts.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Does it cover `main/sub`? Parameters do not count, not even `q=0`.
    pub(super) fn covers(&self, (main, sub): (&str, &str)) -> bool {
        (self.sub == "*" || self.sub == sub) && (self.main == "*" || self.main == main)
    }

    /// The more specific range wins.
    fn precedence(&self) -> u8 {
        if self.main == "*" {
            0
        } else if self.sub == "*" {
            1
        } else {
            2 + u8::from(self.parameters.iter().any(|(name, _)| name != "q"))
        }
    }
}

/// How the answer is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rendering {
    /// Blanks a level; `None` for the compact form.
    pub(super) indent: Option<usize>,
}

impl Rendering {
    pub(super) const COMPACT: Self = Self { indent: None };
}

/// Chooses by the path's suffix or the query's `format`, then by `Accept`.
///
/// # Errors
/// 400 for a query of too many fields, 404 for a format that does not exist, 406 for an `Accept` that JSON does not satisfy.
pub(super) fn negotiate(request: &HttpRequest, suffix: Option<&str>) -> Result<Rendering, Error> {
    if suffix.is_none()
        && request.uri().query().is_none()
        && let Some(is_satisfied) = without_parameters(request.headers())
    {
        return if is_satisfied { Ok(Rendering::COMPACT) } else { Err(unacceptable()) };
    }
    if suffix.is_none() && request.query_string().split('&').count() > MOST_FIELDS {
        return Err(Error::Page(StatusCode::BAD_REQUEST));
    }
    let asked = form_urlencoded::parse(request.query_string().as_bytes())
        .filter_map(|(key, value)| (key == FORMAT).then_some(value))
        .last();
    let format = suffix.or(asked.as_deref()).filter(|format| !format.is_empty());
    if format.is_some_and(|format| format != JSON) {
        return Err(Error::not_found());
    }
    let accept: Vec<String> =
        request.headers().get_all(ACCEPT).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect();
    let accept = if accept.is_empty() { "*/*".to_owned() } else { accept.join(",") };
    let mut ranges: Vec<MediaType> =
        accept.split(',').map(MediaType::parse).filter(|range| range.covers(APPLICATION_JSON)).collect();
    ranges.sort_by_key(|range| std::cmp::Reverse(range.precedence()));
    let Some(best) = ranges.first() else { return Err(unacceptable()) };
    let indent = best.parameter("indent").and_then(|text| match int(text)? {
        Int::Of(indent) => Some(usize::try_from(indent).unwrap_or(0).min(WIDEST_INDENT)),
        Int::Beyond => Some(if text.contains('-') { 0 } else { WIDEST_INDENT }),
    });
    Ok(Rendering { indent: indent.filter(|indent| *indent > 0) })
}

/// Does JSON satisfy the request's `Accept`, if none of its ranges has parameters? They are compared as they are, and nothing
/// is asked for but the type: which range is best makes no difference.
fn without_parameters(headers: &HeaderMap) -> Option<bool> {
    let (mut any, mut satisfied) = (false, false);
    for value in headers.get_all(ACCEPT) {
        any = true;
        let text = value.to_str().ok().filter(|text| !text.contains(';'))?;
        satisfied |= text.split(',').any(|range| {
            let (main, sub) = range.trim().split_once('/').unwrap_or((range.trim(), ""));
            let covers = |part: &str, whole: &str| part == "*" || part.eq_ignore_ascii_case(whole);
            covers(main, APPLICATION_JSON.0) && covers(sub, APPLICATION_JSON.1)
        });
    }
    Some(satisfied || !any)
}

fn unacceptable() -> Error {
    Error::detail(StatusCode::NOT_ACCEPTABLE, "Could not satisfy the request Accept header.")
}
