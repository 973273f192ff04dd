//! What GitLab has in common with every service that has comments.

use domain::Target;
use outbound::contract::Contract;
use outbound::contract_tests;
use outbound::scripted::Reply;
use serde_json::json;

use crate::support::{TOKEN, at, me, target};

contract_tests!(Contract {
    client: at,
    secret: TOKEN,
    url_variable: "GITLAB_API_URL",
    target: target(),
    foreign: Target::GithubIssue { owner: "octo".into(), repo: "tidepool".into(), number: 7 },
    unfit: vec![
        Target::GitlabIssue { project: 0, path: Vec::new(), number: 1, internal: false, discussion: None },
        Target::GitlabMergeRequest { project: 7, path: Vec::new(), number: 0, discussion: None },
    ],
    adds: |asked| asked.method == "POST",
    others: |_| me(),
    error: |status, said| Reply::json(status, json!({"message": said})),
    refusals: &[(400, "does not accept"), (403, "Reporter"), (404, "member of the project")],
    account_refusals: &[(401, "check GITLAB_TOKEN")],
    unreadable: || Reply::json(201, json!({"id": "x"})),
});
