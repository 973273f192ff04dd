//! Where a request comes from: whether a page of ours sent it, and whether it came over plain HTTP on
//! this machine.

use http::header::{HOST, ORIGIN};
use http::{HeaderMap, Uri};

/// Whether the browser says that a page of ours has sent this change.
///
/// `Sec-Fetch-Site` is the browser's own word, which no script can set; older browsers send only
/// `Origin`, which is compared with the host that they asked. One of them must be there, and none may
/// disagree: every browser of the last years sends one with a POST.
pub(crate) fn is_ours(headers: &HeaderMap) -> bool {
    let text = |name: &http::HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let site = headers.get("sec-fetch-site").map(|value| value.to_str().unwrap_or_default());
    match (site, text(&ORIGIN)) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => origin.parse::<Uri>().is_ok_and(|origin| {
            origin.authority().is_some_and(|authority| text(&HOST) == Some(authority.as_str()))
        }),
        (None, None) => false,
    }
}

/// Whether the request came over plain HTTP to this very machine, where `Secure` cookies do not work in
/// every browser and nobody listens in. Who lies about it spoils only their own cookie.
pub(crate) fn is_local(headers: &HeaderMap) -> bool {
    let forwarded = headers.get("x-forwarded-proto").is_some_and(|proto| proto != "http");
    !forwarded && edge::is_loopback(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_foreign_page_is_not_ours_whatever_else_it_says() {
        let host = ("host", "console.example");
        for foreign in [
            vec![host],
            vec![host, ("origin", "https://evil.example")],
            vec![host, ("origin", "null")],
            vec![host, ("origin", "")],
            vec![host, ("origin", "https://console.example.evil.example")],
            vec![host, ("origin", "https://console.example:8443")],
            vec![host, ("origin", "https://console.example"), ("sec-fetch-site", "cross-site")],
            vec![host, ("origin", "https://console.example"), ("sec-fetch-site", "same-site")],
            vec![host, ("sec-fetch-site", "none")],
        ] {
            assert!(!is_ours(&headers(&foreign)), "{foreign:?}");
        }
    }

    #[test]
    fn our_own_page_is_ours() {
        let host = ("host", "console.example");
        assert!(is_ours(&headers(&[host, ("origin", "https://console.example")])));
        assert!(is_ours(&headers(&[host, ("sec-fetch-site", "same-origin")])));
        assert!(is_ours(&headers(&[("host", "127.0.0.1:3000"), ("origin", "http://127.0.0.1:3000")])));
    }

    #[test]
    fn only_this_machine_without_tls_is_local() {
        for (host, local) in [
            ("127.0.0.1:3000", true),
            ("localhost", true),
            ("[::1]:3000", true),
            ("localhost.example", false),
            ("console.example", false),
            ("127.0.0.1.example:80", false),
        ] {
            assert_eq!(is_local(&headers(&[("host", host)])), local, "{host}");
        }
        assert!(!is_local(&headers(&[("host", "localhost"), ("x-forwarded-proto", "https")])));
    }
}
