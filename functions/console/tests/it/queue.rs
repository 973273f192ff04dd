//! Approval is a queue: in its order, one after the other, or several at once.

use std::time::Duration;

use domain::{Decision, Outcome, Task, TaskStatus, after, short_sha256};

use crate::rig::{DRAFT, Rig};

const LISA: &str = "the-token-of-lisa-that-nobody-guesses";

fn position(page: &str, task: &Task) -> usize {
    page.find(&format!("data-id=\"{}\"", task.id)).unwrap_or_else(|| panic!("{} is not in {page}", task.id))
}

#[tokio::test]
async fn the_console_opens_on_what_needs_approval_while_there_is_something() {
    let rig = Rig::new();
    let other = rig.task("github", 1).await;
    assert!(rig.page("/").await.text().contains(other.id.as_str()), "nothing is parked: all tasks");
    let parked = rig.parked(2).await;
    rig.watch.advance(Duration::from_secs(3));
    let page = rig.page("/").await.text();
    assert!(page.contains(parked.id.as_str()) && !page.contains(other.id.as_str()), "{page}");
    assert!(page.contains("aria-current=\"true\">Needs approval"), "{page}");
    let all = rig.page("/?status=all").await.text();
    assert!(all.contains(parked.id.as_str()) && all.contains(other.id.as_str()));
}

#[tokio::test]
async fn what_expires_first_is_at_the_top_and_marked() {
    let rig = Rig::new();
    let mut late = rig.parked(1).await;
    late.doc.expires_at = Some(after(rig.watch.now(), Duration::from_secs(9 * 86_400)));
    rig.save(&mut late).await;
    let (old, young) = (rig.parked(2).await, rig.parked(3).await);
    let page = rig.page("/").await.text();
    assert!(position(&page, &old) < position(&page, &young), "{page}");
    assert!(position(&page, &young) < position(&page, &late), "{page}");
    assert_eq!(page.matches("class=\"soon\"").count(), 2, "not the one that has days: {page}");
}

#[tokio::test]
async fn after_a_decision_comes_the_next_task_and_after_the_last_the_task_itself() {
    let rig = Rig::new();
    let (first, second) = (rig.parked(1).await, rig.parked(2).await);
    let cookie = rig.log_in(LISA).await;
    let hash = short_sha256(DRAFT);
    let fields = [("draft_hash", hash.as_str()), ("text", DRAFT)];
    let page = rig.page_as(&format!("/ui/tasks/{}", first.id), &cookie).await.text();
    assert!(
        page.contains("2 need approval")
            && page.contains(&format!("rel=\"next\" href=\"/ui/tasks/{}\"", second.id))
    );
    let answer = rig.submit(&format!("/ui/tasks/{}/approve", first.id), &fields, &cookie).await;
    let next = format!("/ui/tasks/{}?done=approved&of={}", second.id, first.id);
    assert_eq!(answer.header("location"), Some(next.as_str()));
    let page = rig.page_as(&next, &cookie).await.text();
    assert!(
        page.contains("Approved. It is being published.") && page.contains("This is the next one"),
        "{page}"
    );
    assert!(page.contains(&format!("href=\"/ui/tasks/{}\"", first.id)), "{page}");
    let answer = rig.submit(&format!("/ui/tasks/{}/reject", second.id), &fields, &cookie).await;
    assert_eq!(answer.header("location"), Some(format!("/ui/tasks/{}?done=rejected", second.id).as_str()));
}

/// The first of the queue came once, wherever one was.
#[tokio::test]
async fn after_a_decision_comes_what_was_behind_it_and_after_the_end_what_was_before_it() {
    let rig = Rig::new();
    let cookie = rig.log_in(LISA).await;
    let hash = short_sha256(DRAFT);
    let fields = [("draft_hash", hash.as_str()), ("text", DRAFT)];
    for (n, what) in [(0, "approve"), (10, "reject"), (20, "retry")] {
        let drafts =
            [rig.parked(n).await, rig.parked(n + 1).await, rig.parked(n + 2).await, rig.parked(n + 3).await];
        let ids = drafts.each_ref().map(|task| task.id.as_str());
        for (at, next) in [(1, 2), (2, 3), (3, 0)] {
            let answer = rig.submit(&format!("/ui/tasks/{}/{what}", ids[at]), &fields, &cookie).await;
            let to = answer.header("location").unwrap_or_default();
            assert!(to.starts_with(&format!("/ui/tasks/{}?done=", ids[next])), "{what} {at}: {to}");
        }
        rig.submit(&format!("/ui/tasks/{}/{what}", ids[0]), &fields, &cookie).await;
    }
}

#[tokio::test]
async fn a_task_of_ones_own_is_not_the_next_one() {
    let rig = Rig::new();
    let (first, mut own) = (rig.parked(1).await, rig.parked(2).await);
    own.doc.source = "api".to_owned();
    own.doc.actor = "lisa".to_owned();
    rig.save(&mut own).await;
    let cookie = rig.log_in(LISA).await;
    let hash = short_sha256(DRAFT);
    let fields = [("draft_hash", hash.as_str()), ("text", DRAFT)];
    let answer = rig.submit(&format!("/ui/tasks/{}/approve", first.id), &fields, &cookie).await;
    assert_eq!(answer.header("location"), Some(format!("/ui/tasks/{}?done=approved", first.id).as_str()));
}

#[tokio::test]
async fn several_are_decided_at_once_each_bound_to_the_draft_that_was_shown() {
    let rig = Rig::new();
    let (one, two, stale) = (rig.parked(1).await, rig.parked(2).await, rig.parked(3).await);
    let cookie = rig.log_in(LISA).await;
    let page = rig.page_as("/", &cookie).await.text();
    let hash = short_sha256(DRAFT);
    let chosen = |task: &Task| format!("{}:{hash}", task.id);
    for task in [&one, &two, &stale] {
        assert!(page.contains(&format!("name=\"chosen\" value=\"{}\"", chosen(task))), "{page}");
    }
    assert_eq!(page.matches("Thank you, this is fixed in 1.2.").count(), 3, "each draft is on the page");
    let (a, b, c) = (chosen(&one), chosen(&two), format!("{}:0123", stale.id));
    let fields = [("what", "approve"), ("chosen", a.as_str()), ("chosen", &b), ("chosen", &c)];
    let answer = rig.submit("/ui/decide", &fields, &cookie).await;
    assert_eq!(answer.status, 409);
    let said = answer.text();
    assert!(said.contains("2 decided, 1 not") && said.contains("The draft has changed"), "{said}");
    for task in [&one, &two] {
        let decision = rig.stored(&task.id).await.doc.decision.unwrap();
        assert_eq!((decision.outcome, decision.by.as_str()), (Outcome::Approved, "lisa"));
        assert_eq!(decision.draft_hash, hash);
    }
    assert_eq!(rig.stored(&stale.id).await, stale);
    let c = chosen(&stale);
    let answer = rig.submit("/ui/decide", &[("what", "reject"), ("chosen", &c)], &cookie).await;
    assert_eq!(answer.header("location"), Some("/?done=reject"));
    assert_eq!(rig.stored(&stale.id).await.control.status, TaskStatus::Rejected);
}

#[tokio::test]
async fn a_filter_stays_when_several_are_decided() {
    let rig = Rig::new();
    let task = rig.parked(1).await;
    let cookie = rig.log_in(LISA).await;
    let page = rig.page_as("/?status=awaiting_approval&source=github&q=x%26y", &cookie).await.text();
    assert!(page.contains("No task matches"), "{page}");
    let page = rig.page_as("/?status=awaiting_approval&source=github", &cookie).await.text();
    let action = "/ui/decide?status=awaiting_approval&amp;source=github";
    assert!(page.contains(&format!("action=\"{action}\"")), "{page}");
    let action = action.replace("&amp;", "&");
    let stale = format!("{}:0123", task.id);
    let page = rig.submit(&action, &[("what", "approve"), ("chosen", &stale)], &cookie).await.text();
    assert!(page.contains("href=\"/?status=awaiting_approval&amp;source=github\""), "{page}");
    let chosen = format!("{}:{}", task.id, short_sha256(DRAFT));
    let answer = rig.submit(&action, &[("what", "approve"), ("chosen", &chosen)], &cookie).await;
    assert_eq!(answer.header("location"), Some("/?status=awaiting_approval&source=github&done=approve"));
}

#[tokio::test]
async fn nothing_is_decided_by_a_batch_that_is_forged_or_says_nothing() {
    let rig = Rig::new();
    let task = rig.parked(1).await;
    let cookie = rig.log_in(LISA).await;
    let chosen = format!("{}:{}", task.id, short_sha256(DRAFT));
    let form = format!("what=approve&chosen={chosen}&csrf=AAAA");
    let forged = rig.send(crate::rig::form_request("/ui/decide", &form, Some(&cookie))).await;
    assert_eq!(forged.status, 403);
    let wrong = rig.submit("/ui/decide", &[("what", "publish"), ("chosen", &chosen)], &cookie).await;
    assert_eq!(wrong.status, 400);
    let none = rig.submit("/ui/decide", &[("what", "approve")], &cookie).await;
    assert_eq!(none.header("location"), Some("/?done=nothing"));
    let odd = rig
        .submit("/ui/decide", &[("what", "approve"), ("chosen", "tsk_0:x"), ("chosen", "x")], &cookie)
        .await;
    assert_eq!(odd.status, 409);
    assert_eq!(rig.page_as("/ui/decide", &cookie).await.status, 405, "nor by a link");
    assert_eq!(rig.stored(&task.id).await, task);
}

#[tokio::test]
async fn a_draft_that_is_too_long_for_the_list_is_decided_on_its_own_page_alone() {
    let rig = Rig::new();
    let mut task = rig.parked(1).await;
    let long = "A long draft. ".repeat(300);
    let hash = short_sha256(&long);
    rig.put(&task.id, &domain::PartKey::draft(&hash), long.as_bytes()).await;
    task.doc.draft.as_mut().unwrap().hash = hash;
    rig.save(&mut task).await;
    let page = rig.page("/").await.text();
    assert!(page.contains("open it to decide") && !page.contains("name=\"chosen\""), "{page}");
}

#[tokio::test]
async fn a_full_queue_is_a_small_page() {
    let rig = Rig::new();
    for number in 0..60 {
        rig.parked(number).await;
    }
    let page = rig.page("/").await;
    assert!(page.body.len() < 60_000, "{} bytes", page.body.len());
    // Every one of them can be reached, in its order.
    let mut seen = Vec::new();
    for number in 1..=3 {
        let page = rig.page(&format!("/?status=awaiting_approval&page={number}")).await.text();
        assert_eq!(page.contains("rel=\"next\""), number < 3, "{page}");
        assert_eq!(page.contains("rel=\"prev\""), number > 1, "{page}");
        let ids = page.split("data-id=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
        seen.extend(ids);
    }
    assert_eq!(seen.len(), 60);
    assert_eq!(seen.iter().collect::<std::collections::BTreeSet<_>>().len(), 60);
    let beyond = rig.page("/?status=awaiting_approval&page=9").await.text();
    assert!(beyond.contains("41 to 60 of 60"), "what was decided away leaves the last page: {beyond}");
}

/// The newest were shown once, and the oldest expired unseen.
#[tokio::test]
async fn a_queue_that_is_longer_than_a_page_knows_begins_with_what_expires_first() {
    let rig = Rig::new();
    let mut drafts = Vec::new();
    for number in 0..600 {
        drafts.push(rig.parked(number).await);
    }
    let ids: Vec<&str> = drafts.iter().map(|task| task.id.as_str()).collect();
    fn listed(page: &str) -> Vec<&str> {
        page.split("data-id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect()
    }
    let first = rig.page("/").await.text();
    assert_eq!(listed(&first), ids[..20]);
    assert!(first.contains("1 to 20 of 500+"), "{first}");
    assert!(first.contains("Needs approval <span class=\"count\">500+</span>"), "{first}");
    // One is decided, and the first of those that were behind comes up.
    rig.approve(&drafts[0]).await;
    let last = rig.page("/?status=awaiting_approval&page=25").await.text();
    assert_eq!(listed(&last), ids[481..=500]);
    assert!(last.contains("481 to 500 of 500+") && last.contains("comes up when some are decided"), "{last}");
    let filtered = rig.page("/?status=awaiting_approval&source=github").await.text();
    assert_eq!(listed(&filtered), ids[1..=20]);
}

#[tokio::test]
async fn tabs_count_what_their_lists_have() {
    let rig = Rig::new();
    rig.parked(1).await;
    for number in 2..=3 {
        rig.published(number).await;
    }
    let count = |page: &str, tab: &str| {
        let tabs = page.split("<nav class=\"tabs\"").nth(1).unwrap().split("</nav>").next().unwrap();
        let tab = tabs.split(&format!(">{tab}")).nth(1).unwrap().split("</a>").next().unwrap().to_owned();
        tab.split("class=\"count\">").nth(1).map(|rest| rest.split('<').next().unwrap().to_owned())
    };
    let page = rig.page("/").await.text();
    for (tab, has) in
        [("Needs approval", "1"), ("Running", "0"), ("Completed", "2"), ("Failed", "0"), ("Ignored", "0")]
    {
        assert_eq!(count(&page, tab).as_deref(), Some(has), "{tab}: {page}");
    }
    let all = rig.page("/?status=all").await.text();
    assert_eq!(count(&all, "All").as_deref(), Some("3"), "{all}");
    // Under a filter it is that of the list which is shown.
    let filtered = rig.page("/?status=completed&tenant=octo").await.text();
    assert_eq!(count(&filtered, "Completed").as_deref(), Some("2"), "{filtered}");
    assert_eq!(count(&filtered, "Needs approval"), None, "{filtered}");
    let none = rig.page("/?status=awaiting_approval&source=slack").await.text();
    assert_eq!(count(&none, "Needs approval").as_deref(), Some("0"), "{none}");
    assert!(none.contains("No task matches"), "{none}");
    for number in 10..70 {
        rig.published(number).await;
    }
    rig.watch.advance(Duration::from_secs(20));
    let many = rig.page("/?status=completed").await.text();
    assert_eq!(count(&many, "Completed").as_deref(), Some("50+"), "{many}");
}

#[tokio::test]
async fn a_reason_that_the_row_above_has_is_not_said_again_in_the_queue_either() {
    let rig = Rig::new();
    let because = "confidence 0.40 is below 0.80, the threshold of the source";
    for number in 1..=3 {
        let mut task = rig.parked(number).await;
        task.doc.draft.as_mut().unwrap().parked_because = Some(because.to_owned());
        rig.save(&mut task).await;
    }
    for path in ["/", "/?status=all"] {
        let page = rig.page(path).await.text();
        assert_eq!(page.matches(because).count(), 1, "{path}: {page}");
        assert_eq!(page.matches("the same as above").count(), 2, "{path}: {page}");
    }
}

#[tokio::test]
async fn tasks_are_filtered_by_intent_tenant_age_and_cost() {
    let rig = Rig::new();
    let (mut bug, other) = (rig.task("github", 1).await, rig.task("github", 2).await);
    bug.doc.classification = Some(domain::Classification {
        intent: "bug_report".to_owned(),
        confidence: 0.9,
        parameters: serde_json::Value::Null,
    });
    bug.doc.tenant = "octo/other".to_owned();
    bug.doc.usage.push(crate::overview::usage("gemini-pro", Some(0.25)));
    rig.save(&mut bug).await;
    for query in
        ["intent=bug_report", "tenant=octo/other", "cost=0.1", "intent=bug&tenant=other&cost=0.01&age=1h"]
    {
        let page = rig.page(&format!("/?{query}")).await.text();
        assert!(page.contains(bug.id.as_str()) && !page.contains(other.id.as_str()), "{query}: {page}");
    }
    assert!(!rig.page("/?cost=1").await.text().contains(bug.id.as_str()));
    let mut cheap = rig.task("github", 3).await;
    cheap.doc.usage.push(crate::overview::usage("gemini-flash", Some(0.0027)));
    rig.save(&mut cheap).await;
    let page = rig.page("/?cost=0.001").await.text();
    assert!(page.contains(cheap.id.as_str()) && !page.contains(other.id.as_str()), "{page}");
    assert!(page.contains("$0.0027"), "as many digits as tell one from another: {page}");
    rig.watch.advance(Duration::from_secs(7_200));
    assert!(!rig.page("/?age=1h").await.text().contains(bug.id.as_str()));
    assert!(rig.page("/?age=1d").await.text().contains(bug.id.as_str()));
}

#[tokio::test]
async fn the_overview_says_how_people_decide_by_intent() {
    let rig = Rig::new();
    let cookie = rig.log_in(LISA).await;
    let hash = short_sha256(DRAFT);
    for (number, verdict) in ["reject", "reject"].into_iter().enumerate() {
        let mut task = rig.parked(u32::try_from(number).unwrap()).await;
        task.doc.classification = Some(domain::Classification {
            intent: "question".to_owned(),
            confidence: 0.5,
            parameters: serde_json::Value::Null,
        });
        rig.save(&mut task).await;
        rig.watch.advance(Duration::from_secs(120));
        rig.submit(&format!("/ui/tasks/{}/{verdict}", task.id), &[("draft_hash", &hash)], &cookie).await;
    }
    let page = rig.page("/ui/overview").await.text();
    let table =
        page.split("Decisions of people, by intent").nth(1).unwrap().split("</table>").next().unwrap();
    for part in ["question", "<td class=\"number\">2</td>", "100 %", "2 min"] {
        assert!(table.contains(part), "{part}: {table}");
    }
}

/// Two lists of different lengths in time would show a share of rejections that nobody has seen.
#[tokio::test]
async fn the_shares_of_decisions_are_those_of_one_window_of_time() {
    let rig = Rig::new();
    let decided = async |number: u32, outcome: Outcome| {
        let (mut task, now) = (rig.sorted(number).await, rig.watch.now());
        let hash = short_sha256(DRAFT);
        task.doc.decision = Some(Decision {
            outcome,
            by: "lisa".to_owned(),
            from: None,
            at: now,
            draft_hash: hash.clone(),
            publish_hash: Some(hash),
            reason: None,
        });
        if outcome == Outcome::Rejected {
            task.transition(TaskStatus::Rejected, now, "on").unwrap();
        } else {
            task.transition(TaskStatus::Waiting, now, "on").unwrap();
            task.transition(TaskStatus::Processing, now, "on").unwrap();
            task.transition(TaskStatus::Completed, now, "on").unwrap();
        }
        rig.save(&mut task).await;
    };
    let ten = async |first: u32| {
        for number in first..first + 10 {
            decided(number, if number % 5 == 0 { Outcome::Rejected } else { Outcome::Approved }).await;
        }
    };
    let table = async || {
        rig.watch.advance(Duration::from_secs(61));
        let page = rig.page("/ui/overview").await.text();
        let section = page.split("Decisions of people, by intent").nth(1).unwrap();
        section.split("</section>").next().unwrap().to_owned()
    };
    ten(0).await;
    ten(10).await;
    let shown = table().await;
    for part in ["<td class=\"number\">20</td>", "80 %", "20 %"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("since"), "all of them were looked at: {shown}");
    for number in 100..420 {
        rig.published(number).await;
    }
    let shown = table().await;
    assert!(!shown.contains("bug_report") && shown.contains("received since <time"), "{shown}");
    ten(500).await;
    let shown = table().await;
    for part in ["<td class=\"number\">10</td>", "80 %", "20 %", "received since <time"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[tokio::test]
async fn a_browser_that_asks_for_an_unknown_page_gets_a_page_and_a_program_a_problem() {
    let rig = Rig::new();
    let page = rig.page("/nowhere").await;
    assert_eq!(page.status, 404);
    assert!(
        page.header("content-type").unwrap().starts_with("text/html") && page.text().contains("no such page")
    );
    rig.get("/nowhere").await.problem(404, "not_found");
}

#[tokio::test]
async fn timelines_speak_plainly() {
    let rig = Rig::new();
    let mut task = rig.task("github", 1).await;
    task.transition(TaskStatus::Processing, rig.watch.now(), "claimed").unwrap();
    rig.save(&mut task).await;
    let page = rig.page(&format!("/ui/tasks/{}", task.id)).await.text();
    assert!(page.contains("received") && page.contains("picked up") && !page.contains("claimed"), "{page}");
    task.transition(TaskStatus::Waiting, rig.watch.now(), "the model is down").unwrap();
    rig.save(&mut task).await;
    let page = rig.page(&format!("/ui/tasks/{}", task.id)).await.text();
    assert!(page.contains("waiting: the model is down"), "{page}");
    let now = rig.watch.now();
    task.note(now, "about to reply");
    task.note(now, "its processor died; it runs alone");
    rig.save(&mut task).await;
    let page = rig.page(&format!("/ui/tasks/{}", task.id)).await.text();
    assert!(page.contains("publishing the answer") && page.contains("tried again, by itself"), "{page}");
    assert!(!page.contains("about to reply") && !page.contains("processor died"), "{page}");
}
