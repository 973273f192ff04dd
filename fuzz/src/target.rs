//! [`Target`]: a reader, the inputs that it is known to take, and what must hold of any input.

/// A reader under attack.
pub struct Target {
    /// Its name on the command line.
    pub name: &'static str,
    /// Inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Words that it knows.
    pub words: &'static [&'static str],
    /// Reads `input`, and panics if something does not hold.
    pub check: fn(input: &[u8]),
}
