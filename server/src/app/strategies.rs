//! The strategies as the settings have them.

use countersign_adapters::settings::Span;
use countersign_core::{
    JwtForm, Strategy, StrategyKind,
    strategy::{DjoserToken, JwtKeys, JwtPair, JwtSettings, KnoxRenewal, RefreshRotation, SanctumPat, SimpleJwt},
};

use super::plan::Plan;
use crate::config::Settings;

/// The strategy of this kind; if it is the JWT pair, in this form.
pub(super) fn strategy(kind: StrategyKind, form: JwtForm, settings: &Settings, keys: &JwtKeys) -> Strategy {
    match kind {
        StrategyKind::SanctumPat => Strategy::SanctumPat(SanctumPat {
            token_prefix: settings.sanctum.token_prefix.clone(),
            expiration: settings.sanctum.expiration.map(Span::delta),
        }),
        StrategyKind::DjoserToken => Strategy::DjoserToken(DjoserToken { renewal: renewal(settings) }),
        StrategyKind::JwtPair => match form {
            JwtForm::Hotel => Strategy::JwtPair(JwtPair::new(hotel(settings), keys.clone())),
            JwtForm::Simple(simple) => Strategy::SimpleJwt(SimpleJwt::new(simple, limits(settings), keys.clone())),
        },
    }
}

fn renewal(settings: &Settings) -> Option<KnoxRenewal> {
    let knox = &settings.knox;
    let renewal = KnoxRenewal { ttl: knox.token_ttl.delta(), max_ttl: knox.auto_refresh_max_ttl.map(Span::delta) };
    knox.auto_refresh.then_some(renewal)
}

fn hotel(settings: &Settings) -> JwtSettings {
    let jwt = &settings.jwt;
    JwtSettings {
        issuer: jwt.issuer.clone(),
        audience: jwt.audience.clone(),
        access_ttl: jwt.access_ttl.delta(),
        refresh_ttl: jwt.refresh_ttl.delta(),
        rotation: jwt.rotate_refresh.then(|| limits(settings)),
    }
}

/// The limits of refresh tokens that are exchanged, in whatever form.
fn limits(settings: &Settings) -> RefreshRotation {
    RefreshRotation { grace: settings.jwt.refresh_grace.delta(), login_ttl: settings.jwt.login_ttl.delta() }
}

/// The strategy of what the owner issues.
pub(super) fn owners(plan: &Plan, settings: &Settings, keys: &JwtKeys) -> Strategy {
    let (kind, form) = plan.owners_strategy();
    strategy(kind, form, settings, keys)
}
