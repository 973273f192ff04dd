//! [`Store`]: issues with their comments and labels, in memory and, if there is one, in the journal.

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::journal::{Change, Journal};

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredComment {
    /// Its id, rising with time.
    pub id: u64,
    /// Who wrote it.
    pub login: String,
    /// What it says.
    pub body: String,
    /// When, to the second.
    pub created_at: Timestamp,
}

/// What an issue lets others do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IssueState {
    /// Everything.
    #[default]
    Open,
    /// It is closed, and takes comments all the same.
    Closed,
    /// It takes no comments: 403.
    Locked,
    /// It was deleted: 410.
    Gone,
    /// It never was, or is hidden from us: 404.
    Missing,
}

/// An issue.
#[derive(Debug, Clone, Default)]
pub(super) struct Thread {
    /// Owner and repository as they were first written.
    pub(super) owner: String,
    pub(super) repo: String,
    /// Who opened it.
    pub(super) author: String,
    /// Its title; empty if nobody told us.
    pub(super) title: String,
    /// Its text.
    pub(super) body: String,
    /// Oldest first.
    pub(super) comments: Vec<StoredComment>,
    /// In the order in which they were added.
    pub(super) labels: Vec<String>,
    /// What it lets others do.
    pub(super) state: IssueState,
}

/// Owner and repository in lower case (GitHub does not tell cases apart), and the number.
pub(super) type Key = (String, String, u64);

/// All issues that anything happened to.
#[derive(Debug)]
pub(super) struct Store {
    threads: BTreeMap<Key, Thread>,
    last_id: u64,
    journal: Option<Journal>,
}

impl Store {
    /// An empty store in memory.
    pub(super) fn in_memory() -> Self {
        Self { threads: BTreeMap::new(), last_id: 3_100_000_000, journal: None }
    }

    /// The store of a journal.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let (journal, changes) = Journal::open(path)?;
        let mut store = Self::in_memory();
        changes.into_iter().for_each(|change| store.apply(change));
        store.journal = Some(journal);
        Ok(store)
    }

    /// An issue that something happened to.
    pub(super) fn thread(&self, owner: &str, repo: &str, number: u64) -> Option<&Thread> {
        self.threads.get(&key(owner, repo, number))
    }

    /// All issues that something happened to.
    pub(super) fn threads(&self) -> impl Iterator<Item = (&Key, &Thread)> {
        self.threads.iter()
    }

    /// A comment by its id.
    pub(super) fn find_comment(&self, id: u64) -> Option<(&Key, &StoredComment)> {
        self.threads.iter().find_map(|(key, t)| Some((key, t.comments.iter().find(|c| c.id == id)?)))
    }

    /// Adds a comment.
    pub(super) fn comment(
        &mut self,
        owner: &str,
        repo: &str,
        number: u64,
        login: &str,
        body: &str,
        now: Timestamp,
    ) -> io::Result<StoredComment> {
        let comment = StoredComment {
            id: self.last_id + 1,
            login: login.to_owned(),
            body: body.to_owned(),
            created_at: Timestamp::from_second(now.as_second()).unwrap_or(now),
        };
        self.change(Change::Comment {
            owner: owner.to_owned(),
            repo: repo.to_owned(),
            number,
            comment: comment.clone(),
        })?;
        Ok(comment)
    }

    /// Gives an issue these labels.
    pub(super) fn set_labels(
        &mut self,
        owner: &str,
        repo: &str,
        number: u64,
        labels: Vec<String>,
    ) -> io::Result<()> {
        self.change(Change::Labels { owner: owner.to_owned(), repo: repo.to_owned(), number, labels })
    }

    /// Gives an issue its title, text and author.
    pub(super) fn describe_issue(
        &mut self,
        owner: &str,
        repo: &str,
        number: u64,
        author: &str,
        title: &str,
        body: &str,
    ) -> io::Result<()> {
        let thread = self.thread(owner, repo, number);
        if thread.is_some_and(|t| t.author == author && t.title == title && t.body == body) {
            return Ok(());
        }
        self.change(Change::Issue {
            owner: owner.to_owned(),
            repo: repo.to_owned(),
            number,
            author: author.to_owned(),
            title: title.to_owned(),
            body: body.to_owned(),
        })
    }

    /// Sets what an issue lets others do.
    pub(super) fn set_state(&mut self, owner: &str, repo: &str, number: u64, state: IssueState) {
        self.entry(owner, repo, number).state = state;
    }

    /// The journal first: what memory shows is always in the file.
    fn change(&mut self, change: Change) -> io::Result<()> {
        if let Some(journal) = &mut self.journal {
            journal.append(&change)?;
        }
        self.apply(change);
        Ok(())
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Comment { owner, repo, number, comment } => {
                self.last_id = self.last_id.max(comment.id);
                self.entry(&owner, &repo, number).comments.push(comment);
            }
            Change::Labels { owner, repo, number, labels } => {
                self.entry(&owner, &repo, number).labels = labels;
            }
            Change::Issue { owner, repo, number, author, title, body } => {
                let thread = self.entry(&owner, &repo, number);
                (thread.author, thread.title, thread.body) = (author, title, body);
            }
        }
    }

    fn entry(&mut self, owner: &str, repo: &str, number: u64) -> &mut Thread {
        let fresh = || Thread { owner: owner.to_owned(), repo: repo.to_owned(), ..Thread::default() };
        self.threads.entry(key(owner, repo, number)).or_insert_with(fresh)
    }
}

fn key(owner: &str, repo: &str, number: u64) -> Key {
    (owner.to_lowercase(), repo.to_lowercase(), number)
}
