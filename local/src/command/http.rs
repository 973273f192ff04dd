//! The HTTP client of the commands.

use std::error::Error;
use std::time::Duration;

use reqwest::Url;

use crate::Failure;
use crate::dev::is_here;

/// Longer than any answer of ours takes.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A client; plain HTTP/1.1 and TLS.
pub(crate) fn client() -> Result<reqwest::Client, Failure> {
    // A second client in one process finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .timeout(TIMEOUT)
        // The audit of decisions tells the command line by it.
        .user_agent(concat!("afterhook/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| Failure::at("the HTTP client", reason(&error)))
}

/// The address of a server as people write it behind `option`, without the `/` at its end. Who names no protocol thinks of a
/// machine: this one is spoken to plainly, others by TLS.
pub(crate) fn address(option: &str, given: &str) -> Result<String, Failure> {
    let plain = format!("http://{given}");
    let text = match given {
        _ if given.contains("://") => given.to_owned(),
        _ if is_here(&plain) => plain,
        _ => format!("https://{given}"),
    };
    let is_one = |url: Url| matches!(url.scheme(), "http" | "https") && url.query().is_none();
    if !Url::parse(&text).is_ok_and(is_one) {
        return Err(Failure::misspelt(format!(
            "{option} {given}: write the address of a server, such as 127.0.0.1:3000 or https://hooks.example.com"
        )));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// The innermost cause: `Connection refused` instead of `error sending request`.
pub(crate) fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_of_http_and_may_be_that_of_a_machine() {
        for (given, meant) in [
            ("127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("localhost:3000/", "http://localhost:3000"),
            ("[::1]:3000", "http://[::1]:3000"),
            ("hooks.example.com", "https://hooks.example.com"),
            ("hooks.example.com:8443/stage", "https://hooks.example.com:8443/stage"),
            ("http://h:1/", "http://h:1"),
            ("https://a.example/stage", "https://a.example/stage"),
        ] {
            assert_eq!(address("--url", given).unwrap(), meant);
        }
        for given in ["ftp://a.example", "https://", "https://a.example/?x=1", "a b", ""] {
            let said = address("--to", given).unwrap_err().to_string();
            assert!(said.starts_with(&format!("--to {given}: ")), "{said}");
        }
    }
}
