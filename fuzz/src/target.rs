//! [`Target`]: a reader, the inputs that it is known to take, and what must hold of any input.

use crate::targets::files;

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

impl Target {
    /// Its seeds, and its files in `fuzz/corpus/`: what broke it once is among them.
    #[must_use]
    pub fn inputs(&self) -> Vec<Vec<u8>> {
        let kept = files(&format!("fuzz/corpus/{}", self.name)).into_iter().map(|(_, input)| input);
        (self.seeds)().into_iter().chain(kept).collect()
    }
}
