//! Jira: issues and comments, of the cloud and of a server of one's own.
//!
//! <https://developer.atlassian.com/cloud/jira/platform/webhooks/>

mod document;

use domain::{Event, Priority, Target, ThreadState};

use crate::provider::{Row, Site};
use crate::reading::{Facts, JsonView, attachment, attachments, lacks, object};
use crate::signed_time::TimeFormat;
use crate::{ParseError, Parsed, Received, Scheme, Sender};
use document::text_of;

pub(crate) static ROW: Row = Row {
    // Everything but 200 and 204 is a failure to it.
    success: 200,
    delivery: Some("x-atlassian-webhook-identifier"),
    site: Some(Site { key: "host", example: "acme.atlassian.net", accepts: is_host }),
    kinds: &[("issue", &["created", "deleted", "updated"]), ("comment", &["created", "deleted", "updated"])],
    ..Row::json("jira", Scheme::jira, read)
};

fn read(sender: &Sender, received: &Received<'_>) -> Result<Parsed, ParseError> {
    let value = object(received)?;
    let body = JsonView(&value);
    let kind = body.text("/webhookEvent").ok_or_else(|| lacks("webhookEvent"))?;
    let name = match kind {
        "jira:issue_created" => "issue.created",
        "jira:issue_updated" => "issue.updated",
        "jira:issue_deleted" => "issue.deleted",
        "comment_created" => "comment.created",
        "comment_updated" => "comment.updated",
        "comment_deleted" => "comment.deleted",
        other => return Ok(Parsed::Other(plain(other))),
    };
    event(sender, body, name).map(Box::new).map(Parsed::Event)
}

fn event(sender: &Sender, body: JsonView<'_>, name: &str) -> Result<Event, ParseError> {
    let issue = body.object("/issue").ok_or_else(|| lacks("issue"))?;
    let key = issue.text("/key").filter(|key| is_key(key)).ok_or_else(|| lacks("issue.key"))?;
    let comment =
        name.starts_with("comment.").then(|| body.object("/comment").ok_or_else(|| lacks("comment")));
    let comment = comment.transpose()?;
    let author = comment.and_then(|comment| comment.object("/updateAuthor").or(comment.object("/author")));
    let user = author.or(body.object("/user")).ok_or_else(|| lacks("user"))?;
    let account = user.text("/accountId").or_else(|| user.text("/name")).or_else(|| user.text("/key"));
    let actor = user.text("/displayName").or(account).ok_or_else(|| lacks("user.accountId"))?;
    let description = text_of(issue, "/fields/description");
    let said = comment.and_then(|comment| text_of(comment, "/body"));
    let (project, _) = key.rsplit_once('-').unwrap_or((key, ""));
    Ok(Event {
        actor_id: account.map(str::to_owned),
        actor_is_bot: user.text("/accountType") == Some("app"),
        title: issue.string("/fields/summary"),
        opening: comment.and(description.clone()),
        text: if comment.is_some() { said } else { description }.unwrap_or_default(),
        labels: issue.names("/fields/labels", "/name"),
        comment_id: comment.map(|it| it.id("/id").ok_or_else(|| lacks("comment.id"))).transpose()?,
        // Without an address: Jira gives its files only to who is logged in.
        attachments: attachments(issue, "/fields/attachment", |file| {
            attachment(file, ["/filename", "/mimeType", "/size"], None)
        }),
        thread_state: match issue.text("/fields/status/statusCategory/key") {
            Some("done") => ThreadState::Closed,
            _ => ThreadState::Open,
        },
        priority: priority(issue.text("/fields/priority/name")),
        occurred_at: body.time("/timestamp", TimeFormat::UnixMillis),
        target: sender.site.clone().map(|host| Target::JiraIssue { host, key: key.to_owned() }),
        metadata: Facts::default()
            .text("issue_type", issue.text("/fields/issuetype/name"))
            .text("status", issue.text("/fields/status/name"))
            .text("changed", changed(body).as_deref())
            .flag("public", comment.and_then(|comment| comment.flag("/jsdPublic")))
            .done(),
        ..Event::new(name, project, key, actor)
    })
}

/// The names of the fields that an update changed.
fn changed(body: JsonView<'_>) -> Option<String> {
    let fields: Vec<&str> = body.items("/changelog/items").filter_map(|item| item.text("/field")).collect();
    (!fields.is_empty()).then(|| fields.join(", "))
}

/// The names of Jira's standard scheme, and of the older one.
fn priority(name: Option<&str>) -> Option<Priority> {
    let level = match name?.to_ascii_lowercase().as_str() {
        "highest" | "blocker" => 5,
        "high" | "critical" => 4,
        "medium" | "major" => 3,
        "low" | "minor" => 2,
        "lowest" | "trivial" => 1,
        _ => return None,
    };
    Priority::new(level).ok()
}

/// A project's key, a hyphen, a number. It becomes part of a URL that our credentials are sent to.
fn is_key(key: &str) -> bool {
    let Some((project, number)) = key.rsplit_once('-') else { return false };
    let project_byte = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=100).contains(&project.len())
        && project.starts_with(|c: char| c.is_ascii_uppercase())
        && project.bytes().all(project_byte)
        && (1..=18).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// `jira:worklog_updated` is `worklog_updated`.
fn plain(kind: &str) -> String {
    crate::reading::word(kind.strip_prefix("jira:").unwrap_or(kind)).unwrap_or("unknown").to_owned()
}

/// A host name, without port or path.
fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_of_issues_pass() {
        assert!(is_key("OPS-7") && is_key("A2_B-1234"));
        for key in
            ["", "OPS", "OPS-", "-7", "ops-7", "OPS-7/x", "OPS-7?a", "../OPS-7", "OPS-7a", "7A-1", "O S-1"]
        {
            assert!(!is_key(key), "{key}");
        }
    }
}
