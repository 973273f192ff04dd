//! Secrets that nobody guesses.

use std::io;

use ring::rand::{SecureRandom, SystemRandom};

/// `bytes` random bytes in hexadecimal.
///
/// # Errors
/// When the system has no randomness.
pub(crate) fn hex(bytes: usize) -> io::Result<String> {
    let mut made = vec![0_u8; bytes];
    SystemRandom::new().fill(&mut made).map_err(|_| io::Error::other("the system has no randomness"))?;
    Ok(made.iter().map(|byte| format!("{byte:02x}")).collect())
}
