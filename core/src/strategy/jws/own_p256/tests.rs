use aws_lc_rs::{
    digest,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ParsedPublicKey},
};
use serde::Deserialize;

use super::*;
use crate::env::{CountedRandom, Random};

const N: U256 = *Scalar::MODULUS.as_ref();

/// A key both ways: by the public half, as everybody checks, and by the private one.
struct Both {
    pair: EcdsaKeyPair,
    public: ParsedPublicKey,
    own: OwnP256,
}

impl Both {
    fn generate() -> Self {
        Self::of(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    /// The key with this private half.
    fn with(d: &Scalar) -> Self {
        let d = bytes(&d.retrieve());
        let q = PrivateKey::from_private_key(&ECDH_P256, &d).unwrap().compute_public_key().unwrap();
        let pair = EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, &d, q.as_ref());
        Self::of(pair.unwrap())
    }

    fn of(pair: EcdsaKeyPair) -> Self {
        let public = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref()).unwrap();
        let own = OwnP256::of(&pair).unwrap();
        Self { pair, public, own }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
    }

    /// What both say of the message.
    fn holds(&self, message: &[u8], signature: &[u8]) -> bool {
        let expected = self.public.verify_sig(message, signature).is_ok();
        assert_eq!(self.own.holds(message, signature), expected, "{} {}", hex::encode(message), hex::encode(signature));
        expected
    }

    /// What both say of the digest.
    fn is_of(&self, e: &U256, r: &U256, s: &U256) -> bool {
        let (e, signature) = (bytes(e), [bytes(r), bytes(s)].concat());
        let digest = digest::Digest::import_less_safe(&e, &digest::SHA256).unwrap();
        let expected = self.public.verify_digest_sig(&digest, &signature).is_ok();
        let found = self.own.is_of(&e, &signature).unwrap_or_default();
        assert_eq!(found, expected, "{} {}", hex::encode(e), hex::encode(signature));
        expected
    }
}

fn bytes(number: &U256) -> [u8; 32] {
    number.to_be_bytes().into()
}

fn scalar(number: &U256) -> Scalar {
    Scalar::new(number)
}

fn inverse(of: &Scalar) -> Scalar {
    of.invert_vartime().into_option().unwrap()
}

/// Numbers at which arithmetic goes wrong if it does.
fn corners() -> Vec<U256> {
    let near = |number: U256| {
        (0..3_u8).flat_map(move |by| [number.wrapping_add(&U256::from(by)), number.wrapping_sub(&U256::from(by))])
    };
    let p = U256::from_be_hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
    let powers = (0..256).step_by(32).map(|bits| U256::ONE.shl_vartime(bits));
    let others = [U256::ZERO, N, p, N.shr_vartime(1), p.wrapping_sub(&N)];
    powers.chain(others).flat_map(near).collect()
}

#[test]
fn it_says_what_aws_lc_says_of_right_and_of_wrong_signatures() {
    let random: &dyn Random = &CountedRandom::default();
    for _ in 0..20 {
        let (key, other) = (Both::generate(), Both::generate());
        for length in [0, 1, 55, 56, 64, 300] {
            let message: Vec<u8> = (0..length).map(|_| random.bytes::<1>()[0]).collect();
            let signature = key.sign(&message);
            assert!(key.holds(&message, &signature));
            assert!(!other.holds(&message, &signature));
            assert!(!key.holds(&[message.as_slice(), b"x"].concat(), &signature));
            let bit = usize::from(u16::from_be_bytes(random.bytes())) % (8 * signature.len());
            let mut flipped = signature.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!key.holds(&message, &flipped));
            // The other root: r, n - s is as good a signature.
            let (r, s) = signature.split_at(32);
            let mirrored = bytes(&N.wrapping_sub(&U256::from_be_slice(s)));
            assert!(key.holds(&message, &[r, &mirrored].concat()));
            assert!(!key.holds(&message, &[s, r].concat()));
            for length in [0, 1, 32, 63] {
                assert!(!key.holds(&message, &signature[..length]));
            }
            assert!(!key.holds(&message, &[signature.as_slice(), &[0]].concat()));
            assert!(!key.holds(&message, &[&[0], signature.as_slice()].concat()));
        }
    }
}

#[test]
fn r_and_s_are_below_the_order_and_not_zero() {
    let key = Both::generate();
    let (e, mut good) = (U256::from(7_u8), 0);
    for r in corners() {
        for s in corners() {
            good += usize::from(key.is_of(&e, &r, &s));
        }
    }
    assert_eq!(good, 0, "no corner is a signature");
    // One that is good is not good with n added to either half; both fit into 32 bytes only for small ones.
    let k = scalar(&U256::from(3_u8));
    let r = modulo_order(&first_of_multiple(&k).unwrap());
    let one = Both::with(&k.sub(&scalar(&e)).mul(&inverse(&scalar(&r))));
    assert!(one.is_of(&e, &r, &U256::ONE));
    assert!(!one.is_of(&e, &r, &N.wrapping_add(&U256::ONE)));
}

#[test]
fn every_corner_of_digest_nonce_and_signature_is_taken_with_the_key_that_makes_it_good() {
    let mut checked = 0;
    for k in corners().into_iter().step_by(3) {
        let k = scalar(&k);
        let Some(r) = first_of_multiple(&k).map(|x| modulo_order(&x)) else { continue };
        for (e, s) in corners().into_iter().zip(corners().into_iter().rev()) {
            // d = (s·k - e)/r is the key of which (r, s) is a signature of e.
            let d = scalar(&s).mul(&k).sub(&scalar(&e)).mul(&inverse(&scalar(&r)));
            if positive(&bytes(&s)).is_none() || d == Scalar::ZERO {
                continue;
            }
            let key = Both::with(&d);
            assert!(key.is_of(&e, &r, &s), "{d:?}");
            assert!(!key.is_of(&e.wrapping_add(&U256::from(0x0123_4567_u32)), &r, &s));
            checked += 1;
        }
    }
    assert!(checked > 1_000, "{checked}");
}

#[test]
fn the_point_at_infinity_has_no_signature() {
    let (key, d) = {
        let d = scalar(&U256::from_be_hex("00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff"));
        (Both::with(&d), d)
    };
    // e = -r·d makes k zero, whatever s is.
    for r in corners().into_iter().filter(|r| positive(&bytes(r)).is_some()) {
        let e = scalar(&r).mul(&d).neg().retrieve();
        assert!(!key.is_of(&e, &r, &U256::from(5_u8)));
    }
    assert!(first_of_multiple(&Scalar::ZERO).is_none());
}

#[test]
fn a_coordinate_beyond_the_order_counts_modulo_the_order() {
    assert_eq!(modulo_order(&N.wrapping_sub(&U256::ONE)), N.wrapping_sub(&U256::ONE));
    assert_eq!(modulo_order(&N), U256::ZERO);
    assert_eq!(modulo_order(&N.wrapping_add(&U256::from(5_u8))), U256::from(5_u8));
}

/// See testdata/wycheproof/README.md.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    tc_id: u32,
    comment: String,
    public_key: String,
    msg: String,
    sig: String,
    result: String,
}

#[test]
fn wycheproofs_vectors_come_out_as_they_say_and_under_our_own_keys_as_under_their_public_halves() {
    let text = include_str!("../../../../testdata/wycheproof/ecdsa_secp256r1_sha256_p1363.jsonl");
    let (key, mut taken) = (Both::generate(), 0);
    for line in text.lines() {
        let Vector { tc_id, comment, public_key, msg, sig, result } = serde_json::from_str(line).unwrap();
        let [public_key, msg, sig] = [public_key, msg, sig].map(|bytes| hex::decode(bytes).unwrap());
        let theirs = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public_key).unwrap();
        assert_eq!(theirs.verify_sig(&msg, &sig).is_ok(), result == "valid", "{tc_id} {comment}");
        assert!(!key.holds(&msg, &sig), "{tc_id} {comment}");
        taken += 1;
    }
    assert_eq!(taken, 262);
}
