//! The services that results go to: whose account it is, and what it may do.

use domain::{AccountFacts, Clock, Publisher, ServiceError, ServiceFailure};
use settings::{Environment, Settings, SourceSettings};
use wiring::OutsideService;

use super::super::elsewhere;
use super::{Finding, github};

/// Asks each service that agent.toml needs or the environment has credentials for.
pub(super) async fn look(settings: &Settings, environment: &Environment, url: Option<&str>) -> Vec<Finding> {
    let needs = wiring::needs(settings);
    let (mut findings, mut has_github) = (Vec::new(), false);
    for service in OutsideService::ALL.iter().copied() {
        let what = format!("{service} account");
        let client = match service.client(settings, environment, Clock::system()) {
            Ok(Some(client)) => client,
            Ok(None) => {
                let said = || format!("no credentials; {}", service.how());
                findings.extend(needs.contains_key(&service).then(|| Finding::skipped(what, said())));
                continue;
            }
            Err(error) => {
                findings.push(Finding::wrong(what, error.to_string(), service.how()));
                continue;
            }
        };
        if let Some(publisher) = client.publisher() {
            findings.extend(account(settings, environment, service, publisher).await);
        }
        if let Some(client) = client.typed::<::github::Github>() {
            has_github = true;
            findings.extend(Box::pin(github::look(settings, client, url)).await);
        }
    }
    let unseen = |source: &&SourceSettings| !(has_github && source.sender.provider.row().hooks.is_some());
    findings.extend(settings.sources.values().filter(unseen).map(|source| registration(source, url)));
    findings
}

/// Whether the sender of `source` has our address: hooks are listed at GitHub alone.
fn registration(source: &SourceSettings, url: Option<&str>) -> Finding {
    let (name, provider) = (&source.name, Some(source.sender.provider));
    let service = OutsideService::ALL.iter().find(|service| service.provider() == provider);
    let sender = service.map_or_else(|| name.clone(), ToString::to_string);
    let address = format!("{}/webhooks/{name}", url.unwrap_or("https://…"));
    let said = format!(
        "it is not looked at; see that {sender} has the address {address}: `afterhook setup {name}` prints what to enter"
    );
    Finding::skipped(format!("registration of [sources.{name}]"), said)
}

async fn account(
    settings: &Settings,
    environment: &Environment,
    service: OutsideService,
    publisher: &dyn Publisher,
) -> Vec<Finding> {
    let what = format!("{service} account");
    let login = match publisher.login().await {
        Ok(login) => login,
        Err(error) if error.failure == ServiceFailure::Refused => return vec![untold(what, &error)],
        Err(error) => return vec![Finding::wrong(what, error.message.clone(), mend(service, &error))],
    };
    let address = service.address(environment).unwrap_or_default();
    let place = elsewhere(&address).map_or_else(String::new, |place| format!(", {place}"));
    let facts = publisher.facts().await;
    let known = facts.name.as_ref().map_or_else(|| login.clone(), |name| format!("{name} ({login})"));
    let mut findings = vec![Finding::ok(what, format!("answers are written as {known}{place}"))];
    findings.extend(rights(service, facts));
    let of_service = |source: &&SourceSettings| Some(source.sender.provider) == service.provider();
    for source in settings.sources.values().filter(of_service) {
        findings.extend(source.filter.login.as_deref().and_then(|ours| other(&source.name, ours, &login)));
    }
    findings
}

/// What the account may do, as far as its service tells. What it does not tell is not called good.
fn rights(service: OutsideService, facts: AccountFacts) -> Option<Finding> {
    let (what, needs) = (format!("{service} permissions"), facts.needs?);
    Some(match facts.rights {
        Some(Ok(may)) => Finding::ok(what, may),
        Some(Err(lacks)) => Finding::wrong(what, lacks, format!("see that {needs}")),
        None => {
            let said =
                format!("they are not looked at, since {service} does not tell them; see that {needs}");
            Finding::skipped(what, said)
        }
    })
}

/// The service does not say whose the credentials are; they may write comments all the same.
fn untold(what: String, error: &ServiceError) -> Finding {
    let said = format!("which account answers are written as is not known: {}", error.message);
    let mend = "take credentials that may ask for their own account (of GitHub a person's token, or a GitHub App); without, no \
                comment of a thread counts as the agent's own, and a person is asked whether an answer is there that somebody \
                has copied";
    Finding::wrong(what, said, mend)
}

/// `login` of agent.toml, if it names another account.
fn other(source: &str, ours: &str, theirs: &str) -> Option<Finding> {
    let bare = |login: &str| login.trim_start_matches('@').trim_end_matches("[bot]").to_lowercase();
    let what = format!("login of [sources.{source}]");
    // An account's number says nothing about the name that people mention.
    let is_number = theirs.chars().all(|c| c.is_ascii_digit()) || is_uuid(theirs);
    if bare(ours) == bare(theirs) || is_number {
        return None;
    }
    let mend = "take `login` out, or write the account's own name: mentions of another name are answered, and its \
                comments taken for our own";
    Some(Finding::wrong(what, format!("`{ours}` is not the account {theirs} of the credentials"), mend))
}

/// Linear's accounts have such numbers.
fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

fn mend(service: OutsideService, error: &ServiceError) -> String {
    match error.failure {
        ServiceFailure::Later { .. } => {
            "try again; if it stays so, look at the network and the service's address".to_owned()
        }
        _ => service.how().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn what_a_service_does_not_tell_is_skipped_and_says_what_to_see_to() {
        let of = |rights| {
            let facts = AccountFacts { rights, needs: Some("it may write"), ..AccountFacts::default() };
            rights_of(facts).unwrap()
        };
        let [may, may_not] =
            [Ok("it may".to_owned()), Err("it may not".to_owned())].map(|told| of(Some(told)));
        assert_eq!((may.state, may_not.state), (State::Ok, State::Wrong));
        let untold = of(None);
        assert_eq!(untold.state, State::Skipped);
        assert!(
            untold.said.contains("not looked at") && untold.said.contains("see that it may write"),
            "{untold:?}"
        );
        assert!(rights_of(AccountFacts::default()).is_none(), "what is looked at elsewhere");
    }

    fn rights_of(facts: AccountFacts) -> Option<Finding> {
        rights(OutsideService::Jira, facts)
    }

    #[test]
    fn a_login_of_another_account_is_wrong_and_a_number_says_nothing() {
        assert!(other("github", "octo-helper", "afterhook[bot]").is_some());
        for (ours, theirs) in [
            ("afterhook", "afterhook[bot]"),
            ("@AfterHook", "afterhook"),
            ("helper", "4711"),
            ("helper", "c0ffee5f-8adc-4f52-b4bd-ab4e84cf51bb"),
        ] {
            assert!(other("github", ours, theirs).is_none(), "{ours} {theirs}");
        }
    }
}
