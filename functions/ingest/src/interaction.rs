//! A click on a button of a message of ours, or a choice of its menu: from its verified payload to a decision, or to a
//! word about an answer.
//!
//! The decision is durable before the click is answered. What the person who clicked is to be told
//! besides is stored with the task and said by the processor, which holds the client; this crate holds
//! none. Nothing here is done by GET: a link that Slack or a proxy looks at decides nothing.

use std::collections::BTreeSet;

use domain::{
    Button, Click, ClickKind, Correction, DecideError, Decider, DecisionInput, Envelope, Label, Lane, Origin,
    PutNew, SPAM, Task, TaskId, Thumb, Timestamp, correct_once, decide, has_published, record_click,
};
use settings::{Intent, SlackApprovals};
use webhook::Interaction;

use crate::Ingest;
use crate::outcome::{Outcome, StorageError, Trail};

/// Bytes of a person's name in a decision.
const NAME_BYTES: usize = 80;

/// Who may decide, and where.
#[derive(Debug, Clone)]
pub(crate) struct Approvers {
    channel: String,
    accounts: BTreeSet<String>,
    team: Option<String>,
    /// The intents of agent.toml.
    intents: BTreeSet<String>,
}

impl Approvers {
    pub(crate) fn new(settings: &SlackApprovals, intents: &[Intent]) -> Self {
        let SlackApprovals { channel, approvers, team } = settings.clone();
        let intents = intents.iter().map(|intent| intent.name.clone()).collect();
        Self { channel, accounts: approvers, team, intents }
    }

    /// Whether this click counts: by an account of the list, in the channel where people are asked. A
    /// message that was made to look like ours elsewhere, by the same app, decides nothing.
    fn allow(&self, interaction: &Interaction) -> bool {
        self.accounts.contains(&interaction.user) && interaction.channel.as_deref() == Some(&*self.channel)
    }

    /// Whether the click comes from another workspace, where the same ids are other people and channels: one
    /// that is not the configured one, or, without it, not the one that the message was posted to.
    fn is_foreign(&self, interaction: &Interaction, posted_to: Option<&str>) -> bool {
        let ours = self.team.as_deref().or(posted_to);
        ours.is_some_and(|ours| ours != interaction.team)
    }
}

/// What the click is about.
struct Clicked<'a> {
    interaction: &'a Interaction,
    button: Button<'a>,
    task: TaskId,
    draft_hash: &'a str,
    at: Timestamp,
}

/// Takes a click in. `request` is unique to it.
pub(crate) async fn take(
    ingest: &Ingest,
    interaction: &Interaction,
    request: &TaskId,
    at: Timestamp,
    trail: &mut Trail,
) -> Result<Outcome, StorageError> {
    let Some(approvers) = &ingest.approvers else { return Ok(Outcome::Ignored("interaction")) };
    let mut actions = interaction.actions.iter();
    let read = actions.find_map(|action| Button::read(&action.id, action.value.as_deref()?));
    // A button that only leads to a page tells us of its use too.
    let Some((button, task, draft_hash)) = read else { return Ok(Outcome::Ignored("no_decision")) };
    trail.task_id = Some(task.clone());
    let clicked = Clicked { interaction, button, task, draft_hash, at };
    trail.step = "read the task";
    let posted_to = clicked.posted_to(ingest).await?;
    if !approvers.allow(interaction) || approvers.is_foreign(interaction, posted_to.as_deref()) {
        return clicked.turn_away(ingest, ClickKind::NotAllowed, "not_allowed", trail).await;
    }
    let input = match clicked.button {
        Button::Approve => DecisionInput::Approve { text: None, intent: None },
        Button::ApproveAs(intent) if !approvers.intents.contains(intent) => {
            return clicked.turn_away(ingest, ClickKind::UnknownIntent, "unknown_intent", trail).await;
        }
        Button::ApproveAs(intent) => DecisionInput::Approve { text: None, intent: Some(intent.to_owned()) },
        Button::Reject => DecisionInput::Reject { reason: None },
        Button::RejectSpam => DecisionInput::Reject { reason: Some(SPAM.to_owned()) },
        Button::Thumb(thumb) => return clicked.judge(ingest, thumb, request, trail).await,
    };
    trail.step = "decide";
    match clicked.decide(ingest, input, request).await {
        Ok(outcome) => Ok(outcome),
        Err(DecideError::OwnTask { .. }) => {
            clicked.turn_away(ingest, ClickKind::OwnTask, "own_task", trail).await
        }
        Err(DecideError::Unwritten(_)) => {
            clicked.turn_away(ingest, ClickKind::Unwritten, "unwritten", trail).await
        }
        Err(error) => match late(&error) {
            Some(reason) => clicked.turn_away(ingest, ClickKind::TooLate, reason, trail).await,
            None => Err(error.into()),
        },
    }
}

/// Why a decision came too late; `None` when something else is wrong with it.
fn late(error: &DecideError) -> Option<&'static str> {
    match error {
        DecideError::Unknown(_) => Some("unknown_task"),
        DecideError::Conflict { .. } => Some("already_decided"),
        DecideError::StaleDraft { .. } => Some("stale_draft"),
        DecideError::Expired { .. } => Some("expired"),
        DecideError::OwnTask { .. }
        | DecideError::EmptyText
        | DecideError::Unwritten(_)
        | DecideError::Store(_) => None,
    }
}

impl Clicked<'_> {
    async fn decide(
        &self,
        ingest: &Ingest,
        input: DecisionInput,
        request: &TaskId,
    ) -> Result<Outcome, DecideError> {
        let (name, from) = (name(self.interaction), self.origin());
        let decider = Decider { name: &name, request: request.as_str(), at: self.at, from: &from };
        let decided = decide(&ingest.stores, &self.task, input, self.draft_hash, decider).await?;
        telemetry::decided(&decided.task);
        if let Some(correction) = &decided.correction {
            told(ingest, &decided.task, correction);
        }
        if self.button == Button::RejectSpam {
            // The decision stands, whatever becomes of the label.
            match correct_once(&ingest.stores, &decided.task, &[Label::Spam(true)], decider).await {
                Ok(kept) => kept.iter().for_each(|correction| told(ingest, &decided.task, correction)),
                Err(problem) => {
                    tracing::warn!(task_id = %self.task, %problem, "the label \"spam\" could not be saved; mark the task again in the console");
                }
            }
        }
        if let Err(error) = decided.enqueued {
            tracing::warn!(task_id = %self.task, %error, "the task could not be enqueued; the sweeper wakes it");
        }
        Ok(Outcome::Decided(self.task.clone()))
    }

    /// Keeps what the person says of the published answer, and has them told so.
    async fn judge(
        &self,
        ingest: &Ingest,
        thumb: Thumb,
        request: &TaskId,
        trail: &mut Trail,
    ) -> Result<Outcome, StorageError> {
        trail.step = "keep the thumb";
        let (name, from) = (name(self.interaction), self.origin());
        let person = Decider { name: &name, request: request.as_str(), at: self.at, from: &from };
        let Some(task) = ingest.stores.tasks.get(&self.task).await? else {
            return Ok(Outcome::Ignored("unknown_task"));
        };
        match correct_once(&ingest.stores, &task, &[Label::Thumb(thumb)], person).await {
            Ok(kept) => {
                kept.iter().for_each(|correction| told(ingest, &task, correction));
                if let Err(problem) = self.keep(ingest, ClickKind::Judged).await {
                    tracing::warn!(task_id = %self.task, %problem, "the confirmation of a correction could not be sent");
                }
                Ok(Outcome::Decided(self.task.clone()))
            }
            Err(DecideError::Conflict { .. }) if has_published(&task) => {
                Ok(Outcome::Ignored("too_many_corrections"))
            }
            Err(DecideError::Conflict { .. }) => {
                self.turn_away(ingest, ClickKind::NotPublished, "not_published", trail).await
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The workspace that the message about the draft was posted to, once that is known.
    async fn posted_to(&self, ingest: &Ingest) -> Result<Option<String>, StorageError> {
        let task = ingest.stores.tasks.get(&self.task).await?;
        let notices = task.map(|task| task.doc.notices).unwrap_or_default();
        let mut ours = notices.iter().filter(|notice| notice.draft_hash == self.draft_hash);
        Ok(ours.find_map(|notice| notice.state.message()?.team.clone()))
    }

    /// Decides nothing: stores with the task who tried, and has the person told. The click does not fail if that
    /// cannot be stored: an error would invite another click.
    async fn turn_away(
        &self,
        ingest: &Ingest,
        kind: ClickKind,
        reason: &'static str,
        trail: &mut Trail,
    ) -> Result<Outcome, StorageError> {
        trail.step = "keep the click";
        tracing::warn!(
            task_id = %self.task, by = name(self.interaction), from = %self.origin(),
            draft_hash = domain::clip(self.draft_hash, 32), channel = self.interaction.channel, reason,
            "a click decided nothing"
        );
        if let Err(problem) = self.keep(ingest, kind).await {
            tracing::warn!(task_id = %self.task, %problem, "the person who clicked could not be told why");
        }
        Ok(Outcome::Ignored(reason))
    }

    async fn keep(&self, ingest: &Ingest, kind: ClickKind) -> Result<(), StorageError> {
        let stores = &ingest.stores;
        let Some(task) = stores.tasks.get(&self.task).await? else { return Ok(()) };
        let is_ours = task.doc.notices.iter().any(|notice| notice.draft_hash == self.draft_hash);
        if !is_ours {
            // Of a former round, which has no message any more, or of nobody.
            return Ok(());
        }
        let click = Click {
            team: self.interaction.team.clone(),
            user: self.interaction.user.clone(),
            kind,
            draft_hash: self.draft_hash.to_owned(),
            at: self.at,
        };
        if record_click(stores, &task, &click).await? == PutNew::Stored {
            let tenant = task.doc.tenant.clone();
            stores.queue.send(&Envelope { task_id: task.id, lane: Lane::Express, tenant }).await?;
        }
        Ok(())
    }

    fn origin(&self) -> Origin {
        Origin::Slack { team: self.interaction.team.clone(), user: self.interaction.user.clone() }
    }
}

/// Writes the line of the audit, and counts.
fn told(ingest: &Ingest, task: &Task, correction: &Correction) {
    telemetry::corrected(task, correction);
    ingest.metrics.corrected(correction.kind);
}

/// The name that a decision is recorded under: what people know, and the account that it stands on.
fn name(interaction: &Interaction) -> String {
    let known = interaction.user_name.as_deref().unwrap_or_default();
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let known: String = known.chars().filter(plain).collect();
    match domain::clip(&known, NAME_BYTES) {
        "" => interaction.user.clone(),
        known => format!("{known} ({})", interaction.user),
    }
}
