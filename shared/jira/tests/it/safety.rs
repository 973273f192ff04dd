//! Where the credential goes, what errors tell, and which issues are ours.

use domain::{Clock, Publisher, ServiceFailure, Target};
use jira::{Config, Jira};

use crate::support::{EMAIL, TOKEN, mark};

#[tokio::test]
async fn an_issue_of_another_site_is_refused() {
    let jira =
        Jira::new(EMAIL, &TOKEN.into(), &Config::at("https://acme.atlassian.net"), Clock::system()).unwrap();
    for host in ["evil.atlassian.net", "", "acme.atlassian.net.evil.example"] {
        let target = Target::JiraIssue { host: host.into(), key: "OPS-7".into() };
        let error = jira.publish(&target, "Hi", &mark("1")).await.unwrap_err();
        assert_eq!(error.failure, ServiceFailure::Refused);
        assert!(error.message.contains("another site than acme.atlassian.net"), "{error}");
    }
}

#[test]
fn credentials_that_cannot_be_any_name_their_variable() {
    for (email, token) in [("", "hunter2"), (EMAIL, ""), (EMAIL, "hunter 2")] {
        let error =
            Jira::new(email, &token.into(), &Config::at("https://x.example"), Clock::system()).unwrap_err();
        assert!(
            error.to_string().starts_with("JIRA_API_TOKEN") && !error.to_string().contains("hunter"),
            "{error}"
        );
    }
}
