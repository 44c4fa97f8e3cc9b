//! The mails of the SPA: Laravel's subjects and links, in words of our own.

use crate::{laravel::answer::escape, mail::Mail};

/// What a mail says around its link.
#[derive(Debug)]
pub(super) struct Words {
    /// The subject.
    pub(super) subject: &'static str,
    /// Why somebody gets it.
    pub(super) reason: &'static str,
    /// What the link is for.
    pub(super) action: &'static str,
    /// Until when, and what to do if it is nothing of theirs.
    pub(super) closing: String,
}

/// The mail with this link to somebody of the site that is called so.
pub(super) fn written(to: String, site: &str, words: &Words, url: &str) -> Mail {
    let Words { subject, reason, action, closing } = words;
    let text = format!("Hello!\n\n{reason}\n\n{action}:\n{url}\n\n{closing}\n\nRegards,\n{site}\n");
    let (link, site) = (escape(url), escape(site));
    let html = format!(
        "<p>Hello!</p>\n<p>{reason}</p>\n<p><a href=\"{link}\">{action}</a></p>\n<p>{closing}</p>\n\
         <p>Regards,<br>\n{site}</p>\n<p>If the link does not open, copy this address into your browser: {link}</p>\n"
    );
    Mail { to, subject: (*subject).to_owned(), text, html: Some(html) }
}

/// A length of time as people say it: whole minutes, or seconds if it is no such number.
pub(super) fn said(seconds: u64) -> String {
    let (count, unit) = if seconds.is_multiple_of(60) { (seconds / 60, "minute") } else { (seconds, "second") };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::said;

    #[test]
    fn a_length_of_time_is_said_in_minutes() {
        assert_eq!([3600, 60, 90, 1].map(said), ["60 minutes", "1 minute", "90 seconds", "1 second"]);
    }
}
