//! Properties of every scheme, on arbitrary bytes.

use crate::support::{at, secrets};
use proptest::prelude::*;
use webhook::{Encoding, SCHEMES, Scheme, SignedContent};

const NOW: i64 = 1_763_632_800;

/// Every row, and one whose hexadecimal is in upper case.
fn schemes() -> impl Strategy<Value = Scheme> {
    let upper = Scheme::over_body("x-signature", "", Encoding::HexUpper);
    let rows = SCHEMES.iter().map(|(_, row)| row()).chain([upper]);
    prop::sample::select(rows.collect::<Vec<_>>())
}

/// Secrets that are a key in every form.
fn secret() -> impl Strategy<Value = String> {
    "whsec_([A-Za-z0-9+/]{4}){1,30}"
}

/// Bodies that carry the time that Linear wants, and any text besides.
fn body() -> impl Strategy<Value = Vec<u8>> {
    any::<String>().prop_map(|text| {
        serde_json::json!({ "text": text, "webhookTimestamp": NOW * 1000 }).to_string().into_bytes()
    })
}

/// `text` with one bit of one of its ASCII bytes flipped, so that it stays text.
fn flipped(text: &str, place: prop::sample::Index, bit: u32) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let place = place.index(bytes.len());
    bytes[place] ^= 1 << bit;
    String::from_utf8(bytes).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_is_signed_is_accepted(scheme in schemes(), secret in secret(), body in body()) {
        let live = secrets(&["whsec_b3RoZXI=", &secret]);
        let sent = scheme.sign(&secrets(&[&secret]), &body, at(NOW));
        prop_assert_eq!(scheme.verify(&live, sent.as_slice(), &body, at(NOW)), Ok(()));
    }

    #[test]
    fn a_flipped_bit_in_the_body_is_refused(
        scheme in schemes(), secret in secret(), body in body(), place: prop::sample::Index, bit in 0..8_u32,
    ) {
        // A plain token does not sign the body.
        prop_assume!(scheme.encoding != Encoding::Token);
        let live = secrets(&[&secret]);
        let sent = scheme.sign(&live, &body, at(NOW));
        let mut forged = body.clone();
        forged[place.index(body.len())] ^= 1 << bit;
        prop_assert!(scheme.verify(&live, sent.as_slice(), &forged, at(NOW)).is_err());
    }

    #[test]
    fn a_flipped_bit_in_any_header_is_refused(
        scheme in schemes(), secret in secret(), body in body(),
        header: prop::sample::Index, place: prop::sample::Index, bit in 0..7_u32,
    ) {
        let live = secrets(&[&secret]);
        let mut sent = scheme.sign(&live, &body, at(NOW));
        let header = header.index(sent.len());
        sent[header].1 = flipped(&sent[header].1, place, bit);
        prop_assert!(scheme.verify(&live, sent.as_slice(), &body, at(NOW)).is_err());
    }

    #[test]
    fn a_flipped_bit_in_the_secret_is_refused(
        scheme in schemes(), secret in secret(), body in body(), place: prop::sample::Index, bit in 0..7_u32,
    ) {
        let sent = scheme.sign(&secrets(&[&secret]), &body, at(NOW));
        let other = secrets(&[&flipped(&secret, place, bit)]);
        prop_assert!(scheme.verify(&other, sent.as_slice(), &body, at(NOW)).is_err());
    }

    #[test]
    fn a_flipped_bit_in_a_text_secret_is_refused(
        secret in "[ -~]{1,100}", body: Vec<u8>, place: prop::sample::Index, bit in 0..7_u32,
    ) {
        let sent = Scheme::github().sign(&secrets(&[&secret]), &body, at(NOW));
        let other = secrets(&[&flipped(&secret, place, bit)]);
        prop_assert!(Scheme::github().verify(&other, sent.as_slice(), &body, at(NOW)).is_err());
    }

    #[test]
    fn arbitrary_requests_are_refused_without_a_panic(
        scheme in schemes(), body: Vec<u8>, values in prop::collection::vec(header_value(), 3), second: i32,
    ) {
        let mut sent = scheme.sign(&secrets(&["whsec_b3RoZXI="]), &body, at(NOW));
        for ((_, value), arbitrary) in sent.iter_mut().zip(values) {
            *value = arbitrary;
        }
        let verdict = scheme.verify(&secrets(&["whsec_bGl2ZQ=="]), sent.as_slice(), &body, at(second.into()));
        prop_assert!(verdict.is_err());
    }

    #[test]
    fn no_text_makes_a_template_panic(text in "[a-z{}]{0,9}(\\{body\\}|\\{id\\}|\\{timestamp\\}|.){0,4}") {
        let _ = SignedContent::new(&text);
    }
}

/// Anything, and things that look a little like a signature or a time.
fn header_value() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "(t=[0-9]{0,20},)?(v1=|v0=|sha256=|v1,)?[0-9a-f]{64}",
        "[0-9]{1,30}",
        "(v1,[A-Za-z0-9+/]{43}= ?){0,3}",
    ]
}
