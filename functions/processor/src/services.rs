//! [`Services`]: the places where threads live and results go.

use std::sync::Arc;

use domain::{Publisher, Target};

/// One client per service.
#[derive(Clone)]
pub struct Services {
    /// GitHub.
    pub github: Arc<dyn Publisher>,
}

impl Services {
    /// The service that `target` belongs to.
    #[must_use]
    pub fn of(&self, target: &Target) -> &Arc<dyn Publisher> {
        match target {
            Target::GithubIssue { .. } => &self.github,
        }
    }
}
