//! Where mails go, in one setting; the address of a mail server may hold a password.

use std::{borrow::Cow, fmt, path::PathBuf};

use countersign_adapters::settings::{SettingValue, Value};
use countersign_core::Secret;
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::url_mask::masked;

/// `log`, `file:DIR`, `smtp://…` or `smtps://…`. Shown without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct MailTransport(String);

/// What a [`MailTransport`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// Into the log.
    Log,
    /// A file a mail, in this folder.
    Folder(PathBuf),
    /// To this mail server.
    Smtp(MailServer),
}

/// Where a mail server is, and how it is spoken to; lettre's convention for such URLs:
/// `smtp[s]://USER:PASSWORD@HOST:PORT/EHLO-NAME?tls=required`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailServer {
    /// A name or an IP address.
    pub host: String,
    /// The port; 25, 465 for `smtps` and 587 for `tls=` if none is given.
    pub port: u16,
    /// When the connection is encrypted.
    pub encryption: Encryption,
    /// User and password.
    pub login: Option<(String, Secret)>,
    /// How this machine calls itself; `None` for its own name.
    pub hello: Option<String>,
}

/// When the connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// Never.
    None,
    /// If the server offers STARTTLS.
    Offered,
    /// By STARTTLS, or nothing is sent.
    Required,
    /// From the first byte.
    Wrapped,
}

const KINDS: &str = "write \"log\", \"file:DIR\" or \"smtp://USER:PASSWORD@HOST:PORT?tls=required\"";

impl MailTransport {
    /// Wraps a setting.
    pub fn new(setting: impl Into<String>) -> Self {
        Self(setting.into())
    }

    /// What it says.
    ///
    /// # Errors
    /// What is wrong with it, without repeating it.
    pub fn way(&self) -> Result<Way, String> {
        if self.0 == "log" {
            return Ok(Way::Log);
        }
        match self.0.strip_prefix("file:") {
            Some("") => Err("names no folder behind file:".to_owned()),
            Some(folder) => Ok(Way::Folder(PathBuf::from(folder))),
            None if self.0.starts_with("smtp://") || self.0.starts_with("smtps://") => {
                MailServer::parse(&self.0).map(Way::Smtp)
            }
            None => Err(format!("is none of the known ways; {KINDS}")),
        }
    }

    /// Can mails go there, as far as it can be told without trying?
    ///
    /// # Errors
    /// What is wrong with it, without repeating it.
    pub fn check(&self) -> Result<(), String> {
        self.way().map(drop)
    }
}

impl MailServer {
    /// What is not understood is refused: passing over it could mean to send in the clear, or without a login.
    fn parse(url: &str) -> Result<Self, String> {
        let url = Url::parse(url).map_err(|error| {
            format!("is not a URL ({error}); write signs of the password such as / ? # % @ as %2F %3F %23 %25 %40")
        })?;
        let host = match url.host() {
            Some(Host::Domain(name)) if !name.is_empty() => name.to_owned(),
            Some(Host::Ipv4(ip)) => ip.to_string(),
            Some(Host::Ipv6(ip)) => ip.to_string(),
            _ => return Err(format!("names no host; {KINDS}")),
        };
        let decoded = |text: &str| {
            let text = percent_decode_str(text).decode_utf8();
            text.map(Cow::into_owned).map_err(|_| "has a user or password that is not UTF-8".to_owned())
        };
        let login = match (url.username(), url.password()) {
            ("", None) => None,
            (user, Some(password)) if !user.is_empty() => Some((decoded(user)?, Secret::new(decoded(password)?))),
            _ => return Err("has a user without a password, or the other way round".to_owned()),
        };
        let (encryption, port) = encryption(&url)?;
        let hello = Some(url.path().trim_matches('/').to_owned()).filter(|name| !name.is_empty());
        Ok(Self { host, port: url.port().unwrap_or(port), encryption, login, hello })
    }
}

/// What scheme and `tls=` ask for, and the port where it is usual.
fn encryption(url: &Url) -> Result<(Encryption, u16), String> {
    let parameters: Vec<_> = url.query_pairs().collect();
    match (url.scheme(), parameters.as_slice()) {
        ("smtps", []) => Ok((Encryption::Wrapped, 465)),
        ("smtps", _) => Err("is smtps:// and takes no parameters".to_owned()),
        (_, []) => Ok((Encryption::None, 25)),
        (_, [(name, value)]) => match (&**name, &**value) {
            ("tls", "required") => Ok((Encryption::Required, 587)),
            ("tls", "opportunistic") => Ok((Encryption::Offered, 587)),
            ("tls", _) => Err("has a tls= that is neither required nor opportunistic".to_owned()),
            _ => Err("has a parameter that is not tls=".to_owned()),
        },
        _ => Err("has more parameters than tls=".to_owned()),
    }
}

impl fmt::Debug for MailTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MailTransport({:?})", masked(&self.0))
    }
}

impl SettingValue for MailTransport {
    const SECRET: bool = true;

    fn read(value: &Value) -> Result<Self, String> {
        String::read(value).map(Self)
    }

    fn show(&self) -> Option<Value> {
        masked(&self.0).show()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str) -> MailServer {
        match MailTransport::new(url).way() {
            Ok(Way::Smtp(server)) => server,
            other => panic!("{url}: {other:?}"),
        }
    }

    #[test]
    fn the_log_and_a_folder() {
        assert_eq!(MailTransport::new("log").way(), Ok(Way::Log));
        assert_eq!(MailTransport::new("file:/var/mail/out").way(), Ok(Way::Folder("/var/mail/out".into())));
        assert_eq!(MailTransport::new("file:out").way(), Ok(Way::Folder("out".into())));
    }

    #[test]
    fn a_mail_server_is_read_from_its_url() {
        let plain = |host: &str, port| MailServer {
            host: host.to_owned(),
            port,
            encryption: Encryption::None,
            login: None,
            hello: None,
        };
        assert_eq!(server("smtp://mail"), plain("mail", 25));
        assert_eq!(server("smtp://127.0.0.1:2525"), plain("127.0.0.1", 2525));
        assert_eq!(server("smtp://[::1]:2525"), plain("::1", 2525));
        let required = MailServer { encryption: Encryption::Required, ..plain("mail", 587) };
        assert_eq!(server("smtp://mail?tls=required"), required);
        let offered = MailServer { encryption: Encryption::Offered, ..plain("mail", 2525) };
        assert_eq!(server("smtp://mail:2525?tls=opportunistic"), offered);
        let login = Some(("ada@x".to_owned(), Secret::from("p/w%")));
        let hello = Some("web.example.org".to_owned());
        let wrapped = MailServer { encryption: Encryption::Wrapped, login, hello, ..plain("mail", 465) };
        assert_eq!(server("smtps://ada%40x:p%2Fw%25@mail/web.example.org"), wrapped);
        assert!(!format!("{wrapped:?}").contains("p/w"));
    }

    #[test]
    fn a_url_that_would_not_do_what_it_seems_to_is_refused() {
        for (setting, said) in [
            ("smtp://", "names no host"),
            ("smtp://u:canary/p@mail", "is not a URL"),
            ("smtp://u@mail", "has a user without a password"),
            ("smtp://:canary@mail", "has a user without a password"),
            ("smtp://mail?tls=yes", "has a tls= that is neither"),
            ("smtp://mail?starttls=required", "has a parameter that is not tls="),
            ("smtp://mail?tls=required&tls=no", "has more parameters than tls="),
            ("smtps://mail?tls=required", "is smtps:// and takes no parameters"),
            ("file:", "names no folder"),
            ("pigeon", "is none of the known ways"),
            ("Log", "is none of the known ways"),
            ("", "is none of the known ways"),
        ] {
            let message = MailTransport::new(setting).check().unwrap_err();
            assert!(message.starts_with(said) && !message.contains("canary"), "{setting}: {message}");
        }
    }

    #[test]
    fn only_the_password_is_masked() {
        let transport = MailTransport::new("smtp://ada:canary@mail:587?tls=required");
        let shown = "smtp://ada:********@mail:587?tls=required";
        assert_eq!(transport.show(), Some(Value::String(shown.to_owned())));
        assert_eq!(format!("{transport:?}"), format!("MailTransport({shown:?})"));
        assert_eq!(MailTransport::new("log").show(), Some(Value::String("log".to_owned())));
    }
}
