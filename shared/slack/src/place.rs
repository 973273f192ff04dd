//! Where messages are: channels and the time stamps that are their ids, checked.

use domain::{ServiceError, Target};
use outbound::{Call, Client};

/// Longest id that is taken; Slack's are about 11 characters.
const MAX_ID: usize = 32;

/// A thread whose parts are safe to send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Thread<'a> {
    pub(crate) channel: &'a str,
    pub(crate) ts: &'a str,
}

impl<'a> Thread<'a> {
    /// Checks a target. The workspace is not compared with the token's: in a channel shared between
    /// workspaces, and for an app of a whole organisation, they differ rightly. The channel's id is
    /// unique across all of them, and the token decides what we reach.
    pub(crate) fn of(client: &Client, call: Call, target: &'a Target) -> Result<Self, ServiceError> {
        let Target::SlackThread { team: _, channel, thread_ts } = target else {
            return Err(client.foreign(call, target));
        };
        check_channel(client, call, channel)?;
        check_ts(client, call, thread_ts)?;
        Ok(Self { channel, ts: thread_ts })
    }
}

/// Refuses everything but the id of a channel: Slack would take a name or a user as well.
pub(crate) fn check_channel(client: &Client, call: Call, channel: &str) -> Result<(), ServiceError> {
    let is_id = (2..=MAX_ID).contains(&channel.len())
        && channel.starts_with(['C', 'G', 'D'])
        && channel.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if is_id {
        Ok(())
    } else {
        Err(client.refused(call, "a channel's id looks like C0123ABCD (not its name)"))
    }
}

/// Refuses everything but the id of an account.
pub(crate) fn check_account(client: &Client, call: Call, user: &str) -> Result<(), ServiceError> {
    let is_id = (2..=MAX_ID).contains(&user.len())
        && user.starts_with(['U', 'W'])
        && user.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if is_id { Ok(()) } else { Err(client.refused(call, "an account's id looks like U0123ABCD")) }
}

/// Refuses everything but the time stamp of a message.
pub(crate) fn check_ts(client: &Client, call: Call, ts: &str) -> Result<(), ServiceError> {
    let is_ts = ts.len() <= MAX_ID
        && ts.split_once('.').is_some_and(|(seconds, count)| is_number(seconds) && is_number(count));
    if is_ts {
        Ok(())
    } else {
        Err(client.refused(call, "a message's time stamp looks like 1700000000.000100"))
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
