//! The built-in schemes: one row for each sender, by the name that agent.toml uses.
//!
//! Where a sender publishes an example, `tests/it/vectors.rs` recomputes it.

use std::time::Duration;

use crate::{Encoding, KeyForm, Scheme, SignedContent, TimeFormat, TimePlace, Tolerance};

/// How far the clocks of sender and receiver may be apart; what Slack, Stripe and Standard Webhooks
/// recommend.
const FIVE_MINUTES: Duration = Duration::from_secs(300);

/// The name of a built-in scheme, and what makes it.
pub type SchemeRow = (&'static str, fn() -> Scheme);

/// Every built-in scheme by its name.
pub const SCHEMES: [SchemeRow; 12] = [
    ("github", Scheme::github),
    ("gitlab", Scheme::gitlab),
    ("jira", Scheme::jira),
    ("linear", Scheme::linear),
    ("pagerduty", Scheme::pagerduty),
    ("sentry", Scheme::sentry),
    ("shopify", Scheme::shopify),
    ("slack", Scheme::slack),
    ("standard-webhooks", Scheme::standard_webhooks),
    ("stripe", Scheme::stripe),
    ("svix", Scheme::svix),
    ("zendesk", Scheme::zendesk),
];

impl Scheme {
    /// The built-in scheme called `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        SCHEMES.iter().find(|(known, _)| *known == name).map(|(_, row)| row())
    }

    /// `X-Hub-Signature-256: sha256=<hex>` over the body. The delivery id is not signed.
    #[must_use]
    pub fn github() -> Self {
        Self::over_body("x-hub-signature-256", "sha256=", Encoding::Hex)
    }

    /// `X-Gitlab-Token: <secret>`. GitLab's newer signing tokens are [`Scheme::standard_webhooks`].
    #[must_use]
    pub fn gitlab() -> Self {
        Self::over_body("x-gitlab-token", "", Encoding::Token)
    }

    /// `X-Hub-Signature: <method>=<hex>` over the body. The method is the sender's choice, so an
    /// attacker's too: none but SHA-256 is accepted.
    #[must_use]
    pub fn jira() -> Self {
        Self::over_body("x-hub-signature", "sha256=", Encoding::Hex)
    }

    /// `Linear-Signature: <hex>` over the body, which carries `webhookTimestamp` itself.
    #[must_use]
    pub fn linear() -> Self {
        Self {
            freshness: Some(Tolerance {
                place: TimePlace::Body("/webhookTimestamp".to_owned()),
                format: TimeFormat::UnixMillis,
                within: Duration::from_secs(60),
            }),
            ..Self::over_body("linear-signature", "", Encoding::Hex)
        }
    }

    /// `X-PagerDuty-Signature: v1=<hex>[,v1=<hex>]` over the body.
    #[must_use]
    pub fn pagerduty() -> Self {
        Self { separator: Some(','), ..Self::over_body("x-pagerduty-signature", "v1=", Encoding::Hex) }
    }

    /// `Sentry-Hook-Signature: <hex>` over the body. Its timestamp header is not signed.
    #[must_use]
    pub fn sentry() -> Self {
        Self::over_body("sentry-hook-signature", "", Encoding::Hex)
    }

    /// `X-Shopify-Hmac-SHA256: <base64>` over the body.
    #[must_use]
    pub fn shopify() -> Self {
        Self::over_body("x-shopify-hmac-sha256", "", Encoding::Base64)
    }

    /// `X-Slack-Signature: v0=<hex>` over `v0:{timestamp}:{body}`.
    #[must_use]
    pub fn slack() -> Self {
        Self {
            signed: template("v0:{timestamp}:{body}"),
            freshness: time_header("x-slack-request-timestamp", TimeFormat::UnixSeconds),
            ..Self::over_body("x-slack-signature", "v0=", Encoding::Hex)
        }
    }

    /// `webhook-signature: v1,<base64>[ v1,<base64>]` over `{id}.{timestamp}.{body}`.
    #[must_use]
    pub fn standard_webhooks() -> Self {
        Self::standard("webhook")
    }

    /// Standard Webhooks under its older header names, `svix-…`.
    #[must_use]
    pub fn svix() -> Self {
        Self::standard("svix")
    }

    /// `Stripe-Signature: t=<seconds>,v1=<hex>[,v1=<hex>]` over `{timestamp}.{body}`. `v0`, which is
    /// made with a test key, is ignored.
    #[must_use]
    pub fn stripe() -> Self {
        Self {
            separator: Some(','),
            signed: template("{timestamp}.{body}"),
            freshness: Some(Tolerance {
                place: TimePlace::Item("t=".to_owned()),
                format: TimeFormat::UnixSeconds,
                within: FIVE_MINUTES,
            }),
            ..Self::over_body("stripe-signature", "v1=", Encoding::Hex)
        }
    }

    /// `X-Zendesk-Webhook-Signature: <base64>` over the time and the body, with nothing in between.
    #[must_use]
    pub fn zendesk() -> Self {
        Self {
            signed: template("{timestamp}{body}"),
            freshness: time_header("x-zendesk-webhook-signature-timestamp", TimeFormat::Rfc3339),
            ..Self::over_body("x-zendesk-webhook-signature", "", Encoding::Base64)
        }
    }

    fn standard(family: &str) -> Self {
        Self {
            separator: Some(' '),
            key: KeyForm::Base64,
            signed: template("{id}.{timestamp}.{body}"),
            id_header: Some(format!("{family}-id")),
            freshness: time_header(&format!("{family}-timestamp"), TimeFormat::UnixSeconds),
            ..Self::over_body(&format!("{family}-signature"), "v1,", Encoding::Base64)
        }
    }
}

fn time_header(name: &str, format: TimeFormat) -> Option<Tolerance> {
    Some(Tolerance { place: TimePlace::Header(name.to_owned()), format, within: FIVE_MINUTES })
}

#[expect(clippy::expect_used, reason = "the templates above are constants, and a test builds every row")]
fn template(text: &'static str) -> SignedContent {
    SignedContent::new(text).expect("a valid template")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_sound() {
        for (name, row) in SCHEMES {
            assert_eq!(row().check(), Ok(()), "{name}");
            assert_eq!(Scheme::named(name), Some(row()));
        }
        assert_eq!(Scheme::named("nobody"), None);
    }
}
