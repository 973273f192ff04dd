//! [`Answer`]: what came back for a request.

use domain::{ServiceError, Timestamp};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, LINK};
use serde::de::DeserializeOwned;

use crate::credentials::{Bearer, Kind};
use crate::failure;
use crate::link::Pages;
use crate::operation::Operation;

/// What came back, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Empty when the status is an error and its body could not be read.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body of a success; otherwise the error that the status stands for.
    pub(crate) fn decode<T: DeserializeOwned>(
        &self,
        operation: Operation,
        bearer: &Bearer,
        kind: Kind,
        now: Timestamp,
    ) -> Result<T, ServiceError> {
        if !self.status.is_success() {
            return Err(failure::status(operation, self, bearer, kind, now));
        }
        serde_json::from_slice(&self.body).map_err(|error| failure::unreadable(operation, &error))
    }

    /// The pages of the list that this answer is one of.
    pub(crate) fn pages(&self) -> Pages {
        let header = self.headers.get(LINK).and_then(|value| value.to_str().ok());
        header.map(Pages::parse).unwrap_or_default()
    }
}
