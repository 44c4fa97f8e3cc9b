//! Where the access log goes.

use std::path::PathBuf;

use countersign_adapters::settings::{SettingValue, Value};

/// `off`, `stdout` or `file:PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessLogPlace {
    /// Nowhere.
    Off,
    /// To standard output.
    Stdout,
    /// Behind what this file holds.
    File(PathBuf),
}

impl SettingValue for AccessLogPlace {
    fn read(value: &Value) -> Result<Self, String> {
        match value.as_str() {
            Some("off") => Ok(Self::Off),
            Some("stdout") => Ok(Self::Stdout),
            text => match text.and_then(|text| text.strip_prefix("file:")).filter(|path| !path.is_empty()) {
                Some(path) => Ok(Self::File(path.into())),
                None => Err("is no place for the access log; write \"off\", \"stdout\" or \"file:PATH\"".to_owned()),
            },
        }
    }

    fn show(&self) -> Option<Value> {
        let text = match self {
            Self::Off => "off".to_owned(),
            Self::Stdout => "stdout".to_owned(),
            Self::File(path) => format!("file:{}", path.display()),
        };
        Some(Value::String(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_places_are_read_as_they_are_shown() {
        for text in ["off", "stdout", "file:/var/log/access.log"] {
            let value = Value::String(text.to_owned());
            assert_eq!(AccessLogPlace::read(&value).unwrap().show(), Some(value));
        }
        for text in ["", "file:", "on", "stderr", "/var/log/access.log"] {
            assert!(AccessLogPlace::read(&Value::String(text.to_owned())).is_err(), "{text}");
        }
        assert!(AccessLogPlace::read(&Value::Boolean(true)).is_err());
    }
}
