//! Which language a request wants: Django's `get_language_from_request`, rule for rule.

use actix_web::{
    HttpRequest,
    http::header::{ACCEPT_LANGUAGE, COOKIE, HeaderName},
};

use super::catalogue::Catalogue;

/// `LANGUAGE_COOKIE_NAME`.
const LANGUAGE_COOKIE: &str = "django_language";
/// `LANGUAGE_CODE_MAX_LENGTH`: longer headers and codes are cut at the last separator before.
const LONGEST: usize = 500;
/// The longest part of a language tag (RFC 5646, 2.1).
const LONGEST_SUBTAG: usize = 8;
/// The most decimals of a weight (RFC 9110, 12.4.2), and a weight of one in their unit.
const DECIMALS: usize = 3;
const FULL_WEIGHT: u16 = 1000;

/// The language that the cookie names, or else the first of `Accept-Language` that there is; `None` if the client leaves
/// it to the server.
pub(super) fn wanted(request: &HttpRequest) -> Option<&'static str> {
    let cookies = joined(request, &COOKIE, ";");
    if let Some(code) = cookie(&cookies).and_then(|code| supported(shortened(code, '-')?)) {
        return Some(code);
    }
    let accepted = joined(request, &ACCEPT_LANGUAGE, ",").to_ascii_lowercase();
    let tags = shortened(&accepted, ',').and_then(ranked).unwrap_or_default();
    tags.into_iter().take_while(|tag| *tag != "*").find_map(supported)
}

/// All values of a header as one text: bytes are characters, as WSGI has it.
fn joined(request: &HttpRequest, name: &HeaderName, separator: &str) -> String {
    let text = |bytes: &[u8]| bytes.iter().copied().map(char::from).collect::<String>();
    let values: Vec<String> = request.headers().get_all(name).map(|value| text(value.as_bytes())).collect();
    values.join(separator)
}

/// The language cookie; of several the last.
fn cookie(cookies: &str) -> Option<&str> {
    let pairs = cookies.split(';').filter_map(|pair| pair.split_once('='));
    let value = pairs.filter(|(name, _)| name.trim() == LANGUAGE_COOKIE).map(|(_, value)| value.trim()).next_back()?;
    let unquoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    Some(unquoted.unwrap_or(value))
}

/// What fits of a text that is too long, up to a separator.
fn shortened(text: &str, separator: char) -> Option<&str> {
    let Some((end, _)) = text.char_indices().nth(LONGEST) else { return Some(text) };
    text[..end].rfind(separator).filter(|at| *at > 0).map(|at| &text[..at])
}

/// `get_supported_language_variant`: the language itself, one that stands for it, a more general one, or else the first
/// other variant of that.
pub(super) fn supported(code: &str) -> Option<&'static str> {
    let catalogue = Catalogue::get();
    let listed = |code: &str| catalogue.languages().iter().copied().find(|known| known.eq_ignore_ascii_case(code));
    let mut shorter = code.rmatch_indices('-').map(|(at, _)| &code[..at]);
    let generic = code.split('-').next().filter(|generic| !generic.is_empty())?;
    let is_variant = |known: &&str| known.strip_prefix(generic).is_some_and(|rest| rest.starts_with('-'));
    listed(code)
        .or_else(|| catalogue.fallbacks(code).find_map(listed))
        .or_else(|| shorter.find_map(listed))
        .or_else(|| catalogue.languages().iter().copied().find(is_variant))
}

/// The tags of an `Accept-Language` in lower case, the heaviest first; nothing at all if any of it is malformed. A
/// weight of zero is the lightest, but no refusal.
fn ranked(header: &str) -> Option<Vec<&str>> {
    let mut tags = Vec::new();
    let mut rest = header;
    while !rest.is_empty() {
        let (tag, behind) = tag(rest)?;
        let (weight, behind) = weight(behind)?;
        tags.push((tag, weight));
        rest = if behind.is_empty() { behind } else { behind.trim_start().strip_prefix(',')?.trim_start() };
    }
    tags.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
    Some(tags.into_iter().map(|(tag, _)| tag).collect())
}

/// `*`, or a tag such as `de` or `zh-hans-cn`, at the beginning of a text; and what is behind it.
fn tag(text: &str) -> Option<(&str, &str)> {
    if let Some(behind) = text.strip_prefix('*') {
        return Some(("*", behind));
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(text.len());
    let (tag, behind) = text.split_at(end);
    let fits = |subtag: &str| (1..=LONGEST_SUBTAG).contains(&subtag.len());
    let is_tag = tag.split('-').all(fits) && tag.split('-').next()?.chars().all(|c| c.is_ascii_alphabetic());
    is_tag.then_some((tag, behind))
}

/// `;q=…` at the beginning of a text in thousandths, one if there is none; and what is behind it.
fn weight(text: &str) -> Option<(u16, &str)> {
    let Some(parameter) = text.trim_start().strip_prefix(';') else { return Some((FULL_WEIGHT, text)) };
    let number = parameter.trim_start().strip_prefix("q=")?;
    let end = number.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(number.len());
    let (number, behind) = number.split_at(end);
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let thousandths = format!("{decimals:0<DECIMALS$}").parse().ok()?;
    match whole {
        "0" if decimals.len() <= DECIMALS => Some((thousandths, behind)),
        "1" if decimals.len() <= DECIMALS && thousandths == 0 => Some((FULL_WEIGHT, behind)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{http::header::HeaderValue, test::TestRequest};

    use super::*;

    fn ask(accepted: &[&str], cookies: Option<&str>) -> Option<&'static str> {
        let latin_1 = |text: &str| HeaderValue::from_bytes(&text.chars().map(|c| c as u8).collect::<Vec<_>>()).unwrap();
        let mut request = TestRequest::default();
        for header in accepted {
            request = request.append_header((ACCEPT_LANGUAGE, latin_1(header)));
        }
        if let Some(cookies) = cookies {
            request = request.append_header((COOKIE, latin_1(cookies)));
        }
        wanted(&request.to_http_request())
    }

    /// Each as Django 5.2 answers it.
    #[test]
    fn the_header_is_read_as_django_reads_it() {
        for (header, language) in [
            ("de", "de"),
            ("DE", "de"),
            ("de-AT", "de"),
            ("de;q=0.5, ru;q=0.9", "ru"),
            ("de;q=0, ru;q=0", "de"),
            ("xx, fr;q=0.1", "fr"),
            ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
            ("gsw, de-CH;q=0.8", "de"),
            ("en-US,de", "en"),
            ("en-GB-oxendict", "en-gb"),
            ("zh", "zh-hans"),
            ("zh-xx", "zh-hans"),
            ("zh-CN", "zh-hans"),
            ("zh-TW", "zh-hant"),
            ("zh-Hant-TW", "zh-hant"),
            ("sr-Latn-RS", "sr-latn"),
            ("pt-PT", "pt"),
            ("es-419", "es"),
            ("no, nb", "nb"),
            ("de ,\tfr", "de"),
            ("de\u{a0},fr", "de"),
            ("de, ", "de"),
            ("de;q=1.000", "de"),
            ("fr;q=0., de;q=1.", "de"),
            ("de; q=0.3, fr ; q=0.4", "fr"),
            ("de;Q=0.3,fr;q=0.2", "de"),
        ] {
            assert_eq!(ask(&[header], None), Some(language), "{header}");
        }
        assert_eq!(ask(&["de;q=0.5", "fr"], None), Some("fr"));
    }

    #[test]
    fn a_header_that_is_malformed_or_names_nothing_leaves_it_to_the_server() {
        for header in [
            "",
            "xx",
            "*",
            "*, de",
            "de;q=0.5,*;q=0.6",
            ",de",
            "de,,fr",
            "de;q=1.001, fr",
            "de;q=0.1234",
            "de;q=.5",
            "de;q=2",
            "de;q =0.3",
            "de ; x=1",
            ";;;q=,,",
            "abcdefghi",
            "de-abcdefghi",
            "de-",
            "1de",
            "d3",
            "de_AT",
            "d\u{e9}",
        ] {
            assert_eq!(ask(&[header], None), None, "{header}");
        }
    }

    #[test]
    fn a_header_is_read_as_far_as_it_is_not_too_long() {
        let repeated = |tag: &str, times| format!("{}de", tag.repeat(times));
        assert_eq!(ask(&[&repeated("xx,", 160)], None), Some("de"));
        assert_eq!(ask(&[&repeated("xx,", 170)], None), None);
        assert_eq!(ask(&[&format!("fr,{}", "x".repeat(600))], None), Some("fr"));
        assert_eq!(ask(&[&"x".repeat(600)], None), None);
    }

    #[test]
    fn the_cookie_comes_before_the_header() {
        let long = format!("django_language=de-at-{}", "x".repeat(600));
        for (cookies, language) in [
            ("django_language=de", "de"),
            ("a=b; django_language=DE ; c", "de"),
            ("django_language=pt-BR", "pt-br"),
            ("django_language=zh-cn", "zh-hans"),
            ("django_language=\"de\"", "de"),
            ("django_language=de; django_language=fr", "fr"),
            (&long, "de"),
            ("django_language=xx", "ru"),
            ("django_language=", "ru"),
            ("django_language=de AT", "ru"),
            ("language=de", "ru"),
        ] {
            assert_eq!(ask(&["ru"], Some(cookies)), Some(language), "{cookies}");
        }
    }
}
