//! A queue that is longer than what a page looks at: it begins with what expires first, on either store.

use std::time::Duration;

use domain::contract::plain_task;
use domain::{Clock, Insert, Save, Stores, Task, TaskStatus, Timestamp, after};
use e2e::assembly::Assembly;
use e2e::emulator::Emulator;
use e2e::world::{TOKEN, World};
use embedded::Embedded;
use futures::{StreamExt, stream};
use reqwest::Client;
use reqwest::redirect::Policy;

/// More than the 500 that are looked at.
const DRAFTS: u32 = 600;
const PAGE: usize = 20;

/// The draft that was parked as the `number`-th.
fn parked(number: u32, start: Timestamp) -> Task {
    let at = after(start, Duration::from_secs(number.into()));
    let mut task = plain_task("github", at);
    task.transition(TaskStatus::Processing, at, "claimed").unwrap();
    task.transition(TaskStatus::AwaitingApproval, at, "parked").unwrap();
    task.doc.expires_at = Some(after(at, Duration::from_secs(48 * 3_600)));
    task.control.due_at = task.doc.expires_at;
    task
}

/// A person's browser.
struct Person {
    client: Client,
    url: String,
    cookie: String,
}

impl Person {
    async fn log_in(url: &str) -> Self {
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        let form = client.post(format!("{url}/ui/login")).header("origin", url).form(&[("token", TOKEN)]);
        let answer = form.send().await.unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        Self { client, url: url.to_owned(), cookie }
    }

    async fn page(&self, path: &str) -> String {
        let request = self.client.get(format!("{}{path}", self.url));
        let request = request.header("cookie", &self.cookie).header("accept", "text/html");
        request.send().await.unwrap().error_for_status().unwrap().text().await.unwrap()
    }
}

/// The tasks that `page` lists.
fn listed(page: &str) -> Vec<&str> {
    page.split("data-id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// The number on the tab of this name.
fn on_tab<'p>(page: &'p str, tab: &str) -> &'p str {
    let tab = page.split(&format!(">{tab}")).nth(1).unwrap().split("</a>").next().unwrap();
    tab.split("class=\"count\">").nth(1).unwrap().split('<').next().unwrap()
}

async fn begins_with_what_expires_first(stores: Stores) {
    let (world, start) = (World::new().await, Clock::system().now());
    let system = Assembly::new(&world, stores.clone(), &Clock::system()).await;
    let drafts: Vec<Task> = (0..DRAFTS).map(|number| parked(number, start)).collect();
    // The youngest first: the order is not that of the writes.
    stream::iter(drafts.iter().rev())
        .for_each_concurrent(16, |task| async {
            assert_eq!(stores.tasks.insert(task).await.unwrap(), Insert::New)
        })
        .await;
    let ids: Vec<&str> = drafts.iter().map(|task| task.id.as_str()).collect();
    let person = Person::log_in(system.api.url()).await;
    let first = person.page("/").await;
    assert_eq!(listed(&first), ids[..PAGE]);
    assert!(first.contains("1 to 20 of 500+"), "{first}");
    assert_eq!(on_tab(&first, "Needs approval"), "500+");

    // One is decided, and the first of those that were behind comes up.
    let mut decided = stores.tasks.get(&drafts[0].id).await.unwrap().unwrap();
    let now = Clock::system().now();
    decided.transition(TaskStatus::Rejected, now, "by ann").unwrap();
    decided.control.due_at = None;
    assert_eq!(stores.tasks.save(&mut decided).await.unwrap(), Save::Done);
    let last = person.page("/?status=awaiting_approval&page=25").await;
    assert_eq!(listed(&last), ids[481..=500]);
    assert!(last.contains("481 to 500 of 500+") && last.contains("comes up when some are decided"), "{last}");
}

#[tokio::test]
async fn the_queue_begins_with_what_expires_first_on_sqlite() {
    begins_with_what_expires_first(Embedded::in_memory(Clock::system()).unwrap().stores()).await;
}

#[tokio::test]
async fn the_queue_begins_with_what_expires_first_on_dynamodb() {
    begins_with_what_expires_first(Emulator::shared().resources().await.stores).await;
}
