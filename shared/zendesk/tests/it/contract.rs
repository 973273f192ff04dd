//! What Zendesk has in common with every service that has comments.

use domain::Target;
use outbound::contract::Contract;
use outbound::contract_tests;
use outbound::scripted::Reply;
use serde_json::json;

use crate::support::{TOKEN, at, me, target, ticket};

contract_tests!(Contract {
    client: at,
    secret: TOKEN,
    url_variable: "ZENDESK_API_URL",
    target: target(),
    foreign: Target::GithubIssue { owner: "octo".into(), repo: "tidepool".into(), number: 7 },
    unfit: vec![Target::ZendeskTicket { subdomain: "acme".into(), id: 0 }],
    adds: |asked| asked.method == "PUT",
    others: |asked| if asked.path.ends_with("me.json") { me() } else { ticket("open") },
    error: |status, said| Reply::json(status, json!({"error": said})),
    refusals: &[(422, "does not accept")],
    account_refusals: &[
        (401, "no", "ZENDESK_EMAIL"),
        (402, "no", "bill"),
        (403, "You are missing the following required scopes: tickets:write", "tickets:write"),
        (404, "There is no help desk configured at this address. You can claim it.", "subdomain"),
    ],
    // Our agent sees all tickets: this one is there, and no less for being refused.
    place_refusals: &[(403, "You do not have access to this page.", "access to the ticket")],
    unreadable: || Reply::json(200, json!({"ticket": {}})),
});
