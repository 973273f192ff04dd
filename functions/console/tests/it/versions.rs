//! The versions of the agent: by the API, and on the overview and the task's page.

use std::time::Duration;

use domain::{AgentVersion, StatsRecorder, TaskStatus};
use serde_json::json;

use crate::overview::usage;
use crate::rig::Rig;

fn version(persona: &str) -> AgentVersion {
    let text = |text: &str| text.to_owned();
    AgentVersion {
        persona: text(persona),
        answer_model: text("gemini-pro-latest"),
        ..AgentVersion::default()
    }
    .identified()
}

#[tokio::test]
async fn what_each_version_has_brought_is_listed_the_latest_first() {
    let rig = Rig::new();
    for (number, persona) in (1..).zip(["old", "new"]) {
        let version = version(persona);
        let book = StatsRecorder::new(rig.stores.state.clone(), 0).of_version(version.clone());
        book.spent(&[usage("gemini-pro", Some(0.25)), usage("odd", None)]);
        let mut task = rig.task("github", number).await;
        task.doc.version = Some(version.id.clone());
        task.control.status = TaskStatus::Completed;
        (0..2).for_each(|_| book.ended_task(&task, rig.watch.now()));
        book.write(rig.watch.now()).await.unwrap();
        rig.watch.advance(Duration::from_secs(86_400));
    }
    let answer = rig.get("/versions").await.ok();
    let versions = answer["versions"].as_array().unwrap();
    assert_eq!(versions.len(), 2, "{answer:#}");
    let latest = &versions[0];
    assert_eq!(latest["version"], json!(version("new").id));
    assert_eq!(latest["made_of"]["answer_model"], json!("gemini-pro-latest"));
    assert_eq!((&latest["tasks"], &latest["ended"]["completed"]), (&json!(2), &json!(2)));
    assert_eq!((&latest["cost_usd"], &latest["unpriced_calls"]), (&json!(0.25), &json!(1)));
    assert_eq!((&latest["edit_rate"], &latest["first_day"]), (&json!(null), &latest["last_day"]));
    let page = rig.page("/ui/overview").await.text();
    for part in
        [&*version("new").id, &*version("old").id, "Versions of the agent", "2 completed", "Edit rate"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[tokio::test]
async fn a_task_shows_its_version_and_that_it_is_a_shadow() {
    let rig = Rig::new();
    let mut task = rig.parked(1).await;
    task.doc.version = Some("ver_0123456789ab".to_owned());
    task.doc.shadow = true;
    rig.save(&mut task).await;
    let shown = rig.get(&format!("/tasks/{}", task.id)).await.ok();
    assert_eq!((&shown["version"], &shown["shadow"]), (&json!("ver_0123456789ab"), &json!(true)));
    let page = rig.page(&format!("/ui/tasks/{}", task.id)).await.text();
    assert!(page.contains("ver_0123456789ab") && page.contains("never published"), "{page}");
}
