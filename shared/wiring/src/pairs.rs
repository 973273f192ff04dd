//! Which source can be handled by which automation: some automations answer in the thread of an event, and the events of
//! some senders have none that anybody can answer in.

use std::path::Path;

use domain::Target;
use settings::{Mistake, Mistakes, Settings, SourceSettings, needs_thread};
use webhook::FieldMap;

use crate::OutsideService;
use crate::needs::answers_in;

/// The automation that answers in the thread.
const REPLY: &str = "reply";
/// The automation that labels the thread.
const LABEL: &str = "label";
/// The automation that does nothing.
const IGNORE: &str = "ignore";

/// Whether `automation` can handle events of `source`. Of automations in code it is assumed.
#[must_use]
pub fn can_handle(source: &SourceSettings, automation: &str) -> bool {
    match automation {
        REPLY => answers_in(source).is_some(),
        LABEL => answers_in(source).is_some_and(OutsideService::has_labels),
        _ => true,
    }
}

/// Whether `automation` has a place to act in: the thread at `target`, if it needs one. Of automations in code it is
/// assumed.
#[must_use]
pub fn has_place(target: Option<&Target>, automation: &str) -> bool {
    match target {
        None => !needs_thread(automation),
        Some(target) => automation != LABEL || target.takes_labels(),
    }
}

/// Whether all that `automation` can do is an answer in the thread of the event. Of automations in code it is not known.
#[must_use]
pub fn only_answers(automation: &str) -> bool {
    matches!(automation, REPLY | IGNORE)
}

/// Whether `automation` shows an event to a model whatever the event is. Of automations in code it is not known.
#[must_use]
pub fn always_asks(automation: &str) -> bool {
    matches!(automation, REPLY | "summarise")
}

/// The kinds of GitHub's events that have a thread without labels.
const UNLABELLED: [&str; 2] = ["discussion", "discussion_comment"];

/// Whether `automation` publishes elsewhere than in the thread of the event, where more people may read it.
#[must_use]
pub fn tells_others(automation: &str) -> bool {
    automation == "summarise"
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

/// Refuses every pair of a source and an automation that cannot work. Intents whose automation cannot handle the events
/// of a source are not offered for them, so that only a default can go wrong, and an intent that fits no source.
///
/// # Errors
/// [`Mistakes`], in the `file` that `settings` were read from.
pub fn check_pairs(settings: &Settings, file: &Path) -> Result<(), Mistakes> {
    let mut found = Vec::new();
    for (name, source) in &settings.sources {
        let automation = settings.default_of(source);
        if !can_handle(source, automation) {
            let problem = format!(
                "\"{automation}\" is the default for events that fit no intent, but it cannot handle them: {}",
                why(source, automation)
            );
            let suggestion = "name another with `automation` in this section: \"ignore\", \"summarise\", or one of your own";
            found.push(mistake(file, source, format!("sources.{name}"), problem, suggestion.to_owned()));
        } else if needs_thread(automation) {
            for (key, events) in threadless(source, automation) {
                let lacks = if automation == LABEL { "nothing that takes labels" } else { "no thread" };
                let problem = format!(
                    "\"{automation}\" handles {events} where no intent fits, and cannot: it has {lacks}"
                );
                found.push(mistake(file, source, format!("sources.{name}.{key}"), problem, APART.to_owned()));
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
            found.push(mistake(file, source, format!("sources.{name}"), problem, suggestion.to_owned()));
        }
    }
    Mistakes::check(found)
}

/// What to do where some events of a source have no thread.
const APART: &str =
    "take it out; or name another `automation` in this section, or give it a source of its own with one";

/// The events of sources that name no `events` for which nobody can be answered: what becomes of them, each as a
/// sentence that begins with the place in `file`.
#[must_use]
pub fn unanswered(settings: &Settings, file: &Path) -> Vec<String> {
    let mut notes = Vec::new();
    for (name, source) in &settings.sources {
        let (kinds, automation) = (source.sender.provider.row().threadless, settings.default_of(source));
        let is_meant = source.filter.events.is_none() && needs_thread(automation);
        if kinds.is_empty() || !is_meant || !can_handle(source, automation) {
            continue;
        }
        let unlabelled = UNLABELLED.iter().filter(|_| automation == LABEL);
        let kinds = kinds.iter().chain(unlabelled).copied().collect::<Vec<_>>().join(", ");
        let problem = format!("\"{automation}\" acts in threads, and can do nothing about {kinds}");
        let outcome = match settings.handles_without_thread(name) {
            true => "they are sorted, and ignored where no intent fits",
            false => "they are ignored; a source of its own with another `automation` takes them",
        };
        notes.push(mistake(file, source, format!("sources.{name}"), problem, outcome.to_owned()).to_string());
    }
    notes
}

fn mistake(
    file: &Path,
    source: &SourceSettings,
    key: String,
    problem: String,
    suggestion: String,
) -> Mistake {
    Mistake { origin: file.display().to_string(), at: source.at, key, problem, suggestion: Some(suggestion) }
}

/// The events that `source` takes by name and `automation` has no place to act in for, each with the key of the section that says so.
fn threadless<'s>(
    source: &'s SourceSettings,
    automation: &str,
) -> impl Iterator<Item = (&'static str, &'s str)> {
    let labels = automation == LABEL;
    let (row, map) = (source.sender.provider.row(), &source.sender.map);
    let is_mapped = *map != FieldMap::default();
    let lacks_thread = move |kind: &str| match row.kinds.iter().any(|(known, _)| *known == kind) {
        true => row.threadless.contains(&kind) || (labels && UNLABELLED.contains(&kind)),
        false => is_mapped && (!row.threadless.is_empty() || map.thread.is_none()),
    };
    let listed = source.filter.events.iter().flatten().map(String::as_str);
    let listed = listed.filter(move |event| lacks_thread(event.split('.').next().unwrap_or_default()));
    let all = (source.filter.events.is_none() && lacks_thread("")).then_some(("map", "what it describes"));
    listed.map(|event| ("events", event)).chain(all)
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

    fn settings(toml: &str) -> Settings {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("p.md"), "You are careful.").unwrap();
        let text = format!("[agent]\npersona = \"p.md\"\n{toml}");
        Settings::parse(&text, dir.path()).unwrap()
    }

    fn said(toml: &str) -> Vec<String> {
        let checked = check_pairs(&settings(toml), Path::new("agent.toml"));
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

        let discussion = "events = [\"discussion.created\", \"issues.opened\"]";
        let label = "[automations.label]\nallowed = [\"bug\"]\n";
        let found = said(&format!("{label}[sources.github]\nautomation = \"label\"\n{discussion}"));
        assert!(found.len() == 1 && found[0].contains("discussion.created"), "{found:?}");
        assert_eq!(said(&format!("[sources.github]\n{discussion}")), [""; 0]);
    }

    #[test]
    fn events_without_a_thread_that_nobody_named_are_told_with_their_place_and_what_becomes_of_them() {
        let notes = |toml: &str| unanswered(&settings(toml), Path::new("agent.toml"));
        let found = notes("[sources.github]\n[sources.slack]\n");
        assert_eq!(found.len(), 1, "{found:?}");
        for part in ["agent.toml:3:10: sources.github", "release, workflow_run", "\"reply\"", "are ignored"] {
            assert!(found[0].contains(part), "{part}: {found:?}");
        }
        let intent = "[[intents]]\nname = \"x\"\nwhen = \"x\"\nautomation = \"ignore\"";
        let sorted = notes(&format!("[sources.github]\n{intent}"));
        assert!(sorted[0].contains("are sorted"), "{sorted:?}");
        for sound in ["automation = \"ignore\"", "events = [\"issues.opened\"]"] {
            assert_eq!(notes(&format!("[sources.github]\n{sound}")), [""; 0]);
        }
    }

    #[test]
    fn what_a_map_describes_without_a_thread_is_refused_where_the_default_answers_in_threads() {
        let map = "[sources.github]\nmap = { text = \"/ref\" }\n";
        let whole = said(map);
        assert!(whole.len() == 1 && whole[0].contains("agent.toml:3:10: sources.github.map"), "{whole:?}");
        let listed = said(&format!("{map}events = [\"issues.opened\", \"push\", \"check_run.completed\"]"));
        assert_eq!(listed.len(), 2, "{listed:?}");
        assert!(listed[0].contains("push") && listed[1].contains("check_run.completed"), "{listed:?}");
        assert_eq!(said(&format!("{map}automation = \"ignore\"")), [""; 0]);

        let trigger = |thread| {
            said(&format!(
                "[sources.zendesk]\nsubdomain = \"acme\"\nmap = {{ {thread}public = \"/public\" }}\n"
            ))
        };
        assert_eq!(trigger("thread = \"/id\", "), [""; 0]);
        assert!(trigger("")[0].contains("sources.zendesk.map"), "a trigger that names no ticket");
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
