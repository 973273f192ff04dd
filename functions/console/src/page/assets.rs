//! The style, the script and the icon.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderName};
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

/// What browsers get, as it is and compressed.
struct File {
    text: String,
    /// By zstd; `None` if that cannot be had.
    compressed: Option<Vec<u8>>,
}

impl File {
    fn of(source: &str) -> Self {
        let text = lean(source);
        Self { compressed: zstd::bulk::compress(text.as_bytes(), LEVEL).ok(), text }
    }
}

/// It is done once, and kept by browsers for a year.
const LEVEL: i32 = 19;

static LEAN_STYLE: LazyLock<File> = LazyLock::new(|| File::of(STYLE));
static LEAN_SCRIPT: LazyLock<File> = LazyLock::new(|| File::of(SCRIPT));

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

pub(crate) async fn style(headers: HeaderMap) -> Response {
    asset(&headers, "text/css; charset=utf-8", &LEAN_STYLE)
}

pub(crate) async fn script(headers: HeaderMap) -> Response {
    asset(&headers, "text/javascript; charset=utf-8", &LEAN_SCRIPT)
}

pub(crate) async fn icon() -> Response {
    ([(CONTENT_TYPE, "image/svg+xml"), KEPT], ICON).into_response()
}

const KEPT: (HeaderName, &str) = (CACHE_CONTROL, "public, max-age=31536000, immutable");

/// These files alone are compressed. A page has both secrets of the session and what others have written: its compressed size would
/// say how much they have in common.
fn asset(headers: &HeaderMap, media_type: &'static str, file: &'static File) -> Response {
    let names = [(CONTENT_TYPE, media_type), KEPT, (VARY, ACCEPT_ENCODING.as_str())];
    match &file.compressed {
        Some(compressed) if takes_zstd(headers) => {
            (names, [(CONTENT_ENCODING, "zstd")], compressed.as_slice()).into_response()
        }
        _ => (names, file.text.as_str()).into_response(),
    }
}

/// Whether the browser names zstd, and not as one that it refuses (RFC 9110, 12.5.3).
fn takes_zstd(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|item| {
        let (coding, weight) = item.split_once(';').unwrap_or((item, ""));
        let is_refused =
            weight.trim().strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0));
        coding.trim().eq_ignore_ascii_case("zstd") && !is_refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_browsers_get_says_nothing_to_readers_and_all_to_them() {
        assert_eq!(lean("/* why */\na {\n  b: c;\n}\n\n  // why\n"), "a {\nb: c;\n}");
        assert!([&LEAN_SCRIPT, &LEAN_STYLE].iter().all(|file| file.text.lines().count() > 100));
        assert!(!SCRIPT.contains('`') || SCRIPT.lines().all(|line| line.matches('`').count() % 2 == 0));
    }

    #[test]
    fn only_who_names_zstd_gets_it() {
        for (said, takes) in [
            (Some("gzip, deflate, br, zstd"), true),
            (Some("ZSTD;q=0.5"), true),
            (Some("zstd;q=0"), false),
            (Some("gzip, br"), false),
            (Some("*"), false),
            (None, false),
        ] {
            let mut headers = HeaderMap::new();
            headers.extend(said.map(|said| (ACCEPT_ENCODING, said.parse().unwrap())));
            assert_eq!(takes_zstd(&headers), takes, "{said:?}");
        }
        for file in [&LEAN_SCRIPT, &LEAN_STYLE] {
            let compressed = file.compressed.as_ref().unwrap();
            assert!(compressed.len() * 3 < file.text.len(), "{}", compressed.len());
            assert_eq!(zstd::bulk::decompress(compressed, 1 << 20).unwrap(), file.text.as_bytes());
        }
    }
}
