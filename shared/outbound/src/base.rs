//! [`Base`]: the configured address of an API, and the paths under it.

use reqwest::Url;

use crate::config::BuildError;
use crate::service::Service;

/// The base of an API, such as `https://slack.com/api`.
#[derive(Debug, Clone)]
pub struct Base(Url);

impl Base {
    /// Checks a configured base. A slash at its end is welcome.
    ///
    /// # Errors
    /// [`BuildError::BaseUrl`], which does not repeat the address: somebody may have put a password
    /// in it.
    pub fn parse(service: &Service, text: &str) -> Result<Self, BuildError> {
        check(text.trim()).map(Self).map_err(|problem| BuildError::BaseUrl {
            variable: service.url_variable,
            problem,
            example: service.url_example,
        })
    }

    /// The address itself.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// The host, in lower case.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Whether it is plain `http://`.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// Whether it is on this machine: no proxy is used then.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.host().trim_matches(['[', ']']);
        host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
    }

    /// The address of `segments` under the base, each percent-encoded: a slash in one does not move
    /// the request elsewhere. Whoever passes text from outside must refuse `.` and `..` before.
    #[must_use]
    pub fn join(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        // Fails for addresses without a host only, which `parse` refuses.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}

fn check(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "is not a URL")?;
    if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
        return Err("must start with https:// or http:// and a host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or password");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must not have a query or fragment");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::tests::SERVICE;

    fn base(text: &str) -> Base {
        Base::parse(&SERVICE, text).unwrap()
    }

    #[test]
    fn paths_are_put_under_the_base_with_or_without_slash() {
        for text in ["https://x.example/api", "https://x.example/api/"] {
            assert_eq!(
                base(text).join(&["tickets", "7.json"]).as_str(),
                "https://x.example/api/tickets/7.json"
            );
        }
    }

    #[test]
    fn a_segment_cannot_become_two_or_a_query() {
        let url = base("https://x.example").join(&["a/b?c#d%2e"]);
        assert_eq!(url.as_str(), "https://x.example/a%2Fb%3Fc%23d%252e");
    }

    #[test]
    fn unusable_bases_are_refused_without_repeating_a_password() {
        for text in ["", "x.example", "ftp://x", "https://u:hunter2@x", "https://x/?q", "https://x/#hunter2"]
        {
            let error = Base::parse(&SERVICE, text).unwrap_err().to_string();
            assert!(error.contains("SAMPLE_API_URL") && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn loopback_is_recognised() {
        for (text, expected) in [
            ("http://127.0.0.1:3001", true),
            ("http://[::1]:3001", true),
            ("http://localhost", true),
            ("https://127.0.0.1.evil.example", false),
        ] {
            assert_eq!(base(text).is_loopback(), expected, "{text}");
        }
    }
}
