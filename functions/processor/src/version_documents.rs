//! [`KeptDocuments`]: whether the documents of this version are kept for those who look back at its tasks.

use std::sync::atomic::{AtomicBool, Ordering};

use domain::{Exchange, keep_documents};
use tracing::warn;

use crate::resources::Resources;

/// Whether this process has kept them, or found them kept.
#[derive(Debug, Default)]
pub(crate) struct KeptDocuments(AtomicBool);

impl Resources {
    /// Keeps the documents of this version, once, if one of `exchanges` went without them since a context cache at the model
    /// holds them. A store that fails costs a replay its exactness, and no task anything.
    pub(crate) async fn keep_documents_of(&self, exchanges: &[Exchange]) {
        let lacks_them = exchanges.iter().any(|exchange| exchange.request.get("cachedContent").is_some());
        if !lacks_them || self.kept_documents.0.swap(true, Ordering::Relaxed) {
            return;
        }
        let documents = &self.settings.agent.documents;
        let kept = keep_documents(&*self.stores.payloads, &self.version.id, documents, self.clock.now());
        if let Err(problem) = kept.await {
            self.kept_documents.0.store(false, Ordering::Relaxed);
            warn!(%problem, "the documents of this version are not kept yet; the next call tries again");
        }
    }
}
