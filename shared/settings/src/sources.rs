//! `[sources.NAME]`.

mod schema;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use webhook::{CommentPolicy, FieldMap, Filter, InternalPolicy, PriorityRules, Provider, Sender};

use crate::entry::Entry;
use crate::key::key;
use crate::known::Known;
use crate::names::SOURCE;
use crate::section::Section;
use crate::suggest::{list, nearest};
use crate::{Mode, Position, events, field_map, mode, priority_rules, scheme, variable_of};

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
    /// What handles its events that no intent fits (default: that of `[agent]`).
    pub automation: Option<String>,
    /// Where it stands in agent.toml.
    pub at: Option<Position>,
    /// How urgent they are.
    pub priorities: PriorityRules,
    /// What the hooks that send here are called after, for the sender's record of what failed.
    pub hooks: Vec<String>,
    /// Events older than this by their own date are ignored. `None`: deployed, 28 days where the sender signs no time.
    pub max_event_age: Option<Duration>,
    /// Whether whoever writes its texts is trusted not to steer the agent (default `false`): only
    /// then may the texts of several events stand in one question to the triage model.
    pub trusted: bool,
    /// Whether its tasks may change anything outside (default [`Mode::Live`]).
    pub mode: Mode,
}

impl SourceSettings {
    /// Whether its events belong to threads whose place is known. Of a source without any, `check` refuses whatever
    /// answers in threads.
    #[must_use]
    pub fn has_threads(&self) -> bool {
        let row = self.sender.provider.row();
        row.has_threads
            && !self.sender.provider.is_mapped()
            && (row.site.is_none() || self.sender.site.is_some())
    }
}

const COMMENTS: [(&str, CommentPolicy); 3] =
    [("mention", CommentPolicy::Mention), ("thread", CommentPolicy::Thread), ("never", CommentPolicy::Never)];

const INTERNAL: [(&str, InternalPolicy); 2] =
    [("ignore", InternalPolicy::Ignore), ("answer_internally", InternalPolicy::AnswerInternally)];

/// What editors say of one source.
const ONE: &str = "A sender of webhooks; called like its provider, it needs no key at all.";
const SCHEME: &str = "How the sender signs: the name of a built-in scheme, or its description (default: the \
                      provider's own).";
const EVENTS: &str = "The events that become tasks (default: every supported event, except those that report an end or a deletion).";
const LOGINS: &str = "The agent's own account, without @: the mention it listens to, and the comments it never \
                      answers (default: the account of the credentials, where that is known).";

/// Reads all sources; there must be one.
pub(crate) fn read(root: &mut Section<'_>, known: &Known<'_>) -> BTreeMap<String, SourceSettings> {
    let about = "Who sends webhooks: [sources.NAME] is the route /webhooks/NAME, whose signing secret is the variable \
                 NAME_WEBHOOK_SECRET (Slack's is SLACK_SIGNING_SECRET).";
    let table = root.section(key("sources", about));
    if let Some(shape) = table.shape() {
        root.shape().into_iter().for_each(|root| root.requires("sources"));
        shape.takes(schema::of_sources(table.report));
        return BTreeMap::new();
    }
    let entries = table.entries(&SOURCE, ONE);
    if entries.is_empty() {
        root.missing("sources", "no source, so no webhook would be taken", "add `[sources.github]`");
    }
    let mut sources = BTreeMap::new();
    let mut variables = BTreeMap::new();
    for (name, span, entry) in entries {
        if let Err((problem, suggestion)) = check_name(name, &mut variables) {
            table.report.add(&span, &table.key(name), problem, Some(suggestion));
        }
        if let Some(source) = entry.section().and_then(|section| source(name, section, None, known)) {
            let at = Some(table.report.position(&span));
            sources.insert(name.to_owned(), SourceSettings { at, ..source });
        }
    }
    sources
}

/// Two names must not share the variable of their secrets: what one sender signs, the other's route
/// would take.
fn check_name<'t>(name: &'t str, variables: &mut BTreeMap<String, &'t str>) -> Result<(), (String, String)> {
    if !(SOURCE.fits)(name) {
        let rule = "use lower-case letters, digits, `_` and `-`, a letter first".to_owned();
        return Err((format!("\"{name}\" is not a name for a source"), rule));
    }
    let variable = variable_of(name);
    match variables.insert(variable.clone(), name) {
        Some(other) => {
            Err((format!("shares the variable {variable} with `{other}`"), "choose another name".to_owned()))
        }
        None => Ok(()),
    }
}

/// Reads the source `name`. Its provider is `assumed` when neither a key nor the name says it.
fn source(
    name: &str,
    mut section: Section<'_>,
    assumed: Option<Provider>,
    known: &Known<'_>,
) -> Option<SourceSettings> {
    let described = section.get(&key("scheme", SCHEME));
    let provider = provider(name, &mut section, described.is_some()).or(assumed);
    let scheme = described.and_then(|entry| scheme::read(&entry));
    let about = "Where the fields of the events are, as JSON pointers.";
    let map = section.read(key("map", about), |entry| field_map::read(entry, provider)).unwrap_or_default();
    let is_mapped = map != FieldMap::default();
    let events =
        section.read(key("events", EVENTS), |entry| entry.each(|item| event(&item, provider, is_mapped)));
    let about = "Which comments are answered: those that mention the agent, all that people write, or none.";
    let usual = provider.map_or_else(CommentPolicy::default, |provider| provider.row().comments);
    let comments = section.choice_or(key("respond_to_comments", about), usual, &COMMENTS);
    let filter = Filter {
        events,
        comments,
        login: section.read(key("login", LOGINS), |entry| login(entry, provider)),
        internal: internal(&mut section, provider),
        account: None,
        endings: provider.map_or(&[], |provider| provider.row().endings),
    };
    let longest = Duration::from_hours(24 * 365);
    let about = "Events older than this, by their own date, are ignored (default, deployed: \"28d\" where the sender signs no \
                 time, else however old).";
    let max_event_age =
        section.read(key("max_event_age", about), |entry| entry.duration(Duration::from_secs(1)..=longest));
    let about = "How urgent events are: the first rule that fits, else what the sender says, else 3.";
    let priorities = section
        .read(key("priority", about), |entry| priority_rules::read(entry, provider, is_mapped))
        .unwrap_or_default();
    let about = "A JSON pointer to the event's id: two events with the same one are one.";
    let identity = section.read(key("identity", about), field_map::pointer);
    let site = site(&mut section, provider);
    let hooks = hooks(&mut section, provider);
    let about = "What handles its events that no intent fits (default: `default_automation` of [agent]). Where nobody can be \
                 answered, it is one that needs no thread.";
    let automation = section.read(key("automation", about), |entry| known.read(entry));
    let about = "Whether you trust those who write here not to steer the agent by what they write.";
    let trusted = section.read_or(key("trusted", about), false, Entry::flag);
    let mode = mode::read(&mut section);
    section.finish();
    let mut sender = Sender { identity, map, site, ..Sender::new(name, provider?) };
    if let Some(scheme) = scheme {
        sender.scheme = scheme;
    }
    Some(SourceSettings {
        name: name.to_owned(),
        sender,
        filter,
        max_event_age,
        priorities,
        automation,
        at: None,
        hooks,
        trusted,
        mode,
    })
}

/// The provider that `provider` names, else the one that the source is called after. A source with another name and
/// a `scheme` is a sender of the user's own.
fn provider(name: &str, section: &mut Section<'_>, described: bool) -> Option<Provider> {
    let about = "Who sends (default: the name of the source).";
    match section.get(&key("provider", about)) {
        Some(entry) => {
            let text = entry.text();
            entry.also(|| json!({"enum": senders()}));
            let text = text?;
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
        None if name == Provider::Custom.name() && !described => {
            section.wrong("a sender of your own needs a `scheme`".to_owned(), scheme::SUGGESTION.to_owned())
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

/// The names of all providers that a source can have.
fn senders() -> Vec<&'static str> {
    Provider::ALL.iter().filter(|it| **it != Provider::Api).map(|it| it.name()).collect()
}

fn unknown(name: &str) -> (String, String) {
    if name == Provider::Api.name() {
        let suggestion = "remove the source: `POST /tasks` needs none".to_owned();
        return (format!("\"{name}\" is the source of tasks without a webhook"), suggestion);
    }
    let known = senders();
    let suggestion = match nearest(name, known.iter().copied()) {
        Some(known) => format!("did you mean \"{known}\"?"),
        None => format!(
            "say who sends with `provider`: {}; or describe its signatures with `scheme`",
            list(&known)
        ),
    };
    (format!("no sender is called \"{name}\""), suggestion)
}

/// Only a sender that keeps a record of what it could not deliver has the key.
fn hooks(section: &mut Section<'_>, provider: Option<Provider>) -> Vec<String> {
    let Some(form) = provider.and_then(|provider| provider.row().hooks) else { return Vec::new() };
    let about = "The repositories (\"octo/repo\") and organisations (\"octo\") whose hooks send here: what GitHub could not \
                 deliver is had sent again. An app's own hook needs none (default: none).";
    section
        .read(key("hooks", about), |entry| {
            entry.each(|item| {
                item.text_like(form, |text| {
                    (
                        format!("\"{text}\" is no repository or organisation"),
                        "write \"octo/repo\" or \"octo\"",
                    )
                })
            })
        })
        .unwrap_or_default()
}

/// Where the threads of the source live, if its provider asks for that.
fn site(section: &mut Section<'_>, provider: Option<Provider>) -> Option<String> {
    let site = provider?.row().site?;
    section.read(key(site.key, "Where the sender's threads live: answers go there."), |entry| {
        let text = entry.text();
        entry.also(|| json!({"examples": [site.example]}));
        let text = text?;
        if (site.accepts)(&text) {
            return Some(text);
        }
        entry.refuse(
            format!("\"{text}\" is not a {} of {}", site.key, provider?.name()),
            format!("write it like \"{}\"{}", site.example, site.otherwise),
        )
    })
}

/// What becomes of events that only the staff can see; the answer can stay among them at some services alone.
fn internal(section: &mut Section<'_>, provider: Option<Provider>) -> InternalPolicy {
    let about = "What becomes of internal notes and confidential issues: ignored, or answered where the staff alone \
                 can see it.";
    let unable = provider.filter(|provider| !provider.row().answers_internally);
    let read = section.read(key("internal", about).or(&INTERNAL[0].0), |entry| {
        let policy = entry.choice(&INTERNAL);
        if unable.is_some() {
            entry.also(|| json!({"enum": [INTERNAL[0].0]}));
        }
        match (policy?, unable) {
            (InternalPolicy::AnswerInternally, Some(provider)) => entry.refuse(
                format!("answers to {} cannot be kept among the staff", provider.name()),
                "write \"ignore\", or remove the key",
            ),
            (policy, _) => Some(policy),
        }
    });
    read.unwrap_or_default()
}

fn event(entry: &Entry<'_>, provider: Option<Provider>, is_mapped: bool) -> Option<String> {
    let name = entry.text();
    entry.also(|| provider.map_or(Value::Null, |provider| events::keywords(provider, false)));
    let name = name?;
    match provider.map_or(Ok(()), |provider| events::check(provider, is_mapped, &name)) {
        Ok(()) => Some(name),
        Err(suggestion) => entry.refuse(format!("unknown event \"{name}\""), suggestion),
    }
}

fn login(entry: &Entry<'_>, provider: Option<Provider>) -> Option<String> {
    // Nobody knows the form of an unknown sender's.
    let Some(provider) = provider else { return entry.text() };
    entry.text_like(provider.row().account, |login| {
        let suggestion = match login.strip_prefix('@') {
            Some(rest) => format!("did you mean \"{rest}\"?"),
            None => "write the account's login as in its profile's address".to_owned(),
        };
        (format!("\"{login}\" is not a name of an account"), suggestion)
    })
}
