//! [`Notes`]: what a service keeps whose threads are lists of plain texts. Each service adds its [`Words`].
//!
//! Every thread exists, since it may have come by a sample event, and is open until a test closes it.

use std::collections::BTreeMap;
use std::io;
use std::marker::PhantomData;

use domain::{ThreadState, Timestamp};
use maud::{Markup, html};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Call, Kept, Reply, Standin, State, Voice, article, index};

/// The account behind every credential.
pub(crate) const ACCOUNT: &str = "afterhook";

/// The notes of all threads.
#[derive(Debug)]
pub struct Notes<W> {
    notes: Vec<Note>,
    /// Of the threads that are not open. Lasts as long as the process.
    states: BTreeMap<String, ThreadState>,
    words: PhantomData<fn(W)>,
}

/// A note of a thread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// Its id.
    pub id: String,
    /// The thread that it is in, as the service names it.
    pub thread: String,
    /// The account that wrote it.
    pub author: String,
    /// What it says.
    pub text: String,
    /// Whether the staff alone can see it.
    pub internal: bool,
    /// The discussion within the thread that it stands in, where there are such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discussion: Option<String>,
    /// When it was written, in milliseconds since 1970.
    pub at: i64,
    /// What else the service keeps of it, as it was sent.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub extra: Value,
}

impl Note {
    /// Whether our account wrote it.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.author == ACCOUNT
    }

    /// Its author, as services embed it.
    pub(crate) fn account(&self) -> Value {
        json!({"id": self.author, "name": self.author})
    }

    /// As services write times.
    pub(crate) fn time(&self) -> String {
        self.written().to_string()
    }

    /// When it was written.
    pub(crate) fn written(&self) -> Timestamp {
        Timestamp::from_millisecond(self.at).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// Answers a request of the API at a time. An error is a refusal.
pub(crate) type Handler<W> = fn(&mut Kept<Notes<W>>, &Call, Timestamp) -> Result<Reply, Reply>;

/// What is particular about one service: its routes and its words.
pub trait Words: Voice + Sized + Send + 'static {
    /// Its name on its pages.
    const TITLE: &'static str;
    /// What stands before the names of threads in the paths of their pages.
    const PAGE: &'static str;
    /// What stands before the paths of its API; the log leaves it out.
    const PREFIX: &'static str = "";
    /// What the paths of its API begin with.
    const API: &'static [&'static str];

    /// The thread whose page is at this path.
    fn thread_at(path: &str, _notes: &Notes<Self>) -> Option<String> {
        path.strip_prefix(Self::PAGE).map(str::to_owned)
    }

    /// What answers a request of the API: its table (`rest`), or a function of its own.
    const HANDLER: Handler<Self>;

    /// Whether a request of the API changes something.
    fn writes(call: &Call) -> bool {
        call.method != http::Method::GET
    }

    /// The id of the next note.
    fn id(notes: &Notes<Self>, _now: Timestamp) -> String {
        (1_000 + notes.notes.len()).to_string()
    }
}

impl<W: Words> State for Notes<W> {
    type Voice = W;
    type Change = Note;
    const TITLE: &'static str = W::TITLE;
    const PREFIX: &'static str = W::PREFIX;

    /// A note that is there already is changed.
    fn apply(&mut self, note: Note) {
        let is_it = |known: &&mut Note| (&known.id, &known.thread) == (&note.id, &note.thread);
        match self.notes.iter_mut().find(is_it) {
            Some(known) => *known = note,
            None => self.notes.push(note),
        }
    }

    fn is_api(call: &Call) -> bool {
        W::API.iter().any(|beginning| call.path.starts_with(beginning))
    }

    fn writes(call: &Call) -> bool {
        W::writes(call)
    }

    fn answer(kept: &mut Kept<Self>, call: &Call, now: Timestamp) -> Result<Reply, Reply> {
        W::HANDLER(kept, call, now)
    }

    fn page(&self, segments: &[&str]) -> Option<(String, Markup)> {
        let path = segments.join("/");
        if path.is_empty() {
            let threads: BTreeMap<&str, ()> = self.notes.iter().map(|note| (&*note.thread, ())).collect();
            let row = |(thread, ()): (&str, ())| (format!("{}{thread}", W::PAGE), thread.to_owned());
            return Some(index("Threads", threads.into_iter().map(row)));
        }
        let thread = W::thread_at(&format!("/{path}"), self)?;
        let notes = self.of(&thread).map(|note| {
            let whose = if note.internal { " (internal)" } else { "" };
            article(&note.id, &format!("{}{whose}", note.author), &note.time(), &note.text)
        });
        let body = html! { h1 { (thread) } @for note in notes { (note) } };
        Some((thread, body))
    }
}

impl<W: Words> Notes<W> {
    pub(crate) fn all(&self) -> impl Iterator<Item = &Note> {
        self.notes.iter()
    }

    /// The notes of a thread, oldest first.
    pub(crate) fn of(&self, thread: &str) -> impl DoubleEndedIterator<Item = &Note> {
        self.notes.iter().filter(move |note| note.thread == thread)
    }

    /// `size` notes of a thread behind the first `start`, the `newest` or the oldest first; and whether there are more.
    pub(crate) fn page(&self, thread: &str, newest: bool, start: usize, size: usize) -> (Vec<&Note>, bool) {
        let mut all: Vec<&Note> = self.of(thread).collect();
        if newest {
            all.reverse();
        }
        let more = start.saturating_add(size) < all.len();
        (all.into_iter().skip(start).take(size).collect(), more)
    }

    /// The name of the thread with notes that ends so.
    pub(crate) fn ending(&self, end: &str) -> Option<String> {
        self.notes.iter().map(|note| &note.thread).find(|thread| thread.ends_with(end)).cloned()
    }

    pub(crate) fn with_id(&self, id: &str) -> Option<&Note> {
        self.notes.iter().find(|note| note.id == id)
    }

    pub(crate) fn state(&self, thread: &str) -> ThreadState {
        self.states.get(thread).copied().unwrap_or_default()
    }

    /// The next note, by our account.
    pub(crate) fn ours(&self, thread: &str, text: &str, now: Timestamp) -> Note {
        let (id, author) = (W::id(self, now), ACCOUNT.to_owned());
        let at = now.as_millisecond();
        let (thread, text) = (thread.to_owned(), text.to_owned());
        Note { id, thread, author, text, internal: false, discussion: None, at, extra: Value::Null }
    }
}

impl<W> Default for Notes<W> {
    fn default() -> Self {
        Self { notes: Vec::new(), states: BTreeMap::new(), words: PhantomData }
    }
}

impl<W: Words> Standin<Notes<W>> {
    /// Adds a note of another account, now. The error is the journal's.
    pub fn seed_note(&self, thread: &str, author: &str, text: &str) -> io::Result<()> {
        let now = self.now();
        self.with(|kept| kept.change(Note { author: author.to_owned(), ..kept.ours(thread, text, now) }))
    }

    /// Puts a thread into this state. Lasts as long as the process.
    pub fn set_state(&self, thread: &str, state: ThreadState) {
        self.with(|kept| kept.states.insert(thread.to_owned(), state));
    }

    /// The notes of a thread, oldest first.
    #[must_use]
    pub fn notes(&self, thread: &str) -> Vec<Note> {
        self.with(|kept| kept.of(thread).cloned().collect())
    }
}
