//! What stands where services are in a live system: threads that are open and empty, and that take nothing. What
//! automations ask for besides is there too, without credentials: a run for show stops before it acts.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    Audience, Clock, Comment, InternalNotes, Labels, Mark, Proof, Publisher, ServiceError, ServiceFailure,
    Target, Timestamp,
};
use settings::Settings;
use wiring::{OutsideService, Services, ServicesError};

/// The account that the agent has here: no sample is written by it.
const LOGIN: &str = "afterhook-for-show";

/// A service in which every thread is open and empty, and that takes nothing.
struct Offline {
    has_labels: bool,
}

/// Services that answer without being asked.
///
/// # Errors
/// [`ServicesError`] when the settings of a service cannot work.
pub(super) fn services(settings: &Settings, clock: &Clock) -> Result<Services, ServicesError> {
    Services::offline(settings, clock, |service: OutsideService| {
        Arc::new(Offline { has_labels: service.has_labels() })
    })
}

#[async_trait]
impl Publisher for Offline {
    async fn login(&self) -> Result<String, ServiceError> {
        Ok(LOGIN.to_owned())
    }

    async fn history(&self, _: &Target, _: usize) -> Result<Vec<Comment>, ServiceError> {
        Ok(Vec::new())
    }

    async fn publish(&self, target: &Target, _: &str, _: &Mark) -> Result<Proof, ServiceError> {
        Err(refused(target))
    }

    async fn find(&self, _: &Target, _: &Mark, _: Timestamp) -> Result<Option<Proof>, ServiceError> {
        Ok(None)
    }

    fn labels(&self) -> Option<&dyn Labels> {
        self.has_labels.then_some(self)
    }

    fn internal_notes(&self) -> Option<&dyn InternalNotes> {
        Some(self)
    }
}

#[async_trait]
impl Labels for Offline {
    async fn list(&self, _: &Target) -> Result<Vec<String>, ServiceError> {
        Ok(Vec::new())
    }

    async fn add(&self, target: &Target, _: &[String]) -> Result<(), ServiceError> {
        Err(refused(target))
    }
}

#[async_trait]
impl InternalNotes for Offline {
    async fn history(&self, _: &Target, _: usize) -> Result<Vec<Comment>, ServiceError> {
        Ok(Vec::new())
    }

    async fn publish(&self, target: &Target, _: &str, _: &Mark) -> Result<Proof, ServiceError> {
        Err(refused(target))
    }

    async fn audience(&self, _: &Target, _: &str) -> Result<Option<Audience>, ServiceError> {
        Ok(None)
    }
}

fn refused(target: &Target) -> ServiceError {
    ServiceError {
        service: target.service(),
        operation: "publish",
        failure: ServiceFailure::Refused,
        message: "a run for show publishes nothing".to_owned(),
    }
}
