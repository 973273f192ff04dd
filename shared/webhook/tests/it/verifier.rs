//! The verifier on requests that a forger or a careless sender makes.

use std::time::Duration;

use crate::support::{at, headers, secrets};
use webhook::{Encoding, Rejection, SCHEMES, Scheme, Secrets};

const NOW: i64 = 1_763_632_800;
const BODY: &[u8] = b"{\"webhookTimestamp\":1763632800000}";

fn key() -> Secrets {
    secrets(&["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
}

fn missing(header: &str) -> Result<(), Rejection> {
    Err(Rejection::Missing { header: header.to_owned() })
}

fn malformed(header: &str) -> Result<(), Rejection> {
    Err(Rejection::Malformed { header: header.to_owned() })
}

/// The verdict on `header` as the whole of GitHub's signature header.
fn github(header: &str) -> Result<(), Rejection> {
    let sent = headers(&[("x-hub-signature-256", header)]);
    Scheme::github().verify(&key(), sent.as_slice(), BODY, at(NOW))
}

#[test]
fn every_scheme_accepts_what_it_signs() {
    for (name, row) in SCHEMES {
        let sent = row().sign(&key(), BODY, at(NOW));
        assert!(!sent.is_empty(), "{name}");
        assert_eq!(row().verify(&key(), sent.as_slice(), BODY, at(NOW)), Ok(()), "{name}");
    }
}

#[test]
fn a_source_without_secret_accepts_nothing() {
    for (name, row) in SCHEMES {
        for none in [secrets(&[]), secrets(&[""]), secrets(&["", ""])] {
            assert!(row().sign(&none, BODY, at(NOW)).is_empty(), "{name}");
            for sent in [row().sign(&key(), BODY, at(NOW)), Vec::new()] {
                let verdict = row().verify(&none, sent.as_slice(), BODY, at(NOW)).unwrap_err();
                assert_eq!(verdict, Rejection::NoSecret, "{name}");
                assert!(verdict.is_ours());
            }
        }
    }
}

#[test]
fn a_signature_made_with_an_empty_key_is_refused() {
    // `printf '' | openssl dgst -sha256 -hmac ''`
    let empty = "sha256=b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
    let sent = headers(&[("x-hub-signature-256", empty)]);
    for live in [secrets(&[""]), secrets(&["", "live"])] {
        assert!(Scheme::github().verify(&live, sent.as_slice(), b"", at(NOW)).is_err());
    }
    let no_token = headers(&[("x-gitlab-token", "")]);
    assert!(Scheme::gitlab().verify(&secrets(&["", "live"]), no_token.as_slice(), b"", at(NOW)).is_err());
}

#[test]
fn a_missing_header_is_named() {
    for (name, row) in SCHEMES {
        let scheme = row();
        for (left_out, _) in scheme.sign(&key(), BODY, at(NOW)) {
            let mut sent = scheme.sign(&key(), BODY, at(NOW));
            sent.retain(|(header, _)| *header != left_out);
            let verdict = scheme.verify(&key(), sent.as_slice(), BODY, at(NOW));
            assert_eq!(verdict, missing(&left_out), "{name}");
        }
    }
}

#[test]
fn each_live_secret_verifies_and_the_first_signs() {
    let sent = |name: &str| Scheme::github().sign(&secrets(&[name]), BODY, at(NOW));
    let live = secrets(&["new", "old"]);
    assert_eq!(Scheme::github().sign(&live, BODY, at(NOW)), sent("new"));
    for (secret, accepted) in [("new", true), ("old", true), ("older", false)] {
        let verdict = Scheme::github().verify(&live, sent(secret).as_slice(), BODY, at(NOW));
        assert_eq!(verdict.is_ok(), accepted, "{secret}");
    }
}

#[test]
fn one_unusable_secret_does_not_disable_the_others() {
    let live = secrets(&["", "no base 64!", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]);
    let scheme = Scheme::standard_webhooks();
    let sent = scheme.sign(&key(), BODY, at(NOW));
    assert_eq!(scheme.verify(&live, sent.as_slice(), BODY, at(NOW)), Ok(()));
}

#[test]
fn a_stale_signature_is_refused_in_both_directions() {
    for (name, row) in SCHEMES {
        let scheme = row();
        let Some(tolerance) = scheme.freshness.clone() else { continue };
        let sent = scheme.sign(&key(), BODY, at(NOW));
        let within = i64::try_from(tolerance.within.as_secs()).unwrap();
        let verdict = |second| scheme.verify(&key(), sent.as_slice(), BODY, at(second));
        for second in [NOW - within, NOW + within] {
            assert_eq!(verdict(second), Ok(()), "{name} at {second}");
        }
        for second in [NOW - within - 1, NOW + within + 1, 0] {
            assert_eq!(verdict(second), Err(Rejection::Stale { within: tolerance.within }), "{name}");
        }
    }
}

#[test]
fn staleness_is_told_only_to_those_who_could_sign() {
    let forged = headers(&[
        ("x-slack-signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"),
        ("x-slack-request-timestamp", "1531420618"),
    ]);
    let verdict = Scheme::slack().verify(&key(), forged.as_slice(), BODY, at(NOW));
    assert_eq!(verdict, Err(Rejection::Wrong));
}

#[test]
fn a_time_that_is_no_time_is_malformed() {
    let huge = "9".repeat(400);
    for time in ["", "-1", "+1531420618", "1e9", "٣", "soon", &huge] {
        let mut sent = Scheme::slack().sign(&key(), BODY, at(NOW));
        time.clone_into(&mut sent[1].1);
        let verdict = Scheme::slack().verify(&key(), sent.as_slice(), BODY, at(NOW));
        assert_eq!(verdict, malformed("x-slack-request-timestamp"), "{time}");
    }
}

#[test]
fn a_body_without_its_time_is_undated() {
    let pointer = "/webhookTimestamp".to_owned();
    for body in [r#"{"id":1}"#, r#"{"webhookTimestamp":-1}"#, r#"{"webhookTimestamp":null}"#, "", "[[["] {
        let sent = Scheme::linear().sign(&key(), body.as_bytes(), at(NOW));
        let verdict = Scheme::linear().verify(&key(), sent.as_slice(), body.as_bytes(), at(NOW));
        assert_eq!(verdict, Err(Rejection::Undated { pointer: pointer.clone() }), "{body}");
    }
}

#[test]
fn no_method_but_sha256_is_accepted() {
    let sent = Scheme::jira().sign(&key(), BODY, at(NOW));
    let (_, hex) = sent[0].1.split_once('=').unwrap();
    for method in ["sha1", "md5", "none", "SHA256", "sha512", ""] {
        let sent = headers(&[("x-hub-signature", &format!("{method}={hex}"))]);
        let verdict = Scheme::jira().verify(&key(), sent.as_slice(), BODY, at(NOW));
        assert_eq!(verdict, malformed("x-hub-signature"), "{method}");
    }
}

#[test]
fn a_signature_in_another_form_is_malformed() {
    let genuine = Scheme::github().sign(&key(), BODY, at(NOW)).remove(0).1;
    assert_eq!(github(&genuine), Ok(()));
    let upper = genuine.to_uppercase().replace("SHA256", "sha256");
    for header in ["", "sha256=", "sha256=00", &genuine[7..], &genuine[..70], &upper] {
        assert_eq!(github(header), malformed("x-hub-signature-256"), "{header}");
    }
    assert_eq!(github(&format!("{genuine}00")), malformed("x-hub-signature-256"));
    assert_eq!(github(&format!("sha256={}", "0".repeat(64))), Err(Rejection::Wrong));
}

#[test]
fn one_genuine_signature_of_a_list_is_enough() {
    for (name, separator, old) in [
        ("stripe", ",", format!("v1={}", "0".repeat(64))),
        ("pagerduty", ",", format!("v1={}", "0".repeat(64))),
        ("standard-webhooks", " ", format!("v1,{}=", "A".repeat(43))),
    ] {
        let scheme = Scheme::named(name).unwrap();
        let mut sent = scheme.sign(&key(), BODY, at(NOW));
        sent[0].1 = format!("{}{separator}{old}{separator}v9=x", sent[0].1);
        assert_eq!(scheme.verify(&key(), sent.as_slice(), BODY, at(NOW)), Ok(()), "{name}");
    }
}

#[test]
fn signatures_of_another_version_do_not_count() {
    for (name, version, other) in [("stripe", "v1=", "v0="), ("standard-webhooks", "v1,", "v1a,")] {
        let scheme = Scheme::named(name).unwrap();
        let mut sent = scheme.sign(&key(), BODY, at(NOW));
        sent[0].1 = sent[0].1.replace(version, other);
        let verdict = scheme.verify(&key(), sent.as_slice(), BODY, at(NOW));
        assert_eq!(verdict, malformed(&scheme.header), "{name}");
    }
}

#[test]
fn the_border_between_id_and_time_cannot_be_moved() {
    let scheme = Scheme::standard_webhooks();
    let sent = scheme.sign_as(&key(), "msg_1", b"1763632800.{}", at(NOW));
    let moved = headers(&[
        ("webhook-signature", &sent[0].1),
        ("webhook-timestamp", "1763632800"),
        ("webhook-id", "msg_1.1763632800"),
    ]);
    assert_eq!(scheme.verify(&key(), moved.as_slice(), b"{}", at(NOW)), malformed("webhook-id"));
}

#[test]
fn an_id_that_no_sender_would_write_is_malformed() {
    let scheme = Scheme::svix();
    for id in ["", "a b", "ä", "\u{7f}", &"x".repeat(257)] {
        let sent = scheme.sign_as(&key(), id, BODY, at(NOW));
        let verdict = scheme.verify(&key(), sent.as_slice(), BODY, at(NOW));
        assert_eq!(verdict, malformed("svix-id"), "{id}");
    }
}

#[test]
fn the_same_body_is_signed_under_the_same_id() {
    let id = |body: &[u8]| Scheme::svix().sign(&key(), body, at(NOW)).remove(2).1;
    assert_eq!(id(b"a"), id(b"a"));
    assert_ne!(id(b"a"), id(b"b"));
}

#[test]
fn a_described_scheme_may_write_hex_in_upper_case() {
    let scheme = Scheme::over_body("x-signature", "", Encoding::HexUpper);
    let sent = scheme.sign(&key(), BODY, at(NOW));
    assert_eq!(scheme.verify(&key(), sent.as_slice(), BODY, at(NOW)), Ok(()));
    assert_eq!(sent[0].1, sent[0].1.to_uppercase());
}

#[test]
fn rejections_tell_no_secret_and_no_signature() {
    let told = [
        Rejection::NoSecret,
        Rejection::Missing { header: "h".to_owned() },
        Rejection::Malformed { header: "h".to_owned() },
        Rejection::Wrong,
        Rejection::Undated { pointer: "/p".to_owned() },
        Rejection::Stale { within: Duration::from_secs(300) },
    ];
    let words: Vec<&str> = told.iter().map(Rejection::as_str).collect();
    let all =
        ["no_secret", "signature_missing", "signature_malformed", "signature_wrong", "undated", "stale"];
    assert_eq!(words, all);
    assert_eq!(told.iter().filter(|rejection| rejection.is_ours()).count(), 1);
}
