//! Where the lines go: it may take a part of them only, and the next ones begin on a line of their own then.

use std::io::{ErrorKind, Write};

/// A file or a pipe, and how far it was written.
pub(super) struct Paper {
    out: Box<dyn Write + Send>,
    /// Does it end within a line?
    is_torn: bool,
}

impl Paper {
    pub(super) fn new(out: Box<dyn Write + Send>) -> Self {
        Self { out, is_torn: false }
    }

    /// Writes whole lines as far as they are taken. Returns how many were not written to their end.
    pub(super) fn write_lines(&mut self, lines: &[u8]) -> usize {
        if lines.is_empty() {
            return 0;
        }
        if self.is_torn && self.write(b"\n") == 1 {
            self.is_torn = false;
        }
        let written = if self.is_torn { 0 } else { self.write(lines) };
        if let Some(last) = written.checked_sub(1).and_then(|last| lines.get(last)) {
            self.is_torn = *last != b'\n';
        }
        lines.iter().skip(written).filter(|byte| **byte == b'\n').count()
    }

    /// How many of these bytes were taken.
    fn write(&mut self, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.out.write(rest) {
                Ok(0) => break,
                Ok(taken) => rest = rest.get(taken..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        bytes.len() - rest.len()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use super::*;

    /// A disk with so much room, and what is on it.
    #[derive(Clone, Default)]
    struct Disk(Arc<Mutex<(usize, String)>>);

    impl Disk {
        fn make_room(&self, bytes: usize) {
            self.0.lock().unwrap().0 = bytes;
        }

        fn text(&self) -> String {
            self.0.lock().unwrap().1.clone()
        }
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let (room, text) = &mut *self.0.lock().unwrap();
            let taken = bytes.len().min(*room);
            if taken == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            *room -= taken;
            text.push_str(std::str::from_utf8(&bytes[..taken]).unwrap());
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn after_a_part_of_a_line_the_next_begins_on_its_own() {
        let disk = Disk::default();
        let mut paper = Paper::new(Box::new(disk.clone()));
        disk.make_room(6);
        assert_eq!(paper.write_lines(b"one\ntwo\nthree\n"), 2);
        assert_eq!(paper.write_lines(b"four\n"), 1);
        disk.make_room(100);
        assert_eq!(paper.write_lines(b""), 0);
        assert_eq!(paper.write_lines(b"five\nsix\n"), 0);
        assert_eq!(disk.text(), "one\ntw\nfive\nsix\n");
    }

    #[test]
    fn after_a_whole_line_nothing_is_put_between() {
        let disk = Disk::default();
        let mut paper = Paper::new(Box::new(disk.clone()));
        disk.make_room(4);
        assert_eq!(paper.write_lines(b"one\ntwo\n"), 1);
        disk.make_room(100);
        assert_eq!(paper.write_lines(b"three\n"), 0);
        assert_eq!(disk.text(), "one\nthree\n");
    }
}
