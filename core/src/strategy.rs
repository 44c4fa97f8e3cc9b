//! How tokens look and live.

use std::fmt;

/// The name of a strategy, as the configuration has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StrategyKind {
    /// Laravel Sanctum personal access tokens: many a user, `id|secret`.
    SanctumPat,
    /// Djoser: one token a user, the same at each login.
    DjoserToken,
    /// Access token (JWT) and refresh token.
    JwtPair,
}

impl StrategyKind {
    /// All strategies.
    pub const ALL: [Self; 3] = [Self::SanctumPat, Self::DjoserToken, Self::JwtPair];

    /// The name in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SanctumPat => "sanctum_pat",
            Self::DjoserToken => "djoser_token",
            Self::JwtPair => "jwt_pair",
        }
    }
}

impl fmt::Display for StrategyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
