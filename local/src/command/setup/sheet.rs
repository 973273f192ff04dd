//! [`Sheet`]: what there is to do at a sender, with the values to paste.

use std::fmt::Write as _;

use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;
use webhook::Provider;

use crate::terminal::say;

/// Where the sender is to send, and what is known of it.
pub(super) struct Place {
    pub(super) provider: Provider,
    /// The source: in the route and in variables.
    pub(super) name: String,
    /// The public address, without a slash at its end.
    pub(super) url: String,
    pub(super) has_url: bool,
    /// The agent.toml that the command line has named.
    pub(super) config: Option<String>,
    /// `events` of agent.toml.
    pub(super) events: Option<Vec<String>>,
    /// Whether agent.toml has the source.
    pub(super) is_source: bool,
    /// Whether agent.toml has the channel of `summarise`.
    pub(super) has_channel: bool,
    /// Whether `media_hosts` of agent.toml has the host of Slack's files.
    pub(super) shows_files: bool,
    /// The variable of the signing secret.
    pub(super) variable: String,
    /// A secret that was made up; `None` when the environment has one.
    pub(super) secret: Option<String>,
}

impl Place {
    /// The address that the sender posts to.
    pub(super) fn webhook(&self) -> String {
        format!("{}/webhooks/{}", self.url, self.name)
    }

    /// The events that are taken; `usual` where agent.toml names none.
    pub(super) fn events_or(&self, usual: &[&str]) -> Vec<String> {
        self.events.clone().unwrap_or_else(|| usual.iter().map(ToString::to_string).collect())
    }

    /// The variable of the signing secret, where the sender takes any: one that was made up.
    pub(super) fn our_secret(&self) -> Variable {
        match &self.secret {
            Some(secret) => {
                Variable::new(&self.variable, "made up just now; the sender gets the same").is(secret)
            }
            None => Variable::new(&self.variable, "is set; the sender gets the same"),
        }
    }

    /// The variable of the signing secret, where the sender makes it.
    pub(super) fn their_secret(&self, place: &str) -> Variable {
        Variable::new(&self.variable, place)
    }

    /// The key and values of a source in agent.toml.
    pub(super) fn source(&self, events: &[String], more: &[&str]) -> String {
        let events: Vec<String> = events.iter().map(|event| format!("\"{event}\"")).collect();
        let mut section = format!("[sources.{}]\n", self.name);
        if !events.is_empty() {
            // Writing to a string never fails.
            let _ = writeln!(section, "events = [{}]", events.join(", "));
        }
        for line in more {
            let _ = writeln!(section, "{line}");
        }
        section
    }
}

/// A variable of the environment.
pub(super) struct Variable {
    name: String,
    value: Option<String>,
    what: String,
}

impl Variable {
    pub(super) fn new(name: &str, what: &str) -> Self {
        Self { name: name.to_owned(), value: None, what: what.to_owned() }
    }

    fn is(mut self, value: &str) -> Self {
        self.value = Some(value.to_owned());
        self
    }
}

/// What is to be done.
pub(super) struct Sheet {
    pub(super) steps: Vec<String>,
    /// What is pasted where the sender asks for a manifest.
    pub(super) manifest: Option<Value>,
    /// A page of the sender with everything filled in.
    pub(super) link: Option<String>,
    /// Fields of a form, and their values.
    pub(super) fields: Vec<(&'static str, String)>,
    pub(super) variables: Vec<Variable>,
    /// A section of agent.toml.
    pub(super) agent_toml: String,
}

impl Sheet {
    /// For programs.
    pub(super) fn json(&self, place: &Place) -> Value {
        let variables = self.variables.iter();
        let variables: Vec<Value> = variables
            .map(|variable| json!({"name": variable.name, "value": variable.value, "what": variable.what}))
            .collect();
        let fields: serde_json::Map<String, Value> =
            self.fields.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        json!({
            "sender": place.provider.name(),
            "source": place.name,
            "webhook_url": place.webhook(),
            "manifest": self.manifest,
            "link": self.link,
            "fields": fields,
            "steps": self.steps,
            "variables": variables,
            "agent_toml": self.agent_toml,
        })
    }

    pub(super) fn print(&self, place: &Place) {
        say!("{}", self.text(place).trim_end());
    }

    /// For people.
    pub(super) fn text(&self, place: &Place) -> String {
        let mut text = format!("{} sends to {}\n", place.name, place.webhook());
        if !place.has_url {
            text.push_str("(name your public address with --url, and it stands in all of this)\n");
        }
        for (number, step) in self.steps.iter().enumerate() {
            let _ = write!(text, "\n{}. {step}\n", number + 1);
        }
        if let Some(link) = &self.link {
            let _ = write!(text, "\nthe page, filled in:\n\n{link}\n");
        }
        if let Some(manifest) = &self.manifest {
            let _ = write!(text, "\nmanifest:\n\n{manifest:#}\n");
        }
        self.write_fields(&mut text);
        text.push_str(
            "\nvariables (on AWS the signing secret in VerifySecretId, the others in ActSecretId):\n\n",
        );
        for variable in &self.variables {
            let value = variable.value.as_deref().unwrap_or_default();
            let _ = writeln!(text, "  {}={value}   # {}", variable.name, variable.what);
        }
        let state = if place.is_source { "has the source" } else { "needs" };
        let _ = write!(text, "\nagent.toml {state}:\n\n{}", indented(&self.agent_toml));
        let guide = match GUIDES.contains(&place.provider.name()) {
            true => {
                format!("docs/senders/{}.md has every step, and what goes wrong. ", place.provider.name())
            }
            false => String::new(),
        };
        let config = place.config.as_ref().map(|path| format!(" --config {path}")).unwrap_or_default();
        let _ =
            write!(text, "\n{guide}When it is done: afterhook check --online{config} --url {}\n", place.url);
        text
    }

    fn write_fields(&self, text: &mut String) {
        if self.fields.is_empty() {
            return;
        }
        let width = self.fields.iter().map(|(name, _)| name.width()).max().unwrap_or_default();
        text.push_str("\nwebhook:\n\n");
        for (name, value) in &self.fields {
            let gap = width - name.width() + 2;
            let _ = writeln!(text, "  {name}{:gap$}{value}", "");
        }
    }
}

/// The senders that have a page in docs/senders.
const GUIDES: &[&str] =
    &["github", "gitlab", "jira", "linear", "pagerduty", "sentry", "slack", "stripe", "zendesk"];

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_guide_is_named_to_those_who_set_its_sender_up() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/senders");
        let name =
            |file: std::io::Result<std::fs::DirEntry>| file.unwrap().path().file_stem().unwrap().to_owned();
        let mut guides: Vec<_> = std::fs::read_dir(folder).unwrap().map(name).collect();
        guides.sort_unstable();
        assert_eq!(guides, GUIDES);
    }

    #[test]
    fn values_stand_below_each_other_however_wide_the_letters_of_their_names_are() {
        let fields = vec![("URL", "a".to_owned()), ("密钥", "b".to_owned()), ("e\u{301}", "c".to_owned())];
        let sheet = Sheet {
            steps: Vec::new(),
            manifest: None,
            link: None,
            fields,
            variables: Vec::new(),
            agent_toml: String::new(),
        };
        let mut text = String::new();
        sheet.write_fields(&mut text);
        let columns = text.lines().skip(3).map(|line| line[..line.len() - 1].width());
        assert_eq!(columns.collect::<Vec<_>>(), [8; 3], "{text}");
    }
}
