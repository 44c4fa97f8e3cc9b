//! The access log: a line a request, written by a thread of its own.
//!
//! A worker puts its lines together in a buffer that it shares with that thread alone, which takes what is there a few
//! times a second. If it cannot be written as fast as requests are answered, lines are dropped and counted; no request
//! ever waits for a disk.
//!
//! A line names the documented path and neither the address that was asked for nor any header: links and queries hold
//! secrets, and so may a path that nobody serves.

mod line;
mod paper;

use std::{
    cell::{Cell, RefCell},
    fs::{File, OpenOptions},
    io::{self, Write},
    os::{fd::AsFd as _, unix::fs::OpenOptionsExt as _},
    path::Path,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use countersign_core::{count::Counter, env::Clock, model::Timestamp};

use crate::config::{AccessLogPlace, LogFormat, LogSettings};
pub(super) use line::Line;
use line::Stamp;
use paper::Paper;

/// How often the lines are written.
const WRITE: Duration = Duration::from_millis(100);
/// How often the clock is asked.
const ASK: Duration = Duration::from_millis(50);
/// With so many bytes of one worker they are written at once.
const MUCH: usize = 256 * 1024;
/// What one worker may have waiting; lines beyond are dropped.
const MOST: usize = 4 * 1024 * 1024;
/// How long the end waits for what is still to be written: a pipe that nobody reads takes nothing, ever.
const PATIENCE: Duration = Duration::from_secs(1);
/// The file says who used the server from where and when: its owner reads it.
const MODE: u32 = 0o600;

/// The log, for the workers and whoever counts. Cheap to clone.
#[derive(Clone)]
pub(super) struct AccessLog(Arc<Shared>);

struct Shared {
    format: LogFormat,
    clock: Arc<dyn Clock>,
    buffers: Mutex<Vec<Arc<Mutex<Vec<u8>>>>>,
    dropped: Counter,
    /// Told when there is much to write, or when it ends.
    wanted: Condvar,
    is_wanted: Mutex<bool>,
    over: AtomicBool,
}

/// One worker's way to write.
pub(super) struct Desk {
    log: AccessLog,
    buffer: Arc<Mutex<Vec<u8>>>,
    stamp: RefCell<Stamp>,
    /// The clock as it was last asked, and when that was.
    asked: Cell<Option<(Instant, Timestamp)>>,
}

/// The thread that writes; dropping it writes what is there and ends it, or leaves it if it is stuck.
pub struct Writer {
    log: AccessLog,
    thread: Option<JoinHandle<()>>,
    /// Closed when the thread is at its end.
    ended: Receiver<()>,
}

impl AccessLog {
    /// One for these settings; `None` if there is to be none.
    pub(super) fn wanted(settings: &LogSettings, clock: &Arc<dyn Clock>) -> Option<Self> {
        (settings.access != AccessLogPlace::Off).then(|| Self::new(settings.format, Arc::clone(clock)))
    }

    fn new(format: LogFormat, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shared {
            format,
            clock,
            buffers: Mutex::default(),
            dropped: Counter::default(),
            wanted: Condvar::new(),
            is_wanted: Mutex::default(),
            over: AtomicBool::new(false),
        }))
    }

    /// Starts writing to this place.
    ///
    /// # Errors
    /// If the file cannot be opened, or the system gives no thread.
    pub(super) fn write_to(&self, place: &AccessLogPlace) -> io::Result<Option<Writer>> {
        let out: Box<dyn Write + Send> = match place {
            AccessLogPlace::Off => return Ok(None),
            // Not the standard library's, whose buffer hides how much was written.
            AccessLogPlace::Stdout => Box::new(File::from(io::stdout().as_fd().try_clone_to_owned()?)),
            AccessLogPlace::File(path) => Box::new(open(path)?),
        };
        self.write_into(out).map(Some)
    }

    fn write_into(&self, out: Box<dyn Write + Send>) -> io::Result<Writer> {
        let (log, mut paper) = (self.clone(), Paper::new(out));
        let (end, ended) = mpsc::channel::<()>();
        let thread = thread::Builder::new().name("access".to_owned()).spawn(move || {
            let _end = end;
            let mut spare = Vec::new();
            while !log.0.over.load(Ordering::SeqCst) {
                log.wait();
                log.drain(&mut paper, &mut spare);
            }
            log.drain(&mut paper, &mut spare);
        })?;
        Ok(Writer { log: self.clone(), thread: Some(thread), ended })
    }

    /// A worker's way to write.
    pub(super) fn desk(&self) -> Desk {
        let buffer = Arc::<Mutex<Vec<u8>>>::default();
        lock(&self.0.buffers).push(Arc::clone(&buffer));
        Desk { log: self.clone(), buffer, stamp: RefCell::default(), asked: Cell::default() }
    }

    /// How many lines were lost.
    pub(super) fn dropped(&self) -> u64 {
        self.0.dropped.get()
    }

    fn wait(&self) {
        let wanted = lock(&self.0.is_wanted);
        let (mut wanted, _) =
            self.0.wanted.wait_timeout_while(wanted, WRITE, |wanted| !*wanted).unwrap_or_else(PoisonError::into_inner);
        *wanted = false;
    }

    fn want(&self) {
        *lock(&self.0.is_wanted) = true;
        self.0.wanted.notify_one();
    }

    /// Writes what is there; a buffer that was written takes the place of the next one, so that none is made anew.
    fn drain(&self, paper: &mut Paper, spare: &mut Vec<u8>) {
        let buffers = lock(&self.0.buffers).clone();
        for buffer in buffers {
            std::mem::swap(&mut *lock(&buffer), spare);
            (0..paper.write_lines(spare)).for_each(|_| self.0.dropped.add());
            spare.clear();
            spare.shrink_to(MUCH);
        }
    }
}

impl Desk {
    /// Writes a line about an answer whose request came at `began`.
    pub(super) fn tell(&self, line: &Line<'_>, began: Instant) {
        let Shared { format, clock, dropped, .. } = self.log.0.as_ref();
        let ended = Instant::now();
        let took = ended.saturating_duration_since(began);
        let mut stamp = self.stamp.borrow_mut();
        let at = stamp.at(self.now(clock.as_ref(), ended));
        let mut buffer = lock(&self.buffer);
        if buffer.len() >= MOST {
            dropped.add();
            return;
        }
        let before = buffer.len();
        line.write(*format, at, took, &mut buffer);
        if before < MUCH && buffer.len() >= MUCH {
            drop(buffer);
            self.log.want();
        }
    }
}

impl Desk {
    /// What the clock says at `instant`, which is now. It is asked a few times a second: in between the instants say how much later
    /// it is.
    fn now(&self, clock: &dyn Clock, instant: Instant) -> Timestamp {
        if let Some((before, then)) = self.asked.get() {
            let since = instant.saturating_duration_since(before);
            if since < ASK {
                return then + since;
            }
        }
        let now = clock.now();
        self.asked.set(Some((instant, now)));
        now
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.log.0.over.store(true, Ordering::SeqCst);
        self.log.want();
        // It sends nothing: either its end is seen, or it is stuck and ends with the process.
        let is_stuck = self.ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout);
        if let Some(thread) = self.thread.take().filter(|_| !is_stuck) {
            // A panic of a thread has been printed by itself.
            let _ = thread.join();
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(MODE).open(path)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use countersign_core::env::FixedClock;

    use super::*;

    /// A file that is full at some time.
    #[derive(Clone, Default)]
    struct Memory {
        written: Arc<Mutex<Vec<u8>>>,
        is_full: Arc<AtomicBool>,
    }

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.is_full.load(Ordering::SeqCst) {
                return Err(io::Error::other("no space left"));
            }
            lock(&self.written).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn log() -> AccessLog {
        let noon = chrono::DateTime::from_timestamp(1_767_355_200, 0).unwrap();
        AccessLog::new(LogFormat::Json, Arc::new(FixedClock::at(noon)))
    }

    const LINE: Line<'_> = Line {
        client: IpAddr::V4(Ipv4Addr::LOCALHOST),
        method: "GET",
        dialect: "sanctum",
        route: "/api/user",
        status: 200,
        bytes: 17,
    };

    #[test]
    fn every_line_is_written_at_the_latest_at_the_end() {
        let (log, paper) = (log(), Memory::default());
        let (one, other) = (log.desk(), log.desk());
        let writer = log.write_into(Box::new(paper.clone())).unwrap();
        for _ in 0..5_000 {
            one.tell(&LINE, Instant::now());
            other.tell(&LINE, Instant::now());
        }
        drop(writer);
        let written = String::from_utf8(lock(&paper.written).clone()).unwrap();
        assert_eq!(written.lines().count(), 10_000);
        let line: serde_json::Value = serde_json::from_str(written.lines().next().unwrap()).unwrap();
        assert_eq!(line["timestamp"], "2026-01-02T12:00:00.000Z");
        // The clock stands still, but not within the span in which it is not asked.
        let latest = written.lines().map(|line| line[14..38].to_owned()).max().unwrap();
        assert!(("2026-01-02T12:00:00.000Z".."2026-01-02T12:00:00.050Z").contains(&latest.as_str()), "{latest}");
        assert_eq!(log.dropped(), 0);
    }

    #[test]
    fn what_cannot_be_written_is_counted_and_the_memory_is_bounded() {
        let (log, paper) = (log(), Memory::default());
        let desk = log.desk();
        let mut length = Vec::new();
        LINE.write(LogFormat::Json, desk.stamp.borrow_mut().at(log.0.clock.now()), Duration::ZERO, &mut length);
        let fit = MOST.div_ceil(length.len());
        for _ in 0..fit + 1_000 {
            desk.tell(&LINE, Instant::now() + Duration::from_secs(60));
        }
        assert_eq!(log.dropped(), 1_000);
        paper.is_full.store(true, Ordering::SeqCst);
        drop(log.write_into(Box::new(paper)).unwrap());
        assert_eq!(log.dropped(), u64::try_from(fit).unwrap() + 1_000);
    }

    /// A pipe that nobody reads: it takes something when its other end is closed.
    struct Stuck(mpsc::Receiver<()>);

    impl Write for Stuck {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_end_does_not_wait_for_a_pipe_that_nobody_reads() {
        let log = log();
        let (other_end, pipe) = mpsc::channel();
        let writer = log.write_into(Box::new(Stuck(pipe))).unwrap();
        log.desk().tell(&LINE, Instant::now());
        let (done, ended) = mpsc::channel();
        let dropping = thread::spawn(move || {
            drop(writer);
            done.send(()).unwrap();
        });
        assert_eq!(ended.recv_timeout(PATIENCE * 10), Ok(()));
        drop(other_end);
        dropping.join().unwrap();
    }

    #[test]
    fn the_file_is_its_owners_and_what_is_in_it_stays() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.log");
        open(&path).unwrap().write_all(b"one\n").unwrap();
        open(&path).unwrap().write_all(b"two\n").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    }
}
