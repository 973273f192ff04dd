//! [`Document`]: one line of CloudWatch's embedded metric format. By its rules
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>)
//! a document that breaks one of them is dropped without a word, metrics and all; so what could break
//! one is mended or left out here.

use std::borrow::Cow;

use domain::{Timestamp, clip};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::Unit;

/// The namespace of every metric.
const NAMESPACE: &str = "Afterhook";
/// Most metrics of one directive.
const MAX_METRICS: usize = 100;
/// Most dimensions of one set.
const MAX_DIMENSIONS: usize = 30;
/// Longest value of a dimension.
const MAX_VALUE_BYTES: usize = 1024;
/// The value of a dimension that has none: an empty one is not allowed.
const NO_VALUE: &str = "none";

/// Name, unit and value of a metric.
pub(crate) type Metric<'a> = (&'a str, Unit, f64);
/// Name and value of a dimension.
pub(crate) type Dimension<'a> = (&'a str, &'a str);

/// Metrics that share a set of dimensions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Set<'a> {
    pub(crate) metrics: &'a [Metric<'a>],
    pub(crate) dimensions: &'a [Dimension<'a>],
}

impl<'a> Set<'a> {
    /// JSON has no NaN and no infinity.
    fn metrics(&self) -> impl Iterator<Item = &'a Metric<'a>> {
        self.metrics.iter().filter(|(name, _, value)| !name.is_empty() && value.is_finite()).take(MAX_METRICS)
    }

    fn dimensions(&self) -> impl Iterator<Item = &'a Dimension<'a>> {
        self.dimensions.iter().take(MAX_DIMENSIONS)
    }
}

/// Sets of metrics of one moment. Values are members of the document, found by name: a dimension or a
/// metric that stands in several sets has one value in all of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Document<'a> {
    pub(crate) at: Timestamp,
    pub(crate) sets: &'a [Set<'a>],
}

impl Document<'_> {
    /// The line, with the line break at its end; `None` when it would hold no metric.
    pub(crate) fn line(&self) -> Option<Vec<u8>> {
        self.sets.iter().flat_map(Set::metrics).next()?;
        let mut line = Vec::with_capacity(384);
        // Writing into memory cannot fail, and every key is a text.
        serde_json::to_writer(&mut line, self).ok()?;
        line.push(b'\n');
        Some(line)
    }
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = Members { map: serializer.serialize_map(None)?, seen: vec!["_aws"] };
        members.map.serialize_entry("_aws", &Metadata::of(self))?;
        for set in self.sets {
            for (name, value) in set.dimensions() {
                members.add(name, &allowed(value))?;
            }
        }
        for set in self.sets {
            for (name, _, value) in set.metrics() {
                members.add(name, value)?;
            }
        }
        members.map.end()
    }
}

/// Members of the document, each name once.
struct Members<'a, M> {
    map: M,
    seen: Vec<&'a str>,
}

impl<'a, M: SerializeMap> Members<'a, M> {
    fn add(&mut self, name: &'a str, value: &impl Serialize) -> Result<(), M::Error> {
        if self.seen.contains(&name) {
            return Ok(());
        }
        self.seen.push(name);
        self.map.serialize_entry(name, value)
    }
}

/// A dimension's value as CloudWatch takes it: printable ASCII, neither empty nor too long.
fn allowed(value: &str) -> Cow<'_, str> {
    let value = clip(value, MAX_VALUE_BYTES).trim();
    if value.is_empty() {
        return Cow::Borrowed(NO_VALUE);
    }
    if value.chars().all(is_allowed) {
        return Cow::Borrowed(value);
    }
    Cow::Owned(value.chars().map(|c| if is_allowed(c) { c } else { '_' }).collect())
}

fn is_allowed(c: char) -> bool {
    c.is_ascii_graphic() || c == ' '
}

/// The `_aws` member.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata<'a> {
    timestamp: i64,
    cloud_watch_metrics: Vec<Directive<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'static str,
    dimensions: [Vec<&'a str>; 1],
    metrics: Vec<Definition<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Definition<'a> {
    name: &'a str,
    unit: &'static str,
}

impl<'a> Metadata<'a> {
    fn of(document: &Document<'a>) -> Self {
        let sets = document.sets.iter().filter(|set| set.metrics().next().is_some());
        let directive = |set: &Set<'a>| Directive {
            namespace: NAMESPACE,
            dimensions: [set.dimensions().map(|(name, _)| *name).collect()],
            metrics: set.metrics().map(|(name, unit, _)| Definition { name, unit: unit.as_str() }).collect(),
        };
        Self { timestamp: document.at.as_millisecond(), cloud_watch_metrics: sets.map(directive).collect() }
    }
}
