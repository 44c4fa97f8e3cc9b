//! What was sealed is opened whole, for its purpose alone, and no other text opens.

use countersign_core::{env::CountedRandom, seal::KeyRing};
use proptest::prelude::any;

use super::common::{change, ensure, hold};

#[test]
fn a_seal_is_opened_to_the_letter_alone() {
    let ring = KeyRing::new(["a ring for properties, of 32 bytes and more"]).unwrap();
    let random = CountedRandom::default();
    let letters = "ABCXYZabcxyz0123456789-_+/=. ";
    hold(2_000, &(any::<String>(), any::<String>(), change(letters)), |(purpose, clear, change)| {
        let sealed = ring.seal(&purpose, &clear, &random);
        ensure(ring.open(&purpose, &sealed).as_deref() == Some(&clear), || "it does not open".to_owned())?;
        ensure(ring.open(&format!("{purpose}x"), &sealed).is_none(), || "another purpose opens it".to_owned())?;
        let changed = change.of(&sealed);
        ensure(changed == sealed || ring.open(&purpose, &changed).is_none(), || format!("{sealed} as {changed}"))
    });
}
