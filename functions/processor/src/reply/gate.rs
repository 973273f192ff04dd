//! The gate: whether a person must look at a draft before it is published.

use domain::DraftOrigin;
use settings::{AgentSettings, ApprovalPolicy};

/// What the gate looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate<'a> {
    /// How sure triage was, 0 to 1.
    pub confidence: f64,
    /// Who wrote the draft.
    pub from: DraftOrigin,
    /// A safety check that tripped.
    pub alarm: Option<&'a str>,
    /// The thread has had as many replies this hour as it may.
    pub over_cap: Option<u32>,
}

/// Why the draft is parked; `None` when it may go out.
#[must_use]
pub(crate) fn parked_because(agent: &AgentSettings, candidate: &Candidate<'_>) -> Option<String> {
    if candidate.from == DraftOrigin::Fallback {
        let alarm = candidate.alarm.map(|alarm| format!("; {alarm}")).unwrap_or_default();
        return Some(format!("it is a fallback answer: no model could be had{alarm}"));
    }
    if let Some(alarm) = candidate.alarm {
        return Some(alarm.to_owned());
    }
    if let Some(cap) = candidate.over_cap {
        return Some(format!("the thread has had {cap} replies within the hour"));
    }
    match agent.approval {
        ApprovalPolicy::Always => Some("agent.toml wants a person to look at every answer".to_owned()),
        ApprovalPolicy::LowConfidence if candidate.confidence < agent.confidence_threshold => {
            Some(format!("confidence {:.2} is below {:.2}", candidate.confidence, agent.confidence_threshold))
        }
        ApprovalPolicy::LowConfidence | ApprovalPolicy::Never => None,
    }
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
        Candidate { confidence: 0.8, from: DraftOrigin::Model, alarm: None, over_cap: None }
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
    fn alarms_fallbacks_and_caps_park_under_every_policy() {
        let agent = agent(ApprovalPolicy::Never);
        assert!(parked_because(&agent, &Candidate { alarm: Some("leak"), ..sure() }).is_some());
        assert!(parked_because(&agent, &Candidate { from: DraftOrigin::Fallback, ..sure() }).is_some());
        assert!(parked_because(&agent, &Candidate { over_cap: Some(5), ..sure() }).is_some());
    }
}
