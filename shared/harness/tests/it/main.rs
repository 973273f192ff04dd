//! The crate that `afterhook init --rust` makes is compiled, and its test run, as it stands there.

extern crate self as automations;

#[expect(unreachable_pub, reason = "it is a crate there")]
#[path = "../../../../local/templates/rust/automations/src/lib.rs"]
mod crate_of_ones_own;
#[path = "../../../../local/templates/rust/automations/tests/ask_version.rs"]
mod test_of_ones_own;

use crate_of_ones_own::registered;
