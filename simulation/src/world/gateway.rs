//! The way in: HTTP requests to ingest and to the console.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use futures::channel::oneshot;
use futures::future::{Either, select};
use http::{Request, StatusCode};
use serde_json::Value;
use tower::ServiceExt;

use super::{EnvId, World, lock};
use crate::planted::Planted;

/// A request is on its way for so long, milliseconds; and so is its answer.
const TRAVEL: std::ops::Range<u64> = 1..80;

/// Which function is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Front {
    /// Ingest.
    Webhooks,
    /// The console.
    Console,
}

/// The functions that answer.
#[derive(Default)]
pub(crate) struct Gateway {
    webhooks: Mutex<Option<(EnvId, Router)>>,
    console: Mutex<Option<(EnvId, Router)>>,
}

impl Gateway {
    /// Forgets the functions, which know the world.
    pub(crate) fn close(&self) {
        *lock(&self.webhooks) = None;
        *lock(&self.console) = None;
    }

    /// The environments that answer.
    pub(crate) fn envs(&self) -> Vec<EnvId> {
        let known = [&self.webhooks, &self.console].map(|front| lock(front).as_ref().map(|(env, _)| *env));
        known.into_iter().flatten().collect()
    }
}

/// An answer: its status, and its body if that is JSON.
pub(crate) type Answer = (StatusCode, Value);

impl World {
    /// Sends a request and waits for its answer so long; `None` if none came.
    pub(crate) async fn request(
        self: &Arc<Self>,
        front: Front,
        request: Request<Body>,
        patience: Duration,
    ) -> Option<Answer> {
        tokio::time::sleep(self.millis(TRAVEL)).await;
        let (env, router) = self.front(front, &request);
        let (tell, told) = oneshot::channel();
        let (hang_up, hung_up) = oneshot::channel::<()>();
        self.scheduler.spawn(Some(env), async move {
            let work = Box::pin(answer(router, request));
            if let Either::Left((answer, _)) = select(work, hung_up).await {
                // Whoever asked may be gone.
                let _gone = tell.send(answer);
            }
        });
        let told = tokio::time::timeout(patience, told).await;
        // A server on one machine hears that its caller hung up, and drops the work; Lambda does not.
        if self.scenario.is_lambda {
            std::mem::forget(hang_up);
        } else {
            drop(hang_up);
        }
        tokio::time::sleep(self.millis(TRAVEL)).await;
        let is_lost = !self.is_calm() && self.chance(self.scenario.lost_per_mille);
        told.ok()?.ok().filter(|_| !is_lost)
    }

    /// The function in its environment: another one if that has died.
    fn front(self: &Arc<Self>, front: Front, request: &Request<Body>) -> (EnvId, Router) {
        let place = match front {
            Front::Webhooks => &self.gateway.webhooks,
            Front::Console => &self.gateway.console,
        };
        let mut place = lock(place);
        if let Some((env, router)) = place.as_ref().filter(|(env, _)| !self.scheduler.is_killed(*env)) {
            if self.planted == Some(Planted::DedupeByUnsignedHeader) && front == Front::Webhooks {
                return (*env, self.ports_of(*env, request).webhooks());
            }
            return (*env, router.clone());
        }
        let env = self.new_env(if front == Front::Webhooks { "ingest" } else { "console" });
        let ports = self.ports_of(env, request);
        let router = if front == Front::Webhooks { ports.webhooks() } else { ports.console() };
        *place = Some((env, router.clone()));
        (env, router)
    }
}

async fn answer(router: Router, request: Request<Body>) -> Answer {
    let Ok(response) = router.oneshot(request).await;
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    (parts.status, serde_json::from_slice(&body).unwrap_or_default())
}
