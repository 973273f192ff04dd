//! [`CacheKey`]: which model, and which unchanging beginning of its prompts.

use std::fmt;

use domain::at_account;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::wire::GenerateContentRequest;

/// Tokens of the smallest cache that any model takes.
const MIN_TOKENS: u64 = 1_024;
/// A token has rarely fewer bytes of text than this. A size that is guessed too large costs one
/// refusal a day, one that is guessed too small would cost the cache.
const BYTES_PER_TOKEN: u64 = 3;
/// Raised when what is hashed, or how, changes.
const FORM: u32 = 2;
/// Characters of a digest: 128 bits, far from any collision and short enough for a display name.
const DIGITS: usize = 32;

/// SHA-256 over model and system instruction as they go over the wire, its first 128 bits in hexadecimal. Two requests with one digest can share a context cache.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

#[cfg(test)]
impl Digest {
    /// One of many, for tests.
    pub(crate) fn numbered(number: usize) -> Self {
        Self(format!("{number:032x}"))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a cache is kept under: a model, by the name that it is asked by, and a digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CacheKey {
    /// The model.
    pub model: String,
    /// The name of the account that the cache is kept at; empty for the first.
    pub(crate) account: String,
    /// The digest of what the cache holds.
    pub digest: Digest,
    /// Size of that in bytes of JSON; 0 when only the name of the cache is known.
    bytes: u64,
}

impl CacheKey {
    /// The key of the part of `request` that a cache of `model` would hold: its system instruction. `None` if that
    /// is too small for any cache.
    ///
    /// Costs one pass over that part, which is some microseconds for each 1,000 tokens.
    #[must_use]
    pub fn of(model: &str, request: &GenerateContentRequest) -> Option<Self> {
        let kept = (FORM, model, &request.system_instruction);
        // Strings and maps with string keys: cannot fail, and an empty text is too small.
        let json = serde_json::to_vec(&kept).unwrap_or_default();
        let bytes = u64::try_from(json.len()).unwrap_or(u64::MAX);
        let (model, account) = (model.to_owned(), String::new());
        let key = Self { model, account, digest: hex(&Sha256::digest(&json)), bytes };
        (key.at_most_tokens() >= MIN_TOKENS).then_some(key)
    }

    /// The key of a cache of unknown size.
    #[cfg(test)]
    pub(crate) fn named(model: &str, digest: Digest) -> Self {
        Self { model: model.to_owned(), account: String::new(), digest, bytes: 0 }
    }

    /// The same at the account of this name.
    #[must_use]
    pub(crate) fn at(self, account: &str) -> Self {
        Self { account: account.to_owned(), ..self }
    }

    /// What is known of its model is kept under this name.
    pub(crate) fn kept_as(&self) -> String {
        at_account(&self.model, &self.account)
    }

    /// Its share of a request whose JSON has so many bytes.
    #[expect(clippy::cast_precision_loss, reason = "requests are far smaller than 2^52 bytes")]
    pub(crate) fn share_of(&self, request: usize) -> f64 {
        self.bytes as f64 / request.max(1) as f64
    }

    /// A bound of the size in tokens that is hardly ever exceeded.
    pub(crate) fn at_most_tokens(&self) -> u64 {
        self.bytes / BYTES_PER_TOKEN
    }
}

/// The key in the state store.
impl fmt::Display for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cache:{}:{}", self.kept_as(), self.digest)
    }
}

fn hex(hash: &[u8]) -> Digest {
    let digits = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]).take(DIGITS);
    Digest(digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Content, Part, Role};
    use serde_json::json;

    fn request(system: &str) -> GenerateContentRequest {
        GenerateContentRequest {
            system_instruction: Some(Content { role: None, parts: vec![Part::text(system)] }),
            contents: vec![Content::text(Role::User, "Hi")],
            ..GenerateContentRequest::default()
        }
    }

    fn digest(model: &str, request: &GenerateContentRequest) -> String {
        CacheKey::of(model, request).unwrap().digest.to_string()
    }

    #[test]
    fn what_a_cache_holds_decides_the_digest_and_nothing_else_does() {
        let persona = "Be kind. ".repeat(1_000);
        let one = digest("m", &request(&persona));
        let mut other = request(&persona);
        other.contents.clear();
        other.generation_config.insert("temperature".to_owned(), json!(1));
        assert_eq!(one, digest("m", &other));
        assert!(one.len() == DIGITS && one.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{one}");
        assert_ne!(one, digest("n", &other));
        assert_ne!(one, digest("m", &request(&format!("{persona}!"))));
    }

    #[test]
    fn prompts_that_no_cache_would_take_have_no_key() {
        assert_eq!(CacheKey::of("m", &request(&"x".repeat(2_900))), None);
        assert_eq!(CacheKey::of("m", &GenerateContentRequest::default()), None);
        assert!(CacheKey::of("m", &request(&"x".repeat(3_100))).is_some());
    }

    #[test]
    fn the_key_in_the_store_names_model_and_digest() {
        let key = CacheKey::of("gemini-pro-latest", &request(&"x".repeat(4_000))).unwrap();
        assert_eq!(key.to_string(), format!("cache:gemini-pro-latest:{}", key.digest));
    }
}
