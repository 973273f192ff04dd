//! Zendesk: which account, and as whom.

use secrecy::SecretString;

use super::urls;
use super::variables::Reader;

const SUBDOMAIN: &str = "ZENDESK_SUBDOMAIN";
const URL: &str = "ZENDESK_API_URL";
const EMAIL: &str = "ZENDESK_EMAIL";
const TOKEN: &str = "ZENDESK_API_TOKEN";
const OAUTH: &str = "ZENDESK_OAUTH_TOKEN";

/// Where Zendesk is, and who we are there.
#[derive(Debug, Clone)]
pub struct ZendeskAccess {
    /// `https://acme.zendesk.com`, or `ZENDESK_API_URL`, without a slash at its end.
    pub url: String,
    /// How we show who we are.
    pub credentials: ZendeskCredentials,
}

/// How we show Zendesk who we are.
#[derive(Debug, Clone)]
pub enum ZendeskCredentials {
    /// An API token, used in the name of an agent.
    ApiToken {
        /// The agent's address.
        email: String,
        /// The token.
        token: SecretString,
    },
    /// An OAuth access token.
    Oauth(SecretString),
}

/// Reads what is there. Two identities are a mistake: which account wrote a comment decides what the
/// proof of a publication looks for.
pub(super) fn read(reader: &Reader<'_>) -> Option<ZendeskAccess> {
    let url = url(reader);
    let credentials = credentials(reader);
    let placed = reader.get(SUBDOMAIN).is_some() || reader.get(URL).is_some();
    if credentials.is_some() && !placed {
        let problem = "missing, while credentials for Zendesk are set".to_owned();
        reader.wrong(SUBDOMAIN, problem, "write `acme` for https://acme.zendesk.com");
    }
    Some(ZendeskAccess { url: url?, credentials: credentials? })
}

fn url(reader: &Reader<'_>) -> Option<String> {
    let from_name = reader.text(SUBDOMAIN).and_then(|name| subdomain(reader, &name));
    urls::base(reader, URL).or_else(|| from_name.filter(|_| reader.get(URL).is_none()))
}

fn subdomain(reader: &Reader<'_>, name: &str) -> Option<String> {
    let plain = name.len() <= 63
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-');
    if !plain {
        reader.wrong(SUBDOMAIN, "not a subdomain".to_owned(), "write `acme` for https://acme.zendesk.com");
        return None;
    }
    Some(format!("https://{}.zendesk.com", name.to_ascii_lowercase()))
}

fn credentials(reader: &Reader<'_>) -> Option<ZendeskCredentials> {
    let (oauth, token, email) = (reader.secret(OAUTH), reader.secret(TOKEN), reader.email(EMAIL));
    if reader.get(OAUTH).is_some() && reader.get(TOKEN).is_some() {
        let problem = "set together with ZENDESK_API_TOKEN".to_owned();
        reader.wrong(OAUTH, problem, "remove one of them");
    }
    if reader.get(OAUTH).is_some() {
        return oauth.map(ZendeskCredentials::Oauth);
    }
    reader.together(EMAIL, TOKEN);
    Some(ZendeskCredentials::ApiToken { email: email?, token: token? })
}
