//! Incidents, notes and users as the API has them.

use domain::Timestamp;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(crate) struct Users {
    pub(crate) users: Vec<WireUser>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WireUser {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) email: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct IncidentAnswer {
    pub(crate) incident: WireIncident,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WireIncident {
    /// `triggered`, `acknowledged` or `resolved`.
    pub(crate) status: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Notes {
    pub(crate) notes: Vec<WireNote>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct NoteAnswer {
    pub(crate) note: Created,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Created {
    pub(crate) id: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WireNote {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) content: String,
    pub(crate) user: Option<Author>,
    pub(crate) created_at: Timestamp,
}

/// A user, or an integration.
#[derive(Debug, Deserialize)]
pub(crate) struct Author {
    pub(crate) id: Option<String>,
    pub(crate) summary: Option<String>,
}
