//! Names of the AWS resources.

use super::urls;
use super::variables::Reader;

/// Names of the AWS resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsResources {
    /// `TASKS_TABLE`.
    pub tasks_table: String,
    /// `STATE_TABLE`.
    pub state_table: String,
    /// `QUEUE_URL_EXPRESS`.
    pub queue_url_express: String,
    /// `QUEUE_URL_STANDARD`.
    pub queue_url_standard: String,
    /// `QUEUE_URL_BULK`.
    pub queue_url_bulk: String,
    /// `PAYLOAD_BUCKET`.
    pub payload_bucket: String,
}

/// All of them, in the order of the struct.
const NAMES: [&str; 6] = [
    "TASKS_TABLE",
    "STATE_TABLE",
    "QUEUE_URL_EXPRESS",
    "QUEUE_URL_STANDARD",
    "QUEUE_URL_BULK",
    "PAYLOAD_BUCKET",
];

/// Reads all or none; some without the others are a mistake that names the others.
pub(super) fn read(reader: &Reader<'_>) -> Option<AwsResources> {
    let (set, missing): (Vec<&str>, Vec<&str>) = NAMES.iter().partition(|name| reader.get(name).is_some());
    if let Some(first) = set.first() {
        for name in missing {
            let problem = format!("missing, while {first} is set");
            reader.wrong(name, problem, "set every AWS resource or none");
        }
    }
    let [tasks, state, express, standard, bulk, bucket] = NAMES;
    let queues = [express, standard, bulk].map(|name| urls::any(reader, name));
    let [Some(queue_url_express), Some(queue_url_standard), Some(queue_url_bulk)] = queues else {
        return None;
    };
    Some(AwsResources {
        tasks_table: reader.text(tasks)?,
        state_table: reader.text(state)?,
        queue_url_express,
        queue_url_standard,
        queue_url_bulk,
        payload_bucket: reader.text(bucket)?,
    })
}
