//! [`Endpoint`]: addresses, and the key that goes with them.

use reqwest::Url;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::config::{Config, ConfigError};

/// Where calls go.
#[derive(Debug)]
pub(crate) struct Endpoint {
    base: Url,
    version: String,
    key: Option<SecretString>,
    header: Option<HeaderValue>,
}

impl Endpoint {
    pub(crate) fn new(config: &Config) -> Result<Self, ConfigError> {
        let base = Url::parse(&config.base_url).map_err(|_| ConfigError::BaseUrl)?;
        let plain = base.username().is_empty() && base.password().is_none();
        let bare = base.query().is_none() && base.fragment().is_none() && base.has_host();
        if !matches!(base.scheme(), "http" | "https") || !plain || !bare {
            return Err(ConfigError::BaseUrl);
        }
        let key = config.api_key.clone().filter(|key| !key.expose_secret().is_empty());
        let header = key.as_ref().map(sensitive).transpose()?;
        Ok(Self { base, version: config.api_version.clone(), key, header })
    }

    /// Address of `models/{model}:generateContent`. Names that say their collection
    /// (`tunedModels/x`) keep it.
    pub(crate) fn generate_content(&self, model: &str) -> String {
        let collection = if model.contains('/') { "" } else { "models/" };
        let base = self.base.as_str().trim_end_matches('/');
        format!("{base}/{}/{collection}{model}:generateContent", self.version)
    }

    /// The key's header: the only place where the key travels, never a query string, which proxies
    /// and logs would keep.
    pub(crate) fn key_header(&self) -> Option<HeaderValue> {
        self.header.clone()
    }

    /// `text` without our key: the service repeats a key that it refuses in the details of its
    /// answer.
    pub(crate) fn redact(&self, text: &str) -> String {
        match &self.key {
            Some(key) => text.replace(key.expose_secret(), "[redacted]"),
            None => text.to_owned(),
        }
    }

    /// Whether it is on this machine; a proxy has no business there.
    pub(crate) fn is_local(&self) -> bool {
        matches!(self.base.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
    }
}

impl Endpoint {
    /// Address of what is no model: `cachedContents`, with its query if it has one.
    pub(crate) fn resource(&self, path: &str) -> String {
        let base = self.base.as_str().trim_end_matches('/');
        format!("{base}/{}/{path}", self.version)
    }
}

fn sensitive(key: &SecretString) -> Result<HeaderValue, ConfigError> {
    let mut header = HeaderValue::from_str(key.expose_secret()).map_err(|_| ConfigError::ApiKey)?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn endpoint(base: &str) -> Result<Endpoint, ConfigError> {
        let key = Some(SecretString::from("top-secret"));
        Endpoint::new(&Config { base_url: base.to_owned(), ..Config::new(key) })
    }

    #[test]
    fn addresses_keep_the_base_path_and_the_version() {
        let google = endpoint("https://generativelanguage.googleapis.com").unwrap();
        assert_eq!(
            google.generate_content("gemini-pro-latest"),
            "https://generativelanguage.googleapis.com/v1beta/models/gemini-pro-latest:generateContent"
        );
        let gateway = endpoint("http://127.0.0.1:4000/gemini/").unwrap();
        assert_eq!(
            gateway.generate_content("tunedModels/mine"),
            "http://127.0.0.1:4000/gemini/v1beta/tunedModels/mine:generateContent"
        );
        assert!(gateway.is_local() && !google.is_local());
    }

    #[test]
    fn what_is_no_base_url_is_refused_without_repeating_it() {
        let bad =
            ["", "example.com", "ftp://x", "https://u:pw@x", "https://x/?key=1", "https://x/#a", "file:///x"];
        for base in bad {
            let error = endpoint(base).unwrap_err().to_string();
            assert!(error.contains("GEMINI_BASE_URL") && !error.contains("pw"), "{base}: {error}");
        }
    }

    #[test]
    fn a_key_with_a_line_break_is_refused_without_repeating_it() {
        let config = Config::new(Some(SecretString::from("top\nsecret")));
        let error = Endpoint::new(&config).unwrap_err();
        assert!(matches!(error, ConfigError::ApiKey) && !error.to_string().contains("secret"));
    }

    #[test]
    fn the_key_is_neither_printed_nor_passed_on() {
        let endpoint = endpoint("https://example.com").unwrap();
        assert!(!format!("{endpoint:?}").contains("top-secret"));
        assert_eq!(endpoint.redact("Invalid API key: top-secret"), "Invalid API key: [redacted]");
    }

    #[test]
    fn an_empty_key_is_no_key() {
        let endpoint = Endpoint::new(&Config::new(Some(SecretString::from("")))).unwrap();
        assert!(endpoint.key_header().is_none());
        assert_eq!(endpoint.redact("abc"), "abc");
    }
}
