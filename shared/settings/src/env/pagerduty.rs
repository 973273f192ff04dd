//! PagerDuty: which account, and in whose name.

use secrecy::SecretString;

use super::urls;
use super::variables::Reader;

const URL: &str = "PAGERDUTY_API_URL";
const EMAIL: &str = "PAGERDUTY_EMAIL";
const TOKEN: &str = "PAGERDUTY_API_TOKEN";

/// Where PagerDuty is, and who we are there.
#[derive(Debug, Clone)]
pub struct PagerdutyAccess {
    /// `https://api.pagerduty.com`, or `PAGERDUTY_API_URL`, without a slash at its end.
    pub url: String,
    /// The address of the user in whose name notes are written.
    pub email: String,
    /// The account's API token.
    pub token: SecretString,
}

/// Reads what is there. A token without a user is a mistake, and a user without a token.
pub(super) fn read(reader: &Reader<'_>) -> Option<PagerdutyAccess> {
    let (url, email, token) = (urls::base(reader, URL), reader.email(EMAIL), reader.secret(TOKEN));
    reader.together(EMAIL, TOKEN);
    let url = url.unwrap_or_else(|| "https://api.pagerduty.com".to_owned());
    Some(PagerdutyAccess { url, email: email?, token: token? })
}
