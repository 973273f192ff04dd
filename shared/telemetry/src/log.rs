//! [`init`]: where the process's log goes.

use std::io::{self, IsTerminal};
use std::panic::PanicHookInfo;

use domain::Clock;
use tracing::Subscriber;
use tracing::subscriber::set_global_default;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use crate::filter;
use crate::json_lines::JsonLines;

/// What a line of the log looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object: for machines.
    Json,
    /// For people; coloured on a terminal.
    Pretty,
}

/// Where the log goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Standard output: on Lambda.
    Stdout,
    /// Standard error: wherever standard output says something of its own.
    Stderr,
}

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The filter cannot be read.
    #[error("the log filter cannot be read: {0}; write it like `info` or `warn,gemini=debug`")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// This process has a log already.
    #[error("logging was set up twice")]
    Twice(#[from] tracing::subscriber::SetGlobalDefaultError),
}

/// Whether `filter` can be used.
///
/// # Errors
/// [`InitError::Filter`].
pub fn check_filter(filter: &str) -> Result<(), InitError> {
    filter::parse(Some(filter))?;
    Ok(())
}

/// Sends all `tracing` events of this process to `output` that `filter` lets pass (as `RUST_LOG`
/// writes it; `None`: `info`, and `warn` for the SDKs).
///
/// In JSON, the fields of the event and of the spans around it are members of one flat object, beside
/// `timestamp`, `level`, `target` and `message`; so `task_id`, once in a span, is on every line. A filter drops spans
/// below its level with what they hold: a span that names what the lines in it are about is an `error_span!`. A panic is
/// a line like any other.
///
/// # Errors
/// [`InitError`].
pub fn init(format: Format, output: Output, filter: Option<&str>) -> Result<(), InitError> {
    let filter = filter::parse(filter)?;
    let base = tracing_subscriber::registry().with(filter).with(filter_fn(filter::is_harmless));
    set_global_default(base.with(layer(format, output)))?;
    if format == Format::Json {
        std::panic::set_hook(Box::new(panicked));
    }
    Ok(())
}

/// In the place of Rust's own words for people, which name neither function nor request.
fn panicked(info: &PanicHookInfo<'_>) {
    let (said, place) = (info.payload_as_str(), info.location().map(tracing::field::display));
    tracing::error!(panic = said, place, "panicked");
}

fn layer<S>(format: Format, output: Output) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let (writer, terminal) = match output {
        Output::Stdout => (BoxMakeWriter::new(io::stdout), io::stdout().is_terminal()),
        Output::Stderr => (BoxMakeWriter::new(io::stderr), io::stderr().is_terminal()),
    };
    match format {
        Format::Json => Box::new(JsonLines::new(writer, Clock::system())),
        Format::Pretty => Box::new(
            tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(terminal).with_target(false),
        ),
    }
}
