//! What `dev` prints when it listens: what is real, what is a stand-in, and how to reach it.

use serde_json::json;

use super::Running;
use crate::terminal::say;

/// Prints the banner and the line that says where the server listens.
pub(super) fn print(running: &Running, json: bool) {
    if json {
        print_json(running);
        // The words that stand alone in a line elsewhere.
        let (url, message) = (running.url(), format!("ready on {} until Ctrl-C", running.url()));
        say!("{}", json!({"event": "ready", "url": url, "message": message}));
    } else {
        print_text(running);
        say!("ready on {}", running.url());
    }
}

fn print_text(running: &Running) {
    let url = running.url();
    say!("afterhook {}\n", env!("CARGO_PKG_VERSION"));
    for source in running.settings.sources.keys() {
        say!("  webhooks   {url}/webhooks/{source}");
    }
    say!("  console    {url}/   (log in with the token in CONSOLE_TOKEN)");
    say!("  tasks      {url}/tasks");
    say!("  storage    {}", running.storage);
    for service in &running.services {
        let kind =
            if service.standin { format!("stand-in ({})", service.hint) } else { service.hint.clone() };
        say!("  {:<10} {}: {kind}", service.name, service.address);
    }
    for (variable, secret) in &running.made_up {
        say!("  {variable}={secret}   (made up)");
    }
    say!();
}

fn print_json(running: &Running) {
    let services: Vec<_> = running
        .services
        .iter()
        .map(|service| json!({"name": service.name, "standin": service.standin, "address": service.address}))
        .collect();
    let sources: Vec<_> = running.settings.sources.keys().collect();
    let line = json!({
        "event": "started",
        "url": running.url(),
        "sources": sources,
        "storage": running.storage,
        "services": services,
        "made_up": running.made_up.iter().map(|(name, value)| json!({"variable": name, "value": value})).collect::<Vec<_>>(),
    });
    say!("{line}");
}
