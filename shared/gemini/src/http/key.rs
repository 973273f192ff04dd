//! [`Key`]: an API key or an access token, as the one header that carries it.

#[cfg(feature = "vertex")]
use reqwest::header::AUTHORIZATION;
use reqwest::header::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::config::ConfigError;

const API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");

/// Bytes of a key at least; Google's have 39 and more.
const MIN_KEY: usize = 8;

/// The key, if there is one: a stand-in or a gateway may need none.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    secret: Option<SecretString>,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Key {
    pub(crate) fn new(key: Option<&SecretString>) -> Result<Self, ConfigError> {
        let secret = key.filter(|key| !key.expose_secret().is_empty()).cloned();
        let header = secret.as_ref().map(|key| sensitive(key.expose_secret())).transpose()?;
        Ok(Self { secret, header: header.map(|value| (API_KEY, value)) })
    }

    /// An access token.
    #[cfg(feature = "vertex")]
    pub(crate) fn token(token: SecretString) -> Result<Self, ConfigError> {
        let value = sensitive(&format!("Bearer {}", token.expose_secret()))?;
        Ok(Self { secret: Some(token), header: Some((AUTHORIZATION, value)) })
    }

    /// Whether both are the same token.
    #[cfg(feature = "vertex")]
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.header == other.header
    }

    /// The key's header: the only place where the key travels, never a query string, which proxies and logs would keep.
    pub(crate) fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        self.header.clone()
    }

    /// `text` without our key: the service repeats a key that it refuses in the details of its
    /// answer. No key is as short as what is left: it would take the words apart that say what is wrong.
    pub(crate) fn redact(&self, text: &str) -> String {
        match &self.secret {
            Some(key) if key.expose_secret().len() < MIN_KEY => text.to_owned(),
            Some(key) => text.replace(key.expose_secret(), "[redacted]"),
            None => text.to_owned(),
        }
    }
}

/// Why a call has nothing to carry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "vertex"), expect(dead_code, reason = "a key is always there"))]
pub(crate) enum NoKey {
    /// Nobody answered; the next call may fare better.
    Unreachable,
    /// The credentials are not valid or are refused, in these words.
    Refused(String),
}

/// A number that stands for `secret`, and tells nothing of it.
pub(crate) fn fingerprint(secret: &str) -> u32 {
    let digest = Sha256::digest(secret);
    digest.iter().take(4).fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

fn sensitive(key: &str) -> Result<HeaderValue, ConfigError> {
    let mut header = HeaderValue::from_str(key).map_err(|_| ConfigError::ApiKey)?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Result<Key, ConfigError> {
        Key::new(Some(&SecretString::from(text)))
    }

    #[test]
    fn a_key_with_a_line_break_is_refused_without_repeating_it() {
        let error = key("top\nsecret").unwrap_err();
        assert!(matches!(error, ConfigError::ApiKey) && !error.to_string().contains("secret"));
    }

    #[test]
    fn the_key_is_neither_printed_nor_passed_on() {
        let key = key("top-secret").unwrap();
        assert!(!format!("{key:?}").contains("top-secret"));
        assert_eq!(key.redact("Invalid API key: top-secret"), "Invalid API key: [redacted]");
    }

    #[test]
    fn an_empty_key_is_no_key() {
        let key = key("").unwrap();
        assert!(key.header().is_none());
        assert_eq!(key.redact("abc"), "abc");
        assert_eq!(super::Key::new(Some(&SecretString::from("a"))).unwrap().redact("a bad key"), "a bad key");
    }
}
