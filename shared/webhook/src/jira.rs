//! Jira: issues and comments, of the cloud and of a Data Center. The latter are read, and not answered.
//!
//! <https://developer.atlassian.com/cloud/jira/platform/webhooks/>. A comment is reported twice: as a comment,
//! which Data Center sends without its issue, and as a change of its issue. Both are read as the comment, and
//! are one happening.

mod adf;
mod document;
mod wiki;

use domain::{Attachment, Audience, Event, Happening, Priority, Target, ThreadState};

use crate::provider::{Row, Site};
use crate::reading::{
    Facts, JsonView, at_once, attachment, attachments, happening, kind_name, lacks, object,
};
use crate::signed_time::TimeFormat;
use crate::{ParseError, Parsed, Received, Scheme, Sender};
use document::Document;

pub(crate) static ROW: Row = Row {
    // Everything but 200 and 204 is a failure to it.
    success: 200,
    delivery: Some("x-atlassian-webhook-identifier"),
    site: Some(Site {
        key: "host",
        example: "acme.atlassian.net",
        accepts: is_cloud_host,
        otherwise: "; issues of a Data Center are read and not answered: without `host`, name another `automation`",
    }),
    kinds: &[("issue", &["created", "deleted", "updated"]), ("comment", &["created", "deleted", "updated"])],
    endings: &["deleted"],
    times: &["/comment/updated", "/changelog/id", "/issue/fields/created"],
    answers_internally: true,
    kind: Some(kind),
    ..Row::json("jira", Scheme::jira, read)
};

fn kind(_: &Received<'_>, body: JsonView<'_>) -> Option<String> {
    let name = match body.text("/webhookEvent")? {
        "jira:issue_created" => "issue.created",
        "jira:issue_updated" => comment_within(body).unwrap_or("issue.updated"),
        "jira:issue_deleted" => "issue.deleted",
        "comment_created" => "comment.created",
        "comment_updated" => "comment.updated",
        "comment_deleted" => "comment.deleted",
        other => return Some(plain(other)),
    };
    Some(name.to_owned())
}

/// What happened to the comment inside a change of an issue, where that is all that changed.
fn comment_within(body: JsonView<'_>) -> Option<&'static str> {
    body.object("/comment")?;
    match body.text("/issue_event_type_name")? {
        "issue_commented" => Some("comment.created"),
        "issue_comment_edited" => Some("comment.updated"),
        "issue_comment_deleted" => Some("comment.deleted"),
        _ => None,
    }
}

fn read(sender: &Sender, received: &Received<'_>) -> Result<Parsed, ParseError> {
    let value = object(received)?;
    let body = JsonView(&value);
    let name = kind(received, body).ok_or_else(|| lacks("webhookEvent"))?;
    if name.contains('.') {
        event(sender, body, &name).map(Box::new).map(Parsed::Event)
    } else {
        Ok(Parsed::Other(name))
    }
}

fn event(sender: &Sender, body: JsonView<'_>, name: &str) -> Result<Event, ParseError> {
    let comment =
        name.starts_with("comment.").then(|| body.object("/comment").ok_or_else(|| lacks("comment")));
    let comment = comment.transpose()?;
    let issue = body.object("/issue");
    let key = key(issue, comment)?;
    let field = |pointer: &str| issue.and_then(|issue| issue.text(pointer));
    let author = comment.and_then(|comment| comment.object("/updateAuthor").or(comment.object("/author")));
    let user = author.or(body.object("/user")).ok_or_else(|| lacks("user"))?;
    let account = user.text("/accountId").or_else(|| user.text("/name")).or_else(|| user.text("/key"));
    let actor = user.text("/displayName").or(account).ok_or_else(|| lacks("user.accountId"))?;
    let description = issue.map(|issue| Document::at(issue, "/fields/description")).unwrap_or_default();
    let (opening, said) = match comment {
        Some(comment) => (Some(description.text), Document::at(comment, "/body")),
        None => (None, description),
    };
    let comment_id = comment.map(|it| it.id("/id").ok_or_else(|| lacks("comment.id"))).transpose()?;
    let project = key.rsplit_once('-').map_or(sender.name.as_str(), |(project, _)| project);
    Ok(Event {
        actor_id: account.map(str::to_owned),
        actor_is_bot: user.text("/accountType") == Some("app"),
        title: field("/fields/summary").map(str::to_owned),
        opening: opening.filter(|opening| !opening.is_empty()),
        text: said.text,
        mentioned: Some(said.mentioned),
        labels: issue.map(|issue| issue.names("/fields/labels", "/name")).unwrap_or_default(),
        happening: match comment {
            Some(comment) => reported(name, comment, comment_id.as_deref()),
            None => issue.and_then(|issue| written(name, body, issue)),
        },
        comment_id,
        audience: match (comment, issue) {
            (Some(comment), _) => audience(comment),
            (None, Some(issue)) if name == "issue.updated" => audience_of_change(body, issue),
            (None, _) => Audience::Public,
        },
        // Jira gives its files only to who is logged in. Those that an issue was made with are seen by all its readers; of
        // those that came later, some may belong to an internal comment.
        attachments: issue
            .map(|issue| {
                attachments(issue, "/fields/attachment", |file| {
                    let url = file.text("/content").filter(|_| name == "issue.created").map(str::to_owned);
                    let file = attachment(file, ["/filename", "/mimeType", "/size"], url)?;
                    Some(Attachment { needs_login: file.url.is_some(), ..file })
                })
            })
            .unwrap_or_default(),
        thread_state: match field("/fields/status/statusCategory/key") {
            Some("done") => ThreadState::Closed,
            _ => ThreadState::Open,
        },
        priority: priority(field("/fields/priority/name")),
        occurred_at: body.time("/timestamp", TimeFormat::UnixMillis),
        target: sender.site.clone().map(|host| Target::JiraIssue { host, key: key.clone() }),
        metadata: Facts::default()
            .text("issue_type", field("/fields/issuetype/name"))
            .text("status", field("/fields/status/name"))
            .text("changed", changed(body).as_deref())
            .flag("public", comment.and_then(|comment| comment.flag("/jsdPublic")))
            .done(),
        ..Event::new(name, project, key.as_str(), actor)
    })
}

/// The key of the issue, or the id by which the address of its comment names it: Jira takes either.
fn key(issue: Option<JsonView<'_>>, comment: Option<JsonView<'_>>) -> Result<String, ParseError> {
    if let Some(issue) = issue {
        let key = issue.text("/key").filter(|key| is_key(key)).ok_or_else(|| lacks("issue.key"))?;
        return Ok(key.to_owned());
    }
    let address = comment.and_then(|comment| comment.text("/self"));
    let rest = address.and_then(|address| address.split_once("/issue/"));
    let id = rest.and_then(|(_, rest)| rest.split_once("/comment/")).map(|(id, _)| id);
    id.filter(|id| is_number(id)).map(str::to_owned).ok_or_else(|| lacks("issue"))
}

/// Whoever wrote a comment for the staff has said so in one of three ways; Jira's `jsdPublic` alone is known
/// to be wrong at times.
fn audience(comment: JsonView<'_>) -> Audience {
    let marked = comment.items("/properties").any(|property| {
        property.text("/key") == Some("sd.public.comment") && property.flag("/value/internal") == Some(true)
    });
    if comment.object("/visibility").is_some() {
        Audience::Restricted
    } else if marked || comment.flag("/jsdPublic") == Some(false) {
        Audience::Internal
    } else {
        Audience::Public
    }
}

/// The customers of a service desk see the words of an issue, and not its other fields: an answer to a change of those
/// would tell them of it. Projects of other types have no customers.
fn audience_of_change(body: JsonView<'_>, issue: JsonView<'_>) -> Audience {
    let has_customers = issue.text("/fields/project/projectTypeKey").is_none_or(|it| it == "service_desk");
    let is_word = |item: JsonView<'_>| matches!(item.text("/field"), Some("summary" | "description"));
    let mut items = body.items("/changelog/items").peekable();
    let is_seen = items.peek().is_some() && items.all(is_word);
    if has_customers && !is_seen { Audience::Internal } else { Audience::Public }
}

/// The same of either report of a comment. Each is in the time zone of whoever it is sent for.
fn reported(name: &str, comment: JsonView<'_>, id: Option<&str>) -> Option<Happening> {
    let at = moment(comment, "/updated").or_else(|| moment(comment, "/created"));
    happening([Some(name), id, at.as_deref()])
}

/// The same of the webhooks of an administrator and of an app, whose bodies differ. A change has a number of its own,
/// unless its author made it with the issue.
fn written(name: &str, body: JsonView<'_>, issue: JsonView<'_>) -> Option<Happening> {
    let is_part = name == "issue.updated" && is_created_with(body, issue);
    let name = if is_part { "issue.created" } else { name };
    let change = if name == "issue.updated" { body.id("/changelog/id") } else { Some(String::new()) };
    let created = moment(issue, "/fields/created");
    happening([Some(name), issue.text("/key"), created.as_deref(), change.as_deref()])
}

/// The date at `pointer`, the same in every time zone.
fn moment(part: JsonView<'_>, pointer: &str) -> Option<String> {
    part.date(pointer).map(|date| date.to_string()).or_else(|| part.string(pointer))
}

/// Whether the author has set these fields as the issue was made, which its creation shows as well.
fn is_created_with(body: JsonView<'_>, issue: JsonView<'_>) -> bool {
    const BESIDES: [&str; 6] = ["assignee", "Component", "Fix Version", "labels", "priority", "Sprint"];
    let is_besides = |item: JsonView<'_>| item.text("/field").is_some_and(|field| BESIDES.contains(&field));
    let account = |user: JsonView<'_>| user.string("/accountId").or_else(|| user.string("/name"));
    let actor = body.object("/user").and_then(account);
    body.items("/changelog/items").next().is_some()
        && body.items("/changelog/items").all(is_besides)
        && actor.is_some()
        && actor == issue.object("/fields/creator").and_then(account)
        && at_once(issue.date("/fields/created"), issue.date("/fields/updated"))
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
        && is_number(number)
}

fn is_number(text: &str) -> bool {
    (1..=18).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `jira:worklog_updated` is `worklog_updated`.
fn plain(kind: &str) -> String {
    kind_name(kind.strip_prefix("jira:").unwrap_or(kind))
}

/// Where Atlassian has its customers' sites.
const CLOUD: [&str; 4] = ["atlassian.net", "jira.com", "atlassian-us-gov.net", "atlassian-us-gov-mod.net"];

/// The host of a site of Jira Cloud, without port or path. Answers are written by the API and in the format of the cloud:
/// a Data Center has neither.
#[must_use]
pub fn is_cloud_host(text: &str) -> bool {
    let site =
        |domain: &str| text.strip_suffix(domain).is_some_and(|site| site.len() > 1 && site.ends_with('.'));
    is_host(text) && CLOUD.iter().any(|domain| site(domain))
}

fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// A document in Atlassian's format as Markdown.
#[must_use]
pub fn adf_text(document: &serde_json::Value) -> String {
    adf::read(JsonView(document)).text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_of_the_cloud_are_told_from_all_other_hosts() {
        for good in ["acme.atlassian.net", "acme.jira.com", "acme.atlassian-us-gov-mod.net"] {
            assert!(is_cloud_host(good), "{good}");
        }
        for bad in [
            "atlassian.net",
            ".atlassian.net",
            "jira.example.com",
            "acme.atlassian.net.example.com",
            "acmeatlassian.net",
            "acme.atlassian.net/x",
            "",
        ] {
            assert!(!is_cloud_host(bad), "{bad}");
        }
    }

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
