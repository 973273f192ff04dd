//! What Sentry has in common with every service that has comments.

use domain::Target;
use outbound::contract::Contract;
use outbound::contract_tests;
use outbound::scripted::Reply;
use serde_json::json;

use crate::support::{TOKEN, at, me, target};

fn unfit((organization, id): (&str, u64)) -> Target {
    Target::SentryIssue { organization: organization.to_owned(), id }
}

contract_tests!(Contract {
    client: at,
    secret: TOKEN,
    url_variable: "SENTRY_API_URL",
    target: target(),
    foreign: Target::GithubIssue { owner: "octo".into(), repo: "tidepool".into(), number: 7 },
    unfit: [("", 7), ("..", 7), ("a/b", 7), ("harbor", 0)].map(unfit).to_vec(),
    adds: |asked| asked.method == "POST",
    others: |_| me(),
    error: |status, said| match said.ends_with("-required") {
        true => Reply::json(status, json!({"detail": {"code": said, "message": "Must login", "extra": {}}})),
        false => Reply::json(status, json!({"detail": said})),
    },
    refusals: &[(400, "does not accept")],
    account_refusals: &[
        (401, "no", "check SENTRY_AUTH_TOKEN"),
        (401, "sso-required", "single sign-on"),
        (403, "sso-required", "single sign-on"),
        (403, "2fa-required", "two-factor"),
        (401, "email-verification-required", "address"),
    ],
    place_refusals: &[(403, "You do not have permission to perform this action.", "event:write")],
    unreadable: || Reply::json(201, json!({"id": 7})),
});
