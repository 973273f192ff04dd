//! [`SimulatedModel`]: the model of a run whose model is a stand-in. What it says it has cost is marked in every task, page and
//! figure: nobody has paid it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::{Model, ModelAnswer, ModelCall, ModelError, StepUsage};

/// Marks the usage of every call.
pub(super) struct SimulatedModel(pub(super) Arc<dyn Model>);

#[async_trait]
impl Model for SimulatedModel {
    async fn generate(&self, call: &ModelCall) -> Result<ModelAnswer, ModelError> {
        let marked = |usage: Vec<StepUsage>| usage.into_iter().map(StepUsage::of_standin).collect();
        match self.0.generate(call).await {
            Ok(answer) => Ok(ModelAnswer { usage: marked(answer.usage), ..answer }),
            Err(error) => Err(ModelError { usage: marked(error.usage), ..error }),
        }
    }

    async fn write_left(&self, patience: Duration) {
        self.0.write_left(patience).await;
    }
}
