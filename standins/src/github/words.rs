//! What GitHub says when it refuses.

use serde_json::json;

use super::store::Github;
use crate::kit::{Reply, Voice};

pub(super) fn refusal(status: u16, message: &str) -> Reply {
    let documentation = "https://docs.github.com/rest";
    let body = json!({"message": message, "documentation_url": documentation, "status": status.to_string()});
    Reply::new(status, body)
}

/// A status with GitHub's usual words for it.
pub(super) fn of_status(status: u16) -> Reply {
    let message = match status {
        401 => "Bad credentials",
        403 => "Resource not accessible by integration",
        404 => "Not Found",
        410 => "This issue was deleted",
        422 => "Validation Failed",
        500..=599 => "Server Error",
        _ => "Request refused",
    };
    refusal(status, message)
}

pub(super) fn not_found() -> Reply {
    of_status(404)
}

/// 422 for the text of a comment.
pub(super) fn invalid_comment(message: &str) -> Reply {
    let mut reply = of_status(422);
    reply.body["errors"] =
        json!([{"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": message}]);
    reply
}

pub(super) fn primary_limit() -> Reply {
    refusal(403, "API rate limit exceeded for user ID 9919001.")
}

impl Voice for Github {
    fn error(status: u16, message: &str) -> Reply {
        refusal(status, message)
    }

    fn of_status(status: u16) -> Reply {
        of_status(status)
    }

    fn unreadable(_problem: &str) -> Reply {
        refusal(400, "Problems parsing JSON")
    }

    /// Of one of the rate limits.
    fn refusal(code: &str) -> Reply {
        if code == "primary" {
            return primary_limit();
        }
        let message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. If \
                       you reach out to GitHub Support for help, please include the request ID.";
        refusal(403, message).with("retry-after", "60")
    }
}
