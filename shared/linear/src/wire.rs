//! Answers as the API has them.

use domain::Timestamp;
use serde::Deserialize;

/// An answer without errors.
#[derive(Debug, Deserialize)]
pub(crate) struct GraphqlAnswer<T> {
    pub(crate) data: T,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Viewer {
    pub(crate) viewer: Account,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
}

/// What `commentCreate` answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Created {
    pub(crate) comment_create: Payload,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Payload {
    pub(crate) success: bool,
    pub(crate) comment: Option<Made>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Made {
    pub(crate) id: String,
    pub(crate) url: Option<String>,
}

/// What `comment` answers; nothing where the API says `null` for what is not there.
#[derive(Debug, Deserialize)]
pub(crate) struct Found {
    pub(crate) comment: Option<WireComment>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct IssueComments {
    pub(crate) issue: WithComments,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WithComments {
    pub(crate) comments: Connection,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Connection {
    pub(crate) nodes: Vec<WireComment>,
    #[serde(default)]
    page_info: PageInfo,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    #[serde(default)]
    has_next_page: bool,
    end_cursor: Option<String>,
}

impl Connection {
    /// Where the next page begins; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<String> {
        self.page_info.end_cursor.take().filter(|_| self.page_info.has_next_page)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireComment {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) body: String,
    pub(crate) created_at: Timestamp,
    pub(crate) url: Option<String>,
    user: Option<Author>,
    /// Who wrote it, if an application did.
    bot_actor: Option<Author>,
    /// The first comment of the thread that it is a reply in.
    parent: Option<Account>,
}

#[derive(Debug, Deserialize)]
struct Author {
    id: Option<String>,
    name: Option<String>,
}

impl WireComment {
    /// Whether it is the comment called `parent`, or a reply to it.
    pub(crate) fn is_in_thread_of(&self, parent: &str) -> bool {
        self.id == parent || self.parent.as_ref().is_some_and(|it| it.id == parent)
    }

    pub(crate) fn is_by(&self, account: &str) -> bool {
        let id = |author: &Option<Author>| author.as_ref().and_then(|author| author.id.clone());
        id(&self.user).or_else(|| id(&self.bot_actor)).as_deref() == Some(account)
    }

    /// The author's name.
    pub(crate) fn author(&mut self) -> String {
        let author = self.user.take().or_else(|| self.bot_actor.take());
        author.and_then(|author| author.name.or(author.id)).unwrap_or_else(|| "unknown".to_owned())
    }
}
