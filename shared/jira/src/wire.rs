//! Comments as the API has them.

use domain::{Audience, Mark, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

/// Key of the property that proves our comments.
const PROPERTY: &str = "afterhook";
/// Key of the property by which a service desk knows who sees a comment; `jsdPublic` is known to be wrong at times.
const PUBLIC: &str = "sd.public.comment";

#[derive(Debug, Serialize)]
pub(crate) struct NewComment {
    /// A document in Atlassian's format.
    body: Value,
    properties: Vec<Property>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Property {
    #[serde(default)]
    key: String,
    #[serde(default)]
    value: Value,
}

impl NewComment {
    pub(crate) fn new(body: Value, mark: &Mark, audience: Audience) -> Self {
        let mut properties = vec![Property { key: PROPERTY.to_owned(), value: proof_of(mark) }];
        if audience != Audience::Public {
            properties.push(Property { key: PUBLIC.to_owned(), value: json!({"internal": true}) });
        }
        Self { body, properties }
    }
}

fn proof_of(mark: &Mark) -> Value {
    json!({"task_id": mark.task_id, "effect": mark.effect})
}

#[derive(Debug, Deserialize)]
pub(crate) struct Created {
    pub(crate) id: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct CommentsPage {
    pub(crate) comments: Vec<WireComment>,
    #[serde(rename = "startAt", default)]
    start_at: usize,
    #[serde(default)]
    total: usize,
}

impl CommentsPage {
    /// Where the next page begins; `None` at the end.
    pub(crate) fn next(&self) -> Option<usize> {
        let next = self.start_at + self.comments.len();
        (next < self.total && !self.comments.is_empty()).then_some(next)
    }
}

/// The answer of `POST /comment/list`.
#[derive(Debug, Deserialize)]
pub(crate) struct ByIds {
    #[serde(default)]
    pub(crate) values: Vec<WireComment>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WireComment {
    pub(crate) id: String,
    author: Option<Author>,
    #[serde(default)]
    pub(crate) body: Value,
    #[serde(deserialize_with = "time")]
    pub(crate) created: Timestamp,
    /// The role or group that may read it; everybody may if there is none.
    visibility: Option<Value>,
    /// On a service desk: whether the customer sees it.
    #[serde(rename = "jsdPublic")]
    jsd_public: Option<bool>,
    /// `None` if Jira did not give them.
    properties: Option<Vec<Property>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Author {
    account_id: Option<String>,
    display_name: Option<String>,
}

impl WireComment {
    pub(crate) fn is_by(&self, account: &str) -> bool {
        self.author.as_ref().and_then(|author| author.account_id.as_deref()) == Some(account)
    }

    /// Whether it says which properties it has.
    pub(crate) fn tells_properties(&self) -> bool {
        self.properties.is_some()
    }

    /// The same with its properties, if it stands among `others`.
    pub(crate) fn with(mut self, others: &[Self]) -> Self {
        if let Some(known) = others.iter().find(|other| other.id == self.id) {
            self.properties.clone_from(&known.properties);
        }
        self
    }

    /// Whether it is the comment with `mark`.
    pub(crate) fn carries(&self, mark: &Mark) -> bool {
        let ours = |property: &Property| property.key == PROPERTY && property.value == proof_of(mark);
        self.properties.as_ref().is_some_and(|properties| properties.iter().any(ours))
    }

    /// Who can read it.
    pub(crate) fn audience(&self) -> Audience {
        if self.visibility.as_ref().is_some_and(|visibility| !visibility.is_null()) {
            Audience::Restricted
        } else if self.jsd_public == Some(false) || self.is_marked_internal() {
            Audience::Internal
        } else {
            Audience::Public
        }
    }

    fn is_marked_internal(&self) -> bool {
        let internal =
            |property: &Property| property.key == PUBLIC && property.value["internal"] == json!(true);
        self.properties.as_ref().is_some_and(|properties| properties.iter().any(internal))
    }

    /// The author's name.
    pub(crate) fn author(&mut self) -> String {
        let author = self.author.take();
        author
            .and_then(|author| author.display_name.or(author.account_id))
            .unwrap_or_else(|| "anonymous".to_owned())
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Myself {
    pub(crate) account_id: String,
    pub(crate) display_name: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct MyPermissions {
    permissions: Permissions,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
struct Permissions {
    browse_projects: Permission,
    add_comments: Permission,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Permission {
    have_permission: bool,
}

impl MyPermissions {
    /// Whether that is enough to comment, in words.
    pub(crate) fn to_comment(&self) -> Result<String, String> {
        let Permissions { browse_projects, add_comments } = &self.permissions;
        let asked = [("Browse Projects", browse_projects), ("Add Comments", add_comments)];
        let lacks = asked.iter().filter(|(_, may)| !may.have_permission).map(|(name, _)| *name);
        let lacks = lacks.collect::<Vec<_>>().join(" and ");
        if lacks.is_empty() {
            Ok("the account may browse and comment in a project at least".to_owned())
        } else {
            Err(format!("the account has {lacks} in no project"))
        }
    }
}

/// Jira writes `2026-01-02T03:04:05.678+0000`: an offset without a colon.
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    read_time(&text).ok_or_else(|| serde::de::Error::custom("no time"))
}

fn read_time(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    let (day, minutes) = text.split_at_checked(text.len().checked_sub(2)?)?;
    format!("{day}:{minutes}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_and_without_a_colon_in_their_offset() {
        for text in
            ["2026-01-02T05:04:05.678+0200", "2026-01-02T05:04:05.678+02:00", "2026-01-02T03:04:05.678Z"]
        {
            assert_eq!(read_time(text).unwrap().to_string(), "2026-01-02T03:04:05.678Z");
        }
        for bad in ["", "x", "2026-01-02", "é"] {
            assert_eq!(read_time(bad), None, "{bad}");
        }
    }
}
