//! The gate: a draft is cleaned, and parked if a person must look at it before it is published.

use domain::{DraftOrigin, TaskError, over_the_limit, short_sha256};
use settings::{AgentSettings, ApprovalPolicy};

use crate::Interrupt;
use crate::reply::REPLY;
use crate::reply::approval::{Approval, answered, keep_draft};
use crate::reply::clean::{Allowed, Cleaned, clean};
use crate::reply::reply_limit::limit_exceeded;
use crate::task::claimed_task::ClaimedTask;
use crate::task::interrupt::UNUSABLE;

/// What the gate looks at.
#[derive(Debug, Clone, Copy)]
struct Candidate<'a> {
    /// How sure triage was, 0 to 1.
    confidence: f64,
    /// Who wrote the draft.
    from: DraftOrigin,
    /// A safety check that tripped.
    alarm: Option<&'a str>,
    /// The thread has had as many replies this hour as it may.
    over_limit: Option<u32>,
}

/// Why the draft is parked; `None` when it may go out.
#[must_use]
fn parked_because(
    agent: &AgentSettings,
    policy: ApprovalPolicy,
    candidate: &Candidate<'_>,
) -> Option<String> {
    if candidate.from == DraftOrigin::Fallback {
        return Some(candidate.alarm.unwrap_or("it is a fallback answer").to_owned());
    }
    if let Some(alarm) = candidate.alarm {
        return Some(alarm.to_owned());
    }
    if let Some(limit) = candidate.over_limit {
        return Some(over_the_limit(limit));
    }
    match policy {
        ApprovalPolicy::Always => Some("agent.toml wants a person to look at every answer".to_owned()),
        ApprovalPolicy::LowConfidence if candidate.confidence < agent.confidence_threshold => {
            Some(format!("confidence {:.2} is below {:.2}", candidate.confidence, agent.confidence_threshold))
        }
        ApprovalPolicy::LowConfidence | ApprovalPolicy::Never => None,
    }
}

/// Passes `text`, the content of the effect `name`, through the gate. It returns if the text may go out as it is
/// by `policy` (agent.toml's own, if there is none); else the text is parked.
async fn pass(
    claimed: &ClaimedTask,
    name: &str,
    text: &str,
    from: DraftOrigin,
    alarm: Option<&str>,
    policy: Option<ApprovalPolicy>,
) -> Result<(), Interrupt> {
    if claimed.has_begun_with(name, text).await {
        // This very text passed the gate before; parking it now could not take it back.
        claimed.keep_text(text).await?;
        claimed.note_released(name, text).await;
        return Ok(());
    }
    let agent = &claimed.resources.settings.agent;
    let policy = policy.unwrap_or(agent.approval);
    let confidence = claimed.classification().await.confidence;
    // What is never published counts against no limit.
    let over_limit = if name == REPLY && !claimed.shadow { limit_exceeded(claimed).await? } else { None };
    let because = parked_because(agent, policy, &Candidate { confidence, from, alarm, over_limit });
    keep_draft(claimed, text, from, name, because).await?;
    claimed.note_released(name, text).await;
    Ok(())
}

/// Likewise; returns what a person has approved, if one had to, else `text` itself.
pub(crate) async fn release(
    claimed: &ClaimedTask,
    name: &str,
    text: String,
    alarm: Option<&str>,
    policy: Option<ApprovalPolicy>,
) -> Result<Approval, Interrupt> {
    if let Some(approval) = answered(claimed, name, Some(&text)).await? {
        return Ok(approval);
    }
    pass(claimed, name, &text, DraftOrigin::Model, alarm, policy).await?;
    Ok(Approval { text, edited: false, by: claimed.resources.settings.agent.name.clone() })
}

/// The cleaned reply, if it may go out as it is; else it is parked, and always if there is a reason `why`.
pub(crate) async fn pass_reply(
    claimed: &ClaimedTask,
    text: &str,
    from: DraftOrigin,
    why: Option<&str>,
) -> Result<String, Interrupt> {
    let Cleaned { text, alarm } = cleaned(claimed, text)?;
    let alarm = [why, alarm.as_deref()].into_iter().flatten().collect::<Vec<_>>().join("; ");
    let alarm = (!alarm.is_empty()).then_some(alarm.as_str());
    let passed = pass(claimed, REPLY, &text, from, alarm, None).await;
    if why.is_some() && matches!(passed, Err(Interrupt::Park)) {
        stands_in(claimed, &text).await;
    }
    passed.map(|()| text)
}

/// Notes that the draft `text` stands in for what could not be done: once a person has approved it, its publication is all
/// that is left to do, and nothing that was refused is tried behind their back.
async fn stands_in(claimed: &ClaimedTask, text: &str) {
    let doc = &mut claimed.task.lock().await.doc;
    // Of several questions that are asked side by side, another one may be parked.
    let hash = doc.draft.as_ref().map(|draft| draft.hash.clone());
    doc.stand_in = hash.filter(|hash| *hash == short_sha256(text)).or(doc.stand_in.take());
}

/// `text` without what must not go out.
pub(crate) fn cleaned(claimed: &ClaimedTask, text: &str) -> Result<Cleaned, Interrupt> {
    let agent = &claimed.resources.settings.agent;
    let event = &claimed.event;
    let allowed = Allowed::new(&event.actor, &agent.link_hosts, &agent.image_hosts)
        .with_addresses_of(&event.text)
        .with_addresses_of(event.opening.as_deref().unwrap_or_default())
        .with_hosts_of(&agent.persona);
    let allowed = agent.documents.iter().fold(allowed, |all, document| all.with_hosts_of(&document.text));
    let allowed = thread_addresses(claimed)
        .fold(allowed, |allowed, thread| allowed.with_repository(&event.tenant, &thread));
    let cleaned = clean(text, &allowed, &agent.persona);
    if cleaned.text.is_empty() {
        let error = TaskError::new(REPLY, UNUSABLE, "nothing was left of the draft after cleaning");
        return Err(Interrupt::fail(error));
    }
    Ok(cleaned)
}

/// Where the event's thread can be looked at: by our client's word, and by that of its forge, which signs it. They
/// differ where the client speaks to another address, such as a stand-in.
fn thread_addresses(claimed: &ClaimedTask) -> impl Iterator<Item = String> {
    let target = claimed.event.target.as_ref();
    let ours = target.and_then(|target| claimed.resources.services.of(target).ok()?.link(target));
    ours.into_iter().chain(target.and_then(|_| claimed.event.link.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use settings::Hosts;
    use std::time::Duration;

    fn agent() -> AgentSettings {
        AgentSettings {
            name: "a".to_owned(),
            persona: String::new(),
            documents: Vec::new(),
            history: 5,
            approval: ApprovalPolicy::Always,
            confidence_threshold: 0.8,
            approval_expires: Duration::from_secs(1),
            link_hosts: Hosts::default(),
            image_hosts: Hosts::default(),
            media_hosts: Hosts::default(),
            default_automation: "reply".to_owned(),
        }
    }

    fn sure() -> Candidate<'static> {
        Candidate { confidence: 0.8, from: DraftOrigin::Model, alarm: None, over_limit: None }
    }

    #[test]
    fn confidence_at_the_threshold_passes_and_below_parks() {
        let agent = agent();
        let because =
            |candidate: Candidate<'_>| parked_because(&agent, ApprovalPolicy::LowConfidence, &candidate);
        assert_eq!(because(sure()), None);
        let unsure = Candidate { confidence: 0.79, ..sure() };
        assert!(because(unsure).is_some_and(|why| why.contains("0.79")));
    }

    #[test]
    fn always_parks_and_never_passes() {
        assert!(parked_because(&agent(), ApprovalPolicy::Always, &sure()).is_some());
        let unsure = Candidate { confidence: 0.0, ..sure() };
        assert_eq!(parked_because(&agent(), ApprovalPolicy::Never, &unsure), None);
    }

    #[test]
    fn alarms_fallbacks_and_limits_park_under_every_policy() {
        let agent = agent();
        let because = |candidate: Candidate<'_>| parked_because(&agent, ApprovalPolicy::Never, &candidate);
        assert!(because(Candidate { alarm: Some("leak"), ..sure() }).is_some());
        assert!(because(Candidate { from: DraftOrigin::Fallback, ..sure() }).is_some());
        assert!(because(Candidate { over_limit: Some(5), ..sure() }).is_some());
    }
}
