//! What PagerDuty has in common with every service that has comments.

use domain::Target;
use outbound::contract::Contract;
use outbound::contract_tests;
use outbound::scripted::Reply;
use serde_json::json;

use crate::support::{TOKEN, at, me, target};

fn unfit(id: &str) -> Target {
    Target::PagerdutyIncident { id: id.to_owned() }
}

contract_tests!(Contract {
    client: at,
    secret: TOKEN,
    url_variable: "PAGERDUTY_API_URL",
    target: target(),
    foreign: Target::GithubIssue { owner: "octo".into(), repo: "tidepool".into(), number: 7 },
    unfit: ["", "..", "P1/../users", &"P".repeat(33)].map(unfit).to_vec(),
    adds: |asked| asked.method == "POST",
    others: |_| me(),
    error: |status, said| Reply::json(status, json!({"error": {"message": said}})),
    refusals: &[(400, "PAGERDUTY_EMAIL")],
    account_refusals: &[
        (401, "no", "check PAGERDUTY_API_TOKEN"),
        (402, "Account does not have the abilities to perform the action", "plan"),
        (400, "Requester User Not Found", "PAGERDUTY_EMAIL"),
    ],
    place_refusals: &[(403, "Access Denied", "may only read"), (404, "Not Found", "another account")],
    unreadable: || Reply::json(201, json!({"id": 7})),
});
