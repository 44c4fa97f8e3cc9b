//! What the mail server is handed.

use countersign_adapters::mail::Mail;
use countersign_tests::{Mailbox, Received};

use crate::common::{eventually, logged, mail, mailer};

#[test]
fn a_mail_arrives_as_it_was_written() {
    let mailbox = Mailbox::start();
    let mailer = mailer(&mailbox.configuration());
    let text = "Please go to:\n\nhttps://app.example.org/activate/MQ/abc-def\n\n.\n.. dots\nThanks\n";
    let (to, subject) = ("plain@example.com".to_owned(), "Account activation on example.org".to_owned());
    mailer.postman().post(Mail { to, subject: subject.clone(), text: text.to_owned(), html: None });
    let [received] = mailbox.wait_for("plain@example.com", 1).try_into().unwrap();
    let id = received.headers("Message-ID")[0].to_owned();
    assert!(id.len() == 48 && id.starts_with('<') && id.ends_with("@localhost>"), "{id}");
    let raw = format!(
        "From: webmaster@localhost\r\n\
         To: plain@example.com\r\n\
         Subject: Account activation on example.org\r\n\
         Date: Fri, 02 Jan 2026 12:00:00 +0000\r\n\
         Message-ID: {id}\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 7bit\r\n\
         \r\n{}",
        text.replace('\n', "\r\n")
    );
    let expected = Received {
        from: "webmaster@localhost".to_owned(),
        to: "plain@example.com".to_owned(),
        raw,
        subject,
        text: text.to_owned(),
        html: None,
        links: vec!["https://app.example.org/activate/MQ/abc-def".to_owned()],
    };
    assert_eq!(received, expected);
}

#[test]
fn text_and_html_are_alternatives_in_any_script() {
    let mailbox = Mailbox::start();
    let configuration = mailbox.configuration().replace("webmaster@localhost", "Пример <noreply@пример.рф>");
    let mailer = mailer(&configuration);
    let subject = "Подтверждение аккаунта на example.org — ✓".to_owned();
    let text = format!("Здравствуйте!\n{}\n", "длинная строка ".repeat(100));
    let html = "<p>Здравствуйте!</p>\n".to_owned();
    let to = "both@пример.рф".to_owned();
    mailer.postman().post(Mail { to, subject: subject.clone(), text: text.clone(), html: Some(html.clone()) });
    let [received] = mailbox.wait_for("both@xn--e1afmkfd.xn--p1ai", 1).try_into().unwrap();
    assert!(received.raw.is_ascii() && received.raw.split("\r\n").all(|line| line.len() <= 78), "{}", received.raw);
    assert!(received.headers("Content-Type")[0].starts_with("multipart/alternative;"), "{}", received.raw);
    assert_eq!(received.from, "noreply@xn--e1afmkfd.xn--p1ai");
    assert_eq!((received.subject, received.text, received.html), (subject, text, Some(html)));
}

#[test]
fn no_text_begins_another_header_or_another_mail() {
    let mailbox = Mailbox::start();
    let mailer = mailer(&mailbox.configuration());
    let postman = mailer.postman();
    let smuggled = "\r\n.\r\nMAIL FROM:<eve@example.com>\r\nRCPT TO:<eve@example.com>\r\nDATA\r\nx\r\n.\r\n";
    for text in [smuggled, &smuggled.replace("\r\n", "\r"), &smuggled.replace("\r\n", "\n")] {
        let (to, subject) = ("one@example.com".to_owned(), "Hello\r\nBcc: eve@example.com\r\n\r\nx".to_owned());
        postman.post(Mail { to, subject, text: text.to_owned(), html: Some(text.to_owned()) });
    }
    let received = mailbox.wait_for("one@example.com", 3);
    assert_eq!(mailbox.recipients(), ["one@example.com"; 3]);
    for mail in received {
        assert_eq!(mail.subject, "Hello  Bcc: eve@example.com    x");
        assert_eq!(mail.headers("Bcc"), [""; 0]);
        assert_eq!(mail.text, smuggled.replace("\r\n", "\n"));
    }
}

#[test]
fn an_address_that_cannot_be_is_lost_alone() {
    let mailbox = Mailbox::start();
    let mailer = mailer(&mailbox.configuration());
    let postman = mailer.postman();
    let wrong = ["nowhere", "a b@example.com", "eve@example.com>\r\nRCPT TO:<eve@example.com"];
    for to in wrong {
        postman.post(mail(to));
    }
    for to in ["a@localhost", "a@[::1]", "\"quoted\\ x\"@example.com"] {
        postman.post(mail(to));
    }
    for to in ["a@localhost", "a@[IPv6:::1]", "\"quoted\\ x\"@example.com"] {
        mailbox.wait_for(to, 1);
    }
    assert_eq!(mailbox.recipients().len(), 3);
    eventually("all wrong ones are told", || wrong.iter().all(|to| logged(&format!("{to:?}")).len() == 1));
    let [told] = logged("\"nowhere\"").try_into().unwrap();
    assert!(told.ends_with("mail is lost to=\"nowhere\" subject=\"Hello\" reason=\"the address has no @\""), "{told}");
}

#[test]
fn a_burst_shares_a_connection_and_keeps_its_order() {
    let mailbox = Mailbox::start();
    let mailer = mailer(&(mailbox.configuration() + "connections = 1\n"));
    let postman = mailer.postman();
    for number in 0..40 {
        postman.post(Mail { subject: number.to_string(), ..mail("burst@example.com") });
    }
    let received = mailbox.wait_for("burst@example.com", 40);
    let subjects: Vec<_> = received.iter().map(|mail| mail.subject.clone()).collect();
    assert_eq!(subjects, (0..40).map(|number| number.to_string()).collect::<Vec<_>>());
    assert!(mailbox.connections() <= 5, "{}", mailbox.connections());
}

#[test]
fn a_login_is_given_where_the_url_has_one() {
    let mailbox = Mailbox::start();
    let known = mailer(&mailbox.configuration().replace("smtp://", "smtp://ada:l%6Fvelace@"));
    known.postman().post(mail("known@example.com"));
    mailbox.wait_for("known@example.com", 1);
    let stranger = mailer(&mailbox.configuration().replace("smtp://", "smtp://ada:canary-password@"));
    stranger.postman().post(mail("stranger@example.com"));
    eventually("the refusal is told", || !logged("535").is_empty());
    // The password can be put right: no mail is lost for it.
    assert_eq!((stranger.pending(), mailbox.recipients().len()), (1, 1));
    assert_eq!(logged("canary-password"), [""; 0]);
}

#[test]
fn nothing_is_sent_in_the_clear_where_encryption_is_required() {
    let mailbox = Mailbox::start();
    let configuration = mailbox.configuration();
    let required = mailer(&configuration.replace("\"\nfrom", "?tls=required\"\nfrom"));
    required.postman().post(mail("secret@example.com"));
    eventually("the refusal is told", || !logged("STARTTLS is not supported").is_empty());
    assert_eq!((required.pending(), mailbox.recipients().len()), (1, 0));
    let offered = mailer(&configuration.replace("\"\nfrom", "?tls=opportunistic\"\nfrom"));
    offered.postman().post(mail("open@example.com"));
    mailbox.wait_for("open@example.com", 1);
}
