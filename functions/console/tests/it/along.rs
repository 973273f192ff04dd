//! The list that one has come from stays while one goes along it, by links and forms alone.

use domain::{PartKey, Task, TaskStatus, short_sha256};

use crate::rig::{DRAFT, Rig};

const LISA: &str = "the-token-of-lisa-that-nobody-guesses";
/// What was searched for has letters that an address and a page write otherwise.
const LIST: &str = "?status=awaiting_approval&source=github&tenant=acme%20%26%20sons";

/// Parked drafts of one tenant and of another, in turns.
async fn of_two_tenants(rig: &Rig, many: u32) -> Vec<Task> {
    let mut drafts = Vec::new();
    for number in 0..many {
        let mut task = rig.parked(number).await;
        task.doc.tenant = if number % 2 == 0 { "other" } else { "acme & sons" }.to_owned();
        rig.save(&mut task).await;
        drafts.push(task);
    }
    drafts
}

/// The address in the attribute `name` that stands behind `mark` on a page, as a browser reads it.
fn address(page: &str, mark: &str, name: &str) -> Option<String> {
    let (_, behind) = page.split_once(mark)?;
    let (_, value) = behind.split_once(&format!("{name}=\""))?;
    Some(value.split('"').next()?.replace("&amp;", "&"))
}

#[tokio::test]
async fn next_and_previous_stay_in_the_list_that_the_task_was_opened_from() {
    let rig = Rig::new();
    let drafts = of_two_tenants(&rig, 6).await;
    let cookie = rig.log_in(LISA).await;
    let at = |index: usize| format!("/ui/tasks/{}{LIST}", drafts[index].id);
    let list = rig.page_as(&format!("/{LIST}"), &cookie).await.text();
    assert_eq!(address(&list, "<a class=\"row\"", "href"), Some(at(1)));
    let first = rig.page_as(&at(1), &cookie).await.text();
    assert!(first.contains("3 need approval in this list"), "{first}");
    assert_eq!(address(&first, "rel=\"prev\"", "href"), None);
    assert_eq!(address(&first, "rel=\"next\"", "href"), Some(at(3)));
    let middle = rig.page_as(&at(3), &cookie).await.text();
    assert_eq!(address(&middle, "rel=\"prev\"", "href"), Some(at(1)));
    assert_eq!(address(&middle, "rel=\"next\"", "href"), Some(at(5)));
    assert_eq!(address(&middle, "aria-label=\"Queue\"", "href"), Some(format!("/{LIST}")));
    let last = rig.page_as(&at(5), &cookie).await.text();
    assert_eq!(address(&last, "rel=\"next\"", "href"), None);
    // What is shown of a task leads back to it, in its list.
    rig.put(&drafts[3].id, &PartKey::payload(), b"{}").await;
    for what in ["transcript", "payload"] {
        let path = format!("/ui/tasks/{}/{what}{LIST}", drafts[3].id);
        assert!(middle.contains(&path.replace('&', "&amp;")), "{what}: {middle}");
        let page = rig.page_as(&path, &cookie).await.text();
        assert_eq!(address(&page, "class=\"back\"", "href"), Some(at(3)), "{what}: {page}");
    }
    // Without a filter it is the whole queue.
    let whole = rig.page_as(&format!("/ui/tasks/{}", drafts[3].id), &cookie).await.text();
    assert_eq!(address(&whole, "rel=\"next\"", "href"), Some(format!("/ui/tasks/{}", drafts[4].id)));
    assert!(whole.contains("6 need approval<"), "{whole}");
}

#[tokio::test]
async fn after_a_decision_comes_the_next_one_of_the_list_and_after_its_last_the_way_back_to_it() {
    let rig = Rig::new();
    let drafts = of_two_tenants(&rig, 8).await;
    let cookie = rig.log_in(LISA).await;
    let hash = short_sha256(DRAFT);
    let fields = [("draft_hash", hash.as_str()), ("text", DRAFT)];
    let mut here = format!("/ui/tasks/{}{LIST}", drafts[1].id);
    for (at, next, what, done) in
        [(1, 3, "approve", "approved"), (3, 5, "retry", "retried"), (5, 7, "reject", "rejected")]
    {
        let page = rig.page_as(&here, &cookie).await.text();
        let form = address(&page, "class=\"decide\"", "action").unwrap();
        let action = form.replace("/approve", &format!("/{what}"));
        assert!(page.contains(&action.replace('&', "&amp;")), "{action}: {page}");
        let answer = rig.submit(&action, &fields, &cookie).await;
        here = answer.header("location").unwrap().to_owned();
        let (next, of) = (&drafts[next].id, &drafts[at].id);
        assert_eq!(here, format!("/ui/tasks/{next}{LIST}&done={done}&of={of}"));
    }
    let said = rig.page_as(&here, &cookie).await.text();
    assert_eq!(
        address(&said, "It will not be published.", "href"),
        Some(format!("/ui/tasks/{}{LIST}", drafts[5].id))
    );
    // An edit that is shown first, and a decision that is refused, lose nothing of it.
    let last = format!("/ui/tasks/{}/approve{LIST}", drafts[7].id);
    for fields in
        [[("draft_hash", hash.as_str()), ("text", "Mine.")], [("draft_hash", "0123"), ("text", "Mine.")]]
    {
        let page = rig.submit(&last, &fields, &cookie).await.text();
        assert_eq!(address(&page, "class=\"decide\"", "action"), Some(last.clone()), "{page}");
        assert_eq!(address(&page, "aria-label=\"Queue\"", "href"), Some(format!("/{LIST}")));
    }
    let answer = rig.submit(&last, &fields, &cookie).await;
    let done = format!("/ui/tasks/{}{LIST}&done=approved", drafts[7].id);
    assert_eq!(answer.header("location"), Some(done.as_str()));
    let page = rig.page_as(&done, &cookie).await.text();
    assert_eq!(address(&page, "aria-label=\"Queue\"", "href"), Some(format!("/{LIST}")));
    for other in drafts.iter().step_by(2) {
        assert_eq!(rig.stored(&other.id).await.control.status, TaskStatus::AwaitingApproval);
    }
}

#[tokio::test]
async fn a_correction_leads_back_to_the_task_in_its_list() {
    let rig = Rig::with_intents().0;
    let mut task = rig.sorted(1).await;
    task.doc.tenant = "acme & sons".to_owned();
    rig.save(&mut task).await;
    let cookie = rig.log_in(LISA).await;
    let page = rig.page_as(&format!("/ui/tasks/{}{LIST}", task.id), &cookie).await.text();
    let action = address(&page, "id=\"correction\"", "action").unwrap();
    let answer = rig.submit(&action, &[("intent", "question")], &cookie).await;
    let to = format!("/ui/tasks/{}{LIST}&done=corrected", task.id);
    assert_eq!(answer.header("location"), Some(to.as_str()));
}

#[tokio::test]
async fn a_list_that_is_not_understood_is_refused_on_every_page() {
    let rig = Rig::new();
    let task = rig.parked(1).await;
    let cookie = rig.log_in(LISA).await;
    let page = format!("/ui/tasks/{}", task.id);
    let live = format!("/ui/live/tasks/{}/rest", task.id);
    for path in
        ["/", "/ui/live/tasks", &live, &page, &format!("{page}/transcript"), &format!("{page}/payload")]
    {
        let answer = rig.page_as(&format!("{path}?age=2d"), &cookie).await;
        assert_eq!(answer.status, 400, "{path}");
        assert!(answer.text().contains("1h, 1d or 7d"), "{path}");
    }
    let chosen = format!("{}:{}", task.id, short_sha256(DRAFT));
    let fields = [("what", "approve"), ("chosen", chosen.as_str())];
    assert_eq!(rig.submit("/ui/decide?age=2d", &fields, &cookie).await.status, 400);
    let fields = [("draft_hash", short_sha256(DRAFT)), ("text", DRAFT.to_owned())];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(rig.submit(&format!("{page}/approve?age=2d"), &fields, &cookie).await.status, 400);
    assert_eq!(rig.stored(&task.id).await, task, "nothing was decided");
}
