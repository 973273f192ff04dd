//! From GitHub's payload to [`Event`].

use domain::{Event, Happening, Target, ThreadState, Timestamp, clip};
use markdown::fenced;
use serde_json::{Map, Value};

use super::kind::Kind;
use super::wire::{Account, Payload, Subject, Words};
use crate::ParseError;
use crate::lenient::{Object, Scalar};
use crate::reading::{Facts, at_once, happening, hash, unreadable, word};

/// Owner and repository are at most so long each, so that the thread stays below 256 bytes.
const MAX_NAME_BYTES: usize = 100;
/// Bytes of the code that a review comment is about.
const MAX_HUNK_BYTES: usize = 4_000;

/// What a payload of one kind is about.
struct About<'p> {
    kind: Kind,
    action: &'p str,
    owner: &'p str,
    repo: &'p str,
    actor: &'p str,
    actor_is_bot: bool,
    is_archived: bool,
    subject: &'p Subject<'p>,
    /// What was said about it, if anything was.
    words: Option<&'p Words<'p>>,
}

pub(super) fn of(payload: &Payload<'_>, kind: Kind) -> Result<Event, ParseError> {
    let about = About::of(payload, kind)?;
    let text = about.words.map_or(&about.subject.body, |words| &words.body);
    let (tenant, thread) = (format!("{}/{}", about.owner, about.repo), about.thread()?);
    let comment_id = about.words.map(|words| words.id.number().ok_or_else(|| lacks(about.words_id())));
    Ok(Event {
        actor_is_bot: about.actor_is_bot,
        title: about.title(),
        text: text.text().unwrap_or_default().to_owned(),
        opening: about.opening(),
        labels: labels(about.subject),
        comment_id: comment_id.transpose()?.map(|id| id.to_string()),
        unlisted: matches!(kind, Kind::Review | Kind::ReviewComment),
        thread_state: about.state(),
        is_closed_place: payload.repository.get().is_some_and(|repository| repository.private.0),
        occurred_at: about.occurred_at(),
        happening: about.happening(payload),
        link: about.link(),
        target: about.target()?,
        metadata: about.metadata(payload),
        ..Event::new(
            format!("{}.{}", kind.name(), about.action),
            tenant,
            thread,
            clip(about.actor, MAX_NAME_BYTES),
        )
    })
}

impl<'p> About<'p> {
    fn of(payload: &'p Payload<'p>, kind: Kind) -> Result<Self, ParseError> {
        let subject = match kind {
            Kind::Issues | Kind::IssueComment => &payload.issue,
            Kind::PullRequest | Kind::Review | Kind::ReviewComment => &payload.pull_request,
            Kind::Discussion | Kind::DiscussionComment => &payload.discussion,
            Kind::Release | Kind::WorkflowRun => &payload.release,
        };
        let words = match kind {
            Kind::IssueComment | Kind::ReviewComment | Kind::DiscussionComment => payload.comment.get(),
            Kind::Review => payload.review.get(),
            Kind::Issues | Kind::PullRequest | Kind::Discussion | Kind::Release | Kind::WorkflowRun => None,
        };
        let (owner, repo) = repository(payload).ok_or_else(|| lacks("repository.full_name"))?;
        let (actor, actor_is_bot) = actor(payload).ok_or_else(|| lacks("sender.login"))?;
        Ok(Self {
            kind,
            action: payload.action.text().and_then(word).ok_or_else(|| lacks("action"))?,
            owner,
            repo,
            actor,
            actor_is_bot,
            is_archived: payload.repository.get().is_some_and(|repository| repository.archived.0),
            subject: subject.get().ok_or_else(|| lacks(kind.object()))?,
            words,
        })
    }

    fn number(&self) -> Result<u64, ParseError> {
        let number = self.subject.number.number().filter(|number| *number > 0);
        number.ok_or_else(|| lacks(&format!("{}.number", self.kind.object())))
    }

    fn words_id(&self) -> &'static str {
        if self.kind == Kind::Review { "review.id" } else { "comment.id" }
    }

    /// The conversation: an issue or pull request, one of the threads of its reviews, a discussion.
    fn thread(&self) -> Result<String, ParseError> {
        let tenant = format!("{}/{}", self.owner, self.repo);
        Ok(match self.kind {
            Kind::Issues | Kind::IssueComment | Kind::PullRequest | Kind::Review => {
                format!("{tenant}#{}", self.number()?)
            }
            Kind::ReviewComment => {
                format!("{tenant}#{}/r{}", self.number()?, self.root().ok_or_else(|| lacks("comment.id"))?)
            }
            Kind::Discussion | Kind::DiscussionComment => format!("{tenant}/discussions/{}", self.number()?),
            Kind::Release | Kind::WorkflowRun => {
                let id = self.subject.id.number().ok_or_else(|| lacks("release.id"))?;
                format!("{tenant}/releases/{id}")
            }
        })
    }

    /// The comment that the thread of a review began with.
    fn root(&self) -> Option<u64> {
        self.words.and_then(|words| words.in_reply_to_id.number().or(words.id.number()))
    }

    fn target(&self) -> Result<Option<Target>, ParseError> {
        let (owner, repo) = (self.owner.to_owned(), self.repo.to_owned());
        Ok(match self.kind {
            Kind::Release | Kind::WorkflowRun => None,
            Kind::Discussion | Kind::DiscussionComment => {
                let number = self.number()?;
                let id = node(&self.subject.node_id).ok_or_else(|| lacks("discussion.node_id"))?;
                let reply_to = self.words.and_then(|words| node(&words.node_id));
                Some(Target::GithubDiscussion { owner, repo, number, id, reply_to })
            }
            Kind::ReviewComment => {
                let comment = self.root().ok_or_else(|| lacks("comment.id"))?;
                Some(Target::GithubReview { owner, repo, number: self.number()?, comment })
            }
            _ => Some(Target::GithubIssue { owner, repo, number: self.number()? }),
        })
    }

    fn title(&self) -> Option<String> {
        let subject = self.subject;
        let named = subject.title.text().or(subject.name.text()).filter(|title| !title.trim().is_empty());
        named.or(subject.tag_name.text()).map(str::to_owned)
    }

    /// What the thread began with; for a review comment the code that it is about comes first.
    fn opening(&self) -> Option<String> {
        let words = self.words?;
        let body = self.subject.body.text().map(str::to_owned);
        let Some(hunk) = words.diff_hunk.text() else { return body };
        let place = match (words.path.text(), words.line.number()) {
            (Some(path), Some(line)) => format!("{path}, line {line}:\n"),
            (Some(path), None) => format!("{path}:\n"),
            _ => String::new(),
        };
        // The end of a hunk is what the comment stands below.
        let code = last_bytes(hunk, MAX_HUNK_BYTES);
        let code = format!("{place}{}", fenced("diff", code));
        Some(body.map_or_else(|| code.clone(), |body| format!("{code}\n\n{body}")))
    }

    /// Nobody can comment in an archived repository.
    fn state(&self) -> ThreadState {
        match (self.subject.locked.0 || self.is_archived, self.subject.state.text()) {
            (true, _) => ThreadState::Locked,
            (false, Some("closed")) => ThreadState::Closed,
            (false, _) => ThreadState::Open,
        }
    }

    /// When it happened: the creation for what was just created; for everything else the latest change
    /// that the payload knows of, since no payload dates the action itself.
    fn occurred_at(&self) -> Option<Timestamp> {
        let created = self.words.map_or(&self.subject.created_at, |words| match self.kind {
            Kind::Review => &words.submitted_at,
            _ => &words.created_at,
        });
        match self.action {
            "opened" | "created" | "submitted" => return date(created),
            "published" => return date(&self.subject.published_at).or_else(|| date(created)),
            _ => {}
        }
        let changed = self.words.map(|words| &words.updated_at);
        let dates = [Some(created), changed, Some(&self.subject.updated_at)];
        dates.into_iter().flatten().filter_map(date).max()
    }

    /// A hook of the repository, one of its organisation and an app report the same in bodies of their own.
    /// The text tells two edits of one second apart, and what was changed two changes of one kind. What the author says of
    /// an issue in the moment of its opening (its labels, its milestone) is reported besides, and is a part of that.
    fn happening(&self, payload: &Payload<'_>) -> Option<Happening> {
        let text = self.words.map_or(&self.subject.body, |words| &words.body);
        let id = self.words.map_or(&self.subject.id, |words| &words.id).number().map(|id| id.to_string());
        let thread = self.thread().ok();
        let opened = self.opening_action().filter(|opening| *opening == self.action || self.is_opened_with());
        let (action, at, changed) = match opened {
            Some(opening) => (opening, date(&self.subject.created_at), String::new()),
            None => (self.action, self.occurred_at(), self.changed(payload)),
        };
        happening([
            Some(self.kind.name()),
            Some(action),
            thread.as_deref(),
            Some(id.as_deref().unwrap_or_default()),
            Some(self.actor),
            at.map(|at| at.to_string()).as_deref(),
            Some(&changed),
            Some(&hash(text.text().unwrap_or_default().as_bytes())),
        ])
    }

    /// What the beginning of such a thread is called.
    fn opening_action(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Issues | Kind::PullRequest => Some("opened"),
            Kind::Discussion => Some("created"),
            _ => None,
        }
    }

    fn is_opened_with(&self) -> bool {
        matches!(self.action, "assigned" | "labeled" | "milestoned" | "typed")
            && self.subject.user.get().and_then(login) == Some(self.actor)
            && at_once(date(&self.subject.created_at), date(&self.subject.updated_at))
    }

    /// What was given, taken, asked for, pushed or edited: GitHub reports each by itself, at one moment.
    fn changed(&self, payload: &Payload<'_>) -> String {
        let subject = self.subject;
        let of = |action: &str, fact| if self.action == action { fact } else { None };
        let pushed = payload.after.text().or(subject.head.get().and_then(|head| head.sha.text()));
        let category = subject.category.get().and_then(|category| category.name.text());
        let answer = payload.answer.get().or(payload.old_answer.get());
        let facts = [
            payload.label.get().and_then(|label| label.name.text()),
            payload.assignee.get().and_then(login),
            payload.requested_reviewer.get().and_then(login),
            payload.requested_team.get().and_then(|team| team.slug.text()),
            payload.milestone.get().and_then(|milestone| milestone.title.text()),
            payload.issue_type.get().and_then(|kind| kind.name.text()),
            of("synchronize", pushed),
            of("edited", subject.title.text().or(subject.name.text())),
            of("edited", subject.base.get().and_then(|base| base.name.text())),
            of("category_changed", category),
            of("answered", subject.answer_chosen_at.text()),
            answer.and_then(|answer| answer.node_id.text()),
        ];
        facts.map(Option::unwrap_or_default).join("\u{1}")
    }

    fn link(&self) -> Option<String> {
        let words = self.words.and_then(|words| words.html_url.text());
        words.or(self.subject.html_url.text()).map(str::to_owned)
    }

    fn metadata(&self, payload: &Payload<'_>) -> Map<String, Value> {
        let (subject, words) = (self.subject, self.words);
        let author = |user: &'p Object<Account<'p>>| user.get().and_then(login);
        let association = words.map_or(&subject.author_association, |words| &words.author_association);
        let installation = payload.installation.get().and_then(|installation| installation.id.number());
        let facts = Facts::default()
            .text("author_association", association.text())
            .text("comment_author", words.and_then(|words| author(&words.user)))
            .text("state", subject.state.text())
            .text("label", payload.label.get().and_then(|label| label.name.text()))
            .number("installation_id", installation);
        match self.kind {
            Kind::Issues | Kind::IssueComment => facts
                .text("issue_author", author(&subject.user))
                .flag("is_pull_request", Some(subject.pull_request.is_there())),
            Kind::PullRequest | Kind::Review | Kind::ReviewComment => self.pull_request(facts),
            Kind::Discussion | Kind::DiscussionComment => facts
                .text("issue_author", author(&subject.user))
                .text("category", subject.category.get().and_then(|category| category.name.text())),
            Kind::Release | Kind::WorkflowRun => {
                facts.text("tag", subject.tag_name.text()).flag("prerelease", Some(subject.prerelease.0))
            }
        }
        .done()
    }

    fn pull_request(&self, facts: Facts) -> Facts {
        let subject = self.subject;
        let (head, base) = (subject.head.get(), subject.base.get());
        facts
            .text("issue_author", subject.user.get().and_then(login))
            .flag("is_pull_request", Some(true))
            .flag("draft", Some(subject.draft.0))
            .text("head", head.and_then(|head| head.name.text()))
            .text("head_sha", head.and_then(|head| head.sha.text()))
            .text("base", base.and_then(|base| base.name.text()))
            .text("review", self.words.and_then(|words| words.state.text()))
            .text("path", self.words.and_then(|words| words.path.text()))
            .number("review_thread", self.root().filter(|_| self.kind == Kind::ReviewComment))
    }
}

/// Owner and repository. They become part of a URL that our credentials are sent to, so nothing
/// passes that could mean another path there: no further slash, no dots alone, no escapes.
pub(super) fn repository<'p>(payload: &'p Payload<'_>) -> Option<(&'p str, &'p str)> {
    let (owner, repo) = payload.repository.get()?.full_name.text()?.split_once('/')?;
    let fits = |name: &str| (1..=MAX_NAME_BYTES).contains(&name.len());
    let owner_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let repo_byte = |byte: u8| owner_byte(byte) || byte == b'.';
    let sound = fits(owner)
        && fits(repo)
        && owner.bytes().all(owner_byte)
        && repo.bytes().all(repo_byte)
        && repo != "."
        && repo != "..";
    sound.then_some((owner, repo))
}

/// Who did it, and whether that is a machine: apps have the type `Bot` and a login that nobody can register,
/// since it ends in `[bot]`.
pub(super) fn actor<'p>(payload: &'p Payload<'_>) -> Option<(&'p str, bool)> {
    let sender = payload.sender.get()?;
    let login = login(sender)?;
    Some((login, sender.kind.text() == Some("Bot") || login.ends_with("[bot]")))
}

fn login<'p>(account: &'p Account<'_>) -> Option<&'p str> {
    account.login.text().filter(|login| !login.is_empty())
}

/// An id of GraphQL. It becomes part of a request that our credentials travel with.
fn node(id: &Scalar<'_>) -> Option<String> {
    let byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=".contains(&byte);
    let id = id.text().filter(|id| (1..=MAX_NAME_BYTES).contains(&id.len()) && id.bytes().all(byte));
    id.map(str::to_owned)
}

fn labels(subject: &Subject<'_>) -> Vec<String> {
    let names = subject.labels.0.iter().filter_map(|label| label.get()?.name.text());
    names.map(str::to_owned).collect()
}

pub(super) fn date(field: &Scalar<'_>) -> Option<Timestamp> {
    field.text()?.parse().ok()
}

/// The end of `text`, of whole lines where it is cut.
fn last_bytes(text: &str, most: usize) -> &str {
    let Some(mut start) = text.len().checked_sub(most).filter(|start| *start > 0) else { return text };
    while !text.is_char_boundary(start) {
        start += 1;
    }
    let end = &text[start..];
    end.split_once('\n').map_or(end, |(_, lines)| lines)
}

pub(super) fn lacks(field: &str) -> ParseError {
    unreadable(&format!("`{field}` is missing or not what GitHub documents"))
}
