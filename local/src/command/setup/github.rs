//! GitHub: an App, or a webhook and a token.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Url;
use serde_json::{Value, json};

use crate::command::github_permissions::{USUAL, kinds, needed};

use super::sheet::{Place, Sheet, Variable};

/// Where an App is made.
const NEW_APP: &str = "https://github.com/settings/apps/new";

pub(super) fn sheet(place: &Place) -> Sheet {
    let events = place.events_or(USUAL);
    let kinds = kinds(&events);
    let permissions = needed(&kinds);
    let named: Vec<String> = permissions.iter().map(|(name, access)| format!("{name}: {access}")).collect();
    Sheet {
        steps: vec![
            "An App is told from people, and its hook needs no further step. `--create-app FILE` makes it in your browser and \
             writes its credentials into FILE. Or open the page below, look over what it asks for, and create it. (For an organisation: https://github.com/organizations/NAME/settings/apps/new, with what \
             stands behind the `?`. The manifest is the same for whoever registers Apps by it.)"
                .to_owned(),
            "On the App's page: paste the signing secret as Webhook secret if the field is empty, note the App ID, Generate a \
             private key, and Install App on the repositories."
                .to_owned(),
            format!(
                "Or without an App: a fine-grained token of an account of the agent's own with {}, and under Settings, \
                 Webhooks of the repository a webhook with the fields below.",
                named.join(", ")
            ),
        ],
        manifest: Some(manifest(place, &kinds, &permissions)),
        link: link(place, &kinds, &permissions),
        fields: vec![
            ("Payload URL", place.webhook()),
            ("Content type", "application/json".to_owned()),
            ("Secret", format!("the value of {}", place.variable)),
            ("Events", kinds.iter().copied().collect::<Vec<_>>().join(", ")),
        ],
        variables: vec![
            place.our_secret(),
            Variable::new("GITHUB_APP_ID", "the App's ID"),
            Variable::new("GITHUB_APP_PRIVATE_KEY", "the whole .pem file"),
            Variable::new("GITHUB_TOKEN", "instead of the two, without an App"),
        ],
        agent_toml: place.source(&events, &[]),
    }
}

fn app_name(place: &Place) -> String {
    format!("afterhook-{}", place.name)
}

fn manifest(place: &Place, kinds: &BTreeSet<&str>, permissions: &BTreeMap<&str, &str>) -> Value {
    json!({
        "name": app_name(place),
        "url": place.url,
        "hook_attributes": {"url": place.webhook(), "active": true},
        "public": false,
        "default_permissions": permissions,
        "default_events": kinds,
    })
}

/// GitHub's page for a new App, filled in by its parameters. The secret is not among them: addresses are logged.
fn link(place: &Place, kinds: &BTreeSet<&str>, permissions: &BTreeMap<&str, &str>) -> Option<String> {
    let mut url = Url::parse(NEW_APP).ok()?;
    url.query_pairs_mut()
        .append_pair("name", &app_name(place))
        .append_pair("url", &place.url)
        .append_pair("public", "false")
        .append_pair("webhook_active", "true")
        .append_pair("webhook_url", &place.webhook())
        .extend_pairs(kinds.iter().map(|kind| ("events[]", *kind)))
        .extend_pairs(permissions);
    Some(url.into())
}
