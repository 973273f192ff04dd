//! `label`: gives an issue labels of the list in agent.toml, and no others.
//!
//! The proof that it was done is the issue itself: it has the labels.

use async_trait::async_trait;
use domain::{Audience, Labels, Mark, Proof, ServiceError, ServiceFailure, Target, TaskOutput, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Action, Context, Finished, Found, Interrupt};

/// Name of the effect.
const LABEL: &str = "label";
/// Where the schema of the parameters has the choices.
pub(super) const CHOICES: &str = "/properties/labels/items";

/// What the model finds in the event.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Label {
    /// The labels that fit the event; none if none does.
    labels: Vec<String>,
}

/// Adds the labels that are allowed.
///
/// # Errors
/// [`Interrupt`], as every automation.
pub(super) async fn label(context: Context, found: Label) -> Result<Finished, Interrupt> {
    let allowed = context.settings().labels.as_deref().unwrap_or_default();
    let fitting = among(allowed, found.labels.iter().map(String::as_str));
    if fitting.is_empty() {
        return Err(Interrupt::Ignore("no label of agent.toml fits".to_owned()));
    }
    let target = context.target()?;
    let service = context.services().of(target).map_err(|error| context.failed(LABEL, &error))?;
    let service = service.labels().ok_or_else(|| context.failed(LABEL, &no_labels(target)))?;
    // Who sees a thread sees its labels: of a note in it, they may be more.
    let event = context.event();
    let audience = if event.comment_id.is_none() { event.audience } else { Audience::Public };
    let what = fitting.join(", ");
    if let Some(before) = context.begun(LABEL).await? {
        let labels = among(allowed, before.split(','));
        if let Some(finished) =
            context.earlier(LABEL, &Labelling { service, target, labels, audience }).await?
        {
            return Ok(finished);
        }
    }
    context.seen_by(audience).await?;
    let approval = context.permit(LABEL, &what, None).await?;
    // A person may have changed the list, and is held to the same one.
    let labels = if approval.edited { among(allowed, approval.text.split(',')) } else { fitting };
    if labels.is_empty() {
        return Err(Interrupt::Ignore("agent.toml no longer allows any of the chosen labels".to_owned()));
    }
    let proof = context.once(LABEL, &Labelling { service, target, labels, audience }).await?;
    let output = TaskOutput::Text(format!("labels: {}", proof.id));
    Ok(Finished { success: true, output, output_url: proof.url })
}

/// Those of `names` that are `allowed`, as they are written there, each once.
fn among<'n>(allowed: &[String], names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    for name in names {
        let known = allowed.iter().find(|known| known.eq_ignore_ascii_case(name.trim()));
        labels.extend(known.filter(|known| !labels.contains(known)).cloned());
    }
    labels
}

fn no_labels(target: &Target) -> ServiceError {
    let message = "its threads have no labels".to_owned();
    ServiceError { service: target.service(), operation: "label", failure: ServiceFailure::Refused, message }
}

/// Labels for a thread; the labels that it has prove it.
struct Labelling<'a> {
    service: &'a dyn Labels,
    target: &'a Target,
    labels: Vec<String>,
    audience: Audience,
}

impl Labelling<'_> {
    fn proof(&self) -> Proof {
        Proof { id: self.labels.join(", "), url: None }
    }
}

#[async_trait]
impl Action for Labelling<'_> {
    fn host(&self) -> Option<String> {
        Some(self.target.service().to_owned())
    }

    fn audience(&self) -> Audience {
        self.audience
    }

    async fn perform(&self, _: &Mark) -> Result<Proof, ServiceError> {
        self.service.add(self.target, &self.labels).await.map(|()| self.proof())
    }

    async fn find(&self, _: &Mark, _: Timestamp) -> Result<Found, ServiceError> {
        let has = self.service.list(self.target).await?;
        let is_there = |label: &String| has.iter().any(|known| known.eq_ignore_ascii_case(label));
        Ok(if self.labels.iter().all(is_there) { Found::Done(self.proof()) } else { Found::NotDone })
    }
}

#[cfg(test)]
mod tests {
    use super::among;

    #[test]
    fn only_allowed_labels_pass_each_once_and_as_written_in_the_list() {
        let allowed = ["bug".to_owned(), "needs-info".to_owned()];
        let asked = ["Needs-Info", " bug ", "security", "bug", ""];
        assert_eq!(among(&allowed, asked.into_iter()), ["needs-info", "bug"]);
    }
}
