//! Slack's bot token.

use secrecy::{ExposeSecret, SecretString};

use super::variables::Reader;

const TOKEN: &str = "SLACK_BOT_TOKEN";

/// Reads the token of a bot. Tokens of users and of apps look like it and would fail at the first message only.
pub(super) fn read(reader: &Reader<'_>) -> Option<SecretString> {
    let token = reader.secret(TOKEN)?;
    let other = match token.expose_secret() {
        token if token.starts_with("xoxp-") => "the token of a user",
        token if token.starts_with("xapp-") => "a token of the app's own",
        _ => return Some(token),
    };
    reader.wrong(TOKEN, other.to_owned(), "copy the Bot User OAuth Token (xoxb-…) of OAuth & Permissions");
    None
}
