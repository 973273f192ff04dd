//! Slack: an app by its manifest.

use std::collections::BTreeSet;

use reqwest::Url;
use serde_json::{Value, json};
use settings::Hosts;

use super::sheet::{Place, Sheet, Variable};

const USUAL: &[&str] = &["app_mention", "message.im"];
const NEW_APP: &str = "https://api.slack.com/apps";

/// The scope that an event needs, by Slack's documentation of events.
const SCOPES: &[(&str, &str)] = &[
    ("app_mention", "app_mentions:read"),
    ("message.channels", "channels:history"),
    ("message.groups", "groups:history"),
    ("message.im", "im:history"),
    ("message.mpim", "mpim:history"),
];
/// What answers and the history of threads need.
const ALWAYS: [&str; 3] = ["channels:history", "chat:write", "groups:history"];
/// What files of messages need, and where they are. Without it Slack sends a login page in their place.
const FILES: (&str, &str) = ("files:read", "files.slack.com");

/// Whether the model is to be shown files of Slack.
pub(super) fn shows_files(media_hosts: &Hosts) -> bool {
    media_hosts.touches(FILES.1)
}

pub(super) fn sheet(place: &Place) -> Sheet {
    let events = place.events_or(USUAL);
    let manifest = manifest(place, &events);
    let mut link = Url::parse(NEW_APP).ok();
    if let Some(link) = &mut link {
        link.query_pairs_mut()
            .append_pair("new_app", "1")
            .append_pair("manifest_json", &manifest.to_string());
    }
    Sheet {
        steps: vec![
            "Open the page below, choose the workspace, and create the app. (Or: api.slack.com/apps, Create New App, From a \
             manifest, JSON, and paste the manifest.)"
                .to_owned(),
            "Basic Information, App Credentials: copy the Signing Secret. Install App, Install to Workspace: copy the Bot \
             User OAuth Token."
                .to_owned(),
            "Set the variables and start. Then, under Event Subscriptions, have Slack verify the request URL.".to_owned(),
            "Invite the bot where it should listen: /invite @afterhook.".to_owned(),
        ],
        manifest: Some(manifest),
        link: link.map(Into::into),
        fields: Vec::new(),
        variables: vec![
            place.their_secret("Basic Information, Signing Secret"),
            Variable::new("SLACK_BOT_TOKEN", "xoxb-…: the Bot User OAuth Token"),
        ],
        agent_toml: place.source(&events, &[]),
    }
}

/// The events that Slack knows: an edited message comes as a message.
fn subscriptions(events: &[String]) -> BTreeSet<&str> {
    let of_a_place = events.iter().map(String::as_str).filter(|event| *event != "message.edited");
    let of_a_place = of_a_place.flat_map(|event| match event {
        "message" => vec!["message.channels", "message.groups", "message.im", "message.mpim"],
        event => vec![event],
    });
    of_a_place.filter(|event| SCOPES.iter().any(|(known, _)| known == event)).collect()
}

/// What the bot needs for these events, for their files if it `shows_files`, and for answering.
pub(super) fn scopes(events: &[String], shows_files: bool) -> BTreeSet<&'static str> {
    let subscribed = subscriptions(events);
    let needed = SCOPES.iter().filter(|(event, _)| subscribed.contains(event)).map(|(_, scope)| *scope);
    needed.chain(ALWAYS).chain(shows_files.then_some(FILES.0)).collect()
}

fn manifest(place: &Place, events: &[String]) -> Value {
    let (scopes, subscriptions) = (scopes(events, place.shows_files), subscriptions(events));
    let webhook = place.webhook();
    json!({
        "display_information": {"name": "Afterhook"},
        "features": {
            // Without these nobody can write to the bot.
            "app_home": {"messages_tab_enabled": true, "messages_tab_read_only_enabled": false},
            "bot_user": {"display_name": "afterhook", "always_online": true},
        },
        "oauth_config": {"scopes": {"bot": scopes}},
        "settings": {
            "event_subscriptions": {"request_url": webhook, "bot_events": subscriptions},
            "interactivity": {"is_enabled": true, "request_url": webhook},
        },
    })
}
