//! The language of an answer: which one a request gets, and what a sentence is in it.

mod catalogue;
mod negotiation;
mod plural;

use std::{
    borrow::Cow,
    future::{Ready, ready},
};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest,
    dev::Payload,
    http::header::{CONTENT_LANGUAGE, HeaderMap, HeaderValue, VARY},
};

use super::message::{Lookup, Message};
use crate::{adapter::Adapter, mount::Use};
use catalogue::Catalogue;

/// `LANGUAGE_CODE` of a stock project: American English, which the sentences are written in.
pub const STOCK_LANGUAGE: &str = "en-us";

/// The header that decides.
const ACCEPT_LANGUAGE: HeaderValue = HeaderValue::from_static("Accept-Language");

/// One of Django's languages. As an argument of a handler it is the language of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Language {
    code: &'static str,
    /// Where a sentence comes from that this language does not have.
    default: &'static str,
}

impl Language {
    /// The language of the sentences themselves.
    pub const ENGLISH: Self = Self { code: ENGLISH, default: ENGLISH };

    /// The code as Django writes it: `de`, `pt-br`, `zh-hans`.
    pub const fn code(self) -> &'static str {
        self.code
    }

    /// What the sentence is in this language: in English where Django has no translation of it.
    ///
    /// ```text
    /// language.text(&Message::new("Password reset on %(site_name)s").with("site_name", "example.org"))
    /// ```
    pub fn text(self, message: &Message) -> Cow<'_, str> {
        let template = self.template(message).unwrap_or_else(|| message.template());
        message.fill(template, |argument| self.text(argument).into_owned())
    }

    fn template(self, message: &Message) -> Option<&'static str> {
        let code = match message.lookup() {
            Lookup::Requested => self.code,
            Lookup::Own => self.default,
            Lookup::Never => return None,
        };
        if code == ENGLISH {
            return None;
        }
        let entry = Catalogue::get().entry(message.id())?;
        let found = entry.text(code, message.count());
        // English needs no catalogue, so there another language is not asked.
        found.or_else(|| if is_english(code) { None } else { entry.text(self.default, message.count()) })
    }
}

const ENGLISH: &str = "en";

/// English or one of its variants.
fn is_english(code: &str) -> bool {
    code.starts_with(ENGLISH)
}

impl FromRequest for Language {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(request.extensions().get().copied().unwrap_or(Self::ENGLISH)))
    }
}

/// How a mount finds the language of a request: `LANGUAGE_CODE`, and whether `LocaleMiddleware` is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Locale {
    /// The language of whoever wants none that exists.
    default: Language,
    /// Does the client choose?
    is_negotiated: bool,
}

/// The settings of a mount with a language.
pub trait Localized {
    /// What they say about it.
    fn locale(&self) -> Locale;
}

impl Locale {
    /// A stock project: English for everybody.
    const STOCK: Self = Self { default: Language::ENGLISH, is_negotiated: false };

    /// A mount that speaks `language_code` (see [`is_language`]), or with `is_negotiated` what the client asks for.
    pub fn new(language_code: &str, is_negotiated: bool) -> Self {
        let found = if language_code == STOCK_LANGUAGE { None } else { negotiation::supported(language_code) };
        let default = found.map_or(Language::ENGLISH, |code| Language { code, default: code });
        Self { default, is_negotiated }
    }

    /// That of the mount of `A` that serves `request`.
    pub(super) fn of<A>(request: &HttpRequest) -> Self
    where
        A: Adapter<Options: Localized>,
    {
        Self::at(Use::<A>::of(request))
    }

    /// That of `mount`.
    pub(super) fn at<A>(mount: Option<&Use<A>>) -> Self
    where
        A: Adapter<Options: Localized>,
    {
        mount.map_or(Self::STOCK, |mount| mount.options.locale())
    }

    /// The language of this request.
    pub(super) fn language(self, request: &HttpRequest) -> Language {
        if !self.is_negotiated {
            return self.default;
        }
        negotiation::wanted(request).map_or(self.default, |code| Language { code, default: self.default.code })
    }

    /// Sets what `LocaleMiddleware` sets on every answer.
    pub(super) fn sign(self, language: Language, headers: &mut HeaderMap) {
        if self.is_negotiated {
            headers.append(VARY, ACCEPT_LANGUAGE);
            headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.code));
        }
    }
}

/// Is this one of Django's languages?
pub fn is_language(code: &str) -> bool {
    code == STOCK_LANGUAGE || Catalogue::get().languages().contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOO_SHORT: [&str; 2] = [
        "This password is too short. It must contain at least %d character.",
        "This password is too short. It must contain at least %d characters.",
    ];

    fn language(code: &str) -> Language {
        Locale::new(code, false).default
    }

    #[test]
    fn a_sentence_is_said_in_the_language_with_what_belongs_into_it() {
        let similar = Message::new("The password is too similar to the %(verbose_name)s.")
            .with("verbose_name", Message::new("email address"));
        let list = Message::new("Invalid data. Expected a dictionary, but got {datatype}.").with("datatype", "list");
        for (code, message, text) in [
            ("de", &similar, "Das Passwort ist zu ähnlich zu E-Mail-Adresse."),
            ("ru", &similar, "Введённый пароль слишком похож на адрес электронной почты."),
            ("de", &list, "Ungültige Daten. Dictionary erwartet, aber list erhalten."),
            ("en-us", &list, "Invalid data. Expected a dictionary, but got list."),
            (
                "fr",
                &"Authentication credentials were not provided.".into(),
                "Informations d'authentification non fournies.",
            ),
        ] {
            assert_eq!(language(code).text(message), text, "{code}");
        }
    }

    #[test]
    fn a_sentence_may_be_in_the_mounts_own_language() {
        let message = Message::new("Invalid password.").in_own_language();
        let german = "Das Passwort ist ungültig.";
        assert_eq!(Language { code: "fr", default: "de" }.text(&message), german);
        assert_eq!(Language { code: "en", default: "de" }.text(&message), german);
        assert_eq!(Language { code: "de", default: "en" }.text(&message), "Invalid password.");
    }

    #[test]
    fn sentences_are_joined_in_a_text_of_our_own() {
        let wait = Message::new("Expected available in {wait} seconds.").with("wait", "5");
        let both = Message::verbatim("{one} {other}").with("one", Message::from("Request was throttled."));
        let both = both.with("other", wait);
        assert_eq!(both.to_string(), "Request was throttled. Expected available in 5 seconds.");
        assert_eq!(language("de").text(&both), "Die Anfrage wurde gedrosselt. Erwarte Verfügbarkeit in 5 Sekunden.");
    }

    #[test]
    fn what_the_catalogues_do_not_have_stays_english() {
        for message in ["Token is invalid", "User is inactive", "No active account found with the given credentials"] {
            assert_eq!(language("ru").text(&message.into()), message);
        }
        assert_eq!(language("ru").text(&Message::verbatim("Invalid token.")), "Invalid token.");
    }

    #[test]
    fn a_sentence_that_a_language_lacks_is_said_in_the_mounts_own_but_never_in_that_by_english() {
        let message = Message::from("Invalid password.");
        let german = "Das Passwort ist ungültig.";
        assert_eq!(Language { code: "da", default: "de" }.text(&message), german);
        assert_eq!(Language { code: "da", default: "en" }.text(&message), "Invalid password.");
        assert_eq!(Language { code: "en-gb", default: "de" }.text(&message), "Invalid password.");
    }

    #[test]
    fn numbers_take_the_form_of_the_language() {
        let [one, other] = TOO_SHORT;
        for (code, count, text) in [
            ("ru", 1, "Введённый пароль слишком короткий. Он должен состоять из как минимум 1 символ."),
            ("ru", 3, "Введённый пароль слишком короткий. Он должен состоять из как минимум 3 символа."),
            ("ru", 8, "Введённый пароль слишком короткий. Он должен состоять из как минимум 8 символов."),
            ("ja", 1, "このパスワードは短すぎます。最低 1 文字以上必要です。"),
            ("de", 8, "Dieses Passwort ist zu kurz. Es muss mindestens 8 Zeichen enthalten."),
            ("ar", 1, "This password is too short. It must contain at least 1 character."),
            ("ar", 8, "This password is too short. It must contain at least 8 characters."),
        ] {
            assert_eq!(language(code).text(&Message::counted(one, other, count)), text, "{code} {count}");
        }
    }
}
