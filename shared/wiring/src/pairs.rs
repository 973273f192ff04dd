//! Which source can be handled by which automation: some automations answer in the thread of an event, and the events of
//! some senders have none that anybody can answer in.

use std::path::Path;

use settings::{Mistake, Mistakes, Settings, SourceSettings};

use crate::OutsideService;
use crate::needs::answers_in;

/// The automation that answers in the thread.
const REPLY: &str = "reply";
/// The automation that labels the thread.
const LABEL: &str = "label";

/// Whether `automation` can handle events of `source`. Of automations in code it is assumed.
#[must_use]
pub fn can_handle(source: &SourceSettings, automation: &str) -> bool {
    match automation {
        REPLY => answers_in(source).is_some(),
        LABEL => answers_in(source).is_some_and(OutsideService::has_labels),
        _ => true,
    }
}

/// Whether `automation` has nothing to do where there is no thread. Of automations in code it is not assumed.
#[must_use]
pub fn needs_thread(automation: &str) -> bool {
    matches!(automation, REPLY | LABEL)
}

/// Why nobody can answer in the thread of an `event` of `source` that has no place to answer in.
#[must_use]
pub fn no_thread(source: &SourceSettings, event: &str) -> String {
    match lacking_site(source) {
        Some(key) => {
            format!("without `{key}` in [sources.{}] nobody knows where its threads are", source.name)
        }
        None => format!("an event of the kind {event} has no thread that anybody can answer in"),
    }
}

/// What handles the events of `source` that no intent fits.
#[must_use]
pub fn default_of<'s>(settings: &'s Settings, source: &'s SourceSettings) -> &'s str {
    source.automation.as_deref().unwrap_or(&settings.agent.default_automation)
}

/// Refuses every pair of a source and an automation that cannot work. Intents whose automation cannot handle the events
/// of a source are not offered for them, so that only a default can go wrong, and an intent that fits no source.
///
/// # Errors
/// [`Mistakes`], in the `file` that `settings` were read from.
pub fn check_pairs(settings: &Settings, file: &Path) -> Result<(), Mistakes> {
    let mistake = |at, key: String, problem: String, suggestion: String| Mistake {
        origin: file.display().to_string(),
        at,
        key,
        problem,
        suggestion: Some(suggestion),
    };
    let mut found = Vec::new();
    for (name, source) in &settings.sources {
        let automation = default_of(settings, source);
        if !can_handle(source, automation) {
            let problem = format!(
                "\"{automation}\" handles its events that no intent fits, and cannot: {}",
                why(source, automation)
            );
            let suggestion = "name another with `automation` in this section: \"ignore\", \"summarise\", or one of your own";
            found.push(mistake(source.at, format!("sources.{name}"), problem, suggestion.to_owned()));
        } else if needs_thread(automation) {
            for event in threadless(source) {
                let problem = format!(
                    "\"{automation}\" handles {event} where no intent fits, and cannot: it has no thread"
                );
                let suggestion = "take it out of `events`; or name another `automation` in this section, or give it a source of its own \
                     with one"
                    .to_owned();
                found.push(mistake(source.at, format!("sources.{name}.events"), problem, suggestion));
            }
        }
    }
    for intent in &settings.intents {
        if settings.sources.values().any(|source| can_handle(source, &intent.automation)) {
            continue;
        }
        for (name, source) in &settings.sources {
            let problem = format!(
                "the intent `{}` runs \"{}\", which cannot work: {}",
                intent.name,
                intent.automation,
                why(source, &intent.automation)
            );
            let suggestion =
                "name another automation in the intent, or enable a source whose threads can be answered";
            found.push(mistake(source.at, format!("sources.{name}"), problem, suggestion.to_owned()));
        }
    }
    Mistakes::check(found)
}

/// The events that `source` lists by name and that belong to no thread.
fn threadless(source: &SourceSettings) -> impl Iterator<Item = &String> {
    let kinds = source.sender.provider.row().threadless;
    let listed = source.filter.events.iter().flatten();
    listed.filter(|event| kinds.contains(&event.split('.').next().unwrap_or_default()))
}

/// The key without which nobody knows where the threads of `source` live.
fn lacking_site(source: &SourceSettings) -> Option<&'static str> {
    let provider = source.sender.provider;
    let is_lacking = source.sender.site.is_none() && OutsideService::of_threads(provider).is_some();
    provider.row().site.filter(|_| is_lacking).map(|site| site.key)
}

fn why(source: &SourceSettings, automation: &str) -> String {
    let provider = source.sender.provider;
    match lacking_site(source) {
        _ if automation == LABEL => format!("threads of {} have no labels", provider.name()),
        Some(key) => format!("without `{key}` nobody knows where its threads are"),
        None => format!("events of {} have no thread that anybody can answer in", provider.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(toml: &str) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("p.md"), "You are careful.").unwrap();
        let text = format!("[agent]\npersona = \"p.md\"\n{toml}");
        let settings = Settings::parse(&text, dir.path()).unwrap();
        let checked = check_pairs(&settings, Path::new("agent.toml"));
        checked.err().map_or_else(Vec::new, |it| it.as_slice().iter().map(ToString::to_string).collect())
    }

    const CUSTOM: &str = "[sources.billing]\nscheme = { header = \"X-Signature\" }\n";

    #[test]
    fn every_source_without_threads_is_refused_by_name_and_line_where_reply_takes_its_events() {
        let said = said(&format!("[sources.github]\n[sources.shopify]\n[sources.stripe]\n{CUSTOM}"));
        let named: Vec<_> =
            said.iter().map(|line| line.split(": ").take(2).collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(
            named,
            [
                "agent.toml:6:10 sources.billing",
                "agent.toml:4:10 sources.shopify",
                "agent.toml:5:10 sources.stripe"
            ]
        );
        assert!(said.iter().all(|line| line.contains("\"reply\"") && line.contains("no thread")), "{said:?}");
    }

    #[test]
    fn an_automation_of_its_own_or_another_default_makes_it_work() {
        let own = "[sources.github]\n[sources.shopify]\nautomation = \"ignore\"";
        assert_eq!(said(own), [""; 0]);
        assert_eq!(said("default_automation = \"ignore\"\n[sources.stripe]"), [""; 0]);
        assert_eq!(
            said("[sources.slack]\nautomation = \"label\"").len(),
            1,
            "Slack's threads have no labels"
        );
    }

    #[test]
    fn an_event_without_a_thread_that_is_listed_for_reply_is_refused_by_name() {
        let events = "events = [\"issues.opened\", \"release.published\", \"workflow_run.completed\"]";
        let found = said(&format!("[sources.github]\n{events}"));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("release.published") && found[1].contains("workflow_run"), "{found:?}");
        assert_eq!(said(&format!("[sources.github]\nautomation = \"ignore\"\n{events}")), [""; 0]);
        assert_eq!(said("[sources.github]\nevents = [\"issues.opened\"]"), [""; 0]);
    }

    #[test]
    fn a_site_that_is_missing_is_named() {
        let said = said("[sources.zendesk]");
        assert!(said[0].contains("without `subdomain`"), "{said:?}");
        let with = super::tests::said("[sources.zendesk]\nsubdomain = \"acme\"");
        assert_eq!(with, [""; 0]);
    }

    #[test]
    fn an_intent_that_no_source_can_have_handled_is_refused() {
        let intent = "[[intents]]\nname = \"x\"\nwhen = \"x\"\nautomation = \"reply\"";
        let alone = said(&format!("default_automation = \"ignore\"\n[sources.stripe]\n{intent}"));
        assert!(alone.len() == 1 && alone[0].contains("intent `x`"), "{alone:?}");
        let both =
            said(&format!("default_automation = \"ignore\"\n[sources.stripe]\n[sources.github]\n{intent}"));
        assert_eq!(both, [""; 0]);
    }
}
