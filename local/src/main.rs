//! afterhook
fn main() {}
