//! What the Django dialects share: the layer of Django REST framework between a path and its view.
//!
//! A view is described as data ([`View`]); [`dispatch`] stands around each of its handlers and does what the framework
//! does before a handler is asked, in its order: content negotiation (406, or 404 for an unknown `?format=`),
//! authentication (401 even where nobody has to log in), permission (401), throttles (429), method (405). What a handler then reads of
//! the body, and how it refuses, is in [`Data`], [`Form`] and [`Error`]. The texts are those that DRF 3.18 and
//! Django 5.2 send: a [`Message`] each, which becomes words of the request's [`Language`] when the answer is written.

mod authorization;
mod base64;
mod error;
mod float;
mod form;
mod json;
mod language;
mod media;
mod message;
mod metadata;
mod number;
mod pages;
mod parsers;
mod throttle;
mod utf8;
mod validators;
mod view;

pub use authorization::{Presented, Unauthenticated, accepted, presented};
pub use base64::decode as decode_base64;
pub use error::{Detail, Error, FieldErrors, password_messages};
pub use form::{ADDRESS_FIELD, CharField, EMAIL_FIELD, Form};
pub use language::{Language, Locale, Localized, STOCK_LANGUAGE, is_language};
pub use message::{Argument, Message};
pub use metadata::{Action, Field};
pub use number::{Int, int};
pub use pages::{add_slash, not_found};
pub use parsers::Data;
pub use throttle::{Rates, Throttled};
pub use validators::{email as email_flaw, username as username_flaw};
pub use view::{Guests, View, describe, dispatch, own_view, rest, rest_with};
