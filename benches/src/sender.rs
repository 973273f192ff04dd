//! GitHub's side: posts webhooks over kept-alive connections and notes what became of each.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::stream;
use futures::{Stream, StreamExt};
use reqwest::Client;

use crate::Outcome;
use crate::github_event::{SOURCE, Webhook};

/// Longer than any sender waits for an answer.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

/// How webhooks are sent.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    /// At most so many at once.
    pub(crate) connections: usize,
    /// Each so long after the one before; zero: as fast as they are answered.
    pub(crate) gap: Duration,
}

/// What became of them.
#[derive(Default)]
pub(crate) struct Sent {
    /// How many were answered with each status; 0: no answer.
    pub(crate) statuses: BTreeMap<u16, usize>,
    /// From the request to the end of the answer.
    pub(crate) latencies: Vec<Duration>,
    /// From the first request to the last answer.
    pub(crate) took: Duration,
}

/// A client for one host on this machine.
pub(crate) fn client() -> Outcome<Client> {
    Ok(Client::builder().no_proxy().http1_only().timeout(DRAIN_TIMEOUT).build()?)
}

/// Sends all of `webhooks` to the server at `url`.
pub(crate) async fn send(url: &str, webhooks: &[Webhook], pace: Pace) -> Outcome<Sent> {
    send_each(url, stream::iter(webhooks), pace).await
}

/// The same with webhooks that are made while others are sent.
pub(crate) async fn send_each(
    url: &str,
    webhooks: impl Stream<Item = impl Borrow<Webhook>>,
    pace: Pace,
) -> Outcome<Sent> {
    let (client, url) = (client()?, format!("{url}/webhooks/{SOURCE}"));
    let started = Instant::now();
    let posts = webhooks.zip(stream::iter(0_u32..)).map(|(webhook, index)| {
        let (client, url) = (&client, &url);
        async move {
            let due = started + pace.gap * index;
            tokio::time::sleep_until(due.into()).await;
            post(client, url, webhook.borrow()).await
        }
    });
    let answers: Vec<(u16, Duration)> = posts.buffer_unordered(pace.connections).collect().await;
    let mut sent = Sent { took: started.elapsed(), ..Sent::default() };
    for (status, latency) in answers {
        *sent.statuses.entry(status).or_default() += 1;
        sent.latencies.push(latency);
    }
    Ok(sent)
}

async fn post(client: &Client, url: &str, webhook: &Webhook) -> (u16, Duration) {
    let request = client.post(url).headers(webhook.headers.clone()).body(webhook.body.clone());
    let started = Instant::now();
    let status = match request.send().await {
        Ok(response) => {
            let status = response.status().as_u16();
            if response.bytes().await.is_ok() { status } else { 0 }
        }
        Err(_) => 0,
    };
    (status, started.elapsed())
}
