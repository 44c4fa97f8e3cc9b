//! What becomes of a hash at a login with the right password: nothing, a newer one of its family, or a native one.

use super::{Argon2Params, Argon2Variant, Family, PasswordScheme, bcrypt, pbkdf2, scheme::Pbkdf2Digest};
use crate::secret::Secret;

/// Which hashes a login replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Upgrade {
    /// None.
    Off,
    /// Those that their framework would write otherwise today, by what it still reads: for as long as it runs beside this
    /// server, or may come back.
    SameFamily,
    /// All but native ones of today's cost, by native ones.
    #[default]
    Full,
}

/// [`Upgrade`] and what the frameworks write today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpgradeOptions {
    /// Which hashes are replaced.
    pub mode: Upgrade,
    /// The cost of Laravel's bcrypt (`BCRYPT_ROUNDS`), 4 to 15.
    pub bcrypt_cost: u32,
    /// The iterations of Django's `pbkdf2_sha256`, 1 to 10,000,000.
    pub pbkdf2_iterations: u32,
}

impl Default for UpgradeOptions {
    /// Everything becomes native; the costs are those of Laravel 12 and Django 5.2.
    fn default() -> Self {
        Self { mode: Upgrade::default(), bcrypt_cost: 12, pbkdf2_iterations: 1_000_000 }
    }
}

impl UpgradeOptions {
    /// The least cost that bcrypt has.
    pub const LEAST_BCRYPT_COST: u32 = bcrypt::MIN_COST;
    /// The highest cost of bcrypt that can be checked later.
    pub const MOST_BCRYPT_COST: u32 = bcrypt::MAX_COST;
    /// The most iterations of PBKDF2 that can be checked later.
    pub const MOST_ITERATIONS: u32 = pbkdf2::MAX_ITERATIONS;
}

/// What takes the place of a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Successor {
    Native,
    /// Laravel's `$2y$` of this cost.
    Bcrypt(u32),
    /// Django's `pbkdf2_sha256` with so many iterations.
    Pbkdf2(u32),
}

impl Successor {
    /// Of a hash for which `password` was found right; `native` is the cost of native hashes.
    pub(super) fn of(
        scheme: PasswordScheme,
        password: &Secret,
        native: Argon2Params,
        options: UpgradeOptions,
    ) -> Option<Self> {
        let UpgradeOptions { mode, bcrypt_cost, pbkdf2_iterations } = options;
        // bcrypt fits every password with the same 72 bytes; a whole hash of whichever of them was typed would not.
        let is_ambiguous =
            matches!(scheme, PasswordScheme::Bcrypt { .. }) && password.expose().len() >= bcrypt::MOST_BYTES;
        match (mode, scheme) {
            (Upgrade::Off, _) | (_, PasswordScheme::Unusable) => None,
            (Upgrade::SameFamily, PasswordScheme::Bcrypt { cost, family: Family::Laravel }) => {
                (cost < bcrypt_cost).then_some(Self::Bcrypt(bcrypt_cost))
            }
            _ if is_ambiguous => None,
            (Upgrade::Full, _) => (!is_native(scheme, native)).then_some(Self::Native),
            (Upgrade::SameFamily, PasswordScheme::Argon2 { variant, family: Family::Laravel, .. }) => {
                // A Laravel that hashes with argon2i refuses argon2id.
                (variant == Argon2Variant::Id && !is_native(scheme, native)).then_some(Self::Native)
            }
            (Upgrade::SameFamily, PasswordScheme::Pbkdf2 { digest: Pbkdf2Digest::Sha256, iterations })
                if iterations >= pbkdf2_iterations =>
            {
                None
            }
            // As Django itself does with its default settings, whatever the hash was.
            (Upgrade::SameFamily, _) => Some(Self::Pbkdf2(pbkdf2_iterations)),
        }
    }
}

/// Is this what a new password is hashed into?
pub(super) fn is_native(scheme: PasswordScheme, native: Argon2Params) -> bool {
    scheme == PasswordScheme::Argon2 { variant: Argon2Variant::Id, params: native, family: Family::Laravel }
}
