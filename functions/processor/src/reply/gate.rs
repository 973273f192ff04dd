//! The gate: a draft is cleaned, and parked if a person must look at it before it is published.

use domain::{DraftOrigin, TaskError};
use settings::{AgentSettings, ApprovalPolicy};

use crate::Interrupt;
use crate::reply::approval::{Approval, REPLY, answered, ask_person, keep_draft};
use crate::reply::clean::{Allowed, Cleaned, clean};
use crate::reply::reply_limit::limit_exceeded;
use crate::task::claimed_task::ClaimedTask;

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
fn parked_because(agent: &AgentSettings, candidate: &Candidate<'_>) -> Option<String> {
    if candidate.from == DraftOrigin::Fallback {
        let alarm = candidate.alarm.map(|alarm| format!("; {alarm}")).unwrap_or_default();
        return Some(format!("it is a fallback answer: no model could be had{alarm}"));
    }
    if let Some(alarm) = candidate.alarm {
        return Some(alarm.to_owned());
    }
    if let Some(limit) = candidate.over_limit {
        return Some(format!("the thread has had {limit} replies within the hour"));
    }
    match agent.approval {
        ApprovalPolicy::Always => Some("agent.toml wants a person to look at every answer".to_owned()),
        ApprovalPolicy::LowConfidence if candidate.confidence < agent.confidence_threshold => {
            Some(format!("confidence {:.2} is below {:.2}", candidate.confidence, agent.confidence_threshold))
        }
        ApprovalPolicy::LowConfidence | ApprovalPolicy::Never => None,
    }
}

/// The cleaned reply if it may go out as it is; else it is parked.
pub(crate) async fn pass_reply(
    claimed: &ClaimedTask,
    text: &str,
    from: DraftOrigin,
) -> Result<String, Interrupt> {
    let Cleaned { text, alarm } = cleaned(claimed, text)?;
    if claimed.has_begun(REPLY).await {
        // It passed the gate before; parking it now could not take it back.
        claimed.keep_text(&text).await?;
        return Ok(text);
    }
    let candidate = Candidate {
        confidence: claimed.classification().await.confidence,
        from,
        alarm: alarm.as_deref(),
        over_limit: limit_exceeded(claimed).await?,
    };
    let because = parked_because(&claimed.resources.config.agent, &candidate);
    keep_draft(claimed, &text, from, REPLY, because).await?;
    Ok(text)
}

/// Passes `text`, the content of the effect `name`, through the gate: approved by a person where `policy`
/// (agent.toml's own, if there is none) or an `alarm` wants that.
pub(crate) async fn pass(
    claimed: &ClaimedTask,
    name: &str,
    text: String,
    alarm: Option<&str>,
    policy: Option<ApprovalPolicy>,
) -> Result<Approval, Interrupt> {
    if let Some(approval) = answered(claimed, name).await? {
        return Ok(approval);
    }
    let agent = &claimed.resources.config.agent;
    let agent = AgentSettings { approval: policy.unwrap_or(agent.approval), ..agent.clone() };
    let confidence = claimed.classification().await.confidence;
    let candidate = Candidate { confidence, from: DraftOrigin::Model, alarm, over_limit: None };
    let approval = Approval { text, edited: false, by: agent.name.clone() };
    if claimed.has_begun(name).await {
        // It passed the gate before; parking it now could not take it back.
        claimed.keep_text(&approval.text).await?;
        return Ok(approval);
    }
    match parked_because(&agent, &candidate) {
        Some(because) => ask_person(claimed, name, &approval.text, &because).await,
        None => {
            keep_draft(claimed, &approval.text, DraftOrigin::Model, name, None).await?;
            Ok(approval)
        }
    }
}

/// `text` without what must not go out.
pub(crate) fn cleaned(claimed: &ClaimedTask, text: &str) -> Result<Cleaned, Interrupt> {
    let agent = &claimed.resources.config.agent;
    let event = &claimed.event;
    let allowed = Allowed::new(&event.actor, &agent.link_hosts)
        .with_addresses_of(&event.text)
        .with_addresses_of(event.opening.as_deref().unwrap_or_default())
        .with_hosts_of(&agent.persona);
    let allowed = agent.documents.iter().fold(allowed, |all, document| all.with_hosts_of(&document.text));
    let cleaned = clean(text, &allowed, &agent.persona);
    if cleaned.text.is_empty() {
        let error = TaskError::new(REPLY, "empty_draft", "nothing was left of the draft after cleaning");
        return Err(Interrupt::fail(error));
    }
    Ok(cleaned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use settings::Hosts;
    use std::time::Duration;

    fn agent(approval: ApprovalPolicy) -> AgentSettings {
        AgentSettings {
            name: "a".to_owned(),
            persona: String::new(),
            documents: Vec::new(),
            history: 5,
            approval,
            confidence_threshold: 0.8,
            approval_expires: Duration::from_secs(1),
            link_hosts: Hosts::default(),
            media_hosts: Hosts::default(),
            default_automation: "reply".to_owned(),
        }
    }

    fn sure() -> Candidate<'static> {
        Candidate { confidence: 0.8, from: DraftOrigin::Model, alarm: None, over_limit: None }
    }

    #[test]
    fn confidence_at_the_threshold_passes_and_below_parks() {
        let agent = agent(ApprovalPolicy::LowConfidence);
        assert_eq!(parked_because(&agent, &sure()), None);
        let unsure = Candidate { confidence: 0.79, ..sure() };
        assert!(parked_because(&agent, &unsure).is_some_and(|why| why.contains("0.79")));
    }

    #[test]
    fn always_parks_and_never_passes() {
        assert!(parked_because(&agent(ApprovalPolicy::Always), &sure()).is_some());
        let unsure = Candidate { confidence: 0.0, ..sure() };
        assert_eq!(parked_because(&agent(ApprovalPolicy::Never), &unsure), None);
    }

    #[test]
    fn alarms_fallbacks_and_limits_park_under_every_policy() {
        let agent = agent(ApprovalPolicy::Never);
        assert!(parked_because(&agent, &Candidate { alarm: Some("leak"), ..sure() }).is_some());
        assert!(parked_because(&agent, &Candidate { from: DraftOrigin::Fallback, ..sure() }).is_some());
        assert!(parked_because(&agent, &Candidate { over_limit: Some(5), ..sure() }).is_some());
    }
}
