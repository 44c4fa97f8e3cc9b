//! A mail server that hangs, refuses or is away.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use countersign_adapters::mail::Mail;
use countersign_tests::{Mailbox, mailbox::Behaviour};

use crate::common::{BODY, eventually, log, logged, mail, mailer};

#[test]
fn a_silent_mail_server_holds_nobody_up_and_gets_all_mails_later() {
    let mailbox = Mailbox::start();
    mailbox.behave(Behaviour::Silent);
    let mailer = mailer(&(mailbox.configuration() + "timeout = \"200ms\"\nconnections = 1\n"));
    let postman = mailer.postman();
    let began = Instant::now();
    for number in 0..50 {
        postman.post(Mail { subject: number.to_string(), ..mail("patient@example.com") });
    }
    // One hang alone is 200 ms.
    assert!(began.elapsed() < Duration::from_millis(200), "{:?}", began.elapsed());
    eventually("it hung", || mailbox.connections() > 1);
    assert_eq!((mailer.pending(), mailbox.mails().len()), (50, 0));
    mailbox.behave(Behaviour::Takes);
    let received = mailbox.wait_for("patient@example.com", 50);
    let subjects: Vec<_> = received.iter().map(|mail| mail.subject.clone()).collect();
    assert_eq!(subjects, (0..50).map(|number| number.to_string()).collect::<Vec<_>>());
    assert!(mailer.settle(Duration::from_secs(1)));
}

#[test]
fn a_mail_server_that_is_away_is_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mailer = mailer(&format!("[mail]\ntransport = \"smtp://127.0.0.1:{port}\"\n"));
    mailer.postman().post(mail("late@example.com"));
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(mailer.pending(), 1);
    let mailbox = Mailbox::at(port);
    mailbox.wait_for("late@example.com", 1);
}

#[test]
fn no_more_wait_than_may() {
    let mailbox = Mailbox::start();
    mailbox.behave(Behaviour::Silent);
    let configuration = mailbox.configuration() + "timeout = \"1s\"\nconnections = 1\nqueue = 3\n";
    let mailer = mailer(&configuration);
    let postman = mailer.postman();
    postman.post(mail("first@example.com"));
    eventually("one is being sent", || mailbox.connections() == 1);
    for number in 0..5 {
        postman.post(mail(&format!("bound-{number}@example.com")));
    }
    assert_eq!(mailer.pending(), 4);
    assert_eq!(logged("bound-2"), [""; 0]);
    for number in [3, 4] {
        let [told] = logged(&format!("bound-{number}")).try_into().unwrap();
        let expected = format!(
            "mail is lost to=\"bound-{number}@example.com\" subject=\"Hello\" reason=\"too many mails wait already\""
        );
        assert!(told.contains(" ERROR ") && told.ends_with(&expected), "{told}");
    }
    mailbox.behave(Behaviour::Takes);
    mailbox.wait_for("bound-2@example.com", 1);
    assert!(mailer.settle(Duration::from_secs(1)));
    assert_eq!(mailbox.mails().len(), 4);
    assert!(!log().contains(BODY));
}

#[test]
fn a_mail_that_is_put_off_is_tried_again() {
    let mailbox = Mailbox::start();
    mailbox.behave(Behaviour::Answers("451 4.7.1 Greylisted", 2));
    let mailer = mailer(&mailbox.configuration());
    let began = Instant::now();
    mailer.postman().post(mail("grey@example.com"));
    mailbox.wait_for("grey@example.com", 1);
    // One second, then two.
    assert!(began.elapsed() >= Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!(mailbox.recipients(), ["grey@example.com"; 3]);
    let told = logged("grey@example.com");
    assert_eq!(told.len(), 2);
    assert!(told[0].contains("mail is not sent yet") && told[0].contains("4.7.1 Greylisted"), "{told:?}");
}

#[test]
fn nobody_waits_behind_a_mail_that_does_not_leave() {
    let behaviours = [Behaviour::AnswersOne("tar@example.com", "450 Later"), Behaviour::DropsOne("tar@example.com")];
    for behaviour in behaviours {
        let mailbox = Mailbox::start();
        mailbox.behave(behaviour);
        let mailer = mailer(&(mailbox.configuration() + "connections = 1\n"));
        let postman = mailer.postman();
        postman.post(mail("tar@example.com"));
        let others = ["x@example.com", "y@example.com", "z@example.com"];
        for to in others {
            postman.post(mail(to));
        }
        for to in others {
            assert_eq!(mailbox.wait_for(to, 1).len(), 1);
        }
        eventually("only one is left", || mailer.pending() == 1);
        mailbox.behave(Behaviour::Takes);
        mailbox.wait_for("tar@example.com", 1);
    }
}

#[test]
fn a_mail_that_is_refused_for_good_is_told_and_not_tried_again() {
    let mailbox = Mailbox::start();
    mailbox.behave(Behaviour::AnswersOne("gone@example.com", "550 5.1.1 No such user"));
    let mailer = mailer(&mailbox.configuration());
    mailer.postman().post(mail("gone@example.com"));
    assert!(mailer.settle(Duration::from_secs(30)));
    let [told] = logged("gone@example.com").try_into().unwrap();
    assert!(told.contains(" ERROR ") && told.contains("mail is lost") && told.contains("No such user"), "{told}");
    mailer.postman().post(mail("there@example.com"));
    mailbox.wait_for("there@example.com", 1);
    assert_eq!(mailbox.recipients(), ["gone@example.com", "there@example.com"]);
    assert!(!log().contains(BODY));
}

#[test]
fn a_mail_is_given_up_after_its_time() {
    let mailbox = Mailbox::start();
    mailbox.behave(Behaviour::Answers("451 Later", 1_000));
    let mailer = mailer(&(mailbox.configuration() + "retry_for = \"1s\"\n"));
    mailer.postman().post(mail("never@example.com"));
    assert!(mailer.settle(Duration::from_secs(30)));
    assert_eq!(mailbox.recipients().len(), 2);
    let [put_off, lost] = logged("never@example.com").try_into().unwrap();
    assert!(put_off.contains("mail is not sent yet") && lost.contains("mail is lost"), "{put_off}\n{lost}");
}

#[test]
fn an_outage_that_lasts_too_long_loses_what_waited_through_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let configuration = format!("[mail]\ntransport = \"smtp://127.0.0.1:{port}\"\nretry_for = \"1s\"\n");
    let mailer = mailer(&configuration);
    for number in 0..3 {
        mailer.postman().post(mail(&format!("outage-{number}@example.com")));
    }
    assert_eq!(mailer.pending(), 3);
    assert!(mailer.settle(Duration::from_secs(30)));
    for number in 0..3 {
        let [told] = logged(&format!("outage-{number}@example.com")).try_into().unwrap();
        assert!(told.contains("mail is lost") && told.contains("Connection refused"), "{told}");
    }
}
