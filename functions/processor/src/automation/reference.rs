//! What the service of an event knows of its matter: the changed files of a pull request, the end of a failed log.

use domain::{Document, ServiceFailure};
use tracing::warn;
use wiring::OutsideService;

use crate::Interrupt;
use crate::resources::OUTSIDE_CALL;
use crate::task::claimed_task::ClaimedTask;

/// The reference texts for the event of `claimed`. An answer is better with them and possible without them. A text
/// that cannot be read is left out, unless the service refuses our account.
pub(crate) async fn about(claimed: &ClaimedTask) -> Result<Vec<Document>, Interrupt> {
    let source = claimed.task.lock().await.doc.source.clone();
    let resources = &claimed.resources;
    let provider = resources.settings.sources.get(&source).map(|source| source.sender.provider);
    let service = provider.and_then(OutsideService::of_threads);
    let publisher = service.and_then(|service| resources.services.publisher(service));
    let Some(reference) = publisher.and_then(|publisher| publisher.reference()) else {
        return Ok(Vec::new());
    };
    match tokio::time::timeout(OUTSIDE_CALL, reference.about(&claimed.event)).await {
        Ok(Ok(documents)) => Ok(documents),
        Ok(Err(error)) if error.failure == ServiceFailure::AccountRefused => {
            Err(Interrupt::from_service("reference", &error, claimed.now()))
        }
        Ok(Err(problem)) => {
            warn!(task_id = %claimed.id, %problem, "the answer is written without reference texts");
            Ok(Vec::new())
        }
        Err(_) => {
            warn!(task_id = %claimed.id, "the answer is written without reference texts: they took too long");
            Ok(Vec::new())
        }
    }
}
