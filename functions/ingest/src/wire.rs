//! wire
#[derive(Debug)]
/// e
pub struct WireError;
/// w
pub fn wire() {}
