//! The strategies as the settings have them.

use countersign_adapters::settings::Span;
use countersign_core::{
    JwtForm, Strategy, StrategyKind,
    seal::KeyRing,
    strategy::{DjoserToken, JwtPair, JwtSettings, SanctumPat, SimpleJwt},
};

use super::plan::Plan;
use crate::config::{Settings, key_bytes};

/// What the signing key of the JWT pair is derived for, if none is configured.
const JWT_KEY: &str = "jwt-hs256";

/// The strategy of this kind; if it is the JWT pair, in this form.
pub(super) fn strategy(kind: StrategyKind, form: JwtForm, settings: &Settings, keys: &KeyRing) -> Strategy {
    match kind {
        StrategyKind::SanctumPat => Strategy::SanctumPat(SanctumPat {
            token_prefix: settings.sanctum.token_prefix.clone(),
            expiration: settings.sanctum.expiration.map(Span::delta),
        }),
        StrategyKind::DjoserToken => Strategy::DjoserToken(DjoserToken),
        StrategyKind::JwtPair => {
            let jwt = &settings.jwt;
            let configured = jwt.secret.as_ref().and_then(key_bytes);
            let secret = configured.unwrap_or_else(|| keys.derive(JWT_KEY).to_vec());
            match form {
                JwtForm::Hotel => {
                    let names = JwtSettings {
                        issuer: jwt.issuer.clone(),
                        audience: jwt.audience.clone(),
                        access_ttl: jwt.access_ttl.delta(),
                        refresh_ttl: jwt.refresh_ttl.delta(),
                    };
                    Strategy::JwtPair(JwtPair::new(names, &secret))
                }
                JwtForm::Simple(lives) => Strategy::SimpleJwt(SimpleJwt::new(lives, &secret)),
            }
        }
    }
}

/// The strategy of what the owner issues.
pub(super) fn owners(plan: &Plan, settings: &Settings, keys: &KeyRing) -> Strategy {
    let (kind, form) = plan.owners_strategy();
    strategy(kind, form, settings, keys)
}
