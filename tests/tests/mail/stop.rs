//! What becomes of mails when the server stops.

use std::time::{Duration, Instant};

use countersign_tests::{Mailbox, mailbox::Behaviour, sandbox};

use crate::common::{BODY, eventually, log, logged, mail, mailer};

#[test]
fn what_waits_is_sent_before_the_end() {
    let mailbox = Mailbox::start();
    mailbox.behave(Behaviour::Answers("451 Later", 3));
    let mailer = mailer(&mailbox.configuration());
    let postman = mailer.postman();
    postman.post(mail("soon@example.com"));
    // After the second refusal it would be tried again in two seconds, after the third in four.
    eventually("it is refused twice", || mailbox.recipients().len() == 2);
    let began = Instant::now();
    mailer.stop_by(began + Duration::from_secs(20));
    postman.post(mail("last-minute@example.com"));
    mailer.finish();
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert_eq!((mailbox.wait_for("soon@example.com", 1).len(), mailbox.mails().len()), (1, 2));
    postman.post(mail("too-late@example.com"));
    let [told] = logged("too-late@example.com").try_into().unwrap();
    assert!(told.ends_with("reason=\"the server is stopping\""), "{told}");
}

#[test]
fn a_silent_mail_server_does_not_hold_the_end_up() {
    let mailbox = Mailbox::start();
    mailbox.behave(Behaviour::Silent);
    let mailer = mailer(&(mailbox.configuration() + "connections = 1\n"));
    let postman = mailer.postman();
    for number in 0..3 {
        postman.post(mail(&format!("unsent-{number}@example.com")));
    }
    eventually("one is being sent", || mailbox.connections() == 1);
    let began = Instant::now();
    mailer.stop_by(began + Duration::from_millis(300));
    mailer.finish();
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(3), "{took:?}");
    assert_eq!(logged("unsent-1@example.com").len(), 1);
    assert_eq!(logged("unsent-2@example.com").len(), 1);
    // No other test leaves so many behind.
    assert_eq!(logged("stopped before all mails were sent lost=2 unfinished=1").len(), 1);
    assert!(!log().contains(BODY));
}

#[test]
fn the_program_starts_and_stops_beside_a_mail_server_that_is_silent() {
    let mailbox = Mailbox::start();
    mailbox.behave(Behaviour::Silent);
    let sandbox = sandbox!();
    sandbox.write("countersign.toml", &mailbox.configuration());
    let mut running = sandbox.serve();
    let began = Instant::now();
    assert_eq!(running.stop(), 0);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(mailbox.connections(), 0);
}
