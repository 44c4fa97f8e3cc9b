//! The mails of Djoser: what is said, to whom, and that it goes out when the client has its answer.

use actix_web::rt;
use countersign_core::{Account, User};

use super::{
    Djoser, links,
    options::{DjoserOptions, FrontEnd, filled},
};
use crate::{
    django::{Language, Message},
    mail::Mail,
    mount::Use,
};

/// What a mail is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    /// A link that activates the account.
    Activation,
    /// The account is ready.
    Confirmation,
    /// A link to a new password.
    PasswordReset,
    /// The password was changed.
    PasswordChanged,
    /// A link to a new user name.
    UsernameReset,
    /// The user name was changed.
    UsernameChanged,
}

/// Why somebody gets no link; for the log.
pub(super) const SUSPENDED: &str = "the owner disabled the user";

const THANKS: Message = Message::new("Thanks for using our site!");
const YOUR_USERNAME: Message = Message::new("Your username, in case you've forgotten:");

impl Topic {
    fn subject(self) -> Message {
        Message::new(match self {
            Self::Activation => "Account activation on %(site_name)s",
            Self::Confirmation => "%(site_name)s - Your account has been successfully created and activated!",
            Self::PasswordReset => "Password reset on %(site_name)s",
            Self::PasswordChanged => "%(site_name)s - Your password has been successfully changed!",
            Self::UsernameReset => "Username reset on %(site_name)s",
            Self::UsernameChanged => "%(site_name)s - Your username has been successfully changed!",
        })
    }

    fn opening(self) -> Message {
        Message::new(match self {
            Self::Activation => {
                "You're receiving this email because you need to finish activation process on %(site_name)s."
            }
            Self::Confirmation => "Your account has been created and is ready to use!",
            Self::PasswordReset => {
                "You're receiving this email because you requested a password reset for your user account at \
                 %(site_name)s."
            }
            Self::PasswordChanged => "Your password has been changed!",
            Self::UsernameReset => {
                "You're receiving this email because you requested a username reset for your user account at \
                 %(site_name)s."
            }
            Self::UsernameChanged => "Your username has been changed!",
        })
    }

    /// What the link is for; `None` for a mail without one.
    fn invitation(self) -> Option<Message> {
        match self {
            Self::Activation => Some(Message::new("Please go to the following page to activate account:")),
            Self::PasswordReset => Some(Message::new("Please go to the following page and choose a new password:")),
            Self::UsernameReset => Some(Message::new("Please go to the following page and choose a new username:")),
            Self::Confirmation | Self::PasswordChanged | Self::UsernameChanged => None,
        }
    }

    fn template(self, options: &DjoserOptions) -> &str {
        match self {
            Self::PasswordReset => &options.password_reset_confirm_url,
            Self::UsernameReset => &options.username_reset_confirm_url,
            _ => &options.activation_url,
        }
    }
}

/// Writes to these users once the request is answered: what the client is told, and when, does not depend on it.
pub(super) fn send(mount: &Use<Djoser>, language: Language, topic: Topic, readers: Vec<Account>) {
    let mount = mount.clone();
    rt::spawn(async move {
        let front_end = mount.options.front_end(&mount.site);
        for reader in readers {
            let Some(to) = reader.user.email.clone().filter(|to| !to.is_empty()) else {
                tracing::info!(user = %reader.user.id, ?topic, reason = "the user has no address", "no mail is sent");
                continue;
            };
            if reader.user.is_suspended && topic.invitation().is_some() {
                tracing::info!(user = %reader.user.id, ?topic, reason = SUSPENDED, "no mail is sent");
                continue;
            }
            let url = topic.invitation().map(|_| {
                let (uid, token) = (links::uid(reader.user.id), mount.auth.make_link(&reader));
                filled(topic.template(&mount.options), &uid, &token)
            });
            mount.site.postman.post(written(language, topic, &front_end, &reader.user, to, url.as_deref()));
        }
    });
}

/// [`send`] to one user, a mail without a link.
pub(super) fn notify(mount: &Use<Djoser>, language: Language, topic: Topic, user: User) {
    send(mount, language, topic, vec![Account { user, password: None }]);
}

/// Django's templates escape for HTML whatever they fill in, in the text as well.
fn written(language: Language, topic: Topic, front_end: &FrontEnd, user: &User, to: String, url: Option<&str>) -> Mail {
    let say = |message: Message| language.text(&message.with("site_name", escaped(&front_end.site_name))).into_owned();
    let opening = say(topic.opening());
    let (mut text, mut html) = (vec![opening.clone()], vec![format!("<p>{opening}</p>")]);
    if let Some((url, invitation)) = url.zip(topic.invitation()) {
        let url = format!("{}://{}/{url}", escaped(&front_end.protocol), escaped(&front_end.domain));
        let (invitation, anchor) = (say(invitation), format!("<a href=\"{url}\">{url}</a>"));
        if topic == Topic::Activation {
            text.push(format!("{invitation}\n{url}"));
            html.push(format!("<p>{invitation}</p>\n<p>{anchor}</p>"));
        } else {
            let (hint, name) = (say(YOUR_USERNAME), escaped(&user.username));
            text.push(format!("{invitation}\n{url}\n{hint} {name}"));
            html.push(format!("<p>{invitation}</p>\n{anchor}\n<p>{hint} <b>{name}</b></p>"));
        }
    }
    for closing in [say(THANKS), say(Message::new("The %(site_name)s team"))] {
        html.push(format!("<p>{closing}</p>"));
        text.push(closing);
    }
    Mail { to, subject: say(topic.subject()).trim().to_owned(), text: text.join("\n\n"), html: Some(html.join("\n\n")) }
}

/// Django's `escape`.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#x27;",
            c => out.push(c),
        }
    }
    out
}
