//! Long answers, at every service: as much as it takes by its own count, cut between blocks, with a note that says so.

use domain::{Clock, Mark, Publisher, Target, TaskId};
use e2e::assembly::shipped_settings;
use e2e::hooks::{OWNER, REPO};
use e2e::world::World;
use wiring::{OutsideService, Services};

const NOTE: &str = "… (cut: too long for one message)";
/// Paragraphs of characters with one to four bytes, and some that HTML and mrkdwn write longer.
const PARAGRAPHS: [&str; 4] = [
    "It is the exporter that drops the last row",
    "これはとても重要なことですからよく読んでください",
    "🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀",
    "q & q < q & q < q & q < q & q < q",
];

/// A thread of `service`; none for one without threads.
fn target(service: OutsideService) -> Option<Target> {
    let [owner, repo] = [OWNER, REPO].map(str::to_owned);
    Some(match service {
        OutsideService::Github => Target::GithubIssue { owner, repo, number: 7 },
        OutsideService::Slack => {
            let [team, channel, thread_ts] = ["T1", "C1", "1795168800.204519"].map(str::to_owned);
            Target::SlackThread { team, channel, thread_ts }
        }
        OutsideService::Zendesk => Target::ZendeskTicket { subdomain: "acme".to_owned(), id: 7 },
        OutsideService::Jira => {
            Target::JiraIssue { host: "acme.atlassian.net".to_owned(), key: "OPS-7".to_owned() }
        }
        OutsideService::Linear => Target::LinearIssue { id: "7".to_owned(), parent: None },
        OutsideService::Gitlab => {
            Target::GitlabIssue { project: 7, path: Vec::new(), number: 7, internal: false, discussion: None }
        }
        OutsideService::Pagerduty => Target::PagerdutyIncident { id: "P7".to_owned() },
        OutsideService::Sentry => Target::SentryIssue { organization: "acme".to_owned(), id: 7 },
        OutsideService::Stripe => return None,
    })
}

/// The last answer in that thread, as the service keeps it.
fn kept(world: &World, service: OutsideService) -> String {
    match service {
        OutsideService::Github => world.comments(7).pop().unwrap().body,
        OutsideService::Slack => world.slack.notes("C1").pop().unwrap().text,
        OutsideService::Zendesk => {
            world.zendesk.notes("7").pop().unwrap().extra["html"].as_str().unwrap().to_owned()
        }
        OutsideService::Jira => world.jira.notes("OPS-7").pop().unwrap().text,
        OutsideService::Linear => world.linear.notes("7").pop().unwrap().text,
        OutsideService::Gitlab => world.gitlab.notes("7/issues/7").pop().unwrap().text,
        OutsideService::Pagerduty => world.pagerduty.notes("P7").pop().unwrap().text,
        OutsideService::Sentry => world.sentry.notes("7").pop().unwrap().text,
        OutsideService::Stripe => unreachable!("it has no threads"),
    }
}

/// Has `text` published, which the service takes or refuses by its own limit.
async fn published(world: &World, service: OutsideService, publisher: &dyn Publisher, text: &str) -> String {
    let task_id = TaskId::derive("limits", text.as_bytes());
    let mark = Mark { task_id, effect: "reply".into() };
    let made = publisher.publish(&target(service).unwrap(), text, &mark).await;
    made.unwrap_or_else(|problem| panic!("{service}: {problem}"));
    kept(world, service)
}

fn services(world: &World) -> Services {
    let _ = rustls::crypto::ring::default_provider().install_default();
    wiring::services(&shipped_settings(), &world.environment(), &Clock::system()).unwrap()
}

#[tokio::test]
async fn every_service_takes_long_answers_in_its_own_unit_cut_between_paragraphs_with_a_note() {
    let world = World::new().await;
    let services = services(&world);
    for service in OutsideService::ALL.iter().copied().filter(|service| target(*service).is_some()) {
        let publisher = services.publisher(service).unwrap();
        let limit = service.longest_text();
        // A million characters take their time.
        let paragraphs = if limit.max() > 100_000 { &PARAGRAPHS[2..3] } else { &PARAGRAPHS[..] };
        for paragraph in paragraphs.iter().copied() {
            let size = limit.size(paragraph) + 2;
            let short = format!("{paragraph}\n\n").repeat(limit.max() / size / 4);
            let shown = published(&world, service, publisher, &short).await;
            assert!(!shown.contains(NOTE), "{service}: a quarter of the limit is not cut");
            let long = format!("{paragraph}\n\n").repeat(limit.max() / size + 9);
            let shown = published(&world, service, publisher, &long).await;
            assert!(shown.contains(NOTE) && limit.fits(&shown), "{service}: {}", limit.size(&shown));
            assert!(limit.size(&shown) * 2 > limit.max(), "{service}: {} of {limit:?}", limit.size(&shown));
            let written = paragraph.replace('&', "&amp;").replace('<', "&lt;");
            let rest = shown.replace(paragraph, "").replace(&written, "");
            assert!(
                !rest.contains(['🦀', '重', 'q']) && !rest.contains("exporter"),
                "{service}: half a paragraph"
            );
        }
    }
}

#[tokio::test]
async fn code_that_is_cut_is_closed_at_every_service() {
    let world = World::new().await;
    let services = services(&world);
    for service in OutsideService::ALL.iter().copied().filter(|service| target(*service).is_some()) {
        let limit = service.longest_text();
        let code = format!("```rust\n{}```\n", "重要 🦀 line\n".repeat(limit.max() / 8));
        let shown = published(&world, service, services.publisher(service).unwrap(), &code).await;
        let (before, _) = shown.split_once(NOTE).unwrap_or_else(|| panic!("{service}: no note"));
        assert!(limit.fits(&shown), "{service}: {}", limit.size(&shown));
        let closed = before.matches("```").count() == 2 || before.contains("</code></pre>");
        assert!(closed || service == OutsideService::Jira, "{service}: {}", &before[before.len() - 40..]);
        assert!(before.contains("line\n"), "{service}");
    }
}
