//! What GitHub's errors mean, and how to mend them.

use std::borrow::Cow;

use domain::{ServiceError, ServiceFailure, says};
use outbound::{Answer, Call, Client, LOGIN, Operation};
use serde_json::Value;

use crate::config::CredentialKind;
use crate::operation::{ADD_LABELS, DELIVERIES, FIND, HISTORY, HOOKS, LABELS, PUBLISH, REDELIVER, STATE};
use crate::rate_limit;

/// The error that an answer to a request with credentials of this `kind` stands for.
pub(crate) fn with(kind: CredentialKind) -> impl FnOnce(&Client, Call, &Answer) -> ServiceError {
    move |client, call, answer| of(client, call, answer, kind)
}

fn of(client: &Client, call: Call, answer: &Answer, kind: CredentialKind) -> ServiceError {
    let words = words(&answer.body);
    let said = words.join(": ");
    if let Some(after) = rate_limit::wait(answer, &said, client.now()) {
        return client.failed_as(call, ServiceFailure::Throttled { after }, answer, &said, None);
    }
    let meaning = meaning(call.operation, answer.status.as_u16(), &words);
    let hint = hint(call.operation, answer, kind, &words, meaning);
    match meaning {
        Some(failure) => client.failed_as(call, failure, answer, &said, hint.as_deref()),
        None => client.failed(call, answer, &said, hint.as_deref()),
    }
}

/// Whether GitHub says by this that the thread takes nothing more.
pub(crate) fn is_over(said: &str) -> bool {
    says(said, &OVER)
}

/// What a 403 says whose thread takes nothing more.
const OVER: [&str; 4] = [
    "Unable to create comment because issue is locked",
    "Unable to create comment because pull request is locked",
    "Unable to create comment because discussion is locked",
    "Repository was archived so is read-only",
];
/// What a 402, 403 or 451 says by which an account, an installation or a repository is shut out as a whole.
const SHUT_OUT: [&str; 14] = [
    "Repository access blocked",
    "Repository unavailable due to DMCA takedown",
    "This installation has been suspended",
    "Sorry. Your account was suspended…",
    "Your account was suspended…",
    "Your account has been suspended…",
    "Your account is locked due to a billing issue…",
    "The account of … is locked due to a billing issue…",
    "Resource protected by organization SAML enforcement…",
    "Although you appear to have the correct authorization credentials,…",
    "…forbids access via a personal access token (classic)…",
    "…forbids access via a fine-grained personal access token…",
    "As an Enterprise Managed User, you cannot access this content",
    "Unauthorized: As an Enterprise Managed User, you cannot access this content",
];

/// How to mend that.
pub(crate) const SHUT_OUT_HINT: &str = "GitHub shuts the account, the installation, the token or the repository out: look for a notice \
     there (billing, a suspension, single sign-on, a list of allowed addresses, a rule for personal access tokens or managed \
     users)";

/// Whether GitHub says by this that an account, an installation or a repository is shut out as a whole.
pub(crate) fn is_shut_out(said: &str) -> bool {
    says(said, &SHUT_OUT)
}

/// What a 403 says to a token or an App that lacks a permission, or whose repositories this one is not among: any other
/// thread of the repository meets the same.
const LACKS_PERMISSION: [&str; 3] = [
    "Resource not accessible by …",
    "Must have admin rights to Repository",
    "You do not have permission to create labels on this repository",
];

/// What a 403 or 422 says whose repository takes nothing from strangers for a while.
const LIMITED: [&str; 1] = ["…Interactions on this repository have been restricted …"];

/// How to mend that.
pub(crate) const LIMITED_HINT: &str = "the repository limits who may write there: make our account a collaborator, or wait until the limit has passed";

/// Whether GitHub says by this that the repository takes nothing from strangers for a while.
pub(crate) fn is_limited(said: &str) -> bool {
    says(said, &LIMITED)
}

/// Whether `operation` is about a thread that is answered. Whoever asks for the account or for reference texts does
/// without.
pub(crate) fn is_of_thread(operation: Operation) -> bool {
    [HISTORY, STATE, PUBLISH, FIND, LABELS, ADD_LABELS].contains(&operation)
}

/// Whether GitHub says by this that the credentials lack a permission without which no thread of the repository can be
/// answered.
pub(crate) fn lacks_permission(operation: Operation, said: &str) -> bool {
    is_of_thread(operation) && says(said, &LACKS_PERMISSION)
}

/// What an answer with this status, in which GitHub says these `words`, means beyond its status. A 403 that is not known
/// may be of the thread alone; what a 404 is about is asked (`absence.rs`).
fn meaning(operation: Operation, status: u16, words: &[String]) -> Option<ServiceFailure> {
    let any = |known: &dyn Fn(&str) -> bool| words.iter().any(|said| known(said));
    match status {
        401 => Some(ServiceFailure::AccountRefused),
        // Deleted, or the repository has no issues any more.
        410 => Some(ServiceFailure::Closed),
        403 if any(&is_over) => Some(ServiceFailure::Closed),
        402 | 403 | 451 if any(&is_shut_out) => Some(ServiceFailure::AccountRefused),
        403 | 422 if any(&is_limited) => Some(ServiceFailure::AccountRefused),
        403 if any(&|said| lacks_permission(operation, said)) => Some(ServiceFailure::AccountRefused),
        _ => None,
    }
}

/// What GitHub says went wrong: as a whole, then of each part.
fn words(body: &[u8]) -> Vec<String> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let parts = body["errors"].as_array().into_iter().flatten();
    let parts = parts.filter_map(|part| part.as_str().or(part["message"].as_str()));
    body["message"].as_str().into_iter().chain(parts).map(str::to_owned).collect()
}

fn hint(
    operation: Operation,
    answer: &Answer,
    kind: CredentialKind,
    words: &[String],
    meaning: Option<ServiceFailure>,
) -> Option<Cow<'static, str>> {
    use CredentialKind::{App, Token};
    let hint = match (answer.status.as_u16(), kind) {
        (401, Token) => "GITHUB_TOKEN is wrong, expired or revoked: make a new token",
        (401, App) => {
            "check GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY (they must belong together) and this machine's clock"
        }
        (402 | 403 | 451, _) if words.iter().any(|said| is_shut_out(said)) => SHUT_OUT_HINT,
        (403 | 422, _) if words.iter().any(|said| is_limited(said)) => LIMITED_HINT,
        (403, _) if meaning == Some(ServiceFailure::Closed) => {
            "nobody can comment there: the thread is locked or the repository archived"
        }
        (403, Token) if operation == LOGIN => {
            "the token belongs to no account: use a personal access token, or GITHUB_APP_ID and \
             GITHUB_APP_PRIVATE_KEY"
        }
        (403 | 404, Token) if [HOOKS, DELIVERIES, REDELIVER].contains(&operation) => {
            "give the token the permission Webhooks (of an organisation: Organization webhooks), read and write \
             (classic: scope `admin:repo_hook`, `admin:org_hook`)"
        }
        (403 | 404, App) if [HOOKS, DELIVERIES, REDELIVER].contains(&operation) => {
            "install the app there, and give it the permission Webhooks (of an organisation: Organization webhooks), \
             read and write"
        }
        (403, kind) => return Some(forbidden(answer, kind).into()),
        (404, kind) => out_of_reach(kind),
        (410, _) => "the issue was deleted, or issues are disabled in the repository",
        (422, _) => "GitHub does not accept the content",
        _ => return None,
    };
    Some(hint.into())
}

/// How to mend a 404 for what is there.
pub(crate) fn out_of_reach(kind: CredentialKind) -> &'static str {
    match kind {
        CredentialKind::Token => {
            "the repository or issue does not exist, or the token does not cover it: give the token access to \
             the repository"
        }
        CredentialKind::App => {
            "the repository or issue does not exist, or the app is not installed there: install the app on the \
             repository"
        }
    }
}

/// How to mend what the credentials may not do.
pub(crate) fn forbidden(answer: &Answer, kind: CredentialKind) -> String {
    let subject = match kind {
        CredentialKind::Token => "the token (classic: scope `repo` or `public_repo`)",
        CredentialKind::App => "the app and its installation",
    };
    // GitHub names what would have sufficed, such as `issues=write`.
    let accepted = answer.headers.get("x-accepted-github-permissions").and_then(|value| value.to_str().ok());
    let needed = accepted.filter(|value| value.len() <= 100).map_or_else(
        || "Issues: read and write, and Pull requests: read and write".to_owned(),
        |value| format!("one of these: {value}"),
    );
    format!("give {subject} the permission it lacks: {needed}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::{Clock, Timestamp};
    use outbound::{Credential, HeaderMap, HeaderName, HeaderValue, StatusCode};

    use super::*;
    use crate::config::{self, Config, SERVICE};
    use crate::operation::{GRANTS, REACTIONS, REFERENCE};

    fn failed(operation: Operation, code: u16, retry_after: Option<&str>, body: &str) -> ServiceError {
        let retry_after = retry_after
            .map(|value| (HeaderName::from_static("retry-after"), HeaderValue::from_str(value).unwrap()));
        let headers = HeaderMap::from_iter(retry_after);
        let status = StatusCode::from_u16(code).unwrap();
        let answer = Answer { status, headers, body: body.as_bytes().to_vec() };
        let client = config::client(&Config::default(), Clock::fixed(Timestamp::UNIX_EPOCH)).unwrap();
        let client = client.with(Credential::bearer(&SERVICE, &"ghp_secret".into()).unwrap());
        with(CredentialKind::Token)(&client, client.begin(operation), &answer)
    }

    #[test]
    fn refusals_are_certain_and_say_how_to_mend() {
        assert!(failed(PUBLISH, 401, None, "").message.contains("GITHUB_TOKEN"));
        for (code, word) in [
            (403, "Issues: read and write"),
            (404, "access to the repository"),
            (422, "content"),
            (301, "GITHUB_API_URL"),
        ] {
            for operation in [PUBLISH, HISTORY] {
                let error = failed(operation, code, None, "");
                assert_eq!(error.failure, ServiceFailure::Refused, "{code}");
                assert!(error.message.contains(word), "{error}");
            }
        }
    }

    fn said(message: &str) -> String {
        serde_json::json!({"message": message}).to_string()
    }

    #[test]
    fn a_thread_that_is_deleted_locked_or_archived_takes_nothing_more() {
        for (code, body) in [
            (403, said("Unable to create comment because issue is locked.")),
            (403, said("Repository was archived so is read-only.")),
            (410, said("This issue was deleted")),
            (410, String::new()),
        ] {
            for operation in [PUBLISH, HISTORY, STATE] {
                let error = failed(operation, code, None, &body);
                assert_eq!(error.failure, ServiceFailure::Closed, "{code} {body}");
                assert!(!error.message.contains("permission"), "{error}");
            }
        }
    }

    #[test]
    fn who_is_shut_out_as_a_whole_is_told_from_a_locked_thread_and_a_missing_permission() {
        for (code, message) in [
            (401, "Bad credentials"),
            (403, "Repository access blocked"),
            (403, "Your account is locked due to a billing issue."),
            (403, "Sorry. Your account was suspended"),
            (403, "This installation has been suspended"),
            (403, "Resource protected by organization SAML enforcement. You must grant your token access."),
            (451, "Repository unavailable due to DMCA takedown."),
            (403, "As an Enterprise Managed User, you cannot access this content"),
            (403, "`octo` forbids access via a personal access token (classic). Please use a GitHub App."),
            (
                403,
                "The 'octo' organization forbids access via a fine-grained personal access tokens if the token's lifetime is greater than 366 days.",
            ),
        ] {
            for operation in [PUBLISH, HISTORY, STATE] {
                let error = failed(operation, code, None, &said(message));
                assert_eq!(error.failure, ServiceFailure::AccountRefused, "{code} {message}");
                assert!(!error.message.contains("permission"), "{error}");
            }
        }
        for message in [
            "Resource not accessible: only a billing manager may do that",
            "A suspended user cannot be assigned",
            "Blocked",
            "locked",
            "",
        ] {
            let error = failed(PUBLISH, 403, None, &said(message));
            assert_eq!(error.failure, ServiceFailure::Refused, "{message}");
            assert!(error.message.contains("permission"), "{error}");
        }
    }

    #[test]
    fn a_permission_that_the_credentials_lack_is_missing_for_every_thread_of_the_repository() {
        for message in [
            "Resource not accessible by personal access token",
            "Resource not accessible by integration",
            "Must have admin rights to Repository.",
            "You do not have permission to create labels on this repository.",
        ] {
            for operation in [PUBLISH, HISTORY, STATE, FIND, LABELS, ADD_LABELS] {
                let error = failed(operation, 403, None, &said(message));
                assert_eq!(error.failure, ServiceFailure::AccountRefused, "{message}");
                assert!(error.message.contains("the permission it lacks"), "{error}");
            }
            for operation in [LOGIN, REFERENCE, REACTIONS, GRANTS, HOOKS, DELIVERIES, REDELIVER] {
                let error = failed(operation, 403, None, &said(message));
                assert_eq!(error.failure, ServiceFailure::Refused, "an answer can do without: {error}");
            }
        }
    }

    #[test]
    fn a_repository_that_takes_nothing_from_strangers_for_a_while_is_waited_for() {
        let limit = "could not be created. Interactions on this repository have been restricted to prior contributors only.";
        let body = serde_json::json!({
            "message": "Validation Failed",
            "errors": [{"resource": "IssueComment", "code": "unprocessable", "message": limit}],
        });
        let error = failed(PUBLISH, 422, None, &body.to_string());
        assert_eq!(error.failure, ServiceFailure::AccountRefused);
        assert!(error.message.contains("make our account a collaborator"), "{error}");
        let other =
            r#"{"message":"Validation Failed","errors":["body is too long (maximum is 65536 characters)"]}"#;
        let error = failed(PUBLISH, 422, None, other);
        assert_eq!(error.failure, ServiceFailure::Refused);
        assert!(error.message.contains("Validation Failed: body is too long"), "{error}");
    }

    #[test]
    fn a_token_without_an_account_is_named_as_the_cause() {
        let error = failed(LOGIN, 403, None, r#"{"message":"Resource not accessible"}"#);
        assert!(error.message.contains("belongs to no account"), "{error}");
    }

    #[test]
    fn a_server_error_leaves_a_comment_in_doubt_and_a_read_for_later() {
        for code in [500, 502, 503, 504] {
            assert!(failed(PUBLISH, code, None, "").failure.is_in_doubt());
            let read = failed(FIND, code, None, "").failure;
            assert_eq!(read, ServiceFailure::Later { after: None });
        }
    }

    #[test]
    fn only_a_503_with_a_time_is_a_refusal_of_work() {
        let after = Some(Duration::from_secs(9));
        assert_eq!(failed(PUBLISH, 503, Some("9"), "").failure, ServiceFailure::Later { after });
        assert_eq!(failed(PUBLISH, 502, Some("9"), "").failure, ServiceFailure::ServerError);
    }

    #[test]
    fn what_github_says_is_quoted_on_one_bounded_line_without_our_token() {
        let long = format!(r#"{{"message":"Bad\ncredentials ghp_secret {}"}}"#, "é".repeat(1000));
        let error = failed(LOGIN, 401, None, &long);
        assert!(error.message.starts_with("HTTP 401: Bad credentials [redacted] é"), "{error}");
        assert!(error.message.len() < 500);
    }
}
