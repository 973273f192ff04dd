//! The configuration of the client.

pub use outbound::Config;

use outbound::{Limit, Service};

/// GitLab, as errors name it.
pub static SERVICE: Service = Service {
    name: "gitlab",
    title: "GitLab",
    url_variable: "GITLAB_API_URL",
    url_example: "https://gitlab.com",
    credential_variable: "GITLAB_TOKEN",
    // Source: "GitLab application limits" in its documentation.
    longest_text: Limit::chars(1_000_000),
};

/// What GitLab itself writes behind the site (`CI_API_V4_URL`); pages for people are not below it.
const API: &str = "/api/v4";

/// The same with the address of the site, also where that of the API was configured.
pub(crate) fn at_site(config: &Config) -> Config {
    let url = config.base_url.trim().trim_end_matches('/');
    Config { base_url: url.strip_suffix(API).unwrap_or(url).to_owned(), ..config.clone() }
}
