//! Whether a hook of GitHub sends to a source.

use ::github::Github;
use domain::UnreadHooks;
use settings::SourceSettings;

use super::super::Finding;
use super::Reached;

/// Each hook that cannot be read, and whether one of the others sends here: those that `hooks` of agent.toml names, that of the
/// App, or those of the repositories that are reached.
pub(super) async fn look(
    github: &Github,
    source: &SourceSettings,
    reached: &Reached,
    url: Option<&str>,
) -> Vec<Finding> {
    let what = format!("GitHub hook of [sources.{}]", source.name);
    let wanted = Wanted::new(&source.name, url);
    if !source.hooks.is_empty() {
        let (addresses, unread) = github.hook_addresses(&source.hooks).await;
        let mut findings: Vec<Finding> =
            unread.iter().map(|(hook, problem)| unreadable(&what, hook, problem)).collect();
        if !addresses.is_empty() || findings.is_empty() {
            findings.push(registered(what, &source.name, &addresses, &wanted));
        }
        return findings;
    }
    let (addresses, unread) = github.hook_addresses(&reached.names).await;
    let is_there = addresses.iter().any(|address| wanted.is(address));
    let is_some = !reached.names.is_empty() || !addresses.is_empty();
    let is_all = is_some && reached.are_all && unread.is_empty();
    if is_there || is_all {
        return vec![registered(what, &source.name, &addresses, &wanted)];
    }
    vec![Finding::skipped(what, unseen(reached, &unread, &wanted))]
}

fn unreadable(what: &str, hook: &str, problem: &str) -> Finding {
    let mend = "until then, what this hook cannot deliver is not sent again";
    Finding::wrong(format!("{what}, {hook}"), problem, mend)
}

/// Why nobody knows whether there is such a hook, and where to look.
fn unseen(reached: &Reached, unread: &UnreadHooks, wanted: &Wanted) -> String {
    let to = wanted.shown();
    if let Some((hook, problem)) = unread.iter().next() {
        return format!(
            "those of {hook} cannot be read ({problem}): give the token Webhooks, read, or look for {to} under Settings, \
             Webhooks"
        );
    }
    let names =
        if reached.names.is_empty() { "what GitHub names".to_owned() } else { reached.names.join(", ") };
    format!(
        "none of {names} sends to {to}: look under Settings, Webhooks, or name your repository in `hooks` of agent.toml"
    )
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
