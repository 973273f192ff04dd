//! Another agent that answers whatever is said to it, as this one does: by the bounds that ship, the talk ends by
//! itself.

use domain::*;

use harness::{Bench, SETTINGS, comment};

const SHIPPED: &str = include_str!("../../../../agent/agent.toml");

/// The settings of the tests with the budget that ships.
fn settings() -> String {
    let budget = SHIPPED.split_once("\n[budget]\n").and_then(|(_, rest)| rest.split_once("\n\n")).unwrap().0;
    assert!(budget.contains("per_thread_replies_per_hour"), "{budget}");
    let settings = SETTINGS.replace("per_thread_replies_per_hour = 3", budget);
    settings.replace("[sources.github]\n", "[sources.github]\nrespond_to_comments = \"thread\"\n")
}

#[tokio::test(start_paused = true)]
async fn two_agents_that_answer_each_other_stop_by_themselves() {
    let bench = Bench::with(&settings(), None);
    let (mut said, mut last) = (0, None);
    for turn in 0..100 {
        let mut event = comment("other-agent", &format!("Thank you. And what about point {turn}?"));
        event["comment"]["id"] = (1_000 + turn).into();
        let id = bench.accept(&event).await;
        bench.work().await;
        last = Some(id);
        if bench.comments().len() == said {
            break;
        }
        said = bench.comments().len();
    }
    assert_eq!(said, 5, "each of them answers while it is answered");
    let task = bench.task(&last.unwrap()).await;
    assert_eq!(task.control.status, TaskStatus::AwaitingApproval, "a person may let it go on");
    assert!(task.doc.draft.unwrap().parked_because.unwrap().contains("5 replies within the hour"));
}
