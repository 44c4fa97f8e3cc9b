//! Settings with a few named values.

use countersign_core::{
    StrategyKind,
    password::{PasswordRules, Upgrade},
    strategy::JwtAlgorithm,
};

/// A setting that is one of a few names; [`crate::choices!`] declares one.
pub trait Choice: Copy + 'static {
    /// All of them, in the order in which messages list them.
    const ALL: &'static [Self];

    /// The name in the configuration.
    fn as_str(self) -> &'static str;

    /// Reads a name.
    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|choice| choice.as_str() == name)
    }
}

impl Choice for StrategyKind {
    const ALL: &'static [Self] = &Self::ALL;

    fn as_str(self) -> &'static str {
        Self::as_str(self)
    }
}

impl Choice for JwtAlgorithm {
    const ALL: &'static [Self] = &Self::ALL;

    fn as_str(self) -> &'static str {
        Self::as_str(self)
    }
}

impl Choice for PasswordRules {
    const ALL: &'static [Self] = &[Self::None, Self::Laravel, Self::Django];

    fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Laravel => "laravel",
            Self::Django => "django",
        }
    }
}

impl Choice for Upgrade {
    const ALL: &'static [Self] = &[Self::Off, Self::SameFamily, Self::Full];

    fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::SameFamily => "same-family",
            Self::Full => "full",
        }
    }
}

/// Declares an enum whose variants have names in the configuration.
///
/// ```
/// countersign_adapters::choices! {
///     /// The form of a log line.
///     pub enum LogFormat {
///         /// For people.
///         Text = "text",
///         /// For machines.
///         Json = "json",
///     }
/// }
/// # use countersign_adapters::settings::Choice;
/// assert_eq!(LogFormat::from_name("json"), Some(LogFormat::Json));
/// ```
#[macro_export]
macro_rules! choices {
    (
        $(#[doc = $about:literal])+
        pub enum $choice:ident { $($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+ }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $choice { $($(#[doc = $doc])+ $variant,)+ }

        impl $crate::settings::Choice for $choice {
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}
