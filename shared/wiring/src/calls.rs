//! The callers of the APIs that agent.toml describes.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::Clock;
use outbound::Caller;
use settings::{Environment, HttpCall, Settings};

/// A caller for each `[automations.http.NAME]`.
///
/// # Errors
/// Everything that is missing or cannot be sent, without any part of a secret.
pub(crate) fn calls(
    settings: &Settings,
    environment: &Environment,
    clock: &Clock,
) -> Result<BTreeMap<String, Arc<Caller>>, Vec<String>> {
    let (mut callers, mut mistakes) = (BTreeMap::new(), Vec::new());
    for (name, call) in &settings.automations.http {
        match caller(call, environment, clock) {
            Ok(caller) => {
                callers.insert(name.clone(), Arc::new(caller));
            }
            Err(problems) => {
                let named = |problem| format!("[automations.http.{name}]: {problem}");
                mistakes.extend(problems.into_iter().map(named));
            }
        }
    }
    if mistakes.is_empty() { Ok(callers) } else { Err(mistakes) }
}

fn caller(call: &HttpCall, environment: &Environment, clock: &Clock) -> Result<Caller, Vec<String>> {
    let (mut headers, mut missing) = (Vec::new(), Vec::new());
    for (header, variable) in &call.headers {
        match environment.automations.get(variable) {
            Some(value) => headers.push((header.clone(), value.clone())),
            None => {
                missing.push(format!("{variable} is not set: set it to the value of the header {header}"))
            }
        }
    }
    if !missing.is_empty() {
        return Err(missing);
    }
    Caller::new(&call.url.origin(), &headers, clock.clone()).map_err(|error| vec![error.to_string()])
}
