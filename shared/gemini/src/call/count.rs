//! What the service itself counts of a prompt: for what has no bound by its size.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use super::context::CallContext;
use crate::fleet::FleetModel;
use crate::wire::GenerateContentRequest;

/// `countTokens` is free, and gets at most so long.
const COUNTING: Duration = Duration::from_secs(5);

/// What the service counts for `request`; `None` if it does not say so in time.
pub(crate) async fn count_tokens(
    context: &CallContext<'_>,
    model: &FleetModel,
    request: &GenerateContentRequest,
) -> Option<u64> {
    let (account, now) = (&context.client.accounts()[model.account], context.now());
    let (_, endpoint) = account.endpoints.choose(&context.call.task_id, &model.name, now);
    let mut body = serde_json::to_value(request).ok()?;
    if !account.is_vertex {
        body["model"] = endpoint.model(&model.name).into();
        body = json!({ "generateContentRequest": body });
    }
    let (address, body) = (endpoint.count_tokens(&model.name), Bytes::from(body.to_string()));
    let timeout = COUNTING.min(context.to_spare());
    let reply = context.client.ask(account, endpoint, &address, Some(body), timeout, now).await.ok()?;
    reply.body["totalTokens"].as_u64().filter(|_| reply.status == 200)
}
