//! What ingest does with a webhook, step by step, each step alone.

use std::hint::black_box;
use std::time::Duration;

use domain::{Blob, Clock, TaskId};
use http::HeaderMap;
use webhook::{Headers, Provider, Received, Sender};

use crate::github_event::{SOURCE, Webhook, secrets};
use crate::{Outcome, cpu};

/// The steps, in their order.
pub(crate) const STAGES: [&str; 4] = ["verify", "identity", "parse", "compress"];

struct Signed<'h>(&'h HeaderMap);

impl Headers for Signed<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }
}

/// CPU time for each of `webhooks`, by step.
pub(crate) fn cpu_each(webhooks: &[Webhook]) -> Outcome<[Duration; STAGES.len()]> {
    let (sender, secrets, now) = (Sender::of(Provider::Github), secrets(), Clock::system().now());
    let scheme = &sender.scheme;
    let mut sound = true;
    let verify = cpu::used_by(|| {
        for webhook in webhooks {
            sound &= scheme.verify(&secrets, &Signed(&webhook.headers), &webhook.body, now).is_ok();
        }
    });
    let identity = cpu::used_by(|| {
        for webhook in webhooks {
            black_box(TaskId::derive(SOURCE, &sender.identity(&of(webhook), &Signed(&webhook.headers))));
        }
    });
    let parse = cpu::used_by(|| {
        for webhook in webhooks {
            sound &= black_box(sender.parse(&of(webhook))).is_ok();
        }
    });
    let compress = cpu::used_by(|| {
        for webhook in webhooks {
            sound &= black_box(Blob::pack(&webhook.body)).is_ok();
        }
    });
    if !sound {
        return Err("a step refused a webhook".into());
    }
    let count = u32::try_from(webhooks.len())?.max(1);
    Ok([verify, identity, parse, compress].map(|used| used / count))
}

fn of(webhook: &Webhook) -> Received<'_> {
    Received { event_hint: Some("issues"), body: &webhook.body }
}
