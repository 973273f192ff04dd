//! What Slack's `"ok": false` means, and how to mend it.
//!
//! Source: the errors listed for each method in Slack's documentation. A code that is not known here is
//! a refusal: `ok: false` says that nothing was done.

use std::time::Duration;

use domain::ServiceFailure;
use outbound::Operation;
use serde::Deserialize;

/// The wait when Slack names none: its limits count by the minute.
const DEFAULT_WAIT: Duration = Duration::from_secs(60);

/// What every answer says about itself.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ErrorClass {
    pub(crate) ok: bool,
    #[serde(default)]
    error: String,
    /// The scope that would have been needed.
    #[serde(default)]
    needed: String,
    #[serde(default)]
    response_metadata: Details,
}

#[derive(Debug, Default, Deserialize)]
struct Details {
    /// What is wrong with blocks or arguments.
    #[serde(default)]
    messages: Vec<String>,
}

impl ErrorClass {
    /// What Slack says, for people.
    pub(crate) fn said(&self) -> String {
        let details = self.response_metadata.messages.join("; ");
        if details.is_empty() { self.error.clone() } else { format!("{}: {details}", self.error) }
    }

    /// What the caller does next; `told` is the answer's `Retry-After`.
    pub(crate) fn failure(&self, operation: Operation, told: Option<Duration>) -> ServiceFailure {
        match self.error.as_str() {
            "ratelimited" | "rate_limited" | "message_limit_exceeded" => {
                ServiceFailure::Throttled { after: told.unwrap_or(DEFAULT_WAIT) }
            }
            // "It's possible some aspect of the operation succeeded before the error was raised."
            "fatal_error" | "internal_error" if operation.creates => ServiceFailure::InDoubt,
            "fatal_error"
            | "internal_error"
            | "request_timeout"
            | "service_unavailable"
            | "team_added_to_org"
            | "org_login_required" => ServiceFailure::Later { after: told },
            // Somebody has deleted the message that the thread hangs on, or keeps others from replying to it.
            // An archived channel takes nothing, in any of its threads.
            "thread_not_found"
            | "cannot_reply_to_message"
            | "restricted_action_thread_locked"
            | "is_archived" => ServiceFailure::Closed,
            // What the token may do at all: the next message meets the same.
            "invalid_auth"
            | "not_authed"
            | "account_inactive"
            | "token_revoked"
            | "token_expired"
            | "not_allowed_token_type"
            | "team_access_not_granted"
            | "enterprise_is_restricted"
            | "ekm_access_denied"
            | "two_factor_setup_required"
            | "accesslimited" => ServiceFailure::AccountRefused,
            "missing_scope" if !self.is_of_one_kind_of_place() => ServiceFailure::AccountRefused,
            // What somebody must mend for this channel, or for channels of its kind, and nobody elsewhere.
            "missing_scope"
            | "not_in_channel"
            | "channel_not_found"
            | "no_permission"
            | "access_denied"
            | "restricted_action"
            | "restricted_action_read_only_channel"
            | "restricted_action_thread_only_channel"
            | "restricted_action_non_threadable_channel" => ServiceFailure::PlaceRefused,
            _ => ServiceFailure::Refused,
        }
    }

    /// Whether the missing scope is for private channels or direct messages alone: elsewhere the bot can work.
    fn is_of_one_kind_of_place(&self) -> bool {
        ["groups:", "im:", "mpim:"].iter().any(|kind| self.needed.starts_with(kind))
    }

    /// How to mend it.
    pub(crate) fn hint(&self) -> Option<String> {
        let hint = match self.error.as_str() {
            "not_in_channel" => "invite the bot to the channel: /invite @its-name",
            "channel_not_found" => {
                "the channel does not exist, or is private and the bot is not in it: check its id (C…, not its \
                 name) and invite the bot"
            }
            "is_archived" => "the channel is archived: unarchive it, or configure another one",
            "invalid_auth" | "not_authed" | "account_inactive" | "token_revoked" | "token_expired" => {
                "SLACK_BOT_TOKEN is wrong or revoked: install the app again and copy its Bot User OAuth Token \
                 (xoxb-…)"
            }
            "not_allowed_token_type" => "SLACK_BOT_TOKEN must be a bot token (xoxb-…)",
            "missing_scope" => return Some(self.scope()),
            "no_permission" | "ekm_access_denied" | "access_denied" | "team_access_not_granted" => {
                "the bot may not do that in this workspace: ask its administrator"
            }
            "restricted_action"
            | "restricted_action_read_only_channel"
            | "restricted_action_thread_only_channel"
            | "restricted_action_non_threadable_channel"
            | "restricted_action_thread_locked" => {
                "a setting of the workspace or channel keeps the bot from posting there"
            }
            "msg_too_long" | "msg_blocks_too_long" => "the text is longer than Slack takes",
            "invalid_blocks" | "invalid_blocks_format" | "too_many_attachments" => {
                "Slack does not accept the blocks"
            }
            "metadata_too_large"
            | "invalid_metadata_format"
            | "invalid_metadata_schema"
            | "metadata_must_be_sent_from_app" => {
                "Slack does not take the metadata that proves our messages: the token must be that of an app's bot"
            }
            "thread_not_found" | "message_not_found" | "cannot_reply_to_message" => {
                "the message that the thread hangs on was deleted, or takes no replies"
            }
            "cant_update_message" | "edit_window_closed" => {
                "Slack does not let this message be changed any more"
            }
            _ => return None,
        };
        Some(hint.to_owned())
    }

    fn scope(&self) -> String {
        let scope = if self.needed.is_empty() { "that is missing" } else { &self.needed };
        format!("give the app the bot token scope {scope} (OAuth & Permissions) and install it again")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITE: Operation = Operation::creates("write");
    const READ: Operation = Operation::reads("read");

    fn class(error: &str) -> ErrorClass {
        ErrorClass { error: error.to_owned(), ..ErrorClass::default() }
    }

    #[test]
    fn a_refusal_is_certain_whatever_its_code() {
        for error in ["msg_too_long", "message_not_found", "a_code_of_tomorrow", ""] {
            assert_eq!(class(error).failure(WRITE, None), ServiceFailure::Refused, "{error}");
        }
    }

    #[test]
    fn a_thread_that_is_gone_or_locked_takes_nothing_more() {
        for error in
            ["thread_not_found", "cannot_reply_to_message", "restricted_action_thread_locked", "is_archived"]
        {
            assert_eq!(class(error).failure(WRITE, None), ServiceFailure::Closed, "{error}");
            assert_eq!(class(error).failure(READ, None), ServiceFailure::Closed, "{error}");
        }
    }

    #[test]
    fn a_channel_that_the_bot_is_not_let_into_is_refused_alone() {
        for error in ["not_in_channel", "channel_not_found", "restricted_action_read_only_channel"] {
            assert_eq!(class(error).failure(WRITE, None), ServiceFailure::PlaceRefused, "{error}");
            assert_eq!(class(error).failure(READ, None), ServiceFailure::PlaceRefused, "{error}");
        }
    }

    #[test]
    fn a_token_that_nothing_is_taken_from_is_refused_as_a_whole() {
        for error in ["invalid_auth", "account_inactive", "token_revoked", "team_access_not_granted"] {
            assert_eq!(class(error).failure(WRITE, None), ServiceFailure::AccountRefused, "{error}");
            assert_eq!(class(error).failure(READ, None), ServiceFailure::AccountRefused, "{error}");
        }
    }

    #[test]
    fn a_missing_scope_refuses_all_work_unless_it_is_for_one_kind_of_place() {
        let of = |needed: &str| {
            ErrorClass { needed: needed.to_owned(), ..class("missing_scope") }.failure(WRITE, None)
        };
        for needed in ["chat:write", "channels:history", ""] {
            assert_eq!(of(needed), ServiceFailure::AccountRefused, "{needed}");
        }
        for needed in ["groups:history", "im:history", "mpim:history"] {
            assert_eq!(of(needed), ServiceFailure::PlaceRefused, "{needed}");
        }
    }

    #[test]
    fn rate_limits_wait_as_told_or_a_minute() {
        let after = Duration::from_secs(7);
        assert_eq!(class("ratelimited").failure(WRITE, Some(after)), ServiceFailure::Throttled { after });
        assert_eq!(
            class("ratelimited").failure(READ, None),
            ServiceFailure::Throttled { after: DEFAULT_WAIT }
        );
    }

    #[test]
    fn an_error_after_which_a_part_may_have_succeeded_leaves_a_write_in_doubt() {
        for error in ["fatal_error", "internal_error"] {
            assert_eq!(class(error).failure(WRITE, None), ServiceFailure::InDoubt);
            assert_eq!(class(error).failure(READ, None), ServiceFailure::Later { after: None });
        }
    }

    #[test]
    fn what_people_can_mend_says_how() {
        for (error, word) in [
            ("not_in_channel", "/invite"),
            ("channel_not_found", "check its id"),
            ("invalid_auth", "SLACK_BOT_TOKEN"),
            ("missing_scope", "chat:write"),
            ("msg_too_long", "longer"),
            ("thread_not_found", "deleted"),
        ] {
            let class = ErrorClass { needed: "chat:write".to_owned(), ..class(error) };
            assert!(class.hint().unwrap_or_default().contains(word), "{error}");
        }
        assert_eq!(class("a_code_of_tomorrow").hint(), None);
    }
}
