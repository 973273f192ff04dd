//! Messages: posted, changed, read in threads and channels, and found again by their metadata.

use std::collections::{HashSet, VecDeque};

use domain::{Comment, Mark, Proof, ServiceError, Timestamp};
use outbound::{CLOCK_SKEW, Call};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use webhook::slack_text;

use crate::api::Api;
use crate::identity::Identity;
use crate::place::Thread;

/// Messages on a page: as many as Slack recommends to ask for at once.
const PER_PAGE: &str = "200";
/// Pages that are read of one thread or channel.
const MAX_PAGES: usize = 30;
/// `event_type` of our metadata.
const EVENT_TYPE: &str = "afterhook";

/// A message to be posted.
#[derive(Debug, Serialize)]
pub(crate) struct NewMessage<'a> {
    pub(crate) channel: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) thread_ts: Option<&'a str>,
    /// The text in mrkdwn; with blocks, the text of notifications.
    pub(crate) text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) blocks: Option<&'a Value>,
    pub(crate) metadata: Value,
    /// Off: Slack would fetch what a draft links to, which tells its host about us and could carry data away.
    pub(crate) unfurl_links: bool,
    pub(crate) unfurl_media: bool,
}

impl<'a> NewMessage<'a> {
    pub(crate) fn new(channel: &'a str, text: &'a str, mark: &Mark) -> Self {
        let metadata = json!({"event_type": EVENT_TYPE, "event_payload": {"task_id": mark.task_id, "effect": mark.effect}});
        let (unfurl_links, unfurl_media) = (false, false);
        Self { channel, thread_ts: None, text, blocks: None, metadata, unfurl_links, unfurl_media }
    }
}

/// A message that was posted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Posted {
    /// The channel that it is in. For a direct message it is another one than the one that was asked for.
    pub channel: String,
    /// Its time stamp: its id within the channel.
    pub ts: String,
}

/// A message in an answer.
#[derive(Debug, Deserialize)]
struct WireMessage {
    ts: String,
    user: Option<String>,
    bot_id: Option<String>,
    /// The name that a bot gave itself.
    username: Option<String>,
    #[serde(default)]
    text: String,
    /// Set for notices such as `channel_join`, which nobody wrote.
    subtype: Option<String>,
    metadata: Option<Metadata>,
    /// Blocks, attachments, files: the words may stand in them alone.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    #[serde(default)]
    event_type: String,
    #[serde(default)]
    event_payload: Value,
}

#[derive(Debug, Deserialize)]
struct Page {
    #[serde(default)]
    messages: Vec<WireMessage>,
    #[serde(default)]
    response_metadata: Option<Next>,
}

#[derive(Debug, Deserialize)]
struct Next {
    #[serde(default)]
    next_cursor: String,
}

/// Where messages are read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source<'a> {
    /// A thread: ascending, its first message first.
    Thread(Thread<'a>),
    /// A channel without its threads: descending.
    Channel(&'a str),
}

impl Source<'_> {
    fn channel(&self) -> &str {
        match self {
            Self::Thread(thread) => thread.channel,
            Self::Channel(channel) => channel,
        }
    }
}

/// The last `limit` messages of a thread, oldest first, the one it hangs on among them.
pub(crate) async fn last(
    api: &Api,
    call: Call,
    thread: Thread<'_>,
    limit: usize,
    ours: &Identity,
) -> Result<Vec<Comment>, ServiceError> {
    let (mut found, mut seen, mut cursor) = (VecDeque::new(), HashSet::new(), String::new());
    for _ in 0..MAX_PAGES {
        let page = page(api, call, Source::Thread(thread), None, &cursor).await?;
        for message in page.messages {
            // The message that the thread hangs on may come with every page.
            if message.is_said() && seen.insert(message.ts.clone()) {
                found.push_back(message);
            }
            if found.len() > limit {
                found.pop_front();
            }
        }
        cursor = page.response_metadata.map(|next| next.next_cursor).unwrap_or_default();
        if cursor.is_empty() {
            return Ok(found.into_iter().map(|message| message.seen_by(ours)).collect());
        }
    }
    // Slack has no way to begin at the end, and an answer must not be built on half a conversation.
    let message = format!("the thread has more than {MAX_PAGES} pages of {PER_PAGE} messages");
    Err(api.client.refused(call, message))
}

/// Looks for the message with `mark` by our own bot, written not much earlier than `since`.
pub(crate) async fn find(
    api: &Api,
    call: Call,
    source: Source<'_>,
    mark: &Mark,
    since: Timestamp,
) -> Result<Option<Proof>, ServiceError> {
    let ours = api.identity(call).await?;
    let oldest = oldest_parameter(since);
    let mut cursor = String::new();
    for _ in 0..MAX_PAGES {
        let page = page(api, call, source, Some(&oldest), &cursor).await?;
        // Anybody's app can write our metadata: only our own bot's counts.
        let mut written = page.messages.iter().filter(|message| message.is_by(&ours));
        if let Some(message) = written.find(|message| message.carries(mark)) {
            return Ok(Some(proof(Some(&ours), source, &message.ts)));
        }
        cursor = page.response_metadata.map(|next| next.next_cursor).unwrap_or_default();
        if cursor.is_empty() {
            return Ok(None);
        }
    }
    // "Not found" would have the message written again.
    Err(api.client.lost(call, format!("our message is not on the first {MAX_PAGES} pages since {oldest}")))
}

/// The proof of the message `ts`, with an address if we know where the workspace is.
pub(crate) fn proof(ours: Option<&Identity>, source: Source<'_>, ts: &str) -> Proof {
    let thread = match source {
        Source::Thread(thread) => Some(thread.ts),
        Source::Channel(_) => None,
    };
    let url = ours.and_then(|ours| ours.permalink(source.channel(), ts, thread));
    Proof { id: ts.to_owned(), url }
}

async fn page(
    api: &Api,
    call: Call,
    source: Source<'_>,
    oldest: Option<&str>,
    cursor: &str,
) -> Result<Page, ServiceError> {
    let mut query =
        vec![("channel", source.channel()), ("limit", PER_PAGE), ("include_all_metadata", "true")];
    let method = match source {
        Source::Thread(thread) => {
            query.push(("ts", thread.ts));
            "conversations.replies"
        }
        Source::Channel(_) => "conversations.history",
    };
    if let Some(oldest) = oldest {
        query.extend([("oldest", oldest), ("inclusive", "true")]);
    }
    if !cursor.is_empty() {
        query.push(("cursor", cursor));
    }
    api.get(call, method, &query).await
}

/// `since` in the form that Slack takes: seconds with six decimals.
fn oldest_parameter(since: Timestamp) -> String {
    let since = since.checked_sub(CLOCK_SKEW).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{}.000000", since.as_second().max(0))
}

impl WireMessage {
    /// Whether somebody said it: no notice of Slack's own.
    fn is_said(&self) -> bool {
        matches!(
            self.subtype.as_deref(),
            None | Some("bot_message" | "thread_broadcast" | "file_share" | "me_message")
        )
    }

    fn is_by(&self, ours: &Identity) -> bool {
        ours.wrote(self.user.as_deref(), self.bot_id.as_deref())
    }

    fn carries(&self, mark: &Mark) -> bool {
        self.metadata.as_ref().is_some_and(|metadata| {
            metadata.event_type == EVENT_TYPE
                && metadata.event_payload["task_id"] == json!(mark.task_id)
                && metadata.event_payload["effect"] == json!(mark.effect)
        })
    }

    fn seen_by(self, identity: &Identity) -> Comment {
        let ours = self.is_by(identity);
        let author = self.user.or(self.username).or(self.bot_id).unwrap_or_else(|| "unknown".to_owned());
        let at = timestamp(&self.ts).unwrap_or(Timestamp::UNIX_EPOCH);
        let mut shown = self.rest;
        shown.insert("text".to_owned(), Value::String(self.text));
        Comment { text: slack_text(&Value::Object(shown)), id: self.ts, author, ours, at }
    }
}

/// The time in a message's time stamp, to the microsecond.
fn timestamp(ts: &str) -> Option<Timestamp> {
    let (seconds, micros) = ts.split_once('.')?;
    let micros: i64 = format!("{micros:0<6}").get(..6)?.parse().ok()?;
    Timestamp::from_microsecond(seconds.parse::<i64>().ok()?.checked_mul(1_000_000)?.checked_add(micros)?)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stamps_are_times() {
        assert_eq!(timestamp("1700000000.000100").unwrap().to_string(), "2023-11-14T22:13:20.0001Z");
        assert_eq!(timestamp("1700000000.5").unwrap().to_string(), "2023-11-14T22:13:20.5Z");
        for bad in ["", "1700000000", "x.1", "9999999999999999999.1", "1.é"] {
            assert_eq!(timestamp(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_search_begins_before_the_time_asked_for() {
        let since = "2023-11-14T22:13:20.9Z".parse().unwrap();
        assert_eq!(oldest_parameter(since), "1699999700.000000");
        assert_eq!(oldest_parameter(Timestamp::UNIX_EPOCH), "0.000000");
    }
}
