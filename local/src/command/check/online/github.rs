//! GitHub: what the credentials may do, and whether its hooks send here.

mod hook;
mod trial;

use std::collections::{BTreeMap, BTreeSet};

use ::github::{Github, Grants};
use settings::{Settings, SourceSettings};
use webhook::Provider;

use super::Finding;
use crate::command::github_permissions::{USUAL, kinds, needed};

const PERMISSIONS: &str = "GitHub permissions";
/// Repositories that are looked at where agent.toml names none.
const LOOKED_AT: usize = 3;

/// Looks at the permissions that the events of agent.toml need, and at the hooks that GitHub lets us see.
pub(super) async fn look(settings: &Settings, github: &Github, url: Option<&str>) -> Vec<Finding> {
    let of_github = |source: &&SourceSettings| source.sender.provider == Provider::Github;
    let sources: Vec<&SourceSettings> = settings.sources.values().filter(of_github).collect();
    let usual = || USUAL.iter().map(ToString::to_string).collect::<Vec<_>>();
    let events: Vec<String> =
        sources.iter().flat_map(|source| source.filter.events.clone().unwrap_or_else(usual)).collect();
    let kinds = kinds(&events);
    let hooks: Vec<&String> = sources.iter().flat_map(|source| &source.hooks).collect();
    let Ok(grants) = github.grants().await else {
        // The account's own line says it.
        return Vec::new();
    };
    let reached = match &grants {
        // It has one hook, of its own.
        Grants::App { .. } => Reached { names: Vec::new(), are_all: true },
        _ => Reached::by(github, &sources).await,
    };
    let mut findings = match &grants {
        Grants::Untold => trial::tried(github, &reached, &needs(&kinds, &hooks)).await,
        Grants::Scopes(scopes) => vec![scoped(scopes)],
        Grants::App { permissions, events } => of_app(permissions, events, &kinds, &hooks),
    };
    for source in sources {
        findings.extend(hook::look(github, source, &reached, url).await);
    }
    findings
}

/// Repositories that the credentials reach.
#[derive(Debug)]
struct Reached {
    /// Those of `hooks` in agent.toml; without, those that GitHub names, the last changed first.
    names: Vec<String>,
    /// Whether there are surely no more.
    are_all: bool,
}

impl Reached {
    async fn by(github: &Github, sources: &[&SourceSettings]) -> Self {
        let named = sources.iter().flat_map(|source| &source.hooks).filter(|name| name.contains('/'));
        let names: Vec<String> = named.cloned().collect();
        if !names.is_empty() {
            return Self { names, are_all: false };
        }
        // Where they are not listed, what needs them says that it could not be looked at.
        let mut names = github.repositories(LOOKED_AT + 1).await.unwrap_or_default();
        let are_all = names.len() <= LOOKED_AT;
        names.truncate(LOOKED_AT);
        Self { names, are_all }
    }
}

/// What an App may do, and what it is sent.
fn of_app(
    permissions: &BTreeMap<String, String>,
    events: &[String],
    kinds: &BTreeSet<&str>,
    hooks: &[&String],
) -> Vec<Finding> {
    let missing: Vec<&str> =
        kinds.iter().copied().filter(|kind| !events.iter().any(|event| event == kind)).collect();
    // Hooks of others have subscriptions of their own.
    let subscribed = hooks.is_empty().then(|| subscribed(&missing));
    [allowed(permissions, &needs(kinds, hooks))].into_iter().chain(subscribed).collect()
}

/// What it takes to answer these events, to read what these hooks could not deliver, and to have it sent again.
fn needs(kinds: &BTreeSet<&str>, hooks: &[&String]) -> BTreeMap<&'static str, &'static str> {
    let of_hook = |hook: &&String| {
        (if hook.contains('/') { "repository_hooks" } else { "organization_hooks" }, "write")
    };
    needed(kinds).into_iter().chain(hooks.iter().map(of_hook)).collect()
}

fn scoped(scopes: &[String]) -> Finding {
    let may_write = scopes.iter().any(|scope| matches!(scope.as_str(), "repo" | "public_repo"));
    let said = format!("the token has the scopes {}", scopes.join(", "));
    if may_write {
        return Finding::ok(PERMISSIONS, said);
    }
    let mend = "make a token with the scope repo (public_repo for public repositories), or better a fine-grained one";
    Finding::wrong(PERMISSIONS, said, mend)
}

fn allowed(has: &BTreeMap<String, String>, needs: &BTreeMap<&str, &str>) -> Finding {
    let is_enough = |name: &str, access: &str| match has.get(name).map(String::as_str) {
        Some("write" | "admin") => true,
        Some("read") => access == "read",
        _ => false,
    };
    let missing: BTreeMap<&str, &str> = needs
        .iter()
        .filter(|(name, access)| !is_enough(name, access))
        .map(|(name, access)| (*name, *access))
        .collect();
    if missing.is_empty() {
        return Finding::ok(PERMISSIONS, format!("the App has {}", list(needs)));
    }
    let mend =
        "on the App's page, Permissions & events; then accept the new permissions where it is installed";
    Finding::wrong(PERMISSIONS, format!("the App lacks {}", list(&missing)), mend)
}

fn subscribed(missing: &[&str]) -> Finding {
    const WHAT: &str = "GitHub events";
    if missing.is_empty() {
        return Finding::ok(WHAT, "the App is sent what agent.toml takes");
    }
    let mend = "on the App's page, Permissions & events, Subscribe to events";
    Finding::wrong(WHAT, format!("the App is not sent {}", missing.join(", ")), mend)
}

fn list(permissions: &BTreeMap<&str, &str>) -> String {
    permissions.iter().map(|(name, access)| format!("{name}: {access}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    /// Of an App that may do so, and is sent `issues`.
    fn states(permissions: &[(&str, &str)], kinds: &[&str], hooks: &[&String]) -> Vec<State> {
        let permissions = permissions.iter().map(|(n, a)| ((*n).to_owned(), (*a).to_owned())).collect();
        let kinds = kinds.iter().copied().collect();
        let findings = of_app(&permissions, &["issues".to_owned()], &kinds, hooks);
        findings.iter().map(|finding| finding.state).collect()
    }

    #[test]
    fn an_app_needs_the_permissions_and_the_subscriptions_of_its_events() {
        let all = [("issues", "write"), ("metadata", "read")];
        assert_eq!(states(&all, &["issues"], &[]), [State::Ok, State::Ok]);
        let reads = [("issues", "read"), ("metadata", "read")];
        assert_eq!(states(&reads, &["issues"], &[]), [State::Wrong, State::Ok]);
        assert_eq!(states(&all, &["issues", "discussion"], &[]), [State::Wrong, State::Wrong]);
    }

    #[test]
    fn an_app_needs_the_permission_of_each_hook_that_is_named_and_its_own_subscriptions_are_not_all() {
        let all = [("issues", "write"), ("metadata", "read"), ("repository_hooks", "write")];
        let (repository, organisation) = ("octo/repo".to_owned(), "octo".to_owned());
        let states = |hooks: &[&String]| states(&all, &["issues", "milestone"], hooks);
        assert_eq!(states(&[&repository]), [State::Ok]);
        assert_eq!(states(&[&repository, &organisation]), [State::Wrong]);
    }

    #[test]
    fn a_classic_token_needs_a_scope_that_writes() {
        assert_eq!(scoped(&["repo".to_owned()]).state, State::Ok);
        assert_eq!(scoped(&["read:user".to_owned()]).state, State::Wrong);
    }
}
