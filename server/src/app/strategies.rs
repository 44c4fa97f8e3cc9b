//! The strategies as the settings have them.

use chrono::TimeDelta;
use countersign_adapters::settings::Span;
use countersign_core::{
    Strategy, StrategyKind,
    seal::KeyRing,
    strategy::{DjoserToken, JwtPair, JwtSettings, SanctumPat},
};

use crate::config::{Settings, key_bytes};

/// What the signing key of the JWT pair is derived for, if none is configured.
const JWT_KEY: &str = "jwt-hs256";

/// The strategy of this kind.
pub(super) fn strategy(kind: StrategyKind, settings: &Settings, keys: &KeyRing) -> Strategy {
    match kind {
        StrategyKind::SanctumPat => Strategy::SanctumPat(SanctumPat {
            token_prefix: settings.sanctum.token_prefix.clone(),
            expiration: settings.sanctum.expiration.map(delta),
        }),
        StrategyKind::DjoserToken => Strategy::DjoserToken(DjoserToken),
        StrategyKind::JwtPair => {
            let jwt = &settings.jwt;
            let configured = jwt.secret.as_ref().and_then(key_bytes);
            let secret = configured.unwrap_or_else(|| keys.derive(JWT_KEY).to_vec());
            let names = JwtSettings {
                issuer: jwt.issuer.clone(),
                audience: jwt.audience.clone(),
                access_ttl: delta(jwt.access_ttl),
                refresh_ttl: delta(jwt.refresh_ttl),
            };
            Strategy::JwtPair(JwtPair::new(names, &secret))
        }
    }
}

/// A span is at most a hundred years, which every date can be moved by.
fn delta(span: Span) -> TimeDelta {
    TimeDelta::from_std(span.duration()).unwrap_or(TimeDelta::MAX)
}
