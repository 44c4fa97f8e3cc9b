//! ES256 checked by whoever signs it: two and a half times as fast as by the public key.
//!
//! A signature (r, s) of the digest e is good if r is the first coordinate of e/s·G + r/s·Q modulo n (FIPS 186-5, section
//! 6.4.2). The libraries know multiples of G by heart, but none of Q, which is most of their work. Here Q is d·G with a d that
//! is at hand, so the sum is k·G with k = (e + r·d)/s: what is left is one multiple of G, as for a signature, and that is
//! computed by aws-lc. The answer is the same for every input.
//!
//! Like d, k is a secret: together with the signature it gives d away. All that is done with them takes the same time whatever they
//! are; signature and digest are known to everybody.

use aws_lc_rs::{
    agreement::{ECDH_P256, PrivateKey},
    encoding::{AsBigEndian as _, EcPrivateKeyBin},
    signature::{EcdsaKeyPair, KeyPair as _},
};
use crypto_bigint::{U256, modular::ConstMontyForm};
use zeroize::Zeroizing;

use super::P256_BYTES;
use crate::secret::Digest;

crypto_bigint::const_monty_params!(
    Order,
    U256,
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    "n: how many points the curve has (SP 800-186, section 3.2.1.3)."
);

/// A number modulo n.
type Scalar = ConstMontyForm<Order, { U256::LIMBS }>;

/// A private key of P-256, which checks.
pub(super) struct OwnP256 {
    d: Zeroizing<Scalar>,
}

impl OwnP256 {
    /// `None` if the halves of the pair do not belong together, which its constructors rule out.
    pub(super) fn of(pair: &EcdsaKeyPair) -> Option<Self> {
        let d: EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes().ok()?;
        let q = PrivateKey::from_private_key(&ECDH_P256, d.as_ref()).ok()?.compute_public_key().ok()?;
        let is_whole = q.as_ref() == pair.public_key().as_ref();
        is_whole.then(|| Self { d: Zeroizing::new(Scalar::new(&U256::from_be_slice(d.as_ref()))) })
    }

    /// Is `signature` (r and s, 32 bytes each) that of `message`?
    pub(super) fn holds(&self, message: &[u8], signature: &[u8]) -> bool {
        self.is_of(Digest::of(message).as_bytes(), signature).unwrap_or_default()
    }

    /// `None` where there is nothing to compare.
    fn is_of(&self, digest: &[u8; 32], signature: &[u8]) -> Option<bool> {
        let signature: &[u8; 2 * P256_BYTES] = signature.try_into().ok()?;
        let (r, s) = signature.split_at(P256_BYTES);
        let (r, s) = (positive(r)?, positive(s)?);
        // In variable time: s is public.
        let inverse = Scalar::new(&s).invert_vartime().into_option()?;
        let e = Scalar::new(&U256::from_be_slice(digest));
        let k = Zeroizing::new(e.add(&Scalar::new(&r).mul(&self.d)).mul(&inverse));
        Some(modulo_order(&first_of_multiple(&k)?) == r)
    }
}

/// A number from 1 to n - 1.
fn positive(bytes: &[u8]) -> Option<U256> {
    let number = U256::from_be_slice(bytes);
    (number != U256::ZERO && number < *Scalar::MODULUS.as_ref()).then_some(number)
}

/// The first coordinate of k·G; `None` for the point at infinity, which has none.
fn first_of_multiple(k: &Scalar) -> Option<U256> {
    let k = Zeroizing::new(<[u8; P256_BYTES]>::from(k.retrieve().to_be_bytes()));
    let point = PrivateKey::from_private_key(&ECDH_P256, k.as_slice()).ok()?.compute_public_key().ok()?;
    // After the byte that says "uncompressed".
    Some(U256::from_be_slice(point.as_ref().get(1..=P256_BYTES)?))
}

/// Coordinates are below p, which is less than 2n.
fn modulo_order(coordinate: &U256) -> U256 {
    let order = Scalar::MODULUS.as_ref();
    if coordinate < order { *coordinate } else { coordinate.wrapping_sub(order) }
}

#[cfg(test)]
mod tests;
