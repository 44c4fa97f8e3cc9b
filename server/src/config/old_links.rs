//! `[old_links]`: the keys of an old framework whose links are still in mailboxes, and their end.

use chrono::{FixedOffset, Offset as _, TimeDelta, Utc};
use countersign_adapters::{
    Adapter as _,
    djoser::Djoser,
    sanctum_spa::SanctumSpa,
    settings::{Problem, SettingValue, when_set},
};
use countersign_core::{Secret, auth::OldLinks, model::Timestamp};

use super::{Settings, origin::base_url};

/// No link of either framework lives longer than days; a key that counts for longer than this serves somebody else.
const LONGEST: TimeDelta = TimeDelta::days(31);

/// What `startproject` puts before the key that everybody with the repository has.
const INSECURE: &str = "django-insecure-";

countersign_adapters::settings! {
    /// Links in mails that Django or Laravel sent before the switch: new passwords, activations, addresses to confirm. With the key
    /// that signed them they go on working until they expire, for users who were imported. Whoever has such a key may be able
    /// to make links, too: take the section out when `until` is over.
    pub struct OldLinkSettings {
        /// From this moment on no old link counts, such as "2026-12-04T18:00:00Z". It is needed with every key: write the moment of
        /// the switch and the life of a link, three days in Django (PASSWORD_RESET_TIMEOUT), an hour in Laravel.
        pub until: Option<Timestamp> = None,
        /// Django's SECRET_KEY: Djoser's links to a new password, another user name, or the activation of an account. How long they
        /// live says `password_reset_timeout` of the mount.
        pub django_secret_key: Option<Secret> = None, check = when_set(filled),
        /// Django's SECRET_KEY_FALLBACKS: a list, or text with commas or line ends between the keys.
        pub django_secret_key_fallbacks: Vec<Secret> = Vec::new(), check = all_filled,
        /// How far Django's TIME_ZONE was from UTC at the switch, such as "+02:00": the seconds in its links follow its clocks on the
        /// wall, and without USE_TZ the last logins, too.
        pub django_utc_offset: FixedOffset = Utc.fix(),
        /// Laravel's APP_KEY as it stands there, with its "base64:": links that confirm an address.
        pub laravel_app_key: Option<Secret> = None, check = when_set(filled),
        /// Laravel's APP_PREVIOUS_KEYS: a list, or text with commas or line ends between the keys.
        pub laravel_previous_keys: Vec<Secret> = Vec::new(), check = all_filled,
        /// What Laravel's links began with, before /verify-email or /email/verify: mostly APP_URL. It is signed with the rest, so name all
        /// that there were, such as http://… and https://…; for relative signatures "", or the path alone. Without any it is
        /// `server.base_url` and the mount's prefix.
        pub laravel_urls: Vec<String> = Vec::new(), check = addresses,
    }
}

impl OldLinkSettings {
    /// By what old links are known.
    pub fn links(&self) -> OldLinks {
        let keys = |first: &Option<Secret>, more: &[Secret]| first.iter().chain(more).cloned().collect();
        OldLinks {
            until: self.until.unwrap_or_default(),
            django_keys: keys(&self.django_secret_key, &self.django_secret_key_fallbacks),
            django_offset: self.django_utc_offset,
            laravel_keys: keys(&self.laravel_app_key, &self.laravel_previous_keys),
            laravel_urls: self.laravel_urls.clone(),
        }
    }

    /// A key without an end.
    pub(super) fn contradiction(&self) -> Option<Problem> {
        let OldLinks { django_keys, laravel_keys, .. } = self.links();
        let endless = self.until.is_none() && !(django_keys.is_empty() && laravel_keys.is_empty());
        let message = "is not set, and a key of an old framework must not count for ever: write the moment of the switch and the \
                       life of a link";
        endless.then(|| Problem::new("old_links.until", None, message))
    }

    /// What may not be meant at this moment.
    pub(super) fn doubts(&self, settings: &Settings, now: Timestamp) -> Vec<Problem> {
        let OldLinks { until, django_keys, laravel_keys, .. } = self.links();
        let mut found = Vec::new();
        let of_frameworks = [
            (Djoser::NAME, &django_keys, ["django_secret_key", "django_secret_key_fallbacks"]),
            (SanctumSpa::NAME, &laravel_keys, ["laravel_app_key", "laravel_previous_keys"]),
        ];
        for (adapter, keys, [first, more]) in of_frameworks {
            let key = if adapter == Djoser::NAME { &self.django_secret_key } else { &self.laravel_app_key };
            let name = format!("old_links.{}", if key.is_some() { first } else { more });
            if keys.is_empty() {
                continue;
            }
            if settings.mounts.iter().all(|mount| mount.adapter != adapter) {
                found.push(Problem::new(&name, None, format!("is of no use: {adapter} is not mounted")));
            }
            if keys.iter().any(|key| key.expose().starts_with(INSECURE)) {
                let message = format!(
                    "begins with \"{INSECURE}\", as the one that startproject writes into the repository: whoever has seen \
                     that and the hashes can make links until old_links.until"
                );
                found.push(Problem::new(&name, None, message));
            }
        }
        let shown = |message: &str| {
            Problem::new("old_links.until", self.until.as_ref().and_then(SettingValue::show).as_ref(), message)
        };
        if django_keys.is_empty() && laravel_keys.is_empty() {
            return found;
        }
        if now >= until {
            found.push(shown("is over: no old link counts any more; take the keys out, and from the server"));
        } else if until - now > LONGEST {
            found.push(shown(
                "is more than a month away, and links do not live as long; until then whoever has the old key may make some",
            ));
        }
        found
    }
}

fn filled(key: &Secret) -> Result<(), String> {
    if key.expose().trim().is_empty() { Err("is empty".to_owned()) } else { Ok(()) }
}

fn all_filled(keys: &[Secret]) -> Result<(), String> {
    keys.iter().try_for_each(filled).map_err(|_| "holds an empty key".to_owned())
}

fn addresses(urls: &[String]) -> Result<(), String> {
    let is_path = |url: &str| url.starts_with('/') && !url.ends_with('/') && !url.contains(['?', '#']);
    let wrong = urls.iter().filter(|url| !is_path(url)).find_map(|url| Some((url, base_url(url).err()?)));
    wrong.map_or(Ok(()), |(url, message)| Err(format!("holds \"{url}\", which {message}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Findings, Sources};

    fn load(values: &[(&str, &str)]) -> Result<Settings, String> {
        let named = |(name, value): &(&str, &str)| (format!("COUNTERSIGN__OLD_LINKS__{name}"), (*value).to_owned());
        let sources = Sources { file: None, environment: values.iter().map(named).collect() };
        Settings::load(&sources).map_err(|problems| problems.to_string())
    }

    fn warned(values: &[(&str, &str)], now: &str) -> Vec<String> {
        let found = Findings::at(&load(values).unwrap(), now.parse().unwrap());
        let ours = found.warned.iter().map(ToString::to_string).filter(|text| text.starts_with("old_links."));
        ours.collect()
    }

    #[test]
    fn a_key_needs_an_end() {
        for name in ["DJANGO_SECRET_KEY", "DJANGO_SECRET_KEY_FALLBACKS", "LARAVEL_APP_KEY", "LARAVEL_PREVIOUS_KEYS"] {
            let endless = load(&[(name, "kq3Vw0rJm9Zt5yXc")]).unwrap_err();
            assert!(endless.starts_with("old_links.until: is not set, and a key of an old framework"), "{endless}");
            let settings = load(&[(name, "kq3Vw0rJm9Zt5yXc"), ("UNTIL", "2026-12-04T18:00:00Z")]).unwrap();
            assert_eq!(settings.old_links.links().until.to_rfc3339(), "2026-12-04T18:00:00+00:00");
            assert!(!settings.dump().contains("kq3Vw0rJm9Zt5yXc"), "{}", settings.dump());
        }
        assert_eq!(load(&[]).unwrap().old_links.links(), OldLinks::default());
    }

    #[test]
    fn keys_keep_their_order_and_every_character() {
        let settings = load(&[
            ("UNTIL", "2026-12-04T20:00:00+02:00"),
            ("DJANGO_SECRET_KEY", "f(irst"),
            ("DJANGO_SECRET_KEY_FALLBACKS", "second,thi=rd\n"),
            ("DJANGO_UTC_OFFSET", "-03:30"),
            ("LARAVEL_PREVIOUS_KEYS", "base64:a=,base64:b="),
        ]);
        let OldLinks { until, django_keys, django_offset, laravel_keys, .. } = settings.unwrap().old_links.links();
        let texts = |keys: &[Secret]| keys.iter().map(|key| key.expose().to_owned()).collect::<Vec<_>>();
        assert_eq!(texts(&django_keys), ["f(irst", "second", "thi=rd"]);
        assert_eq!(texts(&laravel_keys), ["base64:a=", "base64:b="]);
        assert_eq!(
            (until.to_rfc3339(), django_offset.to_string()),
            ("2026-12-04T18:00:00+00:00".to_owned(), "-03:30".to_owned())
        );
    }

    #[test]
    fn a_key_whose_time_is_over_or_far_away_is_told() {
        let given = [("LARAVEL_APP_KEY", "base64:x"), ("UNTIL", "2026-12-04T18:00:00Z")];
        let none: [&str; 0] = [];
        assert_eq!(warned(&given, "2026-12-04T17:59:59Z"), none);
        let over = "old_links.until: \"2026-12-04T18:00:00Z\" is over: no old link counts any more; take the keys out, and from the server";
        assert_eq!(warned(&given, "2026-12-04T18:00:00Z"), [over]);
        let far = "old_links.until: \"2026-12-04T18:00:00Z\" is more than a month away, and links do not live as long; until then \
                   whoever has the old key may make some";
        assert_eq!(warned(&given, "2026-11-03T17:59:59Z"), [far]);
        assert_eq!(warned(&[given[1]], "2027-01-01T00:00:00Z"), none);
    }

    #[test]
    fn a_key_that_the_repository_knows_is_told() {
        let given = [("DJANGO_SECRET_KEY_FALLBACKS", "django-insecure-x"), ("UNTIL", "2026-12-04T18:00:00Z")];
        let told = warned(&given, "2026-12-01T00:00:00Z");
        assert_eq!(told.len(), 1);
        let expected = "old_links.django_secret_key_fallbacks: begins with \"django-insecure-\"";
        assert!(told[0].starts_with(expected) && !told[0].contains("secure-x"), "{}", told[0]);
    }

    #[test]
    fn addresses_are_origins_or_paths_without_a_slash_at_the_end() {
        assert_eq!(
            addresses(&[String::new(), "/app".into(), "http://a".into(), "https://a.example:8443/b".into()]),
            Ok(())
        );
        for wrong in ["a.example", "https://a/", "/", "/a/", "https://a?b", "/a?b"] {
            let message = addresses(&[wrong.to_owned()]).unwrap_err();
            assert!(message.starts_with(&format!("holds \"{wrong}\", which ")), "{message}");
        }
    }
}
