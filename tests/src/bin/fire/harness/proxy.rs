//! A TCP proxy on loopback that can stop forwarding: the connections stay, and nothing comes through.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// How often a side that waits looks up.
const LOOK: Duration = Duration::from_millis(20);

/// The proxy; it forwards until it is told otherwise.
pub struct Proxy {
    pub address: SocketAddr,
    holds: Arc<AtomicBool>,
}

impl Proxy {
    /// One in front of `target`.
    pub fn to(target: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let proxy = Self { address: listener.local_addr()?, holds: Arc::default() };
        let holds = Arc::clone(&proxy.holds);
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let holds = Arc::clone(&holds);
                thread::spawn(move || {
                    wait(&holds);
                    let Ok(far) = TcpStream::connect(target) else { return };
                    for (from, to) in [(near.try_clone(), far.try_clone()), (Ok(far), Ok(near))] {
                        let (Ok(from), Ok(to)) = (from, to) else { return };
                        let holds = Arc::clone(&holds);
                        thread::spawn(move || forward(from, to, &holds));
                    }
                });
            }
        });
        Ok(proxy)
    }

    /// Holds everything back, or goes on with what was held.
    pub fn hold(&self, hold: bool) {
        self.holds.store(hold, Ordering::SeqCst);
    }
}

fn wait(holds: &AtomicBool) {
    while holds.load(Ordering::SeqCst) {
        thread::sleep(LOOK);
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, holds: &AtomicBool) {
    let mut buffer = [0; 16 * 1024];
    let _ = from.set_nodelay(true);
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        wait(holds);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    wait(holds);
    let _ = to.shutdown(std::net::Shutdown::Both);
    let _ = from.shutdown(std::net::Shutdown::Both);
}
