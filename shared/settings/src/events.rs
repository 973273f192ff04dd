//! Names of events that a source may list. A misspelt name must be found here: nobody would notice that its event
//! never comes.

use serde_json::{Value, json};
use webhook::{Kinds, Provider};

use crate::suggest::{list, nearest};

/// `Err` with a suggestion when `provider` has no such event, or one that no automation can use.
///
/// An action that is like none of the known ones passes: senders add some now and then. So does every name where
/// a map `is_mapped` the events that no reader of ours knows.
pub(crate) fn check(provider: Provider, is_mapped: bool, name: &str) -> Result<(), String> {
    match provider.row().kinds {
        _ if is_mapped => check_form(name),
        [] => check_form(name),
        kinds => check_kind(kinds, name, if provider.row().takes_map { MAPPED } else { "" }),
    }
}

/// What else there is, where the sender has more kinds of events than we read.
const MAPPED: &str = "; any other kind needs a `map` that describes it, and an `automation` without a thread";

/// What [`check`] lets pass, in keywords of JSON Schema: the known events by their names, so that editors can
/// offer them, and whatever else may come. Kinds stand for all their events where `kinds_too`.
pub(crate) fn keywords(provider: Provider, kinds_too: bool) -> Value {
    let unmapped = unmapped_keywords(provider, kinds_too);
    match unmapped.get("anyOf") {
        Some(known) if provider.row().takes_map => json!({"anyOf": [known[0], any()]}),
        _ => unmapped,
    }
}

fn any() -> Value {
    json!({"pattern": r"^[a-z0-9_]+(\.[a-z0-9_]+)*$"})
}

/// The same of a source without a map, whose events are of known kinds.
pub(crate) fn unmapped_keywords(provider: Provider, kinds_too: bool) -> Value {
    let kinds = provider.row().kinds;
    if kinds.is_empty() {
        return any();
    }
    let mut known = Vec::new();
    for (kind, actions) in kinds {
        if kinds_too || actions.is_empty() {
            known.push((*kind).to_owned());
        }
        known.extend(actions.iter().map(|action| format!("{kind}.{action}")));
    }
    let kinds: Vec<&str> = kinds.iter().map(|(kind, _)| *kind).collect();
    json!({"anyOf": [{"enum": known}, {"pattern": format!(r"^({})\.", kinds.join("|"))}]})
}

/// Names of events of a sender with an open set of them: words with dots in between.
fn check_form(name: &str) -> Result<(), String> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let is_event = |name: &str| name.split('.').all(|word| !word.is_empty() && word.chars().all(is_plain));
    if is_event(name) {
        return Ok(());
    }
    let meant = name.to_lowercase().replace(['/', ':', ' '], ".").replace('-', "_");
    Err(if is_event(&meant) {
        format!("did you mean \"{meant}\"?")
    } else {
        "write words with dots in between, such as \"order.created\"".to_owned()
    })
}

/// A name that is like none of `kinds` may be that of one of the `others`.
fn check_kind(kinds: Kinds, name: &str, others: &str) -> Result<(), String> {
    let names: Vec<&str> = kinds.iter().map(|(kind, _)| *kind).collect();
    let all = || format!("supported kinds: {}{others}", list(&names));
    let known = |kind: &str| kinds.iter().find(|(known, _)| *known == kind).map(|(_, actions)| *actions);
    let Some((kind, action)) = name.split_once('.') else {
        let Some(kind) = nearest(name, names.iter().copied()) else {
            return Err(all());
        };
        return match known(kind).and_then(<[_]>::first) {
            // A kind without actions is an event of its own.
            None if kind == name => Ok(()),
            None => Err(format!("did you mean \"{kind}\"?")),
            Some(_) => Err(format!("write kind and action, such as \"{kind}.{}\"", usual(kinds, kind))),
        };
    };
    let Some(actions) = known(kind) else {
        return Err(match nearest(kind, names.iter().copied()) {
            Some(known) => format!("did you mean \"{known}.{action}\"?"),
            None => all(),
        });
    };
    match nearest(action, actions.iter().copied()) {
        Some(known) if known != action => Err(format!("did you mean \"{kind}.{known}\"?")),
        _ => Ok(()),
    }
}

/// The action that people mostly mean: something was made.
fn usual(kinds: Kinds, kind: &str) -> &'static str {
    let actions = kinds.iter().find(|(known, _)| *known == kind).map_or(&[][..], |(_, actions)| actions);
    let begins = ["opened", "created", "open", "create", "triggered"];
    let usual = begins.iter().find_map(|usual| actions.iter().find(|action| *action == usual));
    usual.or(actions.first()).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use webhook::Provider;

    fn check(provider: Provider, name: &str) -> Result<(), String> {
        super::check(provider, false, name)
    }

    #[test]
    fn every_known_event_passes() {
        for provider in Provider::ALL {
            for (kind, actions) in provider.row().kinds {
                for action in *actions {
                    assert_eq!(check(*provider, &format!("{kind}.{action}")), Ok(()));
                }
            }
        }
        assert_eq!(check(Provider::Slack, "app_mention"), Ok(()));
        assert_eq!(check(Provider::Stripe, "charge.dispute.created"), Ok(()));
    }

    #[test]
    fn misspelt_names_get_the_right_one() {
        let suggestion = |name| check(Provider::Github, name).unwrap_err();
        assert_eq!(suggestion("issue.opened"), "did you mean \"issues.opened\"?");
        assert_eq!(suggestion("issues.openend"), "did you mean \"issues.opened\"?");
        assert_eq!(suggestion("issue_comments"), "write kind and action, such as \"issue_comment.created\"");
        // Some kinds of GitHub have no action.
        for other in ["push.x", "push"] {
            assert_eq!(
                suggestion(other),
                "supported kinds: `issues`, `issue_comment`, `discussion`, `discussion_comment`, `pull_request`, \
                 `pull_request_review`, `pull_request_review_comment`, `release`, `workflow_run`; any other kind needs a `map` \
                 that describes it, and an `automation` without a thread"
            );
        }
        let suggestion = |provider, name| check(provider, name).unwrap_err();
        assert_eq!(suggestion(Provider::Stripe, "charge/failed"), "did you mean \"charge.failed\"?");
        for beyond_help in ["charge!.failed", "charge..failed", ""] {
            let advice = "write words with dots in between, such as \"order.created\"";
            assert_eq!(suggestion(Provider::Stripe, beyond_help), advice);
        }
        assert_eq!(suggestion(Provider::Slack, "app_mentions"), "did you mean \"app_mention\"?");
        assert_eq!(
            suggestion(Provider::Slack, "message"),
            "write kind and action, such as \"message.channels\""
        );
        assert_eq!(suggestion(Provider::Shopify, "orders/create"), "did you mean \"orders.create\"?");
        assert_eq!(suggestion(Provider::Gitlab, "issue"), "write kind and action, such as \"issue.open\"");
    }

    #[test]
    fn any_event_passes_where_a_map_describes_it() {
        assert_eq!(super::check(Provider::Github, true, "check_run.completed"), Ok(()));
        assert!(super::check(Provider::Github, true, "Check Run").is_err());
        assert!(check(Provider::Github, "check_run.completed").is_err());
    }

    #[test]
    fn an_action_that_the_sender_may_have_added_passes() {
        assert_eq!(check(Provider::Github, "issues.summarized_by_robot"), Ok(()));
    }
}
