//! Senders whose webhook is made by hand: the fields of the form, and where the secret is.

use wiring::OutsideService;

use super::sheet::{Place, Sheet, Variable};

/// What is particular about one of them.
struct Form {
    /// The events that a source usually takes.
    usual: &'static [&'static str],
    /// Where the webhook is made.
    at: &'static str,
    /// What the form asks for besides the address, and what to answer.
    fields: &'static [(&'static str, &'static str)],
    /// Where the sender shows the signing secret; `None` where it takes any.
    secret_at: Option<&'static str>,
    /// The credentials for answering, and where they are from.
    credentials: &'static [(&'static str, &'static str)],
    /// What the source needs besides.
    more: &'static [&'static str],
}

/// Who is told where nobody can be answered.
const SUMMARISED: &str = "automation = \"summarise\"";
/// What that needs besides: its section of agent.toml, and its credential.
const CHANNEL: &str =
    "\n[automations.summarise]\nchannel = \"C0123456789\"   # the id of the Slack channel that is told";
const SLACK: (&str, &str) = ("SLACK_BOT_TOKEN", "for the summaries: xoxb-…; docs/senders/slack.md");

const ZENDESK: Form = Form {
    usual: &["ticket.created", "ticket.comment_added"],
    at: "Admin Center, Apps and integrations, Webhooks, Create webhook, Zendesk events",
    fields: &[
        ("Events", "Ticket created, Comment added to ticket"),
        ("Request method", "POST"),
        ("Request format", "JSON"),
        ("Authentication", "None"),
    ],
    secret_at: Some("the page of the webhook, Reveal secret"),
    credentials: &[
        ("ZENDESK_SUBDOMAIN", "acme of acme.zendesk.com"),
        ("ZENDESK_OAUTH_TOKEN", "scopes read and tickets:write; or ZENDESK_EMAIL and ZENDESK_API_TOKEN"),
    ],
    more: &["subdomain = \"acme\""],
};

const JIRA: Form = Form {
    usual: &["issue.created", "comment.created"],
    at: "as an administrator: Settings, System, WebHooks, Create a WebHook",
    fields: &[("Events", "Issue: created; Comment: created"), ("JQL", "such as project = OPS")],
    secret_at: None,
    credentials: &[
        ("JIRA_API_URL", "https://acme.atlassian.net"),
        ("JIRA_EMAIL", "the account that answers"),
        ("JIRA_API_TOKEN", "id.atlassian.com, Security, Create and manage API tokens"),
    ],
    more: &["host = \"acme.atlassian.net\""],
};

const GITLAB: Form = Form {
    usual: &["issue.open", "note.create"],
    at: "Settings, Webhooks, Add new webhook, of the project or the group",
    fields: &[("Trigger", "Issues events, Comments"), ("SSL verification", "on")],
    secret_at: None,
    credentials: &[("GITLAB_TOKEN", "an access token with the role Reporter and the scope api")],
    more: &[],
};

const LINEAR: Form = Form {
    usual: &["issue.create", "comment.create"],
    at: "as an administrator: Settings, API, Webhooks, New webhook",
    fields: &[("Data change events", "Issues, Comments")],
    secret_at: Some("the page of the webhook"),
    credentials: &[("LINEAR_API_KEY", "Settings, Account, Security & access, New API key")],
    more: &["login = \"afterhook\""],
};

const STRIPE: Form = Form {
    usual: &["charge.failed", "charge.dispute.created"],
    at: "Developers, Webhooks, Add destination, Webhook endpoint",
    fields: &[("Events", "those of agent.toml")],
    secret_at: Some("the page of the destination, Signing secret: whsec_…"),
    credentials: &[("STRIPE_API_KEY", "for refund_request alone: a restricted key, rk_…")],
    more: &[],
};

const PAGERDUTY: Form = Form {
    usual: &["incident.triggered", "incident.annotated"],
    at: "Integrations, Generic Webhooks (v3), New Webhook",
    fields: &[("Events", "incident.triggered, incident.annotated")],
    secret_at: Some("shown once, after Add Webhook"),
    credentials: &[
        ("PAGERDUTY_EMAIL", "the user in whose name notes are written"),
        ("PAGERDUTY_API_TOKEN", "Integrations, API Access Keys; not read-only"),
    ],
    more: &[],
};

const SENTRY: Form = Form {
    usual: &["issue.created", "event_alert.triggered"],
    at: "Settings, Developer Settings, Create New Integration, Internal Integration",
    fields: &[
        ("Permissions", "Issue & Event: Read & Write"),
        ("Webhooks", "issue"),
        ("Alert Rule Action", "on"),
    ],
    secret_at: Some("the integration's page, Client Secret"),
    credentials: &[("SENTRY_AUTH_TOKEN", "the integration's page, Tokens, New Token")],
    more: &["organization = \"acme\""],
};

const SHOPIFY: Form = Form {
    usual: &[],
    at: "Settings, Notifications, Webhooks, Create webhook",
    fields: &[("Format", "JSON")],
    secret_at: Some("below the list of webhooks"),
    credentials: &[],
    more: &[],
};

/// A sender that signs as Standard Webhooks has it.
const STANDARD: Form = Form {
    usual: &[],
    at: "the sender's settings of webhooks",
    fields: &[],
    secret_at: Some("whsec_…, where the sender shows it"),
    credentials: &[],
    more: &["map = { thread = \"/data/id\", text = \"/data\" }"],
};

/// A sender whose reader knows all that there is to know.
const PLAIN: Form = Form {
    usual: &[],
    at: "the sender's settings of webhooks",
    fields: &[],
    secret_at: None,
    credentials: &[],
    more: &[],
};

/// A sender that agent.toml describes.
const CUSTOM: Form = Form {
    usual: &[],
    at: "the sender's settings of webhooks",
    fields: &[],
    secret_at: None,
    credentials: &[],
    more: &[
        "scheme = { header = \"X-Signature\", prefix = \"sha256=\" }   # how it signs",
        "map = { event = \"/type\", text = \"/text\" }                 # where its fields are",
    ],
};

/// By the sender's name.
const FORMS: &[(&str, &Form)] = &[
    ("zendesk", &ZENDESK),
    ("jira", &JIRA),
    ("gitlab", &GITLAB),
    ("linear", &LINEAR),
    ("stripe", &STRIPE),
    ("pagerduty", &PAGERDUTY),
    ("sentry", &SENTRY),
    ("shopify", &SHOPIFY),
    ("standard-webhooks", &STANDARD),
    ("svix", &STANDARD),
];

/// The form of the sender called `name`, which a `map` describes or not.
fn form_of(name: &str, is_mapped: bool) -> &'static Form {
    let without_its_own = if is_mapped { &CUSTOM } else { &PLAIN };
    FORMS.iter().find(|(known, _)| *known == name).map_or(without_its_own, |(_, form)| form)
}

pub(super) fn sheet(place: &Place) -> Sheet {
    let form = form_of(place.provider.name(), place.provider.is_mapped());
    let mut fields = vec![("URL", place.webhook())];
    if form.secret_at.is_none() {
        fields.push(("Secret", format!("the value of {}", place.variable)));
    }
    fields.extend(form.fields.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let secret = match form.secret_at {
        Some(at) => place.their_secret(at),
        None => place.our_secret(),
    };
    let is_summarised = OutsideService::of_threads(place.provider).is_none();
    let slack = is_summarised.then_some(&SLACK);
    let credentials = form.credentials.iter().chain(slack).map(|(name, what)| Variable::new(name, what));
    let channel = (is_summarised && !place.has_channel).then_some(CHANNEL);
    let automation = is_summarised.then_some(SUMMARISED);
    let more: Vec<&str> = automation.into_iter().chain(form.more.iter().copied()).chain(channel).collect();
    Sheet {
        steps: vec![
            format!("Make the webhook: {}.", form.at),
            "Set the variables, and the source in agent.toml.".to_owned(),
        ],
        manifest: None,
        link: None,
        fields,
        variables: [secret].into_iter().chain(credentials).collect(),
        agent_toml: place.source(&place.events_or(form.usual), &more),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_with_a_reader_of_its_own_needs_no_form_and_is_given_no_map() {
        assert!(form_of("acme", false).more.is_empty());
        assert!(form_of("custom", true).more.iter().any(|line| line.starts_with("map = ")));
        assert_eq!(form_of("sentry", false).more, SENTRY.more);
    }
}
