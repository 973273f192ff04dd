//! Setting up the log, which a process can do once: so this is a test binary of its own.

use telemetry::{Format, InitError, Output, init};

#[test]
fn a_bad_filter_sets_nothing_up_and_a_second_log_is_refused() {
    let bad = init(Format::Json, Output::Stderr, Some("gemini=loud")).unwrap_err();
    assert!(matches!(bad, InitError::Filter(_)));
    assert!(bad.to_string().contains("write it like `info`"), "{bad}");

    init(Format::Json, Output::Stderr, Some("warn,gemini=debug")).unwrap();
    assert!(!tracing::enabled!(tracing::Level::INFO));
    assert!(tracing::enabled!(target: "gemini", tracing::Level::DEBUG));

    let second = init(Format::Pretty, Output::Stderr, None).unwrap_err();
    assert!(matches!(second, InitError::Twice(_)));
}
