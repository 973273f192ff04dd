//! [`Key`]: the API key, as the one header that carries it.

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::config::ConfigError;

/// The key, if there is one: a stand-in or a gateway may need none.
#[derive(Debug)]
pub(crate) struct Key {
    secret: Option<SecretString>,
    header: Option<HeaderValue>,
}

impl Key {
    pub(crate) fn new(key: Option<&SecretString>) -> Result<Self, ConfigError> {
        let secret = key.filter(|key| !key.expose_secret().is_empty()).cloned();
        let header = secret.as_ref().map(sensitive).transpose()?;
        Ok(Self { secret, header })
    }

    /// The key's header: the only place where the key travels, never a query string, which proxies
    /// and logs would keep.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        self.header.clone()
    }

    /// `text` without our key: the service repeats a key that it refuses in the details of its
    /// answer.
    pub(crate) fn redact(&self, text: &str) -> String {
        match &self.secret {
            Some(key) => text.replace(key.expose_secret(), "[redacted]"),
            None => text.to_owned(),
        }
    }
}

/// A number that stands for `key`, and tells nothing of it.
pub(crate) fn fingerprint(key: Option<&SecretString>) -> u32 {
    let digest = Sha256::digest(key.map_or("", |key| key.expose_secret()));
    digest.iter().take(4).fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

fn sensitive(key: &SecretString) -> Result<HeaderValue, ConfigError> {
    let mut header = HeaderValue::from_str(key.expose_secret()).map_err(|_| ConfigError::ApiKey)?;
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
    }
}
