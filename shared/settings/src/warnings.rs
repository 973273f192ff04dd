//! What agent.toml may say, and should not say without knowing what it means.

use std::time::Duration;

use domain::Lane;

use crate::{ApprovalPolicy, Settings};

/// What a processor's 15 minutes leave for standard beside the least that flex is asked with.
const BESIDE_FLEX: Duration = Duration::from_mins(12);

impl Settings {
    /// What is no mistake and still dangerous, each as a sentence with the key it is about: missing bounds, and what
    /// people outside can cause without a person seeing it.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.missing_bounds();
        warnings.extend(self.too_slow_for_flex());
        if self.intents.is_empty() && self.agent.approval != ApprovalPolicy::Never {
            warnings.push(
                "intents: there is no `[[intents]]`, so triage can be sure of nothing, and each draft waits for a person; add one \
                 for each kind of event"
                    .to_owned(),
            );
        }
        for (name, call) in &self.automations.http {
            let meaning = match call.approval {
                ApprovalPolicy::Always => continue,
                ApprovalPolicy::LowConfidence => {
                    "the call is made without a person when triage is sure, and the text of an event has a say in \
                     how sure it is: whoever writes one can have it made, with parameters of their choice"
                }
                ApprovalPolicy::Never => {
                    "the call is made without a person: whoever writes an event can have it made, with parameters \
                     of their choice"
                }
            };
            warnings.push(format!("automations.http.{name}.approval: {meaning}"));
        }
        for (name, means) in [
            ("label", "can choose among the labels of automations.label.allowed"),
            ("summarise", "has a say in what is posted to the channel of automations.summarise"),
        ] {
            let is_used = self.intents.iter().any(|intent| intent.automation == name);
            if is_used && self.agent.approval == ApprovalPolicy::Never {
                let warning =
                    format!("agent.approval: with \"never\", whoever writes an event {means}, unseen");
                warnings.push(warning);
            }
        }
        warnings
    }

    fn too_slow_for_flex(&self) -> impl Iterator<Item = String> {
        let has_flex = Lane::ALL.into_iter().any(|lane| self.models.service_tier.is_flex(lane));
        let models = [&self.models.answer].into_iter().chain(&self.models.fallback);
        let limits = models.filter_map(|model| Some((model, self.models.limits.get(model)?)));
        limits.filter(move |(_, limits)| has_flex && limits.timeout > BESIDE_FLEX).map(|(model, _)| {
            format!(
                "models.limits.\"{model}\".timeout: no call of it is ever served in flex, for which a processor's 15 minutes leave \
                 no time; make it 12m or shorter"
            )
        })
    }

    fn missing_bounds(&self) -> Vec<String> {
        let budget = &self.budget;
        let bounds = [
            ("per_day_usd = 20", budget.per_day_usd.is_some(), "what all model calls of a day may cost"),
            ("per_tenant_day_usd = 5", budget.per_tenant_day_usd.is_some(), "what one tenant may cost a day"),
            (
                "per_thread_replies_per_hour = 5",
                budget.per_thread_replies_per_hour.is_some(),
                "how long two agents may answer each other in one thread",
            ),
        ];
        let missing = bounds.into_iter().filter(|(_, is_set, _)| !is_set);
        missing.map(|(example, _, what)| format!("budget: nothing bounds {what}; add `{example}`")).collect()
    }
}
