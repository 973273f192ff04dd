//! What the console API says about the tasks.

use reqwest::Client;
use serde_json::Value;

use crate::Outcome;

/// The token of the benchmarks; `CONSOLE_TOKEN` is `bench:` and this.
pub(crate) const TOKEN: &str = "a-token-of-the-benchmarks-that-nobody-guesses";

/// All tasks, newest first.
pub(crate) async fn tasks(client: &Client, url: &str) -> Outcome<Vec<Value>> {
    let (mut tasks, mut cursor) = (Vec::new(), String::new());
    loop {
        let request = client.get(format!("{url}/tasks")).bearer_auth(TOKEN);
        let request = request.query(&[("limit", "100"), ("cursor", cursor.as_str())]);
        let mut page: Value = request.send().await?.error_for_status()?.json().await?;
        if let Some(found) = page["tasks"].as_array_mut() {
            tasks.append(found);
        }
        match page["cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return Ok(tasks),
        }
    }
}
