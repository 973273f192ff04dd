//! The style, the script and the icon.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("assets/app.css");
/// One file for browsers: what it does to each page, how people decide, and the keys.
const SCRIPT: &str =
    concat!(include_str!("assets/app.js"), include_str!("assets/decide.js"), include_str!("assets/keys.js"));
/// The icon, which pages also show.
pub(crate) const ICON: &str = include_str!("assets/icon.svg");

/// `source` without what browsers have no use for: how it is indented, and what it says to its readers.
fn lean(source: &str) -> String {
    let is_said = |line: &&str| line.starts_with("//") || (line.starts_with("/*") && line.ends_with("*/"));
    let lines: Vec<&str> =
        source.lines().map(str::trim).filter(|line| !line.is_empty() && !is_said(line)).collect();
    lines.join("\n")
}

static LEAN_STYLE: LazyLock<String> = LazyLock::new(|| lean(STYLE));
static LEAN_SCRIPT: LazyLock<String> = LazyLock::new(|| lean(SCRIPT));

/// Changes when one of them does: pages name it, so that browsers may keep the files for good.
pub(crate) fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        let mut hash = Sha256::new();
        hash.update(STYLE);
        hash.update(SCRIPT);
        HEXLOWER.encode(&hash.finalize()[..8])
    });
    &VERSION
}

pub(crate) async fn style() -> Response {
    asset("text/css; charset=utf-8", &LEAN_STYLE)
}

pub(crate) async fn script() -> Response {
    asset("text/javascript; charset=utf-8", &LEAN_SCRIPT)
}

pub(crate) async fn icon() -> Response {
    asset("image/svg+xml", ICON)
}

fn asset(media_type: &'static str, text: &'static str) -> Response {
    let headers = [(CONTENT_TYPE, media_type), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_browsers_get_says_nothing_to_readers_and_all_to_them() {
        assert_eq!(lean("/* why */\na {\n  b: c;\n}\n\n  // why\n"), "a {\nb: c;\n}");
        assert!(LEAN_SCRIPT.lines().count() > 100 && LEAN_STYLE.lines().count() > 100);
        assert!(!SCRIPT.contains('`') || SCRIPT.lines().all(|line| line.matches('`').count() % 2 == 0));
    }
}
