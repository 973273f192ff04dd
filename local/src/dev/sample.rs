//! [`Sample`]: an event that `dev` plays, of a sender that agent.toml has. It is new every time: most senders sign no time, so an
//! event is known by its bytes.

use domain::Timestamp;
use settings::{Settings, SourceSettings};
use webhook::{Provider, Sender};
use wiring::OutsideService;

use super::Service;
use super::world::is_here;

/// An event as its sender sends it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    provider: Provider,
    /// Its name.
    pub(crate) event: &'static str,
    text: &'static str,
}

/// A file of `events/bodies`.
macro_rules! sample {
    ($provider:ident, $folder:literal, $event:literal) => {
        Sample {
            provider: Provider::$provider,
            event: $event,
            text: include_str!(concat!("../../../events/bodies/", $folder, "/", $event, ".json")),
        }
    };
}

/// One of each sender that is answered; the first whose sender is a source is played.
const SAMPLES: [Sample; 8] = [
    sample!(Github, "github", "issues.opened"),
    sample!(Zendesk, "zendesk", "ticket.created"),
    sample!(Pagerduty, "pagerduty", "incident.triggered"),
    sample!(Slack, "slack", "app_mention"),
    sample!(Jira, "jira", "issue.created"),
    sample!(Gitlab, "gitlab", "issue.open"),
    sample!(Linear, "linear", "issue.create"),
    sample!(Sentry, "sentry", "issue.created"),
];

impl Sample {
    /// Its body as an event of its own, at `now`.
    pub(crate) fn body(&self, sender: &Sender, now: Timestamp) -> Vec<u8> {
        sender.stamped(&sender.renewed(self.text.as_bytes(), now), now)
    }
}

/// The sample to play, and the source that takes it.
///
/// # Errors
/// Why none is played, in words.
pub(crate) fn choose<'s>(
    settings: &'s Settings,
    services: &[Service],
) -> Result<(&'s SourceSettings, Sample), String> {
    let mut why = "agent.toml has no source of which there is a sample".to_owned();
    for sample in SAMPLES {
        let is_its = |source: &&SourceSettings| source.sender.provider == sample.provider;
        let Some(source) = settings.sources.values().find(is_its) else { continue };
        match real(sample.provider, services) {
            None => return Ok((source, sample)),
            Some(service) => {
                why = format!("{service} is the real service, and the sample's thread does not exist there")
            }
        }
    }
    Err(why)
}

/// The service where the sample would be answered, if that is not on this machine.
fn real(provider: Provider, services: &[Service]) -> Option<&'static str> {
    let title = OutsideService::of_threads(provider)?.title();
    let is_ours = |service: &&Service| service.name == title && !is_here(&service.address);
    services.iter().find(is_ours).map(|service| service.name)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::Value;
    use webhook::{Parsed, Received};

    use super::*;

    #[test]
    fn each_sample_is_another_event_that_its_sender_knows() {
        for sample in SAMPLES {
            let sender = Sender {
                site: sample.provider.row().site.map(|site| site.example.to_owned()),
                ..Sender::of(sample.provider)
            };
            let [early, late] =
                [1, 2].map(|second| sample.body(&sender, Timestamp::from_second(second).unwrap()));
            assert_ne!(early, late, "{}", sample.event);
            let hint = (sample.provider.row().hint_of)(sample.event);
            let received = Received { event_hint: Some(&hint), body: &late };
            let Ok(Parsed::Event(event)) = sender.parse(&received) else { panic!("{}", sample.event) };
            assert_eq!(event.name, sample.event);
        }
    }

    #[test]
    fn the_sample_of_github_is_opened_when_it_is_sent() {
        let late = SAMPLES[0].body(&Sender::of(Provider::Github), Timestamp::from_second(2).unwrap());
        assert_eq!(
            serde_json::from_slice::<Value>(&late).unwrap()["issue"]["created_at"],
            "1970-01-01T00:00:02Z"
        );
    }

    fn service(name: &'static str, address: &str) -> Service {
        Service { name, standin: false, address: address.to_owned(), hint: String::new() }
    }

    #[test]
    fn a_sample_is_played_where_its_service_is_on_this_machine() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("p.md"), "You are careful.").unwrap();
        let parse = |sources: &str| {
            Settings::parse(&format!("[agent]\npersona = \"p.md\"\n{sources}"), Path::new(dir.path()))
                .unwrap()
        };
        let both = parse("[sources.github]\n[sources.desk]\nprovider = \"zendesk\"\nsubdomain = \"acme\"\n");
        let local = service("GitHub", "http://127.0.0.1:9");
        let real = service("GitHub", "https://api.github.com");
        assert_eq!(choose(&both, &[local]).unwrap().0.name, "github");
        assert_eq!(choose(&both, std::slice::from_ref(&real)).unwrap().0.name, "desk");
        let only = parse("[sources.github]\n");
        assert!(choose(&only, &[real]).unwrap_err().contains("GitHub is the real service"));
        assert!(choose(&parse("[sources.stripe]\nautomation = \"ignore\"\n"), &[]).is_err());
    }
}
