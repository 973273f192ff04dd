//! What stands where services are in a live system: threads that are open and empty, and that take nothing.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    Audience, Comment, InternalNotes, Mark, Proof, Publisher, ServiceError, ServiceFailure, Target, Timestamp,
};
use wiring::{Client, OutsideService, Services};

/// The account that the agent has here: no sample is written by it.
const LOGIN: &str = "afterhook-for-show";

/// A service in which every thread is open and empty, and that takes nothing.
struct Offline;

/// Services that answer without being asked.
pub(super) fn services() -> Services {
    let threads = |services: Services, service: &OutsideService| {
        services.with(*service, Client::with_threads(Arc::new(Offline)))
    };
    OutsideService::ALL.iter().fold(Services::default(), threads)
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

    fn internal_notes(&self) -> Option<&dyn InternalNotes> {
        Some(self)
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
