//! Comments of an issue: the list in pages, one of them, a new one.

use domain::Timestamp;
use serde_json::{Value, json};

use super::issues::{api_url, html_url, repository_id};
use super::state::user;
use super::store::{Change, Github, IssueState, Kind, Place, StoredComment};
use super::words::{invalid_comment, refusal};
use crate::kit::{Call, Kept, Reply};

/// The longest comment GitHub takes, in characters.
const MAX_LENGTH: usize = 65_536;
/// Every reaction that there is.
const CONTENTS: [&str; 8] = ["+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes"];

/// `GET …/issues/{number}/comments?per_page=&page=&since=`.
pub(super) fn list(github: &Github, call: &Call, at: &Place) -> Result<Reply, Reply> {
    let thread = github.visible(at)?;
    let since = match call.query("since") {
        None | Some("") => Timestamp::MIN,
        Some(time) => time.parse().map_err(|_| {
            let form = "'since' must be a timestamp in ISO 8601 format: YYYY-MM-DDTHH:MM:SSZ.";
            refusal(422, &format!("Invalid request.\n\n{form}"))
        })?,
    };
    let comments: Vec<&StoredComment> = thread.comments.iter().filter(|c| c.created_at >= since).collect();
    let number_of = |name: &str, otherwise: usize| match call.number(name, otherwise, usize::MAX) {
        0 => otherwise,
        number => number,
    };
    let (size, page) = (number_of("per_page", 30).min(100), number_of("page", 1));
    let shown = comments.iter().skip((page - 1).saturating_mul(size)).take(size);
    let body: Value = shown.map(|comment| describe(call, at, comment)).collect();
    let repository = repository_id(&at.owner, &at.repo);
    let base = format!("{}{}/repositories/{repository}", call.origin, call.prefix);
    let path = format!("{base}/issues/{}/comments", at.number);
    let links = links(&path, &call.query, page, comments.len().div_ceil(size).max(1));
    let reply = Reply::ok(body);
    Ok(if links.is_empty() { reply } else { reply.with("link", links) })
}

/// The `Link` header, as far as it leads on: `next` and `last`.
fn links(path: &str, query: &[(String, String)], page: usize, last: usize) -> String {
    let link = |(number, name): (usize, &str)| {
        let others = query.iter().filter(|(key, _)| key != "page");
        let mut query = form_urlencoded::Serializer::new(String::new());
        let query = query.extend_pairs(others).append_pair("page", &number.to_string()).finish();
        format!("<{path}?{query}>; rel=\"{name}\"")
    };
    let ahead = [(page + 1, "next"), (last, "last")].into_iter().filter(|_| page < last);
    ahead.map(link).collect::<Vec<_>>().join(", ")
}

/// `POST …/issues/{number}/comments`, and the reply to a comment of a review.
pub(super) fn create(
    kept: &mut Kept<Github>,
    call: &Call,
    at: &Place,
    login: &str,
    in_reply_to: Option<u64>,
    now: Timestamp,
) -> Result<Reply, Reply> {
    let thread = kept.visible(at)?;
    let text = text(&call.body)?;
    if thread.state == IssueState::Locked {
        return Err(refusal(403, "Unable to create comment because issue is locked."));
    }
    let comment = StoredComment { in_reply_to, ..kept.comment(login, text, now) };
    let described = describe(call, at, &comment);
    kept.record(Change::Comment { at: at.clone(), comment })?;
    let location = described["url"].as_str().unwrap_or_default().to_owned();
    Ok(Reply::new(201, described).with("location", location))
}

/// `GET …/issues/comments/{id}`, and of a review.
pub(super) fn one(github: &Github, call: &Call, owner: &str, repo: &str, id: &str) -> Result<Reply, Reply> {
    let (at, comment) = github.find(owner, repo, id)?;
    Ok(Reply::ok(describe(call, at, comment)))
}

/// `POST …/issues/comments/{id}/reactions`, and of a review: 200 for one that the account has given before.
pub(super) fn react(
    kept: &mut Kept<Github>,
    call: &Call,
    (owner, repo, id): (&str, &str, &str),
    login: &str,
) -> Result<Reply, Reply> {
    let (_, comment) = kept.find(owner, repo, id)?;
    let content = call.field("content").filter(|content| CONTENTS.contains(content));
    let content = content.ok_or_else(|| refusal(422, "Invalid request.\n\n\"content\" is no reaction."))?;
    let content = content.to_owned();
    let (comment, known) = (comment.id, comment.reactions.contains(&(login.to_owned(), content.clone())));
    let described = json!({"id": comment, "content": content, "user": user(login, &call.origin)});
    if known {
        return Ok(Reply::ok(described));
    }
    kept.record(Change::Reaction { comment, login: login.to_owned(), content })?;
    Ok(Reply::new(201, described))
}

/// The sums of a comment's reactions, as GitHub embeds them.
fn sums(comment: &StoredComment, url: &str) -> Value {
    let count = |content: &str| comment.reactions.iter().filter(|(_, of)| of == content).count();
    let mut sums = json!({"url": format!("{url}/reactions"), "total_count": comment.reactions.len()});
    for content in CONTENTS {
        sums[content] = count(content).into();
    }
    sums
}

fn text(body: &Value) -> Result<&str, Reply> {
    let object = body.as_object().ok_or_else(|| refusal(400, "Body should be a JSON object"))?;
    let text = object.get("body");
    let text = text.ok_or_else(|| refusal(422, "Invalid request.\n\n\"body\" wasn't supplied."))?;
    let not_a_string = "Invalid request.\n\nFor 'properties/body', the value is not a string.";
    let text = text.as_str().ok_or_else(|| refusal(422, not_a_string))?;
    if text.trim().is_empty() {
        return Err(invalid_comment("Body cannot be blank"));
    }
    if text.chars().count() > MAX_LENGTH {
        return Err(invalid_comment(&format!("Body is too long (maximum is {MAX_LENGTH} characters)")));
    }
    Ok(text)
}

fn describe(call: &Call, at: &Place, comment: &StoredComment) -> Value {
    let (id, issue) = (comment.id, api_url(call, at));
    let comments = issue.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_member = comment.login.eq_ignore_ascii_case(&at.owner) || comment.login.ends_with("[bot]");
    let url = format!("{comments}comments/{id}");
    let anchor = if at.kind == Kind::Review { "discussion_r" } else { "issuecomment-" };
    json!({
        "id": id, "node_id": format!("IC_{id}"), "url": url, "reactions": sums(comment, &url),
        "html_url": format!("{}#{anchor}{id}", html_url(call, at)), "issue_url": issue,
        "user": user(&comment.login, &call.origin), "body": comment.body, "created_at": comment.created_at,
        "updated_at": comment.created_at, "author_association": if is_member { "MEMBER" } else { "NONE" },
        "performed_via_github_app": null, "in_reply_to_id": comment.in_reply_to,
    })
}
