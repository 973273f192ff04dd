//! [`Counts`]: faults that happen to the first N requests only.

use std::collections::HashMap;

/// How often each limited fault has happened, by key.
#[derive(Debug, Default)]
pub(crate) struct Counts(HashMap<String, u64>);

impl Counts {
    /// Whether a fault limited to the first `first` still happens; counts it if so.
    pub(crate) fn take(&mut self, key: &str, first: Option<u64>) -> bool {
        let Some(first) = first else { return true };
        let seen = self.0.entry(key.to_owned()).or_default();
        let happens = *seen < first;
        *seen += u64::from(happens);
        happens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limited_fault_stops_after_its_number_for_each_key() {
        let mut counts = Counts::default();
        assert_eq!([0; 3].map(|_| counts.take("a", Some(2))), [true, true, false]);
        assert!(counts.take("b", Some(1)));
        assert!(counts.take("a", None));
    }
}
