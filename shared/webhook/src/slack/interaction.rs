//! [`Interaction`]: a person used a button that we had put into a message.

use super::{is_account, is_channel, is_stamp, is_team};
use crate::reading::{JsonView, MAX_FACT_BYTES, json, kind_name, lacks, read as read_json};
use crate::{ParseError, Parsed, Received};

/// A person used buttons or the menu of a message of ours (`block_actions`).
///
/// Slack's `response_url` is left out: nothing is sent to a URL out of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interaction {
    /// The workspace.
    pub team: String,
    /// Who did it: the account's id, for the list of approvers.
    pub user: String,
    /// The person's name, for people.
    pub user_name: Option<String>,
    /// Where the message is.
    pub channel: Option<String>,
    /// Which message it is.
    pub message_ts: Option<String>,
    /// What was used; at least one.
    pub actions: Vec<InteractionAction>,
}

/// One button or menu that was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InteractionAction {
    /// The id that we gave it.
    pub id: String,
    /// The value that we gave it, or to what was chosen.
    pub value: Option<String>,
}

/// More actions in one request are nobody's.
const MAX_ACTIONS: usize = 25;
/// What Slack allows for a button's value.
const MAX_VALUE_BYTES: usize = 2000;

/// Reads a form: an interaction begins with the field `payload`, which holds its JSON. What a slash command
/// has further on under that name was written by a person.
pub(super) fn read(received: &Received<'_>) -> Result<Parsed, ParseError> {
    if !received.body.starts_with(b"payload=") {
        let is_command = form_urlencoded::parse(received.body).any(|(name, _)| name == "command");
        let kind = if is_command { "slash_command" } else { "form" };
        return Ok(Parsed::Other(kind.to_owned()));
    }
    let json = json(received)?;
    let value: serde_json::Value = read_json(&json)?;
    let body = JsonView(&value);
    match body.text("/type") {
        Some("block_actions") => interaction(body).map(Box::new).map(Parsed::Interaction),
        Some(kind) => Ok(Parsed::Other(kind_name(kind))),
        None => Err(lacks("type")),
    }
}

fn interaction(body: JsonView<'_>) -> Result<Interaction, ParseError> {
    let team = body.text("/team/id").or_else(|| body.text("/user/team_id"));
    let id = |text: Option<&str>, fits: fn(&str) -> bool| text.filter(|id| fits(id)).map(str::to_owned);
    let actions: Vec<_> = body.items("/actions").take(MAX_ACTIONS).filter_map(action).collect();
    if actions.is_empty() {
        return Err(lacks("actions"));
    }
    Ok(Interaction {
        team: id(team, is_team).ok_or_else(|| lacks("team.id"))?,
        user: id(body.text("/user/id"), is_account).ok_or_else(|| lacks("user.id"))?,
        user_name: body.text("/user/username").map(|name| domain::clip(name, MAX_FACT_BYTES).to_owned()),
        channel: id(body.text("/channel/id").or_else(|| body.text("/container/channel_id")), is_channel),
        message_ts: id(body.text("/message/ts").or_else(|| body.text("/container/message_ts")), is_stamp),
        actions,
    })
}

fn action(action: JsonView<'_>) -> Option<InteractionAction> {
    let id = action.text("/action_id").filter(|id| id.len() <= 255)?;
    let value = action.text("/value").or_else(|| action.text("/selected_option/value"));
    let value = value.filter(|value| value.len() <= MAX_VALUE_BYTES);
    Some(InteractionAction { id: id.to_owned(), value: value.map(str::to_owned) })
}
