//! Jira: which site, and as whom.

use secrecy::SecretString;
use url::{Host, Url};

use super::urls;
use super::variables::Reader;

const URL: &str = "JIRA_API_URL";
const EMAIL: &str = "JIRA_EMAIL";
const TOKEN: &str = "JIRA_API_TOKEN";
/// Where tokens with scopes are sent, for every site.
const GATEWAY: &str = "api.atlassian.com";

/// Where Jira is, and who we are there.
#[derive(Debug, Clone)]
pub struct JiraAccess {
    /// `JIRA_API_URL`: the site, without a slash at its end.
    pub url: String,
    /// The account's address.
    pub email: String,
    /// Its API token.
    pub token: SecretString,
}

/// A site, Atlassian's gateway for all sites, or a stand-in on this machine.
fn is_cloud(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return true };
    match url.host() {
        Some(Host::Domain(host)) => host == "localhost" || host == GATEWAY || webhook::is_cloud_host(host),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => true,
    }
}

/// Reads all three. Some without the others are a mistake, except the site alone.
pub(super) fn read(reader: &Reader<'_>) -> Option<JiraAccess> {
    let (url, email, token) = (urls::base(reader, URL), reader.email(EMAIL), reader.secret(TOKEN));
    reader.together(EMAIL, TOKEN);
    if reader.get(TOKEN).is_some() && reader.get(URL).is_none() {
        let problem = "missing, while JIRA_API_TOKEN is set".to_owned();
        reader.wrong(URL, problem, "write the site, like https://acme.atlassian.net");
    }
    if url.as_deref().is_some_and(|url| !is_cloud(url)) {
        let problem = "no site of Jira Cloud: issues of a Data Center are read and not answered".to_owned();
        reader.wrong(URL, problem, "write the site, like https://acme.atlassian.net");
    }
    Some(JiraAccess { url: url?, email: email?, token: token? })
}
