//! A page of a front end in a browser: it asks for its cookies, logs in with made-up credentials, and asks who it is.

use chrono::{DateTime, Utc};
use countersign_adapters::origin::Origin;
use countersign_core::env::{Clock, Random};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde_json::json;

use super::{
    Broken, Flaw, Passed,
    cookies::Jar,
    cors,
    explain::{mismatch, unexpected},
    wire::{Answer, Wire},
};

/// How far clocks may be apart before it is said: tokens and cookies are dated.
const MOST_SKEW: i64 = 5;
/// What axios sends with a login beside what every request may have.
const ASKED: [&str; 2] = ["content-type", "x-xsrf-token"];

/// What came of a visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The page's origin.
    pub origin: String,
    /// The server's address.
    pub url: String,
    /// What held, in order.
    pub passed: Vec<Passed>,
    /// The first rule that did not; `None` if all did.
    pub failed: Option<Broken>,
    /// What a browser does not mind.
    pub warnings: Vec<String>,
}

struct Browser<'a> {
    page: &'a Origin,
    server: Origin,
    url: &'a str,
    wire: Wire,
    jar: Jar,
    clock: &'a dyn Clock,
    random: &'a dyn Random,
    passed: Vec<Passed>,
    warnings: Vec<String>,
}

/// What is tried, and what was seen if all its rules hold.
type Step<'a> = fn(&mut Browser<'a>) -> Result<String, Flaw>;

/// Visits the server at `url`, an address without a slash at its end, as a page of `page` does. It leaves one wrong
/// password of nobody behind.
pub fn visit(page: &Origin, url: &str, (clock, random): (&dyn Clock, &dyn Random)) -> Report {
    let report =
        |passed, failed, warnings| Report { origin: page.to_string(), url: url.to_owned(), passed, failed, warnings };
    let Some(server) = Origin::of_url(url) else {
        let flaw = Flaw::new("address", format!("{url} is no address"), "give --url as http:// or https:// and a host");
        return report(Vec::new(), Some(flaw.at("csrf-cookie")), Vec::new());
    };
    let (wire, jar) = (Wire::to(&server), Jar::new(page.clone(), server.clone()));
    let (passed, warnings) = (Vec::new(), Vec::new());
    let mut browser = Browser { page, server, url, wire, jar, clock, random, passed, warnings };
    let failed = browser.run().err();
    report(browser.passed, failed, browser.warnings)
}

impl<'a> Browser<'a> {
    fn run(&mut self) -> Result<(), Broken> {
        let steps: [(&'static str, Step<'a>); 4] = [
            ("csrf-cookie", Self::ask_for_cookies),
            ("preflight", Self::ask_leave),
            ("login", Self::log_in),
            ("user", Self::ask_who),
        ];
        for (step, take) in steps {
            let found = take(self).map_err(|flaw| flaw.at(step))?;
            self.passed.push(Passed { step, found });
        }
        Ok(())
    }

    fn ask_for_cookies(&mut self) -> Result<String, Flaw> {
        const PATH: &str = "/sanctum/csrf-cookie";
        if self.page.is_https && !self.server.is_https && !self.server.is_loopback() {
            return Err(Flaw::new(
                "mixed content",
                "a page on https calls a server on http",
                "a browser does not send the request: call the server over https",
            ));
        }
        let answer = self.send("GET", PATH, &[])?;
        self.compare_clocks(&answer);
        if !(200..300).contains(&answer.status) {
            return Err(unexpected(PATH, "204", &answer));
        }
        self.judge(&answer)?;
        let lines = answer.all("Set-Cookie");
        if lines.is_empty() {
            return Err(Flaw::new(
                "Set-Cookie",
                "the answer sets no cookie",
                "something between takes Set-Cookie away, or answers from a store: look at the proxy",
            ));
        }
        for line in lines {
            self.jar.keep(line, self.clock.now())?;
        }
        self.jar.read("XSRF-TOKEN")?;
        let names = self.jar.names();
        if names.len() < 2 {
            return Err(Flaw::new(
                "Set-Cookie",
                "XSRF-TOKEN came without a session's cookie",
                "something between lets one Set-Cookie through and not both: look at the proxy",
            ));
        }
        Ok(format!("{}; the browser keeps {}", answer.status, names.join(" and ")))
    }

    fn ask_leave(&mut self) -> Result<String, Flaw> {
        if self.is_same_origin() {
            return Ok("not needed: page and server have one origin".to_owned());
        }
        let asked =
            [("Access-Control-Request-Method", "POST".to_owned()), ("Access-Control-Request-Headers", ASKED.join(","))];
        let answer = self.send("OPTIONS", "/login", &asked)?;
        cors::check_preflight(self.page, &ASKED, &answer)?;
        Ok(format!("{}; a POST with {} may be sent", answer.status, ASKED.join(" and ")))
    }

    fn log_in(&mut self) -> Result<String, Flaw> {
        const PATH: &str = "/login";
        let sealed = self.jar.read("XSRF-TOKEN")?;
        let token = percent_decode_str(sealed).decode_utf8_lossy().into_owned();
        let headers = [("Cookie", self.jar.header(&self.path(PATH))?), ("X-XSRF-TOKEN", token)];
        let email = format!("doctor-{}@countersign.invalid", self.random.alphanumeric(12).to_ascii_lowercase());
        let body = json!({"email": email, "password": self.random.alphanumeric(24)}).to_string();
        let answer = self.send_with("POST", PATH, &headers, Some(body))?;
        let found = match answer.status {
            422 => "422; cookies and token arrived, and the made-up credentials are wrong",
            429 => "429; cookies and token arrived, and too many logins were tried",
            419 => return Err(mismatch(&self.page.to_string(), &answer)),
            200..300 => {
                return Err(Flaw::new(
                    "credentials",
                    format!("made-up credentials were answered {}", answer.status),
                    "look for what answers in the server's place",
                ));
            }
            _ => return Err(unexpected(PATH, "422", &answer)),
        };
        self.judge(&answer)?;
        for line in answer.all("Set-Cookie") {
            self.jar.keep(line, self.clock.now())?;
        }
        Ok(found.to_owned())
    }

    fn ask_who(&mut self) -> Result<String, Flaw> {
        const PATH: &str = "/api/user";
        let headers = [("Cookie", self.jar.header(&self.path(PATH))?)];
        let answer = self.send_with("GET", PATH, &headers, None)?;
        if answer.status != 401 {
            return Err(unexpected(PATH, "401, for nobody is logged in", &answer));
        }
        self.judge(&answer)?;
        if answer.all("Set-Cookie").is_empty() {
            return Err(Flaw::new(
                "stateful",
                "401 without cookies: the server did not look at the session",
                format!(
                    "add \"{}\" to front_ends (SANCTUM_STATEFUL_DOMAINS); if it is there, something between takes Origin \
                     and Referer from requests, or Set-Cookie from answers",
                    self.page
                ),
            ));
        }
        Ok("401 with both cookies; the session was looked at, and nobody is logged in".to_owned())
    }

    /// May the page read the answer?
    fn judge(&self, answer: &Answer) -> Result<(), Flaw> {
        if self.is_same_origin() { Ok(()) } else { cors::check(self.page, answer) }
    }

    fn is_same_origin(&self) -> bool {
        *self.page == self.server
    }

    /// The path behind the server's origin.
    fn path(&self, path: &str) -> String {
        let prefix = self.url.splitn(4, '/').nth(3).map(|prefix| format!("/{prefix}")).unwrap_or_default();
        format!("{prefix}{path}")
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, String)]) -> Result<Answer, Flaw> {
        self.send_with(method, path, headers, None)
    }

    /// Sends a request with what a browser adds by itself.
    fn send_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, String)],
        body: Option<String>,
    ) -> Result<Answer, Flaw> {
        let mut all = vec![("Accept", "application/json, text/plain, */*".to_owned())];
        if !self.is_same_origin() || method != "GET" {
            all.push(("Origin", self.page.to_string()));
        }
        if !self.page.is_https || self.server.is_https {
            all.push(("Referer", format!("{}/", self.page)));
        }
        if self.server.is_https || self.server.is_loopback() {
            let site = match (self.is_same_origin(), self.page.is_same_site(&self.server)) {
                (true, _) => "same-origin",
                (false, true) => "same-site",
                (false, false) => "cross-site",
            };
            all.push(("Sec-Fetch-Site", site.to_owned()));
            all.push(("Sec-Fetch-Mode", "cors".to_owned()));
            all.push(("Sec-Fetch-Dest", "empty".to_owned()));
        }
        if body.is_some() {
            all.push(("Content-Type", "application/json".to_owned()));
        }
        all.extend_from_slice(headers);
        self.wire.send((method, &format!("{}{path}", self.url)), &all, body).map_err(|reason| {
            let found = format!("{method} {}{path}: {reason}", self.url);
            let advice = if reason.contains("certificate") {
                "trust is what this system trusts, as a browser's may not be: SSL_CERT_FILE names other authorities"
            } else {
                "is the server running, and is this its address?"
            };
            Flaw::new("connection", found, advice)
        })
    }

    fn compare_clocks(&mut self, answer: &Answer) {
        let Ok(theirs) = DateTime::parse_from_rfc2822(answer.header("Date")) else {
            return self.warnings.push("the answers have no Date: clocks cannot be compared".to_owned());
        };
        let skew = theirs.with_timezone(&Utc).signed_duration_since(self.clock.now()).num_seconds();
        if skew.abs() > MOST_SKEW {
            let (apart, way) = (skew.abs(), if skew > 0 { "ahead of" } else { "behind" });
            self.warnings.push(format!(
                "the server's clock is {apart} s {way} the one here: tokens, links and cookies end too early or too late; set \
                 both by NTP"
            ));
        }
    }
}
