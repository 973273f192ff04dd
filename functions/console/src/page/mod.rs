//! The web page: lists, a task with its draft, the overview. Rendered here, and complete without
//! JavaScript; a small script keeps what is on the screen up to date.
//!
//! Whatever a page shows of a task was written by strangers or by a model. It reaches the HTML through
//! `maud`, which escapes it, or through `markdown`, which does so too; and if that failed, the policy
//! in `headers` lets no script run but our own file.
//!
//! | file | does |
//! |-|-|
//! | `guard`, `session`, `origin`, `headers` | who may see and change what |
//! | `login` | token in, cookie out |
//! | `tasks`, `task`, `draft`, `beside`, `diff`, `transcript`, `deliveries`, `overview` | the pages |
//! | `queue`, `decide` | parked drafts, and the forms that decide about them |
//! | `correction` | what people say would have been right |
//! | `filter` | what a list shows, and with it the queue as one goes along it |
//! | `census`, `fleet`, `recent_decisions`, `unheard`, `versions` | what the overview counts; `recent` keeps it for a moment |
//! | `layout`, `assets`, `charts`, `words` | how it looks |

mod assets;
mod beside;
mod census;
mod charts;
mod correction;
mod decide;
mod deliveries;
mod diff;
mod draft;
mod failure;
mod filter;
mod guard;
mod headers;
mod layout;
mod login;
mod origin;
mod overview;
mod queue;
mod recent;
mod recent_decisions;
mod session;
mod task;
mod tasks;
mod transcript;
mod unheard;
mod versions;
mod words;

use std::sync::Arc;

use axum::routing::{get, post};
use axum::{Router, middleware};
use settings::Role;

use crate::Console;

pub(crate) use census::{Counts, Ended, day};
pub use failure::missing_pages;
pub(crate) use layout::has_model;
pub(crate) use recent::Recent;
pub(crate) use recent_decisions::RecentDecisions;
pub(crate) use unheard::Reasons;
pub use words::{plain_notes, usd};

/// The routes of the page.
pub(crate) fn routes(console: &Arc<Console>) -> Router<Arc<Console>> {
    let readers = Router::new()
        .route("/", get(tasks::page))
        .route("/ui/live/tasks", get(tasks::live))
        .route("/ui/overview", get(overview::page))
        .route("/ui/live/overview", get(overview::live))
        .route("/ui/deliveries", get(deliveries::page))
        .route("/ui/tasks/{id}", get(task::page))
        .route("/ui/live/tasks/{id}", get(task::live))
        .route("/ui/live/tasks/{id}/rest", get(task::live_rest))
        .route("/ui/tasks/{id}/transcript", get(transcript::page))
        .route("/ui/tasks/{id}/payload", get(transcript::payload))
        .route_layer(middleware::from_fn_with_state(Role::Read, guard::demand));
    let deciders = Router::new()
        .route("/ui/tasks/{id}/preview", post(decide::preview))
        .route("/ui/tasks/{id}/approve", post(decide::approve))
        .route("/ui/tasks/{id}/reject", post(decide::reject))
        .route("/ui/tasks/{id}/retry", post(decide::retry))
        .route("/ui/tasks/{id}/correct", post(correction::correct))
        .route("/ui/decide", post(queue::decide))
        .route_layer(middleware::from_fn_with_state(Role::Decide, guard::demand));
    let members = Router::new()
        .route("/ui/logout", post(login::logout))
        .merge(readers)
        .merge(deciders)
        .method_not_allowed_fallback(failure::method_not_allowed)
        .route_layer(middleware::from_fn_with_state(Arc::clone(console), guard::members));
    let everybody = Router::new()
        .route("/ui/login", get(login::form).post(login::login))
        .route("/ui/app.css", get(assets::style))
        .route("/ui/app.js", get(assets::script))
        .route("/ui/icon.svg", get(assets::icon))
        .method_not_allowed_fallback(failure::method_not_allowed)
        .route_layer(middleware::from_fn_with_state(Arc::clone(console), guard::everybody));
    members.merge(everybody)
}
