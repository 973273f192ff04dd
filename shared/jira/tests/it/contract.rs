//! What Jira has in common with every service that has comments.

use domain::Target;
use outbound::contract::Contract;
use outbound::contract_tests;
use outbound::scripted::Reply;
use serde_json::json;

use crate::support::{TOKEN, at, myself, target};

fn unfit(key: &str) -> Target {
    Target::JiraIssue { host: "acme.atlassian.net".into(), key: key.to_owned() }
}

contract_tests!(Contract {
    client: at,
    secret: TOKEN,
    url_variable: "JIRA_API_URL",
    target: target(),
    foreign: Target::GithubIssue { owner: "octo".into(), repo: "tidepool".into(), number: 7 },
    unfit: ["", "..", "OPS-7/../../myself", "OPS-7?x", "OPS 7", "%2e%2e"].map(unfit).to_vec(),
    adds: |asked| asked.method == "POST",
    others: |_| myself(),
    error: |status, said| Reply::json(status, json!({"errorMessages": [said], "errors": {}})),
    refusals: &[(400, "does not accept")],
    account_refusals: &[
        (401, "no", "JIRA_API_TOKEN"),
        (402, "no", "bill"),
        (403, "Current user not permitted to use Jira", "access to Jira"),
        (403, "Basic auth with password is not allowed on this instance.", "JIRA_API_TOKEN"),
        (
            403,
            "The IP address has been rejected because it's not on the allowlist. For IP addresses to be listed, contact your administrator.",
            "allowlist"
        ),
        (404, "Site temporarily unavailable", "deactivated"),
    ],
    place_refusals: &[(403, "no", "Add Comments")],
    unreadable: || Reply::json(201, json!({"id": 7})),
});
