//! The routes, and who may use them.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use axum::{Json, Router, middleware};
use edge::Problem;
use serde_json::json;
use settings::Role;

use crate::endpoint::Endpoint;
use crate::{
    Console, auth, body, correction, create, decision, deliveries, documents, list, models, openapi, page,
    payload, task, transcript, versions,
};

/// The whole API, for a server of its own: [`routes`], `GET /health`, and a problem for every path
/// and method that there is not.
pub fn router(console: Arc<Console>) -> Router {
    let all = routes(console).route("/health", get(health)).fallback(not_found);
    all.layer(middleware::from_fn(page::missing_pages))
}

/// The API, its description and the page, to be merged into a router that has a fallback and `/health`.
pub fn routes(console: Arc<Console>) -> Router {
    let api = endpoints()
        .into_iter()
        .fold(Router::new(), |router, endpoint| router.route(endpoint.path, endpoint.handler))
        .method_not_allowed_fallback(method_not_allowed)
        .route_layer(middleware::from_fn_with_state(Arc::clone(&console), auth::authenticate));
    let described = Router::new()
        .route("/openapi.json", get(openapi::document))
        .method_not_allowed_fallback(method_not_allowed);
    api.merge(described)
        .merge(page::routes(&console))
        .layer(DefaultBodyLimit::max(body::MAX_BODY_BYTES))
        .layer(middleware::from_fn(|request, next| edge::named("console", request, next)))
        .with_state(console)
}

/// Every endpoint of the API, with its description.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get::<list::TaskPage, _, _>("/tasks", "listTasks", list::tasks)
            .summary("Tasks, the newest first, in pages.")
            .query(list::PARAMETERS)
            .problems(&[400]),
        Endpoint::post::<create::Accepted, _, _>(Role::Submit, "/tasks", "createTask", create::create)
            .summary("Stores a task that no webhook has brought, and enqueues it.")
            .body::<create::NewApiTask>(true)
            .status(202)
            .problems(&[400, 409, 413, 415, 422]),
        Endpoint::get::<task::OneTask, _, _>("/tasks/{id}", "getTask", task::one)
            .summary("One task.")
            .problems(&[404]),
        Endpoint::get::<transcript::Transcript, _, _>(
            "/tasks/{id}/transcript",
            "getTranscript",
            transcript::calls,
        )
        .summary("Every request to a model and its response, to the letter, in pages.")
        .query(transcript::PARAMETERS)
        .problems(&[400, 404]),
        Endpoint::get::<(), _, _>("/tasks/{id}/payload", "getPayload", payload::raw)
            .summary("The raw body as it was received, with the media type that its sender named.")
            .raw()
            .problems(&[404]),
        Endpoint::get::<documents::Documents, _, _>(
            "/tasks/{id}/documents",
            "getDocuments",
            documents::of_task,
        )
        .summary("The reference documents of then, where a context cache at the model held them.")
        .problems(&[404]),
        Endpoint::get::<deliveries::Deliveries, _, _>(
            "/deliveries",
            "listDeliveries",
            deliveries::deliveries,
        )
        .summary("The last webhooks, newest first, and what became of each.")
        .query(deliveries::PARAMETERS)
        .problems(&[400]),
        Endpoint::get::<models::Models, _, _>("/models", "listModels", models::models)
            .summary("How the models are doing: breakers, refusals, and the limits that were learnt."),
        Endpoint::get::<versions::Versions, _, _>("/versions", "listVersions", versions::versions)
            .summary("The versions of the agent of the last 14 days, and what each has brought."),
        Endpoint::post::<task::OneTask, _, _>(
            Role::Decide,
            "/tasks/{id}/approve",
            "approveDraft",
            decision::approve,
        )
        .summary("Publishes the draft that was seen, or an edited text in its place.")
        .body::<decision::Approval>(true)
        .problems(DECISION),
        Endpoint::post::<task::OneTask, _, _>(
            Role::Decide,
            "/tasks/{id}/reject",
            "rejectDraft",
            decision::reject,
        )
        .summary("Refuses the draft that was seen.")
        .body::<decision::Rejection>(true)
        .problems(DECISION),
        Endpoint::post::<task::OneTask, _, _>(
            Role::Decide,
            "/tasks/{id}/retry",
            "retryTask",
            decision::retry,
        )
        .summary("Sends an ended task around again; of a parked one, asks for another draft; sets one going that got lost before its end.")
        .body::<decision::Retry>(false)
        .problems(DECISION),
        Endpoint::post::<task::OneTask, _, _>(
            Role::Decide,
            "/tasks/{id}/correct",
            "correctTask",
            correction::post,
        )
        .summary("Keeps what would have been right: the intent, spam or not, a thumb on the answer. Changes nothing else.")
        .body::<correction::CorrectionInput>(true)
        .problems(DECISION),
    ]
}

/// How a decision may be refused: a body that makes no sense, an unknown task, a decision or draft that
/// was overtaken, a body that is too large or no JSON.
const DECISION: &[u16] = &[400, 404, 409, 413, 415];

async fn health() -> Json<serde_json::Value> {
    Json(json!({ "status": "ok" }))
}

async fn method_not_allowed() -> Problem {
    Problem::method_not_allowed()
}

async fn not_found() -> Problem {
    Problem::no_such_route("The page is at /, the API begins at /tasks, and /openapi.json describes it.")
}
