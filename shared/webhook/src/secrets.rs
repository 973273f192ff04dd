//! [`Secrets`]: the live secrets of a source, and how they become keys.

use data_encoding::BASE64_NOPAD;
use secrecy::{ExposeSecret, SecretSlice, SecretString};

/// The live secrets of a source: the first signs, all verify.
#[derive(Debug, Clone, Default)]
pub struct Secrets(pub Vec<SecretString>);

/// How a secret becomes the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyForm {
    /// Its bytes as they are, prefixes such as Stripe's `whsec_` included.
    Text,
    /// Base 64 after an optional `whsec_` (Standard Webhooks).
    Base64,
}

/// A secret that can sign nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Anybody can sign with an empty key.
    #[error("the secret is empty")]
    Empty,
    /// It should be base 64 and is not.
    #[error("the secret is not `whsec_` followed by base 64: copy it whole from the sender's settings")]
    NotBase64,
}

impl KeyForm {
    /// Checks that `secret` makes a key; for reports at start.
    ///
    /// # Errors
    /// [`SecretError`]. [`crate::Scheme::verify`] passes over such a secret.
    pub fn check(self, secret: &SecretString) -> Result<(), SecretError> {
        self.key(secret).map(drop)
    }

    fn key(self, secret: &SecretString) -> Result<SecretSlice<u8>, SecretError> {
        let text = secret.expose_secret();
        let key = match self {
            Self::Text => text.as_bytes().to_vec(),
            Self::Base64 => decode(text).ok_or(SecretError::NotBase64)?,
        };
        if key.is_empty() { Err(SecretError::Empty) } else { Ok(key.into()) }
    }
}

impl Secrets {
    /// Whether a secret of these is one of `other`, too. Prefix and padding of base 64 make no difference.
    #[must_use]
    pub fn overlap(&self, other: &Self) -> bool {
        self.0.iter().any(|own| other.0.iter().any(|its| bare(own) == bare(its)))
    }

    /// The keys of all secrets that make one, in their order. A key is never empty.
    pub(crate) fn keys(&self, form: KeyForm) -> Vec<SecretSlice<u8>> {
        self.0.iter().filter_map(|secret| form.key(secret).ok()).collect()
    }
}

fn bare(secret: &SecretString) -> &str {
    let text = secret.expose_secret();
    text.strip_prefix("whsec_").unwrap_or(text).trim_end_matches('=')
}

/// Senders disagree about padding, so it is optional.
fn decode(text: &str) -> Option<Vec<u8>> {
    let encoded = text.strip_prefix("whsec_").unwrap_or(text);
    BASE64_NOPAD.decode(encoded.trim_end_matches('=').as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(form: KeyForm, text: &str) -> Result<(), SecretError> {
        form.check(&SecretString::from(text))
    }

    #[test]
    fn an_empty_secret_makes_no_key() {
        assert_eq!(check(KeyForm::Text, ""), Err(SecretError::Empty));
        assert_eq!(check(KeyForm::Base64, ""), Err(SecretError::Empty));
        assert_eq!(check(KeyForm::Base64, "whsec_"), Err(SecretError::Empty));
        assert_eq!(check(KeyForm::Base64, "whsec_===="), Err(SecretError::Empty));
    }

    #[test]
    fn padding_of_a_base64_secret_is_optional() {
        assert_eq!(decode("whsec_YQ=="), Some(b"a".to_vec()));
        assert_eq!(decode("YQ"), Some(b"a".to_vec()));
        assert_eq!(check(KeyForm::Base64, "whsec_YQ!"), Err(SecretError::NotBase64));
    }

    #[test]
    fn a_text_secret_keeps_its_prefix() {
        let keys = Secrets(vec!["whsec_YQ==".into(), "".into()]).keys(KeyForm::Text);
        assert_eq!(keys.len(), 1);
        assert_eq!(keys[0].expose_secret(), b"whsec_YQ==");
    }

    #[test]
    fn one_common_secret_makes_two_sources_overlap_however_it_is_written() {
        let secrets = |lines: &[&str]| Secrets(lines.iter().map(|line| (*line).into()).collect());
        let own = secrets(&["new", "old"]);
        for other in [&["old"][..], &["x", "new"], &["whsec_new"], &["new=="]] {
            assert!(own.overlap(&secrets(other)), "{other:?}");
        }
        for other in [&[][..], &["newer"], &["ol", "d"]] {
            assert!(!own.overlap(&secrets(other)), "{other:?}");
        }
    }

    #[test]
    fn debug_output_hides_the_secret() {
        let shown = format!("{:?}", Secrets(vec!["hunter2".into()]));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
