//! `countersign doctor`: why a front end cannot log in.

use clap::Args;
use countersign_adapters::{Adapter as _, origin::Origin, sanctum_spa::SanctumSpa};
use countersign_core::env::{SystemClock, SystemRandom};
use serde_json::json;

use super::{Outcome, Output, Refused};
use crate::{
    app,
    config::{Settings, Sources},
    doctor::{Fate, Lists, Report, try_mail, visit},
};

/// What `--help` adds.
pub const HELP: &str = "Example:\n  \
    countersign doctor --origin http://localhost:5173 --url http://localhost:8000\n\n\
    Without options it prints what follows from the configuration: whose pages have sessions and may read answers, the \
    cookies, where links lead, and what may not be meant. With --origin it asks the server at --url as a page of that \
    origin in a browser does: its cookies, a preflight, a login with made-up credentials (one wrong password of nobody), \
    and who it is. Nothing else is changed there.\n\n\
    Exit codes: 0 all rules hold, 1 one does not and is named on standard error, 2 wrong usage.";

#[derive(Debug, Args)]
pub struct Command {
    /// The origin of a page of the front end, as its address bar has it: scheme, host and port
    #[arg(long, value_name = "URL", value_parser = origin)]
    origin: Option<Origin>,
    /// The address under which the page calls the server; without it, the one that the configuration says
    #[arg(long, value_name = "URL", value_parser = address, requires = "origin")]
    url: Option<String>,
    /// Send a test mail to this address as [mail] says, and wait for what becomes of it
    #[arg(long, value_name = "ADDRESS")]
    mail: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The origin of a page; a slash or a path behind it, as it is copied from an address bar, does no harm.
fn origin(text: &str) -> Result<Origin, String> {
    Origin::of_url(text).map_or_else(|| Origin::parse(text), Ok).map_err(|reason| format!("it {reason}"))
}

fn address(text: &str) -> Result<String, String> {
    let url = text.trim_end_matches('/');
    if url.contains(['?', '#']) || url.chars().any(char::is_whitespace) {
        return Err("it has more than scheme, host, port and path".to_owned());
    }
    origin(url).map(|_| url.to_owned())
}

impl Command {
    pub fn run(self, sources: &Sources, output: &mut Output) -> Outcome {
        let Self { origin, url, mail, json } = self;
        let environment = (&SystemClock as _, &SystemRandom as _);
        // Another machine's server needs no configuration here.
        let (lists, report) = match (&origin, url) {
            (None, _) if mail.is_none() => (Some(Lists::of(&app::load(sources)?)), None),
            (None, _) => (None, None),
            (Some(page), Some(url)) => (None, Some(visit(page, &url, environment))),
            (Some(page), None) => (None, Some(visit(page, &configured(&app::load(sources)?), environment))),
        };
        let fate = match mail {
            Some(to) => Some(try_mail(&app::load(sources)?.mail, &to, environment)),
            None => None,
        };
        if json {
            output.json(&json!({"configuration": lists, "visit": report, "mail": fate}))?;
        } else {
            let texts = [lists.as_ref().map(listed), report.as_ref().map(told), fate.as_ref().map(delivered)];
            texts.into_iter().flatten().try_for_each(|text| output.text(&text))?;
        }
        let broken = report
            .and_then(|report| report.failed)
            .map(|broken| format!("{}: {}: {}\n{}", broken.step, broken.rule, broken.found, broken.advice));
        let lost = fate.and_then(|fate| fate.reason).map(|reason| format!("mail: {reason}"));
        let reasons: Vec<String> = [broken, lost].into_iter().flatten().collect();
        if reasons.is_empty() { Ok(()) } else { Err(Refused::Because(reasons.join("\n"))) }
    }
}

/// Where the first cookie login is.
fn configured(settings: &Settings) -> String {
    let spa = settings.mounts.iter().find(|mount| mount.adapter == SanctumSpa::NAME);
    let prefix = spa.and_then(|mount| mount.prefix.as_deref()).unwrap_or(SanctumSpa::PREFIX);
    format!("{}{prefix}", settings.server.public_url())
}

fn listed(lists: &Lists) -> String {
    let many = |items: &[String]| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
    let mut lines = vec![
        format!("sessions for pages of   {}", many(&lists.stateful_hosts)),
        format!("answers readable (CORS) {}", many(&lists.cors_origins)),
        format!("WebSockets from         {}", lists.websocket_origins),
    ];
    if lists.is_laravel_open {
        lines.push("Laravel's dialects: readable for any page, without cookies".to_owned());
    }
    for cookies in &lists.cookies {
        let domain = cookies.domain.as_deref().unwrap_or("the server's host alone");
        let secure = if cookies.secure { "Secure" } else { "not Secure" };
        let names = cookies.names.join(", ");
        lines.push(format!(
            "cookies of {}: {names}; for {domain}; {secure}; SameSite={}",
            cookies.mount, cookies.same_site
        ));
    }
    lines.extend(lists.links.iter().map(|links| format!("links of {}: {}", links.mount, links.base)));
    if lists.warnings.is_empty() {
        lines.push("nothing was found".to_owned());
    }
    lines.extend(lists.warnings.iter().map(|warning| format!("warning: {warning}")));
    lines.push(format!("settled: {}", lists.settled.join("; ")));
    lines.join("\n") + "\n"
}

fn told(report: &Report) -> String {
    let mut lines = vec![format!("a page of {} calls {}", report.origin, report.url)];
    lines.extend(report.passed.iter().map(|passed| format!("  ok    {:<12} {}", passed.step, passed.found)));
    lines.extend(report.failed.iter().map(|broken| format!("  fails {:<12} {}", broken.step, broken.rule)));
    lines.extend(report.warnings.iter().map(|warning| format!("warning: {warning}")));
    lines.join("\n") + "\n"
}

fn delivered(fate: &Fate) -> String {
    match &fate.taken_by {
        Some(carrier) => format!("mail to {} was taken by {carrier}\n", fate.to),
        None => format!("mail to {} did not leave\n", fate.to),
    }
}
