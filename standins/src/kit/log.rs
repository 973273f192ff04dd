//! What a test can look at afterwards: the requests received.

use domain::Timestamp;
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::Mutex;

use crate::kit::lock;

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
    /// The JSON body; `null` if there is none or it is not JSON.
    pub body: Value,
    /// The HTTP status of the answer; `None` while it is under way, and when the caller went away.
    pub status: Option<u16>,
}

/// The last requests.
#[derive(Debug)]
pub(crate) struct Log {
    keep: usize,
    /// The number of the first kept request, and the requests.
    inner: Mutex<(u64, VecDeque<ReceivedRequest>)>,
}

impl Log {
    /// A log of the last `keep` requests.
    pub(crate) fn new(keep: usize) -> Self {
        Self { keep, inner: Mutex::default() }
    }

    /// Notes a request; the number finds it again.
    pub(crate) fn received(&self, request: ReceivedRequest) -> u64 {
        let (first, requests) = &mut *lock(&self.inner);
        let number = *first + requests.len() as u64;
        requests.push_back(request);
        while requests.len() > self.keep {
            requests.pop_front();
            *first += 1;
        }
        number
    }

    /// Notes the status that a request was answered with.
    pub(crate) fn answered(&self, number: u64, status: u16) {
        let (first, requests) = &mut *lock(&self.inner);
        let index = number.checked_sub(*first).and_then(|i| usize::try_from(i).ok());
        if let Some(request) = index.and_then(|i| requests.get_mut(i)) {
            request.status = Some(status);
        }
    }

    /// The requests answered from number `from` on, as far as they are kept and none before them is
    /// still under way; and the number to go on with.
    pub(crate) fn since(&self, from: u64) -> (u64, Vec<ReceivedRequest>) {
        let (first, requests) = &*lock(&self.inner);
        let skip = usize::try_from(from.saturating_sub(*first)).unwrap_or(usize::MAX);
        let answered: Vec<ReceivedRequest> =
            requests.iter().skip(skip).take_while(|request| request.status.is_some()).cloned().collect();
        (from.max(*first) + answered.len() as u64, answered)
    }

    /// The requests kept, oldest first.
    pub(crate) fn requests(&self) -> Vec<ReceivedRequest> {
        lock(&self.inner).1.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn answered_requests_are_told_once_and_in_order() {
        let log = Log::new(2);
        let request = |path: &str| ReceivedRequest {
            at: Timestamp::UNIX_EPOCH,
            method: "POST".to_owned(),
            path: path.to_owned(),
            query: String::new(),
            body: Value::Null,
            status: None,
        };
        let paths = |from| {
            let (next, requests) = log.since(from);
            (next, requests.into_iter().map(|request| request.path).collect::<Vec<_>>())
        };
        let one = log.received(request("one"));
        assert_eq!(paths(0), (0, vec![]));
        log.answered(one, 200);
        assert_eq!(paths(0), (1, vec!["one".to_owned()]));
        let two = log.received(request("two"));
        let three = log.received(request("three"));
        log.answered(three, 200);
        assert_eq!(paths(1), (1, vec![]), "one that is under way holds the others up");
        log.answered(two, 200);
        assert_eq!(paths(1), (3, vec!["two".to_owned(), "three".to_owned()]));
    }
}
