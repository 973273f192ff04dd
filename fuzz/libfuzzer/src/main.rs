//! One target of the crate `fuzz` under libFuzzer: the one that the program is called after.
#![no_main]

use std::sync::LazyLock;

static TARGET: LazyLock<&fuzz::Target> = LazyLock::new(|| {
    let name = env!("CARGO_BIN_NAME");
    fuzz::ALL.iter().find(|target| target.name == name).expect("a program for every target")
});

libfuzzer_sys::fuzz_target!(|input: &[u8]| (TARGET.check)(input));
