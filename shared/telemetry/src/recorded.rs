//! [`Recorded`]: metrics in memory, for tests to look at.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

/// The documents that [`Metrics::memory`](crate::Metrics::memory) has written, in their order.
#[derive(Debug, Clone, Default)]
pub struct Recorded(Arc<Mutex<Vec<Value>>>);

impl Recorded {
    /// All documents.
    #[must_use]
    pub fn documents(&self) -> Vec<Value> {
        self.lock().clone()
    }

    /// The sum of the values of `metric` over the documents that have every one of `dimensions`.
    #[must_use]
    pub fn total(&self, metric: &str, dimensions: &[(&str, &str)]) -> f64 {
        let has = |document: &&Value| dimensions.iter().all(|(name, value)| document[*name] == **value);
        self.lock().iter().filter(has).filter_map(|document| document[metric].as_f64()).sum()
    }

    pub(crate) fn push(&self, line: &[u8]) -> io::Result<()> {
        let document = serde_json::from_slice(line)?;
        self.lock().push(document);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
