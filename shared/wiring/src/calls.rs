//! The callers of the APIs that agent.toml describes.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::Clock;
use outbound::{Caller, Reach};
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
    let reach = reach(settings, environment);
    for (name, call) in &settings.automations.http {
        match caller(call, environment, &reach, clock) {
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

/// Where calls and callbacks may go: to public addresses and the internal hosts of agent.toml, and from a laptop to
/// itself. On Lambda `localhost` is the runtime's own API.
pub(crate) fn reach(settings: &Settings, environment: &Environment) -> Reach {
    let reach = Reach::public().with_internal(&settings.network.internal_hosts);
    if environment.on_lambda() { reach } else { reach.with_this_machine() }
}

fn caller(
    call: &HttpCall,
    environment: &Environment,
    reach: &Reach,
    clock: &Clock,
) -> Result<Caller, Vec<String>> {
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
    Caller::new(&call.url.origin(), &headers, reach, clock.clone()).map_err(|error| vec![error.to_string()])
}
