//! [`JsonLines`]: a `tracing` layer that writes flat JSON lines. The one of `tracing-subscriber` keeps
//! the fields of spans in an object of their own, where a query for `task_id` does not find them.

use std::error::Error;
use std::fmt;
use std::io::Write;

use domain::{Clock, TaskId, Timestamp};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

/// The target of lines that are metrics: documents of CloudWatch's embedded metric format.
pub(crate) const METRICS: &str = "metrics";
/// What a line of metrics is about, beside its own members.
const ABOUT: [&str; 5] = ["function", "request_id", "task_id", "trace_id", "xray_trace_id"];

/// Members that every line has; a field of such a name gets `field.` before it.
const RESERVED: [&str; 3] = ["timestamp", "level", "target"];

/// Writes events as flat JSON lines.
pub(crate) struct JsonLines<W> {
    writer: W,
    clock: Clock,
}

impl<W> JsonLines<W> {
    pub(crate) fn new(writer: W, clock: Clock) -> Self {
        Self { writer, clock }
    }
}

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        // From the outermost span inwards, the event last: the nearest value of a name counts.
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(outer) = span.extensions().get::<Fields>() {
                fields.0.extend(outer.0.clone());
            }
        }
        event.record(&mut fields);
        fields.join_trace();
        let text = match event.metadata().target() {
            METRICS => serde_json::to_vec(&fields.about_metrics()),
            _ => serde_json::to_vec(&Line {
                at: self.clock.now(),
                metadata: event.metadata(),
                fields: &fields.0,
            }),
        };
        let Ok(mut text) = text else { return };
        text.push(b'\n');
        // Nothing can be done about a log that cannot be written, least of all logging it; the work
        // goes on without.
        let _unwritable = self.writer.make_writer_for(event.metadata()).write_all(&text);
    }
}

/// A line: the members of every line first, for people who read along.
struct Line<'a> {
    at: Timestamp,
    metadata: &'a Metadata<'a>,
    fields: &'a Map<String, Value>,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_map(None)?;
        line.serialize_entry("timestamp", &self.at)?;
        line.serialize_entry("level", self.metadata.level().as_str())?;
        if let Some(message) = self.fields.get("message") {
            line.serialize_entry("message", message)?;
        }
        line.serialize_entry("target", self.metadata.target())?;
        for (name, value) in self.fields.iter().filter(|(name, _)| *name != "message") {
            line.serialize_entry(name, value)?;
        }
        line.end()
    }
}

/// The fields of a span or event, by name.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn set(&mut self, field: &Field, value: impl Into<Value>) {
        let name = match field.name() {
            name if RESERVED.contains(&name) => format!("field.{name}"),
            name => name.to_owned(),
        };
        self.0.insert(name, value.into());
    }
}

impl Fields {
    /// A line about a task belongs to the task's trace, in whatever invocation it was written: that is how the lines of
    /// one webhook are found from its request to its comment. Any other line belongs to the trace that X-Ray gave its
    /// invocation. What X-Ray said is kept as `xray_trace_id`.
    fn join_trace(&mut self) {
        let fields = &mut self.0;
        let text = |name| fields.get(name).and_then(Value::as_str);
        let task = text("task_id").and_then(|id| id.parse::<TaskId>().ok());
        let xray = text("trace_id").and_then(xray_root).map(str::to_owned);
        let trace = task.map(|id| id.trace_id()).or_else(|| xray.as_deref().map(w3c));
        fields.extend(trace.map(|id| ("trace_id".to_owned(), id.into())));
        fields.extend(xray.map(|root| ("xray_trace_id".to_owned(), root.into())));
    }

    /// The document of metrics, with what it is about. Its own members stay: CloudWatch finds dimensions and values by name.
    fn about_metrics(&mut self) -> Option<Map<String, Value>> {
        let document = self.0.remove("document")?;
        let mut line: Map<String, Value> = serde_json::from_str(document.as_str()?).ok()?;
        for name in ABOUT {
            if let Some(value) = self.0.remove(name) {
                line.entry(name).or_insert(value);
            }
        }
        Some(line)
    }
}

/// The root of an X-Ray trace header, such as `1-5759e988-bd862e3fe1be46a994272793`.
fn xray_root(header: &str) -> Option<&str> {
    let root = header.split(';').find_map(|part| part.trim().strip_prefix("Root="))?;
    let digits = root.strip_prefix("1-")?.replacen('-', "", 1);
    (digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(root)
}

/// The same trace id as W3C Trace Context writes it: without version and hyphens (AWS X-Ray, "Trace ID format").
fn w3c(root: &str) -> String {
    root.trim_start_matches("1-").replace('-', "")
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let causes = std::iter::successors(Some(value), |&error| error.source());
        let texts: Vec<String> = causes.map(ToString::to_string).collect();
        self.set(field, texts.join(": "));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests;
