//! From a message to [`Event`].

use domain::{Attachment, Event, Target, Timestamp};

use super::{is_account, is_channel, is_stamp, is_team, words};
use crate::ParseError;
use crate::reading::{Facts, JsonView, MAX_ATTACHMENTS, attachment, attachments, happening, lacks};

/// Slack's own account, which writes reminders and answers of its own into channels.
const SLACKBOT: &str = "USLACKBOT";

/// The event of a message, or of a mention, which is the message again.
pub(super) fn read(body: JsonView<'_>, event: JsonView<'_>, kind: &str) -> Result<Event, ParseError> {
    of(body, event, event, kind)
}

/// The event of `message`, which `event` reports: itself, unless something happened to it.
pub(super) fn of(
    body: JsonView<'_>,
    event: JsonView<'_>,
    message: JsonView<'_>,
    kind: &str,
) -> Result<Event, ParseError> {
    let team = body.text("/team_id").filter(|id| is_team(id)).ok_or_else(|| lacks("team_id"))?;
    let channel = event.text("/channel").filter(|id| is_channel(id)).ok_or_else(|| lacks("event.channel"))?;
    let stamp = message.text("/ts").filter(|ts| is_stamp(ts)).ok_or_else(|| lacks("event.ts"))?;
    let root = message.text("/thread_ts").unwrap_or(stamp);
    let root = Some(root).filter(|ts| is_stamp(ts)).ok_or_else(|| lacks("event.thread_ts"))?;
    let account = message.text("/user").or_else(|| message.text("/bot_id")).filter(|id| is_account(id));
    let actor = account.ok_or_else(|| lacks("event.user"))?;
    let place = place(event);
    let direct = place == "im";
    let spoken_to = words::spoken_to(message);
    let mentioned = mentions_us(body, message, kind, &spoken_to);
    let name = if kind == "message" { format!("message.{place}") } else { kind.to_owned() };
    Ok(Event {
        actor_is_bot: is_bot(message, actor),
        text: words::all(message),
        comment_id: Some(stamp.to_owned()),
        addressed: mentioned || direct,
        mentioned: Some(spoken_to),
        // A direct message comes as `message.im` alone. Elsewhere Slack sends a mention as `message` and as
        // `app_mention` if the app subscribes to both, under two ids: nothing but the message is the same in both.
        happening: happening([Some("message"), Some(team), Some(channel), Some(stamp)]).filter(|_| !direct),
        attachments: files(message),
        // A mention does not say it of its channel; one that is private may have any id.
        is_closed_place: event.text("/channel_type") != Some("channel"),
        occurred_at: date(stamp),
        target: Some(Target::SlackThread {
            team: team.to_owned(),
            channel: channel.to_owned(),
            thread_ts: root.to_owned(),
        }),
        metadata: Facts::default()
            .text("channel", Some(channel))
            .text("channel_type", Some(place))
            .flag("in_thread", Some(root != stamp))
            .flag("external", body.flag("/is_ext_shared_channel"))
            .number("files", Some(message.items("/files").count() as u64).filter(|count| *count > 0))
            .done(),
        ..Event::new(name, team, format!("{team}/{channel}/{root}"), actor)
    })
}

fn is_bot(message: JsonView<'_>, actor: &str) -> bool {
    actor == SLACKBOT || message.text("/bot_id").is_some() || message.text("/subtype") == Some("bot_message")
}

/// The files of the message, then those of the messages that it forwards.
fn files(message: JsonView<'_>) -> Vec<Attachment> {
    let mut files = attachments(message, "/files", posted);
    for forwarded in message.items("/attachments") {
        files.extend(attachments(forwarded, "/files", forwarded_file));
    }
    files.truncate(MAX_ATTACHMENTS);
    files
}

/// A file that was posted in the channel itself: whoever reads the channel can see it, and `url_private` opens to our
/// token.
fn posted(file: JsonView<'_>) -> Option<Attachment> {
    let url = file.text("/url_private").map(str::to_owned);
    let posted = attachment(file, ["/name", "/mimetype", "/size"], url)?;
    Some(Attachment { needs_login: posted.url.is_some(), ..posted })
}

/// A file of a message from elsewhere, which may be a channel that the readers of this one cannot see. Our token would
/// open it all the same; so it is fetched only if somebody has made it public, with the secret at the end of its
/// public page's address.
fn forwarded_file(file: JsonView<'_>) -> Option<Attachment> {
    let shared = file.flag("/public_url_shared") == Some(true);
    let secret = file.text("/permalink_public").and_then(|page| page.rsplit('-').next());
    let secret = secret.filter(|it| shared && it.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let url = file.text("/url_private").zip(secret).map(|(url, secret)| format!("{url}?pub_secret={secret}"));
    attachment(file, ["/name", "/mimetype", "/size"], url)
}

/// The kind of place, in the words in which Slack names its events.
pub(super) fn place(event: JsonView<'_>) -> &'static str {
    let channel = event.text("/channel").unwrap_or_default();
    match (event.text("/channel_type"), channel.as_bytes().first()) {
        (Some("im"), _) | (None, Some(b'D')) => "im",
        (Some("mpim"), _) => "mpim",
        (Some("group"), _) | (None, Some(b'G')) => "groups",
        (Some("app_home"), _) => "app_home",
        _ => "channels",
    }
}

/// Whether the author speaks to the bot that this event was sent to: Slack names its account in the signed body. An
/// `app_mention` says so itself, unless the account stands in a quote or in code alone.
fn mentions_us(body: JsonView<'_>, message: JsonView<'_>, kind: &str, spoken_to: &[String]) -> bool {
    let ours = || {
        let bots = body.items("/authorizations").filter(|it| it.flag("/is_bot") == Some(true));
        bots.filter_map(|it| it.text("/user_id"))
    };
    let is_meant = ours().any(|id| spoken_to.iter().any(|account| account == id));
    is_meant || (kind == "app_mention" && !ours().any(|id| words::names(message, id)))
}

pub(super) fn date(stamp: &str) -> Option<Timestamp> {
    Timestamp::from_second(stamp.split('.').next()?.parse().ok()?).ok()
}
