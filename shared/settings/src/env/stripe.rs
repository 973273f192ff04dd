//! Stripe's key.

use secrecy::{ExposeSecret, SecretString};

use super::variables::Reader;

const KEY: &str = "STRIPE_API_KEY";

/// Reads a secret or restricted key. Stripe's other keys would fail at the first refund only.
pub(super) fn read(reader: &Reader<'_>) -> Option<SecretString> {
    let key = reader.secret(KEY)?;
    let other = match key.expose_secret() {
        key if key.starts_with("pk_") => "a publishable key",
        key if key.starts_with("whsec_") => "the signing secret of webhooks (STRIPE_WEBHOOK_SECRET)",
        _ => return Some(key),
    };
    reader.wrong(KEY, other.to_owned(), "use a restricted key (rk_…) with write access to Refunds, or sk_…");
    None
}
