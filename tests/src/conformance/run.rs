//! A run: every step of a profile, in order.

use std::{thread, time::Duration};

use crate::mailbox::Mailbox;

use super::{
    compare::{Difference, differences},
    exchange::exchange,
    jars::Jars,
    json::Json,
    laravel, mail, normal,
    request::prepare,
    suite::{Expected, Form, Link, Step, Suite},
    values::Values,
};

/// How long a mail may take.
const MAIL: Duration = Duration::from_secs(8);
/// How long is waited for a mail that must not come.
const NO_MAIL: Duration = Duration::from_millis(700);

/// Whom to ask.
pub struct Target<'a> {
    /// Host and port, such as `127.0.0.1:8000`.
    pub host: &'a str,
    /// The key that its JWTs are signed with.
    pub jwt_secret: &'a str,
    /// Where its mails go.
    pub mailbox: &'a Mailbox,
}

/// What became of a step.
pub struct Outcome<'a> {
    /// The step.
    pub step: &'a Step,
    /// What was asked, in a line.
    pub asked: String,
    /// The answer in its comparable form.
    pub answer: Json,
    /// Where it differs from the recorded one.
    pub differences: Vec<Difference>,
    /// Names that this step uses and no step before it could capture: what differs here may follow from that.
    pub missing: Vec<String>,
}

/// Runs all steps of a profile.
pub fn run<'a>(suite: &'a Suite, profile: &'a str, target: &Target) -> Vec<Outcome<'a>> {
    let recorded = suite.recorded(profile);
    let mut values = Values::new(target.jwt_secret);
    let mut jars = Jars::default();
    let mut read = Vec::new();
    let run_step = |step: &'a Step| {
        thread::sleep(Duration::from_secs_f64(step.pause));
        let (asked, answer) = match &step.mail {
            Some(expected) => look(step, expected, target, &mut values, &mut read),
            None => ask(step, suite.form, target, &mut values, &mut jars),
        };
        let differences = recorded.get(&step.id).map_or_else(
            || vec![Difference { what: "not recorded".to_owned(), recorded: Json::Null, got: answer.clone() }],
            |recorded| differences(step, recorded, &answer),
        );
        Outcome { step, asked, answer, differences, missing: values.take_missing() }
    };
    suite.of(profile).map(run_step).collect()
}

fn ask(step: &Step, form: Form, target: &Target, values: &mut Values, jars: &mut Jars) -> (String, Json) {
    let request = step.request.as_ref().unwrap_or_else(|| panic!("{}: neither a request nor a mail", step.id));
    let mut send = || {
        let prepared = prepare(request, target.host, values, jars.headers(request));
        let reply = exchange(target.host, &prepared);
        jars.keep(request, &reply);
        (prepared, reply)
    };
    for _ in 1..request.repeat {
        send();
    }
    let (prepared, reply) = send();
    let answer = match form {
        Form::Django => normal::normal(step, &reply, target.host, values),
        Form::Laravel => laravel::normal(step, &reply, target.host, &values.text(&request.path)),
    };
    if let Some(link) = &step.link {
        values.capture(&link.name, follow(link, target));
    }
    for (name, path) in step.capture.members() {
        values.capture(name, normal::find(&reply.body, path.as_text().unwrap_or_default()).cloned());
    }
    (prepared.to_string(), answer)
}

/// Waits for the mail with this link.
fn follow(link: &Link, target: &Target) -> Option<Json> {
    let mails = target.mailbox.wait_at_most(MAIL, &link.to, 1);
    mail::captured(&mails.last()?.text, link)
}

/// Waits for a mail (or for its absence) that no earlier step has read. `read` counts by address.
fn look(
    step: &Step,
    expected: &Expected,
    target: &Target,
    values: &mut Values,
    read: &mut Vec<String>,
) -> (String, Json) {
    let to = values.text(&expected.to);
    let before = read.iter().filter(|address| **address == to).count();
    let patience = if expected.none { NO_MAIL } else { MAIL };
    let mails = target.mailbox.wait_at_most(patience, &to, before + 1);
    let fresh = mails.get(before..).unwrap_or_default();
    read.extend(fresh.iter().map(|_| to.clone()));
    if let Some(mail) = fresh.last().filter(|_| !expected.none) {
        for (name, what) in step.capture.members() {
            if let Some(value) = mail::found(mail, what.as_text().unwrap_or_default()) {
                values.capture(name, Some(value));
            }
        }
    }
    (format!("mail to {to}"), mail::normal(fresh, !expected.none, target.host))
}
