//! [`Provider`]: the closed set of senders whose events we can read. The enum is the index; each
//! provider's row and reader are a file of their own.

use std::time::Duration;

use domain::Event;

use crate::form::Form;
use crate::reading::JsonView;
use crate::slack::Interaction;
use crate::{CommentPolicy, Headers, Scheme, Sender};

/// Kinds of events with their actions; a kind without actions is a name of its own.
pub type Kinds = &'static [(&'static str, &'static [&'static str])];

/// What is particular about one sender. Adding a sender is a file with one of these, and a line in
/// [`Provider`].
#[derive(Debug)]
pub struct Row {
    /// The name in agent.toml, routes and variables.
    pub name: &'static str,
    /// How it signs.
    pub(crate) scheme: fn() -> Scheme,
    /// The HTTP status that tells it that an event is in our hands.
    pub success: u16,
    /// The fields that its forms begin with; none for a sender of JSON alone.
    pub(crate) forms: &'static [&'static str],
    /// The unsigned header that says something about the event, lower case.
    pub hint: Option<&'static str>,
    /// What that header says of the event with this name: the sender's side, for sample events.
    pub hint_of: fn(&str) -> String,
    /// The unsigned header that names the delivery, lower case, for the log: it is all that the sender's support
    /// people know.
    pub delivery: Option<&'static str>,
    /// Where the event's own id stands in the signed body, as a JSON pointer to a text.
    pub(crate) id: Option<&'static str>,
    /// Where the times and numbers stand by which two happenings are told apart; a sample is made another one by them.
    pub(crate) times: &'static [&'static str],
    /// What agent.toml says about where its threads live.
    pub site: Option<Site>,
    /// Events that become tasks; empty when any name may come.
    pub kinds: Kinds,
    /// Where any name may come: whether an event of this name that cannot be read is a mistake of ours, rather than of
    /// a kind that this version does not know.
    pub(crate) open: fn(&str) -> bool,
    /// Last words of the names of events that say that something is over or gone: nobody waits for an answer to
    /// one, so they become tasks only where agent.toml names them.
    pub endings: &'static [&'static str],
    /// Whether its events belong to threads that an answer could go to.
    pub has_threads: bool,
    /// Those of the kinds whose events belong to no thread that an answer could go to.
    pub threadless: &'static [&'static str],
    /// The comments that are answered where agent.toml does not say which.
    pub comments: CommentPolicy,
    /// The form of the names under which its hooks are listed. Set only for senders that record failed deliveries and
    /// do not repeat them.
    pub hooks: Option<&'static Form>,
    /// What the accounts are called that write there.
    pub account: &'static Form,
    /// How long its people wait for an answer, where that is less than 8 s.
    pub answer_within: Option<Duration>,
    /// Whether what only its staff can see may be answered for its staff alone.
    pub answers_internally: bool,
    /// Whether agent.toml may say where the fields of its events are: of all of them, or of those that its
    /// reader does not know.
    pub takes_map: bool,
    /// Whether a map must say which events the customer can see: nothing else would tell an internal note.
    pub needs_public: bool,
    /// Whether HTML in its texts is obeyed, so that it can hide words, or may be, as far as we know; elsewhere people see
    /// it.
    pub(crate) has_html: bool,
    /// The name of the event, as [`Row::read`] gives it, of a body that need not be readable besides; `None`
    /// when it is of no kind that a source could name. Without this, whatever cannot be read counts as
    /// subscribed.
    pub(crate) kind: Option<fn(&Received<'_>, JsonView<'_>) -> Option<String>>,
    /// Reads a verified webhook.
    pub(crate) read: fn(&Sender, &Received<'_>) -> Result<Parsed, ParseError>,
}

/// A key of agent.toml that says where the threads of a sender live. Answers go there, with our
/// credentials: so it is configured, and never read from a payload.
#[derive(Debug, Clone, Copy)]
pub struct Site {
    /// The key.
    pub key: &'static str,
    /// A value as it may look.
    pub example: &'static str,
    /// Whether a value will do.
    pub accepts: fn(&str) -> bool,
    /// What else to do where none will; empty where there is nothing.
    pub otherwise: &'static str,
}

impl Row {
    /// A sender of JSON that takes 202 for success.
    pub(crate) const fn json(
        name: &'static str,
        scheme: fn() -> Scheme,
        read: fn(&Sender, &Received<'_>) -> Result<Parsed, ParseError>,
    ) -> Self {
        Self {
            name,
            scheme,
            success: 202,
            forms: &[],
            hint: None,
            hint_of: kind_of,
            delivery: None,
            id: None,
            times: &[],
            site: None,
            kinds: &[],
            open: |_| true,
            endings: &[],
            has_threads: true,
            threadless: &[],
            comments: CommentPolicy::Mention,
            hooks: None,
            account: &Form::ACCOUNT,
            answer_within: None,
            answers_internally: false,
            takes_map: false,
            needs_public: false,
            has_html: false,
            kind: None,
            read,
        }
    }

    /// Whether this version reads events of the kind that `name` begins with.
    #[must_use]
    pub fn knows_kind(&self, name: &str) -> bool {
        let kind = name.split('.').next().unwrap_or(name);
        self.kinds.is_empty() || self.kinds.iter().any(|(known, _)| *known == kind)
    }

    /// Whether this version reads events of that name, or of that kind where its action is not known.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        let (kind, action) = name.split_once('.').map_or((name, None), |(kind, action)| (kind, Some(action)));
        let is_it = |actions: &[&str]| action.is_none_or(|action| actions.contains(&action));
        match self.kinds {
            [] => (self.open)(name),
            kinds => kinds.iter().any(|(known, actions)| *known == kind && is_it(actions)),
        }
    }
}

/// The first word of the name, as most senders put it into their header.
fn kind_of(name: &str) -> String {
    name.split('.').next().unwrap_or_default().to_owned()
}

/// Writes the enum and its index from one list.
macro_rules! providers {
    ($($(#[$doc:meta])* $variant:ident => $file:ident::$row:ident,)*) => {
        /// A sender.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Provider { $($(#[$doc])* $variant,)* }

        impl Provider {
            /// All providers.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// What is particular about it.
            #[must_use]
            pub fn row(self) -> &'static Row {
                match self { $(Self::$variant => &crate::$file::$row,)* }
            }
        }
    };
}

providers! {
    /// GitHub, Enterprise Server included.
    Github => github::ROW,
    /// GitLab, self-managed included.
    Gitlab => gitlab::ROW,
    /// Jira.
    Jira => jira::ROW,
    /// Linear.
    Linear => linear::ROW,
    /// PagerDuty.
    Pagerduty => pagerduty::ROW,
    /// Sentry.
    Sentry => sentry::ROW,
    /// Shopify.
    Shopify => shopify::ROW,
    /// Slack: events and interactions.
    Slack => slack::ROW,
    /// Stripe.
    Stripe => stripe::ROW,
    /// Zendesk.
    Zendesk => zendesk::ROW,
    /// Anybody who signs as Standard Webhooks has it; agent.toml says where the fields are.
    StandardWebhooks => mapped::STANDARD_WEBHOOKS,
    /// The same under Svix's header names.
    Svix => mapped::SVIX,
    /// Anybody else; agent.toml describes how they sign, too.
    Custom => mapped::CUSTOM,
    /// `POST /tasks`: no webhook, and so no source in agent.toml.
    Api => api::ROW,
}

/// A webhook whose signature holds.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// The sender's unsigned word for the kind of event: a hint, never trusted above the body.
    pub event_hint: Option<&'a str>,
    /// The raw body. Its bytes alone decide how it is read ([`crate::BodyForm`]).
    pub body: &'a [u8],
}

/// What a webhook turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Parsed {
    /// Something that happened.
    Event(Box<Event>),
    /// A person used a button that we had put into Slack: a decision about a draft, not a task.
    Interaction(Box<Interaction>),
    /// The sender wants this text back before it sends anything (Slack's `url_verification`).
    Challenge(String),
    /// The sender tries the connection out.
    Ping,
    /// A kind of event that no automation can use, by its name: lower-case letters, digits, `_` and
    /// `.`, so it is fit for logs and metrics.
    Other(String),
}

/// A body that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Not JSON (nor a form with JSON in it): the sender's mistake, answered 400.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    /// JSON that our parser does not understand: ours, stored as a failed task.
    #[error("the event cannot be read: {0}")]
    Unreadable(String),
}

impl Provider {
    /// The name in agent.toml, routes and variables.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The provider called `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|provider| provider.name() == name)
    }

    /// How it signs, unless agent.toml says otherwise.
    #[must_use]
    pub fn scheme(self) -> Scheme {
        (self.row().scheme)()
    }

    /// What the unsigned header says about the event.
    #[must_use]
    pub fn event_hint(self, headers: &(impl Headers + ?Sized)) -> Option<&str> {
        self.row().hint.and_then(|name| headers.header(name))
    }

    /// Whether it has no reader of its own: agent.toml alone says where the fields of its events are.
    #[must_use]
    pub fn is_mapped(self) -> bool {
        self.row().takes_map && self.row().kinds.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_found_by_their_names() {
        for provider in Provider::ALL {
            assert_eq!(Provider::from_name(provider.name()), Some(*provider));
        }
        assert_eq!(Provider::from_name("Github"), None);
    }

    #[test]
    fn headers_are_named_in_lower_case() {
        for provider in Provider::ALL {
            for name in [provider.row().hint, provider.row().delivery].into_iter().flatten() {
                assert_eq!(name, name.to_lowercase());
            }
        }
    }

    #[test]
    fn examples_of_sites_are_accepted() {
        for site in Provider::ALL.iter().filter_map(|provider| provider.row().site) {
            assert!((site.accepts)(site.example), "{}", site.example);
            for bad in ["", "a b", "a/b", "https://a", "a?b", "a@b", "a:80", ".", "-"] {
                assert!(!(site.accepts)(bad), "{} {bad}", site.key);
            }
        }
    }
}
