//! [`Identity`]: who our bot is, by `auth.test`.

use domain::ServiceError;
use outbound::{Call, LOGIN, Url};
use serde::Deserialize;

use crate::api::Api;

/// Our bot.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Identity {
    /// Its user (`U…`): the author of its messages, and what a mention names.
    pub(crate) user_id: String,
    /// What people call it.
    pub(crate) user: Option<String>,
    /// Its workspace (`T…`).
    pub(crate) team_id: Option<String>,
    /// The bot itself (`B…`).
    bot_id: Option<String>,
    /// Address of the workspace, for people.
    url: Option<String>,
}

impl Identity {
    /// Whether a message by this user and bot is ours.
    pub(crate) fn wrote(&self, user: Option<&str>, bot: Option<&str>) -> bool {
        user == Some(&self.user_id) || (bot.is_some() && bot == self.bot_id.as_deref())
    }

    /// Where a person can look at a message. Source: the form of Slack's own permalinks.
    pub(crate) fn permalink(&self, channel: &str, ts: &str, thread: Option<&str>) -> Option<String> {
        let base = Url::parse(self.url.as_deref()?)
            .ok()
            .filter(|url| url.scheme() == "https" || url.scheme() == "http")?;
        let message = format!("p{}", ts.replace('.', ""));
        let mut url = base.join("archives/").ok()?.join(&format!("{channel}/{message}")).ok()?;
        if let Some(thread) = thread {
            url.query_pairs_mut().append_pair("thread_ts", thread).append_pair("cid", channel);
        }
        Some(url.into())
    }
}

impl Api {
    /// Who we are. Slack is asked until it has answered once.
    pub(crate) async fn identity(&self, within: Call) -> Result<Identity, ServiceError> {
        let call = Call { operation: LOGIN, ..within };
        let fetch = self.get(call, "auth.test", &[]);
        self.identity.get_by(&self.client, call, |_| true, fetch).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(url: Option<&str>) -> Identity {
        let url = url.map(str::to_owned);
        Identity { user_id: "U1".to_owned(), user: None, team_id: None, bot_id: Some("B1".to_owned()), url }
    }

    #[test]
    fn a_message_is_ours_by_its_user_or_its_bot() {
        let ours = identity(None);
        assert!(
            ours.wrote(Some("U1"), None)
                && ours.wrote(None, Some("B1"))
                && ours.wrote(Some("U2"), Some("B1"))
        );
        assert!(!ours.wrote(Some("U2"), Some("B2")) && !ours.wrote(None, None));
        let botless = Identity { bot_id: None, ..ours };
        assert!(!botless.wrote(Some("U2"), None), "no bot is not our bot");
    }

    #[test]
    fn a_permalink_has_slacks_form() {
        let link = |url| identity(url).permalink("C1", "1700000000.000100", Some("1690000000.000200"));
        assert_eq!(
            link(Some("https://acme.slack.com/")).as_deref(),
            Some("https://acme.slack.com/archives/C1/p1700000000000100?thread_ts=1690000000.000200&cid=C1")
        );
        assert_eq!(link(Some("javascript:alert(1)")), None);
        assert_eq!(link(None), None);
    }
}
