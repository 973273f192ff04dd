//! Nothing is published, as whatever effect, that a person has not approved, unless the policy lets that very text pass.

use domain::short_sha256;

use super::After;
use crate::world::Publication;

pub(super) fn check(after: &After<'_>) -> Vec<String> {
    after.history.publications.iter().filter_map(|publication| problem(after, publication)).collect()
}

/// Whether a person has approved this very text.
pub(super) fn was_approved(after: &After<'_>, publication: &Publication) -> bool {
    let hash = short_sha256(&publication.text);
    let mut decisions = after.history.decisions_on(&publication.task, publication.at);
    decisions.any(|decision| decision.publish_hash.as_deref() == Some(&hash))
}

fn problem(after: &After<'_>, publication: &Publication) -> Option<String> {
    if was_approved(after, publication) {
        return None;
    }
    let Publication { task, text, .. } = publication;
    let is_sure = !after.world.nature_of(task).unsure;
    let may_pass = match after.world.scenario.policy.approval {
        "always" => false,
        "low_confidence" => is_sure,
        _ => true,
    };
    if !may_pass {
        let is_retried = after.history.lives.iter().any(|(id, began)| id == task && *began <= publication.at);
        let when = if is_retried { " of a later life" } else { "" };
        return Some(format!("{task}: nobody has approved the text{when} {text:?}"));
    }
    let is_answer = after.history.paid.iter().any(|paid| paid.task == *task && paid.text == *text);
    (!is_answer).then(|| format!("{task}: no model has written {text:?}"))
}
