//! `[approvals.slack]`.

use std::collections::BTreeSet;

use webhook::Provider;

use crate::SourceSettings;
use crate::entry::Entry;
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
}

impl ApprovalSettings {
    /// Reads `[approvals]`. Clicks come by a source of Slack's, so there must be one in `sources`.
    pub(crate) fn read<'s>(
        mut section: Section<'_>,
        mut sources: impl Iterator<Item = &'s SourceSettings>,
    ) -> Self {
        let slack = section.read("slack", Entry::section).and_then(|slack| {
            let has_source = sources.any(|source| source.sender.provider == Provider::Slack);
            if !has_source {
                let problem = "no source takes the clicks, which come to /webhooks/slack".to_owned();
                return slack.wrong(problem, "add `[sources.slack]`".to_owned());
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
        let channel = section.require("channel", how, |entry| id(entry, "CG", "a channel's id (C…)"));
        let how = "list the ids of who may decide, such as [\"U2CERLKJA\"]: a profile's menu has \"Copy member ID\"";
        let approvers = section.require("approvers", how, approvers);
        section.finish();
        Some(Self { channel: channel?, approvers: approvers? })
    }
}

fn approvers(entry: &Entry<'_>) -> Option<BTreeSet<String>> {
    let listed = entry.items()?.len();
    let approvers: Vec<String> = entry.each(|entry| id(&entry, "UW", "an account's id (U…)"))?;
    if listed == 0 {
        return entry.refuse("nobody could decide", "list at least one account, or remove the section");
    }
    (approvers.len() == listed).then(|| approvers.into_iter().collect())
}

/// An id of Slack's. Names look alike, change, and are no proof of anything.
fn id(entry: &Entry<'_>, kinds: &str, wanted: &str) -> Option<String> {
    let text = entry.text()?;
    let is_id = (2..=32).contains(&text.len())
        && text.starts_with(|first| kinds.contains(first))
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if is_id {
        Some(text)
    } else {
        entry.refuse(format!("\"{text}\" is not {wanted}"), "copy the id, not the name")
    }
}
