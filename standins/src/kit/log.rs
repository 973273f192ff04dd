//! What a test can look at afterwards: the requests received.

use std::collections::VecDeque;
use std::sync::Mutex;

use domain::Timestamp;
use serde_json::Value;

use super::lock;

/// A request as it was received, without its credentials.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceivedRequest {
    /// When its body had been read.
    pub at: Timestamp,
    /// The HTTP method.
    pub method: String,
    /// The path, without the prefix of the API.
    pub path: String,
    /// The query string; empty if there is none.
    pub query: String,
    /// The JSON body or the fields of a form; `null` if there is neither.
    pub body: Value,
    /// The HTTP status of the answer; `None` while it is under way, and when the caller went away.
    pub status: Option<u16>,
}

/// The last entries.
#[derive(Debug)]
pub(crate) struct Log<T> {
    keep: usize,
    /// The number of the first kept entry, and the entries.
    inner: Mutex<(u64, VecDeque<T>)>,
}

impl<T: Clone> Log<T> {
    pub(crate) fn new(keep: usize) -> Self {
        Self { keep, inner: Mutex::new((0, VecDeque::new())) }
    }

    /// Adds an entry; the number finds it again.
    pub(crate) fn add(&self, entry: T) -> u64 {
        let (first, entries) = &mut *lock(&self.inner);
        let number = *first + entries.len() as u64;
        entries.push_back(entry);
        while entries.len() > self.keep {
            entries.pop_front();
            *first += 1;
        }
        number
    }

    /// Changes an entry, if it is still there.
    pub(crate) fn change(&self, number: u64, change: impl FnOnce(&mut T)) {
        let (first, entries) = &mut *lock(&self.inner);
        let index = number.checked_sub(*first).and_then(|i| usize::try_from(i).ok());
        if let Some(entry) = index.and_then(|i| entries.get_mut(i)) {
            change(entry);
        }
    }

    /// The kept entries from number `from` on, up to the first that is not done; and the number to go on with.
    pub(crate) fn since(&self, from: u64, is_done: impl Fn(&T) -> bool) -> (u64, Vec<T>) {
        let (first, entries) = &*lock(&self.inner);
        let skip = usize::try_from(from.saturating_sub(*first)).unwrap_or(usize::MAX);
        let done: Vec<T> = entries.iter().skip(skip).take_while(|entry| is_done(entry)).cloned().collect();
        (from.max(*first) + done.len() as u64, done)
    }

    /// The entries kept, oldest first.
    pub(crate) fn all(&self) -> Vec<T> {
        lock(&self.inner).1.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_that_are_done_are_told_once_and_in_order() {
        let log = Log::new(2);
        let since = |from| log.since(from, |(_, is_done): &(&str, bool)| *is_done);
        let finish = |number| log.change(number, |(_, is_done)| *is_done = true);
        let one = log.add(("one", false));
        assert_eq!(since(0), (0, vec![]));
        finish(one);
        assert_eq!(since(0), (1, vec![("one", true)]));
        let two = log.add(("two", false));
        let three = log.add(("three", false));
        finish(three);
        assert_eq!(since(1), (1, vec![]), "one that is under way holds the others up");
        finish(two);
        assert_eq!(since(1), (3, vec![("two", true), ("three", true)]));
        finish(one);
        assert_eq!(log.all(), [("two", true), ("three", true)], "what is forgotten stays so");
    }
}
