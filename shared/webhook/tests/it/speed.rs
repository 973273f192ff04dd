//! What a webhook of 12 KB costs here. Not a test of correctness: run it with
//! `cargo test -p webhook --release -- --ignored --nocapture speed`.

use std::hint::black_box;
use std::time::Instant;

use crate::support::{at, commented, parse, secrets};
use domain::TaskId;
use webhook::Scheme;

const ROUNDS: u32 = 20_000;

#[test]
#[ignore = "a measurement"]
#[allow(clippy::print_stdout)]
fn speed_of_verify_identity_and_parse() {
    let body: serde_json::Value = serde_json::from_slice(&commented()).unwrap();
    let body = serde_json::to_vec(&body).unwrap();
    let (scheme, live) = (Scheme::github(), secrets(&["a signing secret", "its successor"]));
    let sent = scheme.sign(&live, &body, at(0));
    println!("body of {} bytes, two live secrets", body.len());
    each("verify", || scheme.verify(&live, sent.as_slice(), black_box(&body), at(0)).is_ok());
    each("identity", || TaskId::derive("github", black_box(&body)).as_str().len() == 30);
    each("parse", || parse(black_box(&body), Some("issue_comment")).is_ok());
}

#[allow(clippy::print_stdout)]
fn each(name: &str, mut work: impl FnMut() -> bool) {
    let started = Instant::now();
    for _ in 0..ROUNDS {
        assert!(work());
    }
    println!("{name:<9} {:>6.1} µs", started.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS));
}
