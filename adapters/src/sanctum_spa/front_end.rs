//! Where the links of mails lead, and what mails call the site; never what a request says.

use super::SanctumSpaOptions;
use crate::{laravel::stateful::authority, mount::Site};

impl SanctumSpaOptions {
    /// Where the front end's pages are; no slash at the end.
    pub(super) fn front_end<'a>(&'a self, site: &'a Site) -> &'a str {
        self.frontend_url.as_ref().or(site.front_ends.first()).unwrap_or(&site.base_url)
    }

    /// What mails call the site.
    pub(super) fn called(&self, site: &Site) -> String {
        let host = || authority(self.front_end(site)).unwrap_or_default();
        self.site_name.clone().unwrap_or_else(host)
    }
}

/// The check of `frontend_url`.
pub(super) fn url(text: &str) -> Result<(), String> {
    let is_web = text.starts_with("https://") || text.starts_with("http://");
    let fits = is_web
        && authority(text).is_some()
        && !text.ends_with('/')
        && text.chars().all(|letter| letter.is_ascii_graphic() && !"\"'<>\\^`{|}?#".contains(letter));
    if fits {
        Ok(())
    } else {
        Err("is no address without a slash at its end, such as \"https://app.example.org\"".to_owned())
    }
}
