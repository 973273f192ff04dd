//! What a webhook of 12 KB costs here. Not a test of correctness: run it with
//! `cargo test -p webhook --release -- --ignored --nocapture speed`.

use std::hint::black_box;
use std::time::Instant;

use crate::support::{at, commented, parse, secrets};
use domain::TaskId;
use webhook::Scheme;

const BATCHES: u32 = 400;
const ROUNDS: u32 = 20;

#[test]
#[ignore = "a measurement"]
#[allow(clippy::print_stdout)]
fn speed_of_verify_identity_and_parse() {
    let body: serde_json::Value = serde_json::from_slice(&commented()).unwrap();
    let body = serde_json::to_vec(&body).unwrap();
    let (scheme, one) = (Scheme::github(), secrets(&["a signing secret"]));
    let two = secrets(&["its successor", "a signing secret"]);
    let sent = scheme.sign(&one, &body, at(0));
    println!("body of {} bytes", body.len());
    each("verify, one live secret", || scheme.verify(&one, sent.as_slice(), black_box(&body), at(0)).is_ok());
    each("verify, two live secrets", || {
        scheme.verify(&two, sent.as_slice(), black_box(&body), at(0)).is_ok()
    });
    each("identity", || TaskId::derive("github", black_box(&body)).as_str().len() == 30);
    each("parse", || parse(black_box(&body), Some("issue_comment")).is_ok());
}

/// Prints the best batch: what else the machine does only ever adds.
#[allow(clippy::print_stdout)]
fn each(name: &str, mut work: impl FnMut() -> bool) {
    let batch = |_| {
        let started = Instant::now();
        (0..ROUNDS).for_each(|_| assert!(work()));
        started.elapsed()
    };
    let best = (0..BATCHES).map(batch).min().unwrap_or_default();
    println!("{name:<25} {:>6.1} µs", best.as_secs_f64() * 1e6 / f64::from(ROUNDS));
}
