//! [`Account`]: whose comments are ours.

use domain::{ServiceError, ServiceFailure, Timestamp};
use outbound::{Call, Client, LOGIN, SingleFlight};

use crate::api::Api;
use crate::config::CredentialKind;
use crate::graphql;

/// The account that comments are written under, by GitHub's word. What people call the agent is no such word: believed, it
/// would show every comment of ours as somebody else's, to be written again.
#[derive(Debug, Clone)]
pub(crate) enum Account {
    /// It is called so.
    Named(String),
    /// GitHub does not say, for this reason.
    Untold(ServiceError),
}

/// What GitHub has said of our account in the last minute.
#[derive(Debug, Default)]
pub(crate) struct RecentAccount(SingleFlight<(Timestamp, Account)>);

impl RecentAccount {
    pub(crate) async fn get(&self, api: &Api, within: Call) -> Result<Account, ServiceError> {
        let call = Call { operation: LOGIN, ..within };
        Box::pin(self.0.get_recent(&api.client, call, Account::of(api, call))).await
    }
}

/// Whose a comment is that carries our mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Ours,
    AnothersCopy,
    Unknown,
}

impl Account {
    /// The account as of now: it may be renamed, and GitHub shows its comments under the new name.
    pub(crate) async fn of(api: &Api, within: Call) -> Result<Self, ServiceError> {
        let call = Call { operation: LOGIN, ..within };
        let untold = match api.login(call).await {
            Err(error) if error.failure == ServiceFailure::Refused && api.kind() == CredentialKind::Token => {
                error
            }
            told => return told.map(Self::Named),
        };
        // A token of an installation, such as that of GitHub Actions, belongs to no person; this question is open to it.
        match graphql::viewer(api, call).await {
            Err(error) if error.failure == ServiceFailure::Refused => Ok(Self::Untold(untold)),
            told => told.map(Self::Named),
        }
    }

    /// Whether comments of both bear the same name, as far as names are told.
    pub(crate) fn is_called_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Named(name), Self::Named(before)) => name == before,
            (Self::Untold(_), _) | (_, Self::Untold(_)) => true,
        }
    }

    /// The name.
    ///
    /// # Errors
    /// GitHub does not say it: [`ServiceFailure::Refused`].
    pub(crate) fn login(self) -> Result<String, ServiceError> {
        match self {
            Self::Named(login) => Ok(login),
            Self::Untold(error) => Err(error),
        }
    }

    /// The name to tell comments in a thread by. Without one, none of them counts as ours.
    pub(crate) fn of_history(self) -> String {
        self.login().unwrap_or_else(|error| {
            tracing::warn!(%error, "our own login is not known; no comment of the thread counts as ours");
            String::new()
        })
    }

    /// Anybody can paste a mark, who can work out the task's id from what was signed, or has seen it. So only our own
    /// account's counts, as far as that is known. Tokens whose account is not told are those of apps, which write as
    /// bots; and no stranger writes as a bot where they have installed none.
    fn whose(&self, author: &str, is_bot: bool) -> Whose {
        match self {
            Self::Named(login) if author.eq_ignore_ascii_case(login) => Whose::Ours,
            Self::Named(_) => Whose::AnothersCopy,
            Self::Untold(_) if is_bot => Whose::Ours,
            Self::Untold(_) => Whose::Unknown,
        }
    }
}

/// The search for our comment among those that carry its mark.
#[derive(Debug)]
pub(crate) struct Marked<'a> {
    account: &'a Account,
    /// Who has written one that may be ours.
    doubtful: Option<String>,
}

impl<'a> Marked<'a> {
    pub(crate) fn by(account: &'a Account) -> Self {
        Self { account, doubtful: None }
    }

    /// Whether a comment of `author` with our mark is certainly ours.
    pub(crate) fn is_ours(&mut self, author: &str, is_bot: bool) -> bool {
        let whose = self.account.whose(author, is_bot);
        if whose == Whose::Unknown {
            self.doubtful = Some(author.to_owned());
        }
        whose == Whose::Ours
    }

    /// What it means that none was: "not found" would have the comment written again.
    ///
    /// # Errors
    /// [`ServiceFailure::InDoubt`] if there is one that may be ours.
    pub(crate) fn none<T>(self, client: &Client, call: Call) -> Result<Option<T>, ServiceError> {
        let Some(author) = self.doubtful else { return Ok(None) };
        let message =
            format!("a comment by {author} has our mark, and GitHub does not say which account is ours");
        Err(client.error(call, ServiceFailure::InDoubt, message))
    }
}
