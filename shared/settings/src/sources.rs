//! `[sources.NAME]`.

use std::collections::BTreeMap;
use std::time::Duration;

use webhook::{CommentPolicy, Filter, PriorityRules, Provider, Sender};

use crate::entry::Entry;
use crate::names::{is_account, is_login, is_source};
use crate::section::Section;
use crate::suggest::{list, nearest};
use crate::{events, field_map, priority_rules, scheme, variable_of};

/// `[sources.NAME]`.
#[derive(Debug, Clone)]
pub struct SourceSettings {
    /// Its name: in the route, in variables.
    pub name: String,
    /// Who sends (default: the provider of the source's name), how it signs, and where things are in
    /// its events.
    pub sender: Sender,
    /// Which events are taken.
    pub filter: Filter,
    /// How urgent they are.
    pub priorities: PriorityRules,
    /// Events older than this by their own date are ignored (default: however old).
    pub max_event_age: Option<Duration>,
    /// Whether whoever writes its texts is trusted not to steer the agent (default `false`): only
    /// then may the texts of several events stand in one question to the triage model.
    pub trusted: bool,
}

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
    let described = section.get("scheme");
    let provider = provider(name, &mut section, described.is_some());
    let scheme = described.and_then(|entry| scheme::read(&entry));
    let filter = Filter {
        events: section.read("events", |entry| entry.each(|item| event(&item, provider))),
        comments: section.read("respond_to_comments", |entry| entry.choice(&COMMENTS)).unwrap_or_default(),
        login: section.read("login", |entry| login(entry, provider)),
    };
    let longest = Duration::from_hours(24 * 365);
    let max_event_age =
        section.read("max_event_age", |entry| entry.duration(Duration::from_secs(1)..=longest));
    let priorities =
        section.read("priority", |entry| priority_rules::read(entry, provider)).unwrap_or_default();
    let identity = section.read("identity", field_map::pointer);
    let map = section.read("map", |entry| field_map::read(entry, provider)).unwrap_or_default();
    let site = site(&mut section, provider);
    let trusted = section.read("trusted", Entry::flag).unwrap_or(false);
    section.finish();
    let mut sender = Sender { identity, map, site, ..Sender::new(name, provider?) };
    if let Some(scheme) = scheme {
        sender.scheme = scheme;
    }
    Some(SourceSettings { name: name.to_owned(), sender, filter, max_event_age, priorities, trusted })
}

/// The provider that is named, else the one that the source is called after; one that nobody knows,
/// and whose signatures are described, is a sender of the user's own.
fn provider(name: &str, section: &mut Section<'_>, described: bool) -> Option<Provider> {
    match section.get("provider") {
        Some(entry) => {
            let text = entry.text()?;
            match find(&text) {
                Some(Provider::Custom) if !described => {
                    entry.refuse("a sender of your own needs a `scheme`", scheme::SUGGESTION)
                }
                Some(provider) => Some(provider),
                None => {
                    let (problem, suggestion) = unknown(&text);
                    entry.refuse(problem, suggestion)
                }
            }
        }
        None => find(name).or(described.then_some(Provider::Custom)).or_else(|| {
            let (problem, suggestion) = unknown(name);
            section.wrong(problem, suggestion)
        }),
    }
}

/// Tasks of `POST /tasks` come by no webhook.
fn find(name: &str) -> Option<Provider> {
    Provider::from_name(name).filter(|provider| *provider != Provider::Api)
}

fn unknown(name: &str) -> (String, String) {
    if name == Provider::Api.name() {
        let suggestion = "remove the source: `POST /tasks` needs none".to_owned();
        return (format!("\"{name}\" is the source of tasks without a webhook"), suggestion);
    }
    let known: Vec<&str> =
        Provider::ALL.iter().filter(|it| **it != Provider::Api).map(|it| it.name()).collect();
    let suggestion = match nearest(name, known.iter().copied()) {
        Some(known) => format!("did you mean \"{known}\"?"),
        None => format!(
            "say who sends with `provider`: {}; or describe its signatures with `scheme`",
            list(&known)
        ),
    };
    (format!("no sender is called \"{name}\""), suggestion)
}

/// Where the threads of the source live, if its provider asks for that.
fn site(section: &mut Section<'_>, provider: Option<Provider>) -> Option<String> {
    let site = provider?.site()?;
    section.read(site.key, |entry| {
        let text = entry.text()?;
        if (site.accepts)(&text) {
            return Some(text);
        }
        entry.refuse(
            format!("\"{text}\" is no {} of {}", site.key, provider?.name()),
            format!("write it like \"{}\"", site.example),
        )
    })
}

fn event(entry: &Entry<'_>, provider: Option<Provider>) -> Option<String> {
    let name = entry.text()?;
    match provider.map_or(Ok(()), |provider| events::check(provider, &name)) {
        Ok(()) => Some(name),
        Err(suggestion) => entry.refuse(format!("unknown event \"{name}\""), suggestion),
    }
}

/// GitHub's logins have a form of their own; elsewhere an account is known by an id.
fn login(entry: &Entry<'_>, provider: Option<Provider>) -> Option<String> {
    let login = entry.text()?;
    let fits = if provider.is_none_or(|it| it == Provider::Github) { is_login } else { is_account };
    if fits(&login) {
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
