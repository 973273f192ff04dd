//! `[approvals.slack]`.

use std::collections::BTreeSet;

use serde_json::json;
use webhook::Provider;

use crate::SourceSettings;
use crate::entry::Entry;
use crate::form::Form;
use crate::key::key;
use crate::section::Section;

/// Where people are asked about drafts, besides the console.
#[derive(Debug, Clone, Default)]
pub struct ApprovalSettings {
    /// `[approvals.slack]`: a channel of Slack (default none).
    pub slack: Option<SlackApprovals>,
}

/// `[approvals.slack]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlackApprovals {
    /// The channel's id (`C…`, or `G…` for some private ones).
    pub channel: String,
    /// The accounts that may decide there (`U…`, or `W…` in a grid); at least one.
    pub approvers: BTreeSet<String>,
    /// The workspace whose clicks count (`T…`; default: the one that the bot belongs to, once Slack has said so).
    pub team: Option<String>,
}

const SLACK: &str = "A channel of Slack where people are asked about drafts. The buttons' clicks come to \
                     /webhooks/slack, so it needs [sources.slack], and SLACK_BOT_TOKEN.";

impl ApprovalSettings {
    /// Reads `[approvals]`. Clicks come by a source of Slack's, so there must be one in `sources`.
    pub(crate) fn read<'s>(
        mut section: Section<'_>,
        mut sources: impl Iterator<Item = &'s SourceSettings>,
    ) -> Self {
        let slack = section.read(key("slack", SLACK), Entry::section).and_then(|slack| {
            let has_source = sources.any(|source| source.sender.provider == Provider::Slack);
            if !has_source {
                let problem = "no source takes the clicks, which come to /webhooks/slack".to_owned();
                let _: Option<()> = slack.wrong(problem, "add `[sources.slack]`".to_owned());
            }
            SlackApprovals::read(slack)
        });
        section.finish();
        Self { slack }
    }
}

impl SlackApprovals {
    fn read(mut section: Section<'_>) -> Option<Self> {
        let how =
            "write the channel's id, such as \"C0APPROVALS\": it stands at the end of the channel's details";
        let channel = section.require(key("channel", "The channel's id."), how, |entry| {
            id(entry, &CHANNEL, "a channel's id (C…)")
        });
        let how = "list the ids of who may decide, such as [\"U2CERLKJA\"]: a profile's menu has \"Copy member ID\"";
        let approvers =
            section.require(key("approvers", "The ids of the members who may decide there."), how, approvers);
        let team = section.read(
            key("team", "The id of the workspace whose clicks count (default: the bot's own)."),
            |entry| id(entry, &TEAM, "a workspace's id (T…)"),
        );
        section.finish();
        Some(Self { channel: channel?, approvers: approvers?, team })
    }
}

fn approvers(entry: &Entry<'_>) -> Option<BTreeSet<String>> {
    entry.also(|| json!({"minItems": 1}));
    let listed = entry.items()?.len();
    let approvers: Vec<String> = entry.each(|entry| id(&entry, &MEMBER, "an account's id (U…)"))?;
    if listed == 0 {
        return entry.refuse("nobody could decide", "list at least one account, or remove the section");
    }
    (approvers.len() == listed).then(|| approvers.into_iter().collect())
}

/// The id of a channel of Slack's.
pub(crate) const CHANNEL: Form =
    Form { fits: |text| is_id(text, ['C', 'G']), pattern: "^[CG][A-Z0-9]{1,31}$", example: "C0123456789" };
/// The id of a workspace of Slack's.
const TEAM: Form =
    Form { fits: |text| is_id(text, ['T', 'E']), pattern: "^[TE][A-Z0-9]{1,31}$", example: "T1DC2JH3J" };
/// The id of somebody in Slack.
pub(crate) const MEMBER: Form =
    Form { fits: |text| is_id(text, ['U', 'W']), pattern: "^[UW][A-Z0-9]{1,31}$", example: "U2CERLKJA" };

/// An id of Slack's. A name is not enough: names change, look alike and prove nothing.
fn id(entry: &Entry<'_>, form: &Form, wanted: &str) -> Option<String> {
    entry.text_like(form, |text| (format!("\"{text}\" is not {wanted}"), "copy the id, not the name"))
}

fn is_id(text: &str, kinds: [char; 2]) -> bool {
    (2..=32).contains(&text.len())
        && text.starts_with(kinds)
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}
