//! `[sources.NAME]`.

use std::collections::BTreeMap;
use std::time::Duration;

use webhook::{CommentPolicy, Filter, Provider};

use crate::entry::Entry;
use crate::events;
use crate::names::{is_login, is_source};
use crate::section::Section;
use crate::suggest::{list, nearest};
use crate::variable_of;

/// `[sources.NAME]`.
#[derive(Debug, Clone)]
pub struct SourceSettings {
    /// Its name: in the route, in variables.
    pub name: String,
    /// Who sends (default: the provider of the source's name).
    pub provider: Provider,
    /// Which events are taken.
    pub filter: Filter,
    /// Events older than this by their own date are ignored (default: however old).
    pub max_event_age: Option<Duration>,
    /// Whether whoever writes its texts is trusted not to steer the agent (default `false`): only
    /// then may the texts of several events stand in one question to the triage model.
    pub trusted: bool,
}

/// Senders that agent.toml will know.
const LATER_PROVIDERS: [&str; 10] = [
    "slack",
    "stripe",
    "zendesk",
    "jira",
    "standard-webhooks",
    "shopify",
    "gitlab",
    "linear",
    "pagerduty",
    "sentry",
];

const COMMENTS: [(&str, CommentPolicy); 3] =
    [("mention", CommentPolicy::Mention), ("thread", CommentPolicy::Thread), ("never", CommentPolicy::Never)];

/// Reads all sources; there must be one.
pub(crate) fn read(root: &mut Section<'_>) -> BTreeMap<String, SourceSettings> {
    let table = root.section("sources");
    let entries = table.entries();
    if entries.is_empty() {
        root.missing("sources", "no source, so no webhook would be taken", "add `[sources.github]`");
    }
    let mut sources = BTreeMap::new();
    let mut variables = BTreeMap::new();
    for (name, span, entry) in entries {
        if let Err((problem, suggestion)) = check_name(name, &mut variables) {
            table.report.add(&span, &table.key(name), problem, Some(suggestion));
        }
        if let Some(source) = entry.section().and_then(|section| source(name, section)) {
            sources.insert(name.to_owned(), source);
        }
    }
    sources
}

/// Two names must not share the variable of their secrets: what one sender signs, the other's route
/// would take.
fn check_name<'t>(name: &'t str, variables: &mut BTreeMap<String, &'t str>) -> Result<(), (String, String)> {
    if !is_source(name) {
        let rule = "use lower-case letters, digits, `_` and `-`, a letter first".to_owned();
        return Err((format!("\"{name}\" is no name for a source"), rule));
    }
    let variable = variable_of(name);
    match variables.insert(variable.clone(), name) {
        Some(other) => {
            Err((format!("shares the variable {variable} with `{other}`"), "choose another name".to_owned()))
        }
        None => Ok(()),
    }
}

fn source(name: &str, mut section: Section<'_>) -> Option<SourceSettings> {
    let provider = provider(name, &mut section);
    let filter = Filter {
        events: section.read("events", |entry| entry.each(|item| event(&item, provider))),
        comments: section.read("respond_to_comments", |entry| entry.choice(&COMMENTS)).unwrap_or_default(),
        login: section.read("login", login),
    };
    let longest = Duration::from_hours(24 * 365);
    let max_event_age =
        section.read("max_event_age", |entry| entry.duration(Duration::from_secs(1)..=longest));
    let trusted = section.read("trusted", Entry::flag).unwrap_or(false);
    section.not_yet(&["scheme", "map", "identity", "priority"]);
    section.finish();
    Some(SourceSettings { name: name.to_owned(), provider: provider?, filter, max_event_age, trusted })
}

fn provider(name: &str, section: &mut Section<'_>) -> Option<Provider> {
    match section.get("provider") {
        Some(entry) => {
            let text = entry.text()?;
            find(&text).or_else(|| {
                let (problem, suggestion) = unknown(&text);
                entry.refuse(problem, suggestion)
            })
        }
        None => find(name).or_else(|| {
            let (problem, suggestion) = unknown(name);
            section.wrong(problem, suggestion)
        }),
    }
}

fn find(name: &str) -> Option<Provider> {
    Provider::ALL.into_iter().find(|provider| provider.name() == name)
}

fn unknown(name: &str) -> (String, String) {
    if LATER_PROVIDERS.contains(&name) {
        return (format!("the sender \"{name}\" is not supported yet"), "remove the source".to_owned());
    }
    let known = Provider::ALL.map(Provider::name);
    let suggestion = match nearest(name, known) {
        Some(known) => format!("did you mean \"{known}\"?"),
        None => format!("say who sends with `provider`: {}", list(&known)),
    };
    (format!("no sender is called \"{name}\""), suggestion)
}

fn event(entry: &Entry<'_>, provider: Option<Provider>) -> Option<String> {
    let name = entry.text()?;
    let checked = match provider {
        Some(Provider::Github) => events::check_github(&name),
        None => Ok(()),
    };
    match checked {
        Ok(()) => Some(name),
        Err(suggestion) => entry.refuse(format!("unknown event \"{name}\""), suggestion),
    }
}

fn login(entry: &Entry<'_>) -> Option<String> {
    let login = entry.text()?;
    if is_login(&login) {
        return Some(login);
    }
    entry.refuse(
        format!("\"{login}\" is no name of an account"),
        match login.strip_prefix('@') {
            Some(rest) => format!("did you mean \"{rest}\"?"),
            None => "write the account's login as in its profile's address".to_owned(),
        },
    )
}
