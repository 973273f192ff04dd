//! `[sources.NAME]`.

use std::time::Duration;

use webhook::{Filter, Provider};

/// `[sources.NAME]`.
#[derive(Debug, Clone)]
pub struct SourceSettings {
    /// Its name: in the route, in variables.
    pub name: String,
    /// Who sends.
    pub provider: Provider,
    /// Which events are taken.
    pub filter: Filter,
    /// Events older than this by their own date are ignored.
    pub max_event_age: Option<Duration>,
}
