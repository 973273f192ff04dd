//! What Linear has in common with every service that has comments.

use domain::Target;
use outbound::contract::Contract;
use outbound::contract_tests;
use outbound::scripted::Reply;
use serde_json::json;

use crate::support::{KEY, at, failed, field, target, thread, viewer};

fn unfit(id: &str) -> Target {
    Target::LinearIssue { id: id.to_owned(), parent: None }
}

contract_tests!(Contract {
    client: at,
    secret: KEY,
    url_variable: "LINEAR_API_URL",
    target: target(),
    foreign: Target::GithubIssue { owner: "octo".into(), repo: "tidepool".into(), number: 7 },
    unfit: ["", "a b", "\" } }", "539068e2-ae88-4d09-bd75-22eb4a59612f-and-more"]
        .into_iter()
        .flat_map(|id| [unfit(id), thread(id)])
        .collect(),
    adds: |asked| field(asked) == "commentCreate",
    others: |asked| match field(asked).as_str() {
        "viewer" => viewer(),
        _ => failed(400, "Entity not found: Comment", "INPUT_ERROR"),
    },
    error: |status, said| match status {
        401 => failed(status, said, "AUTHENTICATION_ERROR"),
        402 => failed(status, said, "FEATURE_NOT_ACCESSIBLE"),
        400 => failed(status, said, "INVALID_INPUT"),
        403 => failed(status, said, "FORBIDDEN"),
        413 => failed(status, said, "USAGE_LIMIT_EXCEEDED"),
        _ => failed(status, said, "UNHEARD_OF"),
    },
    refusals: &[(400, "no")],
    account_refusals: &[
        (401, "no", "check LINEAR_API_KEY"),
        (402, "Feature not accessible", "plan"),
        (413, "Usage limit exceeded", "plan"),
        (403, "Invalid scope: `write` required", "permission to write"),
    ],
    place_refusals: &[(403, "You don't have permission", "permission to write")],
    unreadable: || Reply::json(200, json!({"data": null})),
});
