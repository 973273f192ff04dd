//! sweeper
fn main() {}
