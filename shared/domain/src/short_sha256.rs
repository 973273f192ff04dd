//! [`short_sha256`]: the short name of a text.

use sha2::{Digest, Sha256};

/// 32 hexadecimal characters of the SHA-256 of `text`. That is half of it, and still nobody finds two texts that share
/// it.
///
/// A decision names the hash of its draft, so nobody approves a text other than the one they saw. The same
/// hash makes keys and owners of bounded length from text that others choose.
#[must_use]
pub fn short_sha256(text: &str) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(text.as_bytes())[..16])
}

#[cfg(test)]
mod tests {
    use super::short_sha256;

    #[test]
    fn hash_is_the_head_of_sha256() {
        // printf abc | sha256sum
        assert_eq!(short_sha256("abc"), "ba7816bf8f01cfea414140de5dae2223");
    }
}
