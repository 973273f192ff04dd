//! Which events are logged.

use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::json_lines::METRICS;

/// Added to a level that stands alone and would have them say more: their warnings are all that anybody reads.
const SDKS: &str = "aws_config=warn,aws_smithy_runtime=warn,lambda_runtime=warn";

/// Libraries whose debug output shows requests or responses whole: with our keys in their headers, or
/// with texts that people wrote.
const WIRE: [&str; 8] =
    ["aws_", "h2", "hyper", "lambda_http", "lambda_runtime", "reqwest", "rustls", "tower_http"];

/// The filter that `directives` describe, as `RUST_LOG` does. Metrics pass whatever it says: alarms look at them.
pub(crate) fn parse(directives: Option<&str>) -> Result<EnvFilter, ParseError> {
    Ok(described(directives)?.add_directive(format!("{METRICS}=info").parse()?))
}

fn described(directives: Option<&str>) -> Result<EnvFilter, ParseError> {
    let builder = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into());
    let directives = directives.unwrap_or("info");
    match directives.parse::<LevelFilter>() {
        Ok(level) if level > LevelFilter::WARN => builder.parse(format!("{directives},{SDKS}")),
        _ => builder.parse(directives),
    }
}

/// Whether an event is free of what the wire carries. Holds whatever the filter says: who asks for
/// `debug` wants to see our work, not our keys.
pub(crate) fn is_harmless(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::INFO || !WIRE.iter().any(|prefix| of_library(metadata.target(), prefix))
}

/// A prefix that ends in `_` stands for a family of crates, any other for one and its kin.
fn of_library(target: &str, prefix: &str) -> bool {
    let Some(rest) = target.strip_prefix(prefix) else { return false };
    prefix.ends_with('_') || rest.is_empty() || rest.starts_with([':', '_'])
}

#[cfg(test)]
mod tests {
    use super::{described, of_library, parse};

    #[test]
    fn families_and_modules_belong_to_a_library() {
        assert!(of_library("aws_sdk_sqs::operation", "aws_"));
        assert!(
            of_library("h2", "h2")
                && of_library("h2::codec", "h2")
                && of_library("hyper_util::client", "hyper")
        );
        assert!(!of_library("h2o", "h2") && !of_library("gemini", "h2"));
    }

    /// `LogLevel` of template.yaml is always set: saying the default means the same as saying nothing.
    #[test]
    fn a_level_alone_does_not_make_the_sdks_talk() {
        let said = |directives| described(directives).unwrap().to_string();
        assert_eq!(said(Some("info")), said(None));
        for level in ["info", "debug"] {
            assert!(said(Some(level)).contains("aws_config=warn"), "{}", said(Some(level)));
        }
        assert_eq!(said(Some("error")), "error", "and they say no more than all others");
        assert!(!said(Some("info,aws_config=debug")).contains("aws_config=warn"), "who names one, means it");
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_refused() {
        assert!(parse(None).is_ok() && parse(Some("gemini=debug,warn")).is_ok());
        assert!(parse(Some("gemini=loud")).is_err());
    }
}
