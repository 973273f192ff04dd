//! Zendesk: the events of tickets that a webhook subscribes to, and what triggers send.
//!
//! <https://developer.zendesk.com/api-reference/webhooks/event-types/ticket-events/>. A webhook that a
//! trigger calls has a body of its author's making: the source's `map` says where its fields are.

mod trigger;

use domain::{Attachment, Audience, Event, Happening, Priority, Target, ThreadState};

use crate::provider::{Row, Site};
use crate::reading::{
    Facts, JsonView, any_name, at_once, attachment, attachments, happening, hash, lacks, object,
};
use crate::{CommentPolicy, FieldMap, ParseError, Parsed, Received, Scheme, Sender};

pub(crate) static ROW: Row = Row {
    id: Some("/id"),
    site: Some(Site { key: "subdomain", example: "acme", accepts: is_subdomain, otherwise: "" }),
    kinds: &[(
        "ticket",
        &[
            "agent_assignment_changed",
            "attachment_linked_to_comment",
            "attachment_redacted_from_comment",
            "brand_changed",
            "comment_added",
            "comment_made_private",
            "comment_redacted",
            "created",
            "custom_field_changed",
            "custom_status_changed",
            "description_changed",
            "email_ccs_changed",
            "external_id_changed",
            "followers_changed",
            "form_changed",
            "group_assignment_changed",
            "marked_as_spam",
            "merged",
            "organization_changed",
            "permanently_deleted",
            "priority_changed",
            "problem_link_changed",
            "requester_changed",
            "soft_deleted",
            "status_changed",
            "subject_changed",
            "submitter_changed",
            "tags_changed",
            "task_due_at_changed",
            "triggered",
            "type_changed",
            "undeleted",
        ],
    )],
    endings: &[
        "attachment_redacted_from_comment",
        "comment_made_private",
        "comment_redacted",
        "marked_as_spam",
        "merged",
        "permanently_deleted",
        "soft_deleted",
    ],
    times: &["/time", "/event/comment/id", "/detail/created_at"],
    // Customers mention nobody, so every comment counts.
    comments: CommentPolicy::Thread,
    answers_internally: true,
    takes_map: true,
    needs_public: true,
    kind: Some(kind),
    ..Row::json("zendesk", Scheme::zendesk, read)
};

const TYPE: &str = "zen:event-type:";

fn kind(_: &Received<'_>, body: JsonView<'_>) -> Option<String> {
    body.text("/type").map(|kind| any_name(kind.strip_prefix(TYPE).unwrap_or(kind)))
}

fn read(sender: &Sender, received: &Received<'_>) -> Result<Parsed, ParseError> {
    let value = object(received)?;
    let body = JsonView(&value);
    let own = body.text("/type").and_then(|kind| kind.strip_prefix(TYPE)).map(any_name);
    let Some(kind) = own else {
        let is_mapped = sender.map != FieldMap::default();
        let event = is_mapped.then(|| trigger::event(sender, received, body));
        return event.map(|event| Parsed::Event(Box::new(event))).ok_or_else(|| lacks("type"));
    };
    match (kind.strip_prefix("ticket."), body.object("/detail")) {
        (Some(_), Some(ticket)) => event(sender, body, ticket, &kind).map(Box::new).map(Parsed::Event),
        (Some(_), None) => Err(lacks("detail")),
        (None, _) => Ok(Parsed::Other(kind)),
    }
}

fn event(sender: &Sender, body: JsonView<'_>, ticket: JsonView<'_>, kind: &str) -> Result<Event, ParseError> {
    let id = ticket.id("/id").and_then(|id| number(&id)).ok_or_else(|| lacks("detail.id"))?;
    let comment = body.object("/event/comment");
    let author = comment.and_then(|comment| comment.object("/author"));
    let actor_id = author.and_then(|author| author.id("/id"));
    let actor_id = actor_id.or_else(|| ticket.id("/actor_id")).or_else(|| ticket.id("/requester_id"));
    let is_system = author.map_or_else(|| is_system(ticket, "actor_id"), |author| is_system(author, "id"));
    let name = author.and_then(|author| author.string("/name"));
    let actor = name.or_else(|| actor_id.clone()).ok_or_else(|| lacks("detail.actor_id"))?;
    let account = ticket.id("/organization_id").or_else(|| body.id("/account_id"));
    // It is the first note, which may be an internal one: whether the ticket is public says so only as long as there is
    // no other. So nothing else is told with it.
    let description = if kind == "ticket.created" { ticket.string("/description") } else { None };
    let text = comment.map_or(description, |comment| comment.string("/body"));
    Ok(Event {
        actor_is_bot: is_system,
        actor_id,
        title: ticket.string("/subject"),
        text: text.unwrap_or_default(),
        labels: ticket.names("/tags", "/name"),
        comment_id: comment.map(|it| it.id("/id").ok_or_else(|| lacks("event.comment.id"))).transpose()?,
        by_staff: comment.is_some_and(|comment| is_by_staff(ticket, comment)),
        audience: if says_words(kind) { audience(comment, ticket) } else { Audience::Internal },
        attachments: comment.map(files).unwrap_or_default(),
        // A solved ticket opens again when the customer writes; a closed one takes nothing more.
        thread_state: match ticket.text("/status").map(str::to_ascii_lowercase).as_deref() {
            Some("closed") => ThreadState::Locked,
            _ => ThreadState::Open,
        },
        priority: priority(ticket.text("/priority")),
        occurred_at: body.date("/time"),
        happening: reported(body, ticket, kind, id),
        target: sender.site.clone().map(|subdomain| Target::ZendeskTicket { subdomain, id }),
        metadata: Facts::default()
            .text("status", ticket.text("/status"))
            .text("channel", ticket.text("/via/channel"))
            .text("requester_id", ticket.id("/requester_id").as_deref())
            .flag("public", comment.and_then(|comment| comment.flag("/is_public")))
            .flag("by_staff", author.and_then(|author| author.flag("/is_staff")))
            .done(),
        ..Event::new(kind, account.unwrap_or_default(), format!("ticket/{id}"), actor)
    })
}

/// Each webhook that subscribes to it may report it under an id of its own. A ticket is created once, which its first
/// comment reports as well; a comment is added once; two changes of one moment are told apart by what they changed.
fn reported(body: JsonView<'_>, ticket: JsonView<'_>, kind: &str, id: u64) -> Option<Happening> {
    let comment = body.object("/event/comment");
    let number = id.to_string();
    let is_first = kind == "ticket.comment_added" && comment.is_some_and(|it| is_first(body, ticket, it));
    if kind == "ticket.created" || is_first || is_created_with(body, ticket, kind) {
        return happening([Some("ticket.created"), Some(&number), ticket.text("/created_at")]);
    }
    let comment = comment.and_then(|comment| comment.id("/id"));
    let changes = || body.object("/event").map(|event| hash(event.0.to_string().as_bytes()));
    let time = if comment.is_some() { Some("") } else { body.text("/time") };
    let what = comment.or_else(changes).unwrap_or_default();
    happening([Some(kind), Some(&number), Some(&what), time])
}

/// Whether the author has set the changed field as the ticket was made, which its creation shows as well.
fn is_created_with(body: JsonView<'_>, ticket: JsonView<'_>, kind: &str) -> bool {
    let is_word = matches!(kind, "ticket.subject_changed" | "ticket.description_changed");
    let actor = ticket.id("/actor_id");
    let is_authors =
        actor.is_some() && [ticket.id("/submitter_id"), ticket.id("/requester_id")].contains(&actor);
    let at_once = at_once(ticket.date("/created_at"), body.date("/time"));
    kind.ends_with("_changed") && !is_word && is_authors && at_once
}

/// Whether `comment` is what the ticket was created with: its words, by its author, at its moment. One that is seen by
/// others than the ticket is told apart: the answer to it goes elsewhere.
fn is_first(body: JsonView<'_>, ticket: JsonView<'_>, comment: JsonView<'_>) -> bool {
    let words = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let said = words(comment.text("/body"));
    let author = comment.id("/author/id");
    let is_authors = [ticket.id("/submitter_id"), ticket.id("/requester_id")].contains(&author);
    let same_audience = audience(Some(comment), ticket) == audience(None, ticket);
    said.is_some()
        && said == words(ticket.text("/description"))
        && author.is_some()
        && is_authors
        && at_once(ticket.date("/created_at"), body.date("/time"))
        && same_audience
}

/// Whether `comment` is a colleague's answer, which everybody sees: by one of the staff who is not who asked. Notes among
/// the staff are no answers.
fn is_by_staff(ticket: JsonView<'_>, comment: JsonView<'_>) -> bool {
    let asked = ticket.id("/requester_id");
    comment.flag("/author/is_staff") == Some(true)
        && comment.flag("/is_public") == Some(true)
        && asked.is_some()
        && asked != comment.id("/author/id")
}

/// Whether Zendesk itself, or a rule that runs there, did it: it has no account, and this number.
fn is_system(whose: JsonView<'_>, field: &str) -> bool {
    whose.0.get(field).is_some_and(|id| id.as_i64() == Some(-1) || id.as_str() == Some("-1"))
}

/// Whether an event of this kind tells what somebody wrote. The others are about tags, fields and assignments, which
/// customers do not see: an answer to one would tell them of it.
fn says_words(kind: &str) -> bool {
    matches!(kind, "ticket.created" | "ticket.comment_added" | "ticket.subject_changed")
}

/// A comment speaks for itself, and is private unless it says that it is public; the ticket's own word is
/// about everything else.
fn audience(comment: Option<JsonView<'_>>, ticket: JsonView<'_>) -> Audience {
    let is_public = match comment {
        Some(comment) => comment.flag("/is_public") == Some(true),
        None => ticket.flag("/is_public") != Some(false),
    };
    if is_public { Audience::Public } else { Audience::Internal }
}

/// The files of a comment. Their addresses hold a secret of their own, unless the account asks whoever
/// fetches one to log in.
fn files(comment: JsonView<'_>) -> Vec<Attachment> {
    attachments(comment, "/attachments", |file| {
        attachment(file, ["/filename", "/content_type", "/size"], file.string("/content_url")).or_else(|| {
            attachment(file, ["/file_name", "/content_type", "/size"], file.string("/content_url"))
        })
    })
}

fn number(id: &str) -> Option<u64> {
    let digits = id.bytes().all(|byte| byte.is_ascii_digit());
    id.parse().ok().filter(|number| digits && *number > 0)
}

fn priority(word: Option<&str>) -> Option<Priority> {
    let level = match word?.to_ascii_lowercase().as_str() {
        "urgent" => 5,
        "high" => 4,
        "normal" => 3,
        "low" => 2,
        _ => return None,
    };
    Priority::new(level).ok()
}

/// The label of a host name: `acme` of `acme.zendesk.com`.
fn is_subdomain(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}
