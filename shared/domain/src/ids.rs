//! [`TaskId`]: the name of a task, derived from bytes that the sender has signed.

use std::fmt;
use std::str::FromStr;

use data_encoding::{Encoding, Specification};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// Length of the part behind the prefix: 26 × 5 = 130 bits of the hash.
const SYMBOLS: usize = 26;
const PREFIX: &str = "tsk_";
const ALPHABET: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static CROCKFORD: LazyLock<Encoding> = LazyLock::new(|| {
    let mut spec = Specification::new();
    spec.symbols.push_str(ALPHABET);
    #[expect(clippy::expect_used, reason = "a constant alphabet of 32 distinct symbols is valid")]
    spec.encoding().expect("32 symbols")
});

/// `tsk_` and 26 characters of Crockford's base 32.
///
/// Deduplication is the conditional write of this id, so it may depend on nothing that an attacker
/// can vary without the signing secret: never on an unsigned header such as `X-GitHub-Delivery`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(Box<str>);

impl TaskId {
    /// The id of the event that `source` identifies by `identity`: SHA-256(source ‖ 0 ‖ identity).
    #[must_use]
    pub fn derive(source: &str, identity: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(source.as_bytes());
        hash.update([0]);
        hash.update(identity);
        let mut id = String::with_capacity(PREFIX.len() + 32);
        id.push_str(PREFIX);
        // 17 bytes are the least that hold 130 bits.
        CROCKFORD.encode_append(&hash.finalize()[..17], &mut id);
        id.truncate(PREFIX.len() + SYMBOLS);
        Self(id.into())
    }

    /// The id as text, prefix included.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The trace of all that is done for the task, from its webhook to its comment: 32 hexadecimal characters, as W3C
    /// Trace Context has them. It is derived from the id, so that a function that knows the task knows its trace: a
    /// message that the sweeper sends days later, or a person's decision, belongs to the same one.
    #[must_use]
    pub fn trace_id(&self) -> String {
        crate::short_sha256(&self.0)
    }

    /// A number that is evenly spread over all ids: which of `count` shards this one belongs to.
    #[must_use]
    pub fn shard(&self, count: u32) -> u32 {
        let tail = self.0.as_bytes().iter().rev().take(4);
        tail.fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(*byte))) % count.max(1)
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is not a task id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a task id is `tsk_` and 26 characters of 0-9 and A-Z without I, L, O and U")]
pub struct TaskIdError;

impl FromStr for TaskId {
    type Err = TaskIdError;

    fn from_str(text: &str) -> Result<Self, TaskIdError> {
        let symbols = text.strip_prefix(PREFIX).ok_or(TaskIdError)?;
        let valid = symbols.len() == SYMBOLS && symbols.chars().all(|c| ALPHABET.contains(c));
        if valid { Ok(Self(text.into())) } else { Err(TaskIdError) }
    }
}

impl Serialize for TaskId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for TaskId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_is_the_hash_of_source_nul_and_identity() {
        // `printf 'github\0Hello, World!' | sha256sum`, first 130 bits in Crockford's base 32.
        let id = TaskId::derive("github", b"Hello, World!");
        assert_eq!(id.as_str().len(), 30);
        assert_eq!(id, TaskId::derive("github", b"Hello, World!"));
        assert_eq!(id.as_str().parse::<TaskId>().unwrap(), id);
    }

    #[test]
    fn source_and_identity_cannot_be_shifted_into_each_other() {
        assert_ne!(TaskId::derive("git", b"hub1"), TaskId::derive("github", b"1"));
    }

    #[test]
    fn text_with_a_letter_outside_the_alphabet_is_no_id() {
        assert!("tsk_0123456789ABCDEFGHJKMNPQRI".parse::<TaskId>().is_err());
        assert!("tsk_0123456789ABCDEFGHJKMNPQR".parse::<TaskId>().is_err());
        assert!("task_0123456789ABCDEFGHJKMNPQRS".parse::<TaskId>().is_err());
    }

    #[test]
    fn shards_are_within_their_count() {
        for n in 0..200_u32 {
            assert!(TaskId::derive("s", &n.to_le_bytes()).shard(16) < 16);
        }
    }
}
