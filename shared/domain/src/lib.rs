//! Types and ports of Afterhook: what a task is, which moves it may make, and the traits that the
//! outside world is reached through.
//!
//! Nothing here knows AWS, HTTP or an async runtime. Time and randomness are passed in
//! ([`Clock`], `now` parameters), so the same code runs under virtual time.

mod approver;
mod blob;
mod circumstance;
mod click;
mod clock;
mod correction;
mod currency;
mod daily_stats;
mod damage;
mod decide;
mod decision_proof;
mod deliver_notices;
mod delivery_log;
mod draft;
mod effect;
mod event;
mod follow_up;
mod handed_over;
mod happening;
mod ids;
mod model;
mod model_health;
mod model_limits;
mod nesting;
mod notice;
mod origin;
mod payload_store;
mod priority;
mod publisher;
mod queue;
mod redelivery;
mod retry_after;
#[cfg(feature = "schema")]
mod schema;
mod schema_size;
mod served;
mod set_aside;
mod shadow_draft;
mod short_sha256;
mod state_store;
mod status;
mod store_error;
mod stores;
mod take_in;
mod task;
mod task_doc;
mod task_store;
mod text;
mod thread_name;
mod usage;
mod version;
mod version_documents;
mod view;
mod well_formed;
mod words;

#[cfg(any(test, feature = "contract"))]
pub mod contract;

pub use approver::{Approver, Ask, Button};
pub use blob::{Blob, BlobError};
pub use circumstance::{Circumstance, NO_MODEL, in_doubt, over_the_limit, parks_otherwise};
pub use click::{Click, ClickKind, answer_clicks, record_click};
pub use clock::{CLOCKS_APART, Clock, Jitter, Timestamp, after, between};
pub use correction::{
    Correction, CorrectionKind, Label, LabelRecord, Labelled, NOT_SPAM, Reactions, SPAM, Said, Thumb,
    correct, correct_once, has_published, is_called_spam, labels, labels_of_day, note_reactions,
};
pub use currency::{decimals_of, money};
pub use daily_stats::{
    DAY_SHARDS, DayFigures, LabelFigures, ModelFigures, StatsRecorder, VersionFigures, day_keys,
};
pub use damage::DAMAGED_RECORD;
pub use decide::{
    DECISION_GRACE, DecideError, Decided, Decider, DecisionInput, PAYLOAD_MISSING, decide, expire, give_back,
    retry,
};
pub use decision_proof::{DECISION_PROOFS, is_proven, prove_decision};
pub use deliver_notices::{NoticeReport, deliver_notices};
pub use delivery_log::{DeliveryRecord, last_deliveries, record_delivery};
pub use draft::{Decision, Draft, DraftOrigin, DraftRef, Outcome, UNWRITTEN};
pub use effect::{Content, Effect, EffectState, Proof, SETTLING, SETTLING_AFTER_ERROR};
pub use event::{Attachment, Audience, Event, Target, ThreadState};
pub use follow_up::FollowUp;
pub use handed_over::{HandedOver, mark_given_back, superseded_by};
pub use happening::{Happening, HappeningError, first_report};
pub use ids::{TaskId, TaskIdError};
pub use model::{
    Deferral, Document, Exchange, Media, Model, ModelAnswer, ModelCall, ModelError, ModelFailure, ModelRole,
    OutputCheck, OutputFormat, Speaker, Turn,
};
pub use model_health::{BreakerState, LearntLimit, ModelHealth};
pub use model_limits::{
    BreakerLimits, Generation, LaneTiers, MODEL_KEY, ModelAccount, ModelEndpoint, ModelLimits, ServiceTier,
    at_account,
};
pub use nesting::{MAX_NESTING, nests_too_deep, readable};
pub use notice::{
    Closed, MessageRef, NOTICE_GIVES_UP, NOTICE_REFUSED_RETRY, NOTICE_RETRY, Notice, NoticeState, claim_owner,
};
pub use origin::Origin;
pub use payload_store::{PartKey, PayloadStore, PutNew};
pub use priority::{Lane, Priority, PriorityError};
pub use publisher::{
    ACCOUNT_REFUSED, AccountFacts, Comment, InternalNotes, Labels, Mark, Publisher, ReadsReactions,
    Reference, ServiceError, ServiceFailure,
};
pub use queue::{Delivery, Depth, Envelope, Queue, QueueError, Receipt, Visibility};
pub use redelivery::{
    FailedDeliveries, FailedDelivery, Missed, MissedDelivery, Redeliveries, UnreadHooks, missed_deliveries,
    missed_key, unread_hooks, unread_key,
};
pub use retry_after::retry_after;
pub use schema_size::{SchemaBound, SchemaSize};
pub use served::Served;
pub use set_aside::{BUDGETS, spend_what_is_set_aside};
pub use shadow_draft::{ShadowDraft, ShadowFigures};
pub use short_sha256::short_sha256;
pub use state_store::{Acquire, Expected, StateStore, Swap, Versioned};
pub use status::{IllegalMove, Stage, TaskStatus};
pub use store_error::StoreError;
pub use stores::Stores;
pub use take_in::{FIRST_LOOK, TakeInError, TakenIn, take_in};
pub use task::{API_SOURCE, Control, FORGOTTEN, Lease, MAX_ATTEMPTS, MAX_OPEN_DAYS, RETENTION_DAYS, Task};
pub use task_doc::{
    Classification, NewTask, TaskDoc, TaskError, TaskOutput, TaskResult, TimelineEntry, WORDS_BYTES,
};
pub use task_store::{Claim, ClaimRequest, Due, Insert, ListQuery, Page, Save, TaskStore, Unreadable};
pub use text::clip;
pub use thread_name::thread_name;
pub use usage::StepUsage;
pub use version::{AgentVersion, part_digest};
pub use version_documents::{documents_of, keep_documents};
pub use view::{TaskView, view};
pub use well_formed::{read_json, well_formed};
pub use words::{says, tells};
