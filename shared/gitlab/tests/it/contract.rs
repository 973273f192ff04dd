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
    refusals: &[(400, "does not accept")],
    account_refusals: &[
        (401, "no", "check GITLAB_TOKEN"),
        (403, "403 Forbidden", "Reporter"),
        (403, "403 Forbidden - Your account has been blocked.", "unblock"),
        (403, "Your account has been blocked.", "unblock"),
        (
            403,
            "403 Forbidden - Your account is pending approval from your administrator and hence blocked.",
            "unblock"
        ),
        (
            403,
            "403 Forbidden - Your account has been deactivated by your administrator. Please log back in from a web browser to reactivate your account at https://gitlab.com",
            "unblock"
        ),
        (
            403,
            "403 Forbidden - Your password expired. Please access GitLab from a web browser to update your password.",
            "log in"
        ),
        (
            403,
            "403 Forbidden - You (@helper) must accept the Terms of Service in order to perform this action. To accept these terms, please access GitLab from a web browser at https://gitlab.com.",
            "log in"
        ),
        (403, "You cannot perform write operations on a read-only instance", "read-only"),
    ],
    place_refusals: &[(404, "404 Not found", "member of the project")],
    unreadable: || Reply::json(201, json!({"id": "x"})),
});
