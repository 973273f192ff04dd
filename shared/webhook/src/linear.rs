//! Linear: issues and comments.
//!
//! <https://linear.app/developers/webhooks>. The body carries the time of sending, which is signed
//! with it: a minute later it is refused.

use domain::{Event, Happening, Priority, Target, clip};

use crate::provider::Row;
use crate::reading::{
    Facts, JsonView, MAX_FACT_BYTES, any_name, at_once, happening, hash, kind_name, lacks, object, plain_id,
};
use crate::{ParseError, Parsed, Received, Scheme, Sender};

pub(crate) static ROW: Row = Row {
    delivery: Some("linear-delivery"),
    kinds: &[("issue", &["create", "remove", "update"]), ("comment", &["create", "remove", "update"])],
    endings: &["remove"],
    times: &["/data/createdAt", "/data/updatedAt"],
    kind: Some(kind),
    ..Row::json("linear", Scheme::linear, read)
};

fn kind(_: &Received<'_>, body: JsonView<'_>) -> Option<String> {
    let kind = kind_name(body.text("/type")?);
    let action = body.text("/action").map(any_name);
    Some(action.map_or_else(|| kind.clone(), |action| format!("{kind}.{action}")))
}

fn read(sender: &Sender, received: &Received<'_>) -> Result<Parsed, ParseError> {
    let value = object(received)?;
    let body = JsonView(&value);
    let name = kind(received, body).ok_or_else(|| lacks("type"))?;
    match name.split_once('.') {
        None if is_read(&name) => Err(lacks("action")),
        Some((kind, action)) if is_read(kind) => {
            event(sender, body, kind, action).map(Box::new).map(Parsed::Event)
        }
        _ => Ok(Parsed::Other(name)),
    }
}

fn is_read(kind: &str) -> bool {
    matches!(kind, "issue" | "comment")
}

fn event(sender: &Sender, body: JsonView<'_>, kind: &str, action: &str) -> Result<Event, ParseError> {
    let data = body.object("/data").ok_or_else(|| lacks("data"))?;
    let comment = (kind == "comment").then_some(data);
    let id = data.text("/id").ok_or_else(|| lacks("data.id"))?;
    let issue = match comment {
        // A comment on a project or a document has no issue.
        Some(comment) => comment.text("/issueId").or_else(|| comment.text("/issue/id")),
        None => Some(id),
    };
    let issue = issue.map(|id| plain_id(id).ok_or_else(|| lacks("the issue's id"))).transpose()?;
    let parent = comment.and_then(|comment| comment.text("/parentId").or_else(|| comment.text("/parent/id")));
    let parent = parent.map(|id| plain_id(id).ok_or_else(|| lacks("the parent's id"))).transpose()?;
    let thread = issue.unwrap_or(id);
    let actor = body.text("/actor/name").or_else(|| data.text("/user/name"));
    let actor_id =
        body.text("/actor/id").or_else(|| data.text("/userId")).or_else(|| data.text("/creatorId"));
    let actor = actor.or(actor_id).ok_or_else(|| lacks("actor"))?;
    let text = comment.map_or_else(|| data.text("/description"), |comment| comment.text("/body"));
    Ok(Event {
        actor_id: actor_id.map(str::to_owned),
        // `user`, or an integration or application of some kind.
        actor_is_bot: body.text("/actor/type").is_some_and(|kind| !kind.eq_ignore_ascii_case("user")),
        title: data.string("/title").or_else(|| data.string("/issue/title")),
        opening: comment.and_then(|comment| comment.string("/issue/description")),
        text: text.unwrap_or_default().to_owned(),
        labels: data.names("/labels", "/name"),
        comment_id: comment.map(|_| id.to_owned()),
        priority: priority(data.number("/priority")),
        occurred_at: body.date("/createdAt"),
        // A webhook of a team and one of the organisation report the same under webhook ids of their own.
        happening: reported(body, data, (kind, action), actor_id),
        link: body.string("/url"),
        target: issue.map(|id| Target::LinearIssue { id: id.to_owned(), parent: parent.map(str::to_owned) }),
        metadata: Facts::default()
            .text("issue", data.text("/identifier").or_else(|| data.text("/issue/identifier")))
            .text("state", data.text("/state/name"))
            .text("team", data.text("/team/key"))
            .done(),
        ..Event::new(
            format!("{kind}.{action}"),
            body.text("/organizationId").unwrap_or(&sender.name),
            parent.map_or(thread.to_owned(), |parent| format!("{thread}/c{parent}")),
            clip(actor, MAX_FACT_BYTES),
        )
    })
}

/// What the author sets of an issue in the moment of its creation is a part of that. Two other changes of one moment
/// differ in what was there before.
fn reported(
    body: JsonView<'_>,
    data: JsonView<'_>,
    (kind, action): (&str, &str),
    actor_id: Option<&str>,
) -> Option<Happening> {
    let before = body.object("/updatedFrom");
    let is_word = |before: JsonView<'_>| ["title", "description"].iter().any(|it| before.0.get(it).is_some());
    let is_created_with = action == "update"
        && before.is_some_and(|before| !is_word(before))
        && actor_id.is_some_and(|id| data.text("/creatorId") == Some(id))
        && at_once(data.date("/createdAt"), data.date("/updatedAt"));
    let id = data.text("/id");
    if kind == "issue" && (action == "create" || is_created_with) {
        let created = data.text("/createdAt").or_else(|| data.text("/updatedAt"));
        return happening([Some(kind), Some("create"), id, created, Some("")]);
    }
    let time = data.text("/updatedAt").or_else(|| data.text("/createdAt"));
    let before = before.map(|before| hash(before.0.to_string().as_bytes())).unwrap_or_default();
    happening([Some(kind), Some(action), id, time, Some(&before)])
}

/// 1 is urgent, 4 low, 0 none.
fn priority(number: Option<u64>) -> Option<Priority> {
    let level = match number? {
        1 => 5,
        2 => 4,
        3 => 3,
        4 => 2,
        _ => return None,
    };
    Priority::new(level).ok()
}
