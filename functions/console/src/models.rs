//! `GET /models`: how the models are doing, as the processors share it: breakers, refusals, learnt limits.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use domain::{BreakerState, ModelHealth, StoreError, Timestamp};
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::Serialize;

use crate::Console;
use crate::refusal::Refusal;

/// The answer.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Models {
    /// Those of agent.toml, as each account is served them.
    models: Vec<ModelHealth>,
}

pub(crate) async fn models(State(console): State<Arc<Console>>) -> Result<Json<Models>, Refusal> {
    let models = health(&console, console.clock.now()).await?;
    Ok(Json(Models { models }))
}

/// All models of agent.toml, at every account that was called; at the first one where none was.
pub(crate) async fn health(console: &Console, now: Timestamp) -> Result<Vec<ModelHealth>, StoreError> {
    let state = &*console.stores.state;
    let read = console.models.iter().map(|(title, key)| ModelHealth::read(state, title, key, now));
    let mut models = try_join_all(read).await?;
    models.retain(|model| model.breaker != BreakerState::Unused || !model.name.contains('@'));
    Ok(models)
}
