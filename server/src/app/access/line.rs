//! A line of the access log, put together without the heap.

use std::{net::IpAddr, time::Duration};

use chrono::{Datelike as _, Timelike as _};
use countersign_core::model::Timestamp;

use crate::config::LogFormat;

/// What is told of an answer. None of it is of the client's choosing, but for the address that it came from.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// Where the request came from.
    pub client: IpAddr,
    /// Its method.
    pub method: &'a str,
    /// Who answered.
    pub dialect: &'a str,
    /// The path as the document has it.
    pub route: &'a str,
    /// The answer's status.
    pub status: u16,
    /// The length of the answer's body; 0 of one that has no length.
    pub bytes: u64,
}

/// `2026-01-02T12:00:00.000Z`
const LENGTH: usize = 24;

/// The time as it was last written: within a second only its end changes.
#[derive(Debug)]
pub(super) struct Stamp {
    second: i64,
    text: [u8; LENGTH],
}

impl Default for Stamp {
    fn default() -> Self {
        Self { second: i64::MIN, text: *b"0000-00-00T00:00:00.000Z" }
    }
}

impl Stamp {
    /// The text of a moment.
    pub(super) fn at(&mut self, now: Timestamp) -> &str {
        if self.second != now.timestamp() {
            self.second = now.timestamp();
            let year = u32::try_from(now.year()).unwrap_or(0);
            self.put(0, year / 100);
            self.put(2, year % 100);
            let parts = [now.month(), now.day(), now.hour(), now.minute(), now.second()];
            for (at, number) in [5, 8, 11, 14, 17].into_iter().zip(parts) {
                self.put(at, number);
            }
        }
        let millis = now.timestamp_subsec_millis();
        self.put(20, millis / 10);
        self.text[22] = digit(millis);
        std::str::from_utf8(&self.text).unwrap_or_default()
    }

    fn put(&mut self, at: usize, number: u32) {
        (self.text[at], self.text[at + 1]) = (digit(number / 10), digit(number));
    }
}

/// The last digit of a number.
fn digit(number: u32) -> u8 {
    u8::try_from(number % 10).unwrap_or(0) + b'0'
}

impl Line<'_> {
    /// Appends the line. Nothing in it needs an escape: methods are tokens (RFC 9110, section 9.1), and the rest is ours.
    /// Piece by piece: the machinery of `write!` costs more than all that is said here.
    pub(super) fn write(&self, format: LogFormat, at: &str, took: Duration, out: &mut Vec<u8>) {
        let Self { client, method, dialect, route, status, bytes } = self;
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let mut digits = itoa::Buffer::new();
        let mut put = |piece: &str| out.extend_from_slice(piece.as_bytes());
        let words = match format {
            LogFormat::Text => ["", " ", " ", " ", " ", " ", " ", "us ", "\n"],
            LogFormat::Json => [
                "{\"timestamp\":\"",
                "\",\"client\":\"",
                "\",\"method\":\"",
                "\",\"route\":\"",
                "\",\"status\":",
                ",\"bytes\":",
                ",\"micros\":",
                ",\"dialect\":\"",
                "\"}\n",
            ],
        };
        put(words[0]);
        put(at);
        put(words[1]);
        match client {
            IpAddr::V4(client) => {
                for (number, octet) in client.octets().into_iter().enumerate() {
                    put(if number == 0 { "" } else { "." });
                    put(digits.format(octet));
                }
            }
            IpAddr::V6(client) => put(&client.to_string()),
        }
        put(words[2]);
        put(method);
        put(words[3]);
        put(route);
        put(words[4]);
        put(digits.format(*status));
        put(words[5]);
        put(digits.format(*bytes));
        put(words[6]);
        put(digits.format(micros));
        put(words[7]);
        put(dialect);
        put(words[8]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_right_within_a_second_and_beyond() {
        let mut stamp = Stamp::default();
        for (micros, text) in [
            (1_767_355_200_000_000, "2026-01-02T12:00:00.000Z"),
            (1_767_355_200_123_456, "2026-01-02T12:00:00.123Z"),
            (1_767_355_201_007_000, "2026-01-02T12:00:01.007Z"),
            (1_767_355_200_999_999, "2026-01-02T12:00:00.999Z"),
        ] {
            assert_eq!(stamp.at(chrono::DateTime::from_timestamp_micros(micros).unwrap()), text);
        }
    }

    #[test]
    fn both_forms_say_the_same() {
        let line = Line {
            client: "2001:db8::1".parse().unwrap(),
            method: "PURGE-ALL!",
            dialect: "djoser",
            route: "/auth/users/{id}/",
            status: 404,
            bytes: 23,
        };
        let write = |format| {
            let mut out = Vec::new();
            line.write(format, "2026-01-02T12:00:00.000Z", Duration::from_micros(1500), &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            write(LogFormat::Text),
            "2026-01-02T12:00:00.000Z 2001:db8::1 PURGE-ALL! /auth/users/{id}/ 404 23 1500us djoser\n"
        );
        let json: serde_json::Value = serde_json::from_str(&write(LogFormat::Json)).unwrap();
        let line = Line { client: "192.0.2.10".parse().unwrap(), ..line };
        let mut out = Vec::new();
        line.write(LogFormat::Text, "-", Duration::ZERO, &mut out);
        assert!(out.starts_with(b"- 192.0.2.10 PURGE-ALL! "), "{}", String::from_utf8_lossy(&out));
        assert_eq!(
            json,
            serde_json::json!({"timestamp": "2026-01-02T12:00:00.000Z", "client": "2001:db8::1", "method": "PURGE-ALL!",
                "route": "/auth/users/{id}/", "status": 404, "bytes": 23, "micros": 1500, "dialect": "djoser"})
        );
    }
}
