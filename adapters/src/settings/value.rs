//! The types that a setting can have, and how each is read and shown.

use std::{fmt::Display, net::SocketAddr, path::PathBuf, str::FromStr};

use chrono::{DateTime, FixedOffset, SecondsFormat};
use countersign_core::{Rate, Secret, model::Timestamp, throttle::NotARate};
use toml::Value;

use super::{Choice, Span};
use crate::client::{Network, NotANetwork};

/// What stands for a secret wherever settings are shown.
pub const MASK: &str = "********";

/// A type of setting.
///
/// The environment knows text only, so numbers, booleans and lists are read from text too (a list is separated by
/// commas).
pub trait SettingValue: Sized {
    /// Is the value hidden, and can it be read from a file that the key with `_file` names?
    const SECRET: bool = false;

    /// Reads a value.
    ///
    /// # Errors
    /// The message continues the value: it says what the value is not, and what would be right.
    fn read(value: &Value) -> Result<Self, String>;

    /// The value as people may see it: secrets masked, `None` if it is not set.
    fn show(&self) -> Option<Value>;
}

impl SettingValue for String {
    fn read(value: &Value) -> Result<Self, String> {
        value.as_str().map(ToOwned::to_owned).ok_or_else(|| "is not text; put it in double quotes".to_owned())
    }

    fn show(&self) -> Option<Value> {
        Some(Value::String(self.clone()))
    }
}

impl SettingValue for bool {
    fn read(value: &Value) -> Result<Self, String> {
        let text = || value.as_str().and_then(|text| text.parse().ok());
        value.as_bool().or_else(text).ok_or_else(|| "is neither true nor false".to_owned())
    }

    fn show(&self) -> Option<Value> {
        Some(Value::Boolean(*self))
    }
}

/// Reads a whole number within the bounds of `T`.
fn whole<T: TryFrom<i64> + FromStr>(value: &Value, most: impl Display) -> Result<T, String> {
    let number = value.as_integer().and_then(|number| T::try_from(number).ok());
    let text = || value.as_str().and_then(|text| text.parse().ok());
    number.or_else(text).ok_or_else(|| format!("is not a whole number from 0 to {most}"))
}

macro_rules! whole_numbers {
    ($($type:ty),+) => {$(
        impl SettingValue for $type {
            fn read(value: &Value) -> Result<Self, String> {
                whole(value, Self::MAX)
            }

            fn show(&self) -> Option<Value> {
                i64::try_from(*self).ok().map(Value::Integer)
            }
        }
    )+};
}
whole_numbers!(u16, u32, u64, usize);

impl SettingValue for Span {
    fn read(value: &Value) -> Result<Self, String> {
        value.as_str().unwrap_or_default().parse().map_err(|error: super::NotASpan| error.to_string())
    }

    fn show(&self) -> Option<Value> {
        Some(Value::String(self.to_string()))
    }
}

impl SettingValue for SocketAddr {
    fn read(value: &Value) -> Result<Self, String> {
        let hint = || "is not an address; write host:port such as \"127.0.0.1:8000\"".to_owned();
        value.as_str().and_then(|text| text.parse().ok()).ok_or_else(hint)
    }

    fn show(&self) -> Option<Value> {
        Some(Value::String(self.to_string()))
    }
}

impl SettingValue for Rate {
    fn read(value: &Value) -> Result<Self, String> {
        value.as_str().unwrap_or_default().parse().map_err(|error: NotARate| error.to_string())
    }

    fn show(&self) -> Option<Value> {
        Some(Value::String(self.to_string()))
    }
}

impl SettingValue for Network {
    fn read(value: &Value) -> Result<Self, String> {
        value.as_str().unwrap_or_default().parse().map_err(|error: NotANetwork| error.to_string())
    }

    fn show(&self) -> Option<Value> {
        Some(Value::String(self.to_string()))
    }
}

impl SettingValue for PathBuf {
    fn read(value: &Value) -> Result<Self, String> {
        let path = value.as_str().filter(|text| !text.is_empty());
        path.map(Self::from).ok_or_else(|| "is not a path; write one in double quotes".to_owned())
    }

    fn show(&self) -> Option<Value> {
        Some(Value::String(self.display().to_string()))
    }
}

impl SettingValue for Secret {
    const SECRET: bool = true;

    fn read(value: &Value) -> Result<Self, String> {
        String::read(value).map(Self::new)
    }

    fn show(&self) -> Option<Value> {
        Some(Value::String(MASK.to_owned()))
    }
}

impl SettingValue for Timestamp {
    fn read(value: &Value) -> Result<Self, String> {
        let text = match value {
            Value::Datetime(moment) => moment.to_string(),
            other => other.as_str().unwrap_or_default().to_owned(),
        };
        let moment = DateTime::parse_from_rfc3339(&text).map(|moment| moment.to_utc());
        moment.map_err(|_| "is not a moment with its zone; write one such as \"2026-12-04T18:00:00Z\"".to_owned())
    }

    fn show(&self) -> Option<Value> {
        Some(Value::String(self.to_rfc3339_opts(SecondsFormat::AutoSi, true)))
    }
}

impl SettingValue for FixedOffset {
    fn read(value: &Value) -> Result<Self, String> {
        let offset = value.as_str().and_then(|text| text.parse().ok());
        offset.ok_or_else(|| "is not a distance from UTC; write one such as \"+02:00\"".to_owned())
    }

    fn show(&self) -> Option<Value> {
        Some(Value::String(self.to_string()))
    }
}

impl<T: Choice> SettingValue for T {
    fn read(value: &Value) -> Result<Self, String> {
        value.as_str().and_then(Self::from_name).ok_or_else(|| {
            let names: Vec<String> = Self::ALL.iter().map(|choice| format!("\"{}\"", choice.as_str())).collect();
            format!("is not one of {}", names.join(", "))
        })
    }

    fn show(&self) -> Option<Value> {
        Some(Value::String(self.as_str().to_owned()))
    }
}

impl<T: SettingValue> SettingValue for Option<T> {
    const SECRET: bool = T::SECRET;

    fn read(value: &Value) -> Result<Self, String> {
        T::read(value).map(Some)
    }

    fn show(&self) -> Option<Value> {
        self.as_ref().and_then(T::show)
    }
}

impl<T: SettingValue> SettingValue for Vec<T> {
    const SECRET: bool = T::SECRET;

    fn read(value: &Value) -> Result<Self, String> {
        let shown = |item: &Value| if T::SECRET { "a value".to_owned() } else { item.to_string() };
        let read = |item: &Value| T::read(item).map_err(|message| format!("holds {}, which {message}", shown(item)));
        match value {
            Value::Array(items) => items.iter().map(read).collect(),
            Value::String(text) => {
                // A file of secrets may have one a line.
                let items = text.split([',', '\n']).map(str::trim).filter(|item| !item.is_empty());
                items.map(|item| read(&Value::String(item.to_owned()))).collect()
            }
            _ => Err("is not a list; write [\"one\", \"two\"]".to_owned()),
        }
    }

    fn show(&self) -> Option<Value> {
        Some(Value::Array(self.iter().filter_map(T::show).collect()))
    }
}
