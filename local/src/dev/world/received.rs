//! [`Received`]: what the stand-ins were asked to do, for the person who tries the system out.

use standins::ReceivedRequest;

use crate::stand_ins::Since;

/// What every stand-in of a service received.
#[derive(Default)]
pub(in crate::dev) struct Received {
    services: Vec<(&'static str, Since, u64)>,
}

impl Received {
    /// Listens to one more stand-in.
    pub(super) fn add(&mut self, name: &'static str, since: Since) {
        self.services.push((name, since, 0));
    }

    /// What changed something at a service since it was asked last, each with the service's name.
    pub(in crate::dev) fn news(&mut self) -> Vec<(&'static str, ReceivedRequest)> {
        let mut news = Vec::new();
        for (name, since, from) in &mut self.services {
            let (next, requests) = since(*from);
            *from = next;
            let writes = requests.into_iter().filter(changes);
            news.extend(writes.map(|request| (*name, request)));
        }
        news
    }
}

/// Jira has a list that is asked for with a `POST`, and GraphQL asks everything so.
fn changes(request: &ReceivedRequest) -> bool {
    let asks = request.body["query"].as_str().is_some_and(|query| query.starts_with("query"));
    request.method != "GET"
        && !asks
        && !request.path.ends_with("/list")
        && !request.path.ends_with("auth.test")
}
