//! The other ways out: the log and a folder; and what the configuration refuses.

use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};

use countersign_adapters::mail::Mail;
use countersign_tests::{Received, sandbox};

use crate::common::{eventually, log, mail, mailer};

#[test]
fn the_log_has_the_whole_mail_and_its_lines_are_marked() {
    let mailer = mailer("[mail]\ntransport = \"log\"\n");
    let text =
        "Go to\nhttps://app.example.org/reset/1\n2026-01-02T12:00:00Z ERROR forged\r\n\u{1b}[31mred\n".to_owned();
    let subject = "Reset\nnow".to_owned();
    mailer.postman().post(Mail { to: "log@example.com".to_owned(), subject, text, html: None });
    assert!(mailer.settle(Duration::from_secs(10)));
    let expected = "mail, not sent but written here:\n  | Go to\n  | https://app.example.org/reset/1\n  \
                    | 2026-01-02T12:00:00Z ERROR forged\n  | [31mred to=\"log@example.com\" subject=\"Reset\\nnow\"\n";
    assert!(log().contains(expected), "{}", log());
}

#[test]
fn a_folder_gets_a_file_a_mail_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("new/out");
    let mailer = mailer(&format!("[mail]\ntransport = \"file:{}\"\n", out.display()));
    mailer.postman().post(mail("file@example.com"));
    mailer.postman().post(Mail { html: Some("<p>x</p>".to_owned()), ..mail("file@example.com") });
    assert!(mailer.settle(Duration::from_secs(10)));
    assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o700);
    let mut files: Vec<_> = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 2);
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with("20260102T120000.000000Z-"), "{name}");
        assert_eq!(file.extension().unwrap(), "eml");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let received = Received::new("", "", &fs::read_to_string(&file).unwrap());
        assert_eq!(received.headers("To"), ["file@example.com"]);
        assert_eq!((received.subject.as_str(), received.text.as_str()), ("Hello", "canary-of-the-body\n"));
    }
}

#[test]
fn a_folder_that_is_away_for_a_while_loses_no_mail() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let mailer = mailer(&format!("[mail]\ntransport = \"file:{}\"\n", out.display()));
    fs::remove_dir(&out).unwrap();
    mailer.postman().post(mail("away@example.com"));
    eventually("it is told", || log().contains("mails cannot be sent now and wait reason=\"No such file"));
    assert_eq!(mailer.pending(), 1);
    fs::create_dir(&out).unwrap();
    assert!(mailer.settle(Duration::from_secs(10)));
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
}

#[test]
fn a_folder_that_cannot_be_made_is_refused_at_start() {
    let sandbox = sandbox!();
    sandbox.write("taken", "");
    sandbox.write("countersign.toml", "[mail]\ntransport = \"file:taken/out\"\n");
    let ran = sandbox.run(&["serve"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    let expected = "countersign: mail.transport: cannot make the folder taken/out: Not a directory (os error 20)\n";
    assert!(ran.stderr.ends_with(expected), "{}", ran.stderr);
}

#[test]
fn the_password_of_the_mail_server_is_masked_and_may_stand_in_a_file() {
    let sandbox = sandbox!();
    let url = "smtp://ada:canary-Zx9@mail.example.org?tls=required";
    let shown = "transport = \"smtp://ada:********@mail.example.org?tls=required\"\n";
    sandbox.write("countersign.toml", &format!("[mail]\ntransport = \"{url}\"\n"));
    assert!(sandbox.done(&["config", "dump"]).contains(shown));
    sandbox.write("url", &format!("{url}\n"));
    sandbox.write("countersign.toml", "[mail]\ntransport_file = \"url\"\n");
    assert!(sandbox.done(&["config", "dump"]).contains(shown));
}

#[test]
fn what_cannot_be_is_refused_without_the_password() {
    let sandbox = sandbox!();
    sandbox.write(
        "countersign.toml",
        "[mail]\ntransport = \"smtp://ada:canary-Zx9@mail?starttls=yes\"\nfrom = \"nobody\"\nqueue = 0\ntimeout = \"0s\"\n",
    );
    let ran = sandbox.run(&["config", "check"]);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (
            1,
            "countersign: mail.transport: has a parameter that is not tls=\n\
             countersign: mail.from: \"nobody\" is not a sender; write \"noreply@example.org\" or \
             \"Example <noreply@example.org>\"\n\
             countersign: mail.timeout: \"0s\" leaves no time; write more than \"0s\"\n\
             countersign: mail.queue: 0 is not between 1 and 1000000\n"
        )
    );
}
