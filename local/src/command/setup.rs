//! `afterhook setup`: what a sender has to be told about this system, and what this system has to know of the sender, for an
//! address of one's own.

mod github;
mod github_app;
mod others;
mod sheet;
mod slack;

use std::process::ExitCode;

use settings::Variables;
use webhook::Provider;

use super::http;
use crate::cli::SetupArgs;
use crate::terminal::say;
use crate::{Failure, random};
use sheet::{Place, Sheet};

type MakeSheet = fn(&Place) -> Sheet;

/// Senders whose app is made by a manifest.
const SHEETS: &[(&str, MakeSheet)] = &[("github", github::sheet), ("slack", slack::sheet)];
/// Stands for an address that nobody has named.
const NO_URL: &str = "https://YOUR-ADDRESS";
/// Bytes of a signing secret that we make up.
const SECRET_BYTES: usize = 32;

/// Prints the sheet of a sender.
pub(crate) async fn setup(args: &SetupArgs) -> Result<ExitCode, Failure> {
    let place = place(args)?;
    let sheet = sheet(&place);
    if let Some(file) = &args.create_app {
        return github_app::create(&place, sheet, args.organization.as_deref(), file).await;
    }
    if args.json {
        say!("{}", sheet.json(&place));
    } else {
        sheet.print(&place);
    }
    Ok(ExitCode::SUCCESS)
}

/// What is known of the sender: from agent.toml if it is a source there, else from its name.
fn place(args: &SetupArgs) -> Result<Place, Failure> {
    let variables = Variables::read();
    let path = args.config.path.clone().unwrap_or_else(|| variables.config_path());
    // Without an agent.toml one may still look what a sender needs.
    let settings = if path.exists() { Some(crate::dev::load(&path)?) } else { None };
    let source = settings.as_ref().and_then(|settings| settings.sources.get(&args.sender));
    let provider = source.map(|source| source.sender.provider).or_else(|| Provider::from_name(&args.sender));
    let Some(provider) = provider.filter(|provider| *provider != Provider::Api) else {
        return Err(unknown(&args.sender, &path.display().to_string()));
    };
    let environment = variables.environment().ok();
    let given = args.url.clone().or_else(|| environment.as_ref()?.console_url.clone());
    let (url, is_made_up) = match given {
        Some(url) => (base(&url)?, false),
        None => (NO_URL.to_owned(), true),
    };
    let has_secret = environment.is_some_and(|environment| environment.secrets_for(&args.sender).is_some());
    let secret = random::hex(SECRET_BYTES).map_err(|error| Failure::at("a signing secret", error))?;
    Ok(Place {
        provider,
        name: args.sender.clone(),
        url,
        has_url: !is_made_up,
        config: args.config.path.as_ref().map(|path| path.display().to_string()),
        events: source.and_then(|source| source.filter.events.clone()),
        is_source: source.is_some(),
        has_channel: settings.as_ref().is_some_and(|settings| settings.automations.summary_channel.is_some()),
        shows_files: settings.as_ref().is_some_and(|it| slack::shows_files(&it.agent.media_hosts)),
        variable: settings::variable_of(&args.sender),
        secret: (!has_secret).then_some(secret),
    })
}

fn unknown(name: &str, path: &str) -> Failure {
    let senders = Provider::ALL.iter().filter(|provider| **provider != Provider::Api);
    let senders: Vec<&str> = senders.map(|provider| provider.name()).collect();
    Failure::misspelt(format!("{name} is no source of {path}, and none of {}", senders.join(", ")))
}

/// The address without a path: routes are added to it.
fn base(given: &str) -> Result<String, Failure> {
    let text = http::address("--url", given)?;
    // The whole address of a webhook means its system.
    Ok(text.split("/webhooks/").next().unwrap_or(&text).to_owned())
}

/// The scopes that a bot of Slack needs for these events, and for files of these hosts.
pub(crate) fn slack_scopes(events: &[String], media_hosts: &settings::Hosts) -> Vec<&'static str> {
    slack::scopes(events, slack::shows_files(media_hosts)).into_iter().collect()
}

fn sheet(place: &Place) -> Sheet {
    let own = SHEETS.iter().find(|(name, _)| *name == place.provider.name());
    own.map_or_else(|| others::sheet(place), |(_, sheet)| sheet(place))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use wiring::OutsideService;

    use super::*;

    fn place_of(provider: Provider, events: Option<&[&str]>) -> Place {
        Place {
            provider,
            name: provider.name().to_owned(),
            url: "https://hooks.example.com".to_owned(),
            has_url: true,
            config: Some("../mine/agent.toml".to_owned()),
            events: events.map(|events| events.iter().map(ToString::to_string).collect()),
            is_source: true,
            has_channel: false,
            shows_files: false,
            variable: settings::variable_of(provider.name()),
            secret: Some("a-secret".to_owned()),
        }
    }

    #[test]
    fn every_sheet_names_the_route_and_the_signing_secret() {
        for provider in Provider::ALL.iter().copied().filter(|provider| *provider != Provider::Api) {
            let place = place_of(provider, None);
            let (sheet, name) = (sheet(&place), provider.name());
            let route = format!("https://hooks.example.com/webhooks/{name}");
            let json = sheet.json(&place);
            assert_eq!(json["webhook_url"], route.as_str(), "{name}");
            assert_eq!(json["variables"][0]["name"], settings::variable_of(name).as_str(), "{name}");
            let text = sheet.text(&place);
            assert!(text.contains(&route), "{name}");
            let last = "check --online --config ../mine/agent.toml --url https://hooks.example.com";
            assert!(text.trim_end().ends_with(last), "{text}");
            assert!(!sheet.steps.is_empty(), "{name}");
        }
    }

    #[test]
    fn what_is_pasted_into_agent_toml_is_sound_and_ignores_nothing() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("p.md"), "You are careful.").unwrap();
        for provider in Provider::ALL.iter().copied().filter(|provider| *provider != Provider::Api) {
            let sheet = sheet(&place_of(provider, None));
            let text = format!("[agent]\npersona = \"p.md\"\n{}", sheet.agent_toml);
            let settings =
                settings::Settings::parse(&text, dir.path()).unwrap_or_else(|why| panic!("{text}\n{why}"));
            let source = &settings.sources[provider.name()];
            let automation = source.automation.as_deref();
            let is_answered = OutsideService::of_threads(provider).is_some();
            assert_eq!(automation, (!is_answered).then_some("summarise"), "{text}");
            let told = sheet.json(&place_of(provider, None))["variables"].to_string();
            assert!(is_answered || told.contains("SLACK_BOT_TOKEN"), "{told}");
        }
    }

    #[test]
    fn githubs_manifest_asks_for_no_more_than_the_events_need() {
        let place = place_of(Provider::Github, Some(&["issues.opened", "issues.closed"]));
        let manifest = sheet(&place).manifest.unwrap();
        assert_eq!(manifest["default_events"], serde_json::json!(["issues"]));
        assert_eq!(
            manifest["default_permissions"],
            serde_json::json!({"issues": "write", "metadata": "read"})
        );
        assert_eq!(manifest["hook_attributes"]["url"], "https://hooks.example.com/webhooks/github");
        assert_eq!(manifest["public"], false);

        let place = place_of(Provider::Github, Some(&["discussion.created", "workflow_run.completed"]));
        let permissions = sheet(&place).manifest.unwrap()["default_permissions"].clone();
        assert_eq!(
            permissions,
            serde_json::json!({"actions": "read", "discussions": "write", "metadata": "read"})
        );
    }

    #[test]
    fn slacks_manifest_has_both_addresses_and_the_scopes_of_its_events_and_files() {
        let mut place = place_of(Provider::Slack, Some(&["app_mention", "message.im"]));
        let manifest = sheet(&place).manifest.unwrap();
        let settings = &manifest["settings"];
        for address in ["event_subscriptions", "interactivity"] {
            assert_eq!(settings[address]["request_url"], "https://hooks.example.com/webhooks/slack");
        }
        assert_eq!(
            settings["event_subscriptions"]["bot_events"],
            serde_json::json!(["app_mention", "message.im"])
        );
        let scopes = |manifest: &Value| manifest["oauth_config"]["scopes"]["bot"].clone();
        let mut expected =
            vec!["app_mentions:read", "channels:history", "chat:write", "groups:history", "im:history"];
        assert_eq!(scopes(&manifest), serde_json::json!(expected));
        for hosts in ["files.slack.com", "files.slack.com/files-pri", "*.slack.com"] {
            assert!(slack::shows_files(&settings::Hosts::new([hosts])), "{hosts}");
        }
        place.shows_files = true;
        expected.insert(3, "files:read");
        assert_eq!(scopes(&sheet(&place).manifest.unwrap()), serde_json::json!(expected));
    }

    #[test]
    fn an_address_loses_its_route() {
        for given in
            ["hooks.example.com", "https://hooks.example.com/", "https://hooks.example.com/webhooks/github"]
        {
            assert_eq!(base(given).unwrap(), "https://hooks.example.com");
        }
        assert!(base("ftp://hooks.example.com").is_err());
    }
}
