//! Who does not read: what waits for them is bounded, and they are let go.

use std::{
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use countersign_adapters::sockets::{Handled, Message, OpenSocket, SendError, SocketHandler};
use countersign_tests::Server;

use crate::common::{closed, entered, minimal, register, text, token};

#[derive(Default)]
struct Spy {
    present: Mutex<Vec<OpenSocket>>,
    left: Mutex<Vec<u16>>,
}

struct Spying(Arc<Spy>);

impl SocketHandler for Spying {
    fn opened(&self, socket: &OpenSocket) -> Handled {
        self.0.present.lock().unwrap().push(socket.clone());
        socket.send("welcome").unwrap();
        Handled::Done
    }

    fn message(&self, socket: &OpenSocket, message: Message) -> Handled {
        let _ = socket.send(message);
        Handled::Done
    }

    fn closed(&self, _: &OpenSocket, code: u16) {
        self.0.left.lock().unwrap().push(code);
    }
}

fn spied(options: &str) -> (Server, Arc<Spy>) {
    let spy = Arc::new(Spy::default());
    let spying = Spying(Arc::clone(&spy));
    let server = Server::extended(&minimal(options), |app| app.with_socket_handler(spying));
    register(&server);
    (server, spy)
}

/// Sends texts of ten kilobytes until nothing fits any more; how many did.
fn fill(socket: &OpenSocket) -> usize {
    let message = Message::from("x".repeat(10_000));
    let mut sent = 0;
    let mut full = None::<Instant>;
    loop {
        match socket.send(message.clone()) {
            Ok(()) => (sent, full) = (sent + 1, None),
            Err(SendError::Full) => {
                // The connection may still be taking some.
                if full.get_or_insert_with(Instant::now).elapsed() > Duration::from_millis(300) {
                    return sent;
                }
                thread::sleep(Duration::from_millis(1));
            }
            Err(SendError::Closed) => panic!("closed after {sent}"),
        }
        assert!(sent < 10_000, "nothing ever fills it");
    }
}

#[test]
fn so_much_waits_for_who_does_not_read_and_then_they_are_let_go() {
    let (server, spy) = spied("");
    let token = token(&server);
    let (mut slow, mut quick) = (entered(&server, &token), entered(&server, &token));
    assert_eq!([text(&mut slow), text(&mut quick)], ["welcome"; 2]);
    let [first, second] = [0, 1].map(|number| spy.present.lock().unwrap()[number].clone());
    let sent = fill(&first);
    let began = Instant::now();
    // The buffers of the system hold some megabytes; the server holds 64 KiB more.
    assert_eq!(first.send("x".repeat(60_000)), Err(SendError::Full));
    assert_eq!(second.send("others hear it"), Ok(()));
    assert_eq!(text(&mut quick), "others hear it");
    while spy.left.lock().unwrap().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(8), "still there");
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(*spy.left.lock().unwrap(), [1008]);
    assert_eq!(first.send("too late"), Err(SendError::Closed));
    // What the connection had taken is all that comes, and then why.
    let mut heard = 0;
    let code = loop {
        match slow.read().unwrap() {
            tungstenite::Message::Text(text) => {
                assert_eq!(text.len(), 10_000);
                heard += 1;
            }
            tungstenite::Message::Close(Some(frame)) => break u16::from(frame.code),
            _ => {}
        }
    };
    assert!(code == 1008 && (sent - 8..sent).contains(&heard), "{code}: {heard} of {sent}");
}

#[test]
fn who_reads_slowly_misses_nothing_that_was_accepted() {
    let (server, spy) = spied("socket_queue = 1024");
    let mut socket = entered(&server, &token(&server));
    assert_eq!(text(&mut socket), "welcome");
    let open = spy.present.lock().unwrap()[0].clone();
    let sent = fill(&open);
    for _ in 0..sent {
        assert_eq!(text(&mut socket).len(), 10_000);
    }
    open.send("there is room again").unwrap();
    assert_eq!(text(&mut socket), "there is room again");
}

#[test]
fn whose_answers_do_not_fit_is_not_listened_to_until_they_do() {
    let (server, spy) = spied("socket_queue = 1024");
    let mut socket = entered(&server, &token(&server));
    assert_eq!(text(&mut socket), "welcome");
    // Far more than the buffers of the system and the queue hold.
    const COUNT: usize = 2_000;
    let mut writer = socket.get_ref().try_clone().unwrap();
    let writing = thread::spawn(move || {
        use std::io::Write as _;
        // A masked text of 10,000 letters; a mask of zeros changes none.
        let mut frame = vec![0x81, 0x80 | 0x7e];
        frame.extend(10_000_u16.to_be_bytes());
        frame.extend([0; 4]);
        frame.extend([b'x'; 10_000]);
        for _ in 0..COUNT {
            writer.write_all(&frame).unwrap();
        }
    });
    thread::sleep(Duration::from_secs(1));
    for _ in 0..COUNT {
        assert_eq!(text(&mut socket).len(), 10_000);
    }
    writing.join().unwrap();
    spy.present.lock().unwrap()[0].close(4000, "");
    assert_eq!(closed(&mut socket), 4000);
}
