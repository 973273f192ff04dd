//! Names of events that a source may list. An event that never comes is never noticed, so a
//! misspelt name must be found here.

use crate::suggest::{list, nearest};

/// GitHub's events that become tasks, with their actions
/// (<https://docs.github.com/en/webhooks/webhook-events-and-payloads>).
const GITHUB: [(&str, &[&str]); 2] = [
    (
        "issues",
        &[
            "assigned",
            "closed",
            "deleted",
            "demilestoned",
            "edited",
            "labeled",
            "locked",
            "milestoned",
            "opened",
            "pinned",
            "reopened",
            "transferred",
            "typed",
            "unassigned",
            "unlabeled",
            "unlocked",
            "unpinned",
            "untyped",
        ],
    ),
    ("issue_comment", &["created", "deleted", "edited"]),
];

/// `Err` with a suggestion when GitHub has no such event, or one that no automation can use.
///
/// An action that is like none of the known ones passes: GitHub adds some now and then.
pub(crate) fn check_github(name: &str) -> Result<(), String> {
    let kinds = GITHUB.map(|(kind, _)| kind);
    let Some((kind, action)) = name.split_once('.') else {
        let kind = nearest(name, kinds).unwrap_or("issues");
        return Err(format!("write kind and action, such as \"{kind}.{}\"", usual_action(kind)));
    };
    let Some((_, actions)) = GITHUB.iter().find(|(known, _)| *known == kind) else {
        return Err(match nearest(kind, kinds) {
            Some(known) => format!("did you mean \"{known}.{action}\"?"),
            None => format!("supported kinds: {}", list(&kinds)),
        });
    };
    match nearest(action, actions.iter().copied()) {
        Some(known) if known != action => Err(format!("did you mean \"{kind}.{known}\"?")),
        _ => Ok(()),
    }
}

fn usual_action(kind: &str) -> &'static str {
    if kind == "issue_comment" { "created" } else { "opened" }
}

#[cfg(test)]
mod tests {
    use super::{GITHUB, check_github};

    #[test]
    fn every_known_event_passes() {
        for (kind, actions) in GITHUB {
            for action in actions {
                assert_eq!(check_github(&format!("{kind}.{action}")), Ok(()));
            }
        }
    }

    #[test]
    fn misspelt_names_get_the_right_one() {
        let suggestion = |name| check_github(name).unwrap_err();
        assert_eq!(suggestion("issue.opened"), "did you mean \"issues.opened\"?");
        assert_eq!(suggestion("issues.openend"), "did you mean \"issues.opened\"?");
        assert_eq!(suggestion("issue_comments"), "write kind and action, such as \"issue_comment.created\"");
        assert_eq!(suggestion("push.x"), "supported kinds: `issues`, `issue_comment`");
    }

    #[test]
    fn an_action_that_github_may_have_added_passes() {
        assert_eq!(check_github("issues.summarized_by_robot"), Ok(()));
    }
}
