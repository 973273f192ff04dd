//! What a test can look at afterwards: the requests received.

use domain::Timestamp;
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::Mutex;

use crate::standin::lock;

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

    /// The requests kept, oldest first.
    pub(crate) fn requests(&self) -> Vec<ReceivedRequest> {
        lock(&self.inner).1.iter().cloned().collect()
    }
}
