//! Whether a hook of GitHub sends to a source.

use ::github::Github;
use settings::SourceSettings;

use super::super::Finding;
use super::Reached;

/// Looks at the hook of the App, at those that `hooks` of agent.toml names, or at those of the repositories that are reached.
pub(super) async fn look(
    github: &Github,
    source: &SourceSettings,
    reached: &Reached,
    url: Option<&str>,
) -> Finding {
    let what = format!("GitHub hook of [sources.{}]", source.name);
    let is_named = !source.hooks.is_empty();
    let places = if is_named { &source.hooks } else { &reached.names };
    let wanted = Wanted::new(&source.name, url);
    let addresses = match github.hook_addresses(places).await {
        Ok(addresses) => addresses,
        Err(error) if is_named => {
            let mend = "the token needs Webhooks, read, where `hooks` of agent.toml says";
            return Finding::wrong(what, error.message, mend);
        }
        Err(error) => {
            let said = format!(
                "the token may not read the hooks of {}: give it Webhooks, read, or look there under Settings, Webhooks \
                 for {} ({})",
                places.join(", "),
                wanted.shown(),
                error.message
            );
            return Finding::skipped(what, said);
        }
    };
    if places.is_empty() && addresses.is_empty() {
        let said = format!(
            "GitHub names no repository of the token: look under Settings, Webhooks for {}, or name the repository in \
             `hooks` of agent.toml",
            wanted.shown()
        );
        return Finding::skipped(what, said);
    }
    if !is_named && !reached.are_all && !addresses.iter().any(|address| wanted.is(address)) {
        let said = format!(
            "none of {} sends to {}; name yours in `hooks` of agent.toml",
            places.join(", "),
            wanted.shown()
        );
        return Finding::skipped(what, said);
    }
    registered(what, &source.name, &addresses, &wanted)
}

/// Where a hook has to send to: to this very address if one is known.
struct Wanted {
    route: String,
    address: Option<String>,
}

impl Wanted {
    fn new(source: &str, url: Option<&str>) -> Self {
        let route = format!("/webhooks/{source}");
        let address = url.map(|url| format!("{url}{route}"));
        Self { route, address }
    }

    fn is(&self, address: &str) -> bool {
        let address = address.trim_end_matches('/');
        self.address.as_ref().map_or_else(|| address.ends_with(&self.route), |wanted| address == wanted)
    }

    fn shown(&self) -> String {
        self.address.clone().unwrap_or_else(|| format!("https://…{}", self.route))
    }
}

fn registered(what: String, source: &str, addresses: &[String], wanted: &Wanted) -> Finding {
    if let Some(address) = addresses.iter().find(|address| wanted.is(address)) {
        return Finding::ok(what, format!("sends to {address}"));
    }
    let to = wanted.shown();
    let mend = format!("set the hook's URL to {to}; `afterhook setup {source}` prints all of it");
    let said = if addresses.is_empty() {
        format!("there is none that sends to {to}")
    } else {
        format!("none sends to {to}, but to {}", addresses.join(", "))
    };
    Finding::wrong(what, said, mend)
}

#[cfg(test)]
mod tests {
    use super::super::super::State;
    use super::*;

    #[test]
    fn a_hook_that_sends_elsewhere_is_wrong_and_the_mend_is_an_address_to_paste() {
        let addresses = ["https://old.example/webhooks/github".to_owned()];
        let found = |addresses: &[String], url| {
            registered(String::new(), "github", addresses, &Wanted::new("github", url))
        };
        assert_eq!(found(&addresses, None).state, State::Ok);
        assert_eq!(found(&addresses, Some("https://old.example")).state, State::Ok);
        let wrong = found(&addresses, Some("http://new.example"));
        let mend = wrong.mend.unwrap();
        assert_eq!(wrong.state, State::Wrong);
        assert!(mend.starts_with("set the hook's URL to http://new.example/webhooks/github; "), "{mend}");
        let none = found(&[], None);
        assert_eq!(
            (none.state, none.said.as_str()),
            (State::Wrong, "there is none that sends to https://…/webhooks/github")
        );
    }
}
