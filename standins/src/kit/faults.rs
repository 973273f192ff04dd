//! What goes wrong at a stand-in, for which requests, and how often. Each has its own list of faults.
//!
//! A request asks for one with the header `x-standin-fault: NAME[:N]` (several with commas); tests set
//! [`FaultRule`]s that apply to everybody. `N` limits a fault to the first N requests that have the
//! same `x-standin-fault-key`, so that a client's retries are counted together.

use std::sync::Mutex;
use std::time::Duration;

use http::HeaderMap;

use crate::kit::counts::Counts;
use crate::kit::lock;

/// Which requests a fault is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    #[default]
    Any,
    /// Those that change nothing.
    Reads,
    /// Those that change something.
    Writes,
}

/// A fault that applies without being asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultRule<F> {
    /// What goes wrong.
    pub fault: F,
    /// For which requests.
    pub scope: Scope,
    /// Only for the first that many; no limit if `None`.
    pub first: Option<u64>,
}

impl<F> FaultRule<F> {
    /// The fault for every request.
    #[must_use]
    pub fn always(fault: F) -> Self {
        Self { fault, scope: Scope::Any, first: None }
    }

    /// The same for these requests only.
    #[must_use]
    pub fn on(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// The same for the first `requests` only.
    #[must_use]
    pub fn first(mut self, requests: u64) -> Self {
        self.first = Some(requests);
        self
    }

    /// Whether it is for a request of this kind.
    fn covers(&self, writes: bool) -> bool {
        match self.scope {
            Scope::Any => true,
            Scope::Reads => !writes,
            Scope::Writes => writes,
        }
    }
}

/// Who gets which fault.
#[derive(Debug)]
pub(crate) struct Faults<F> {
    /// With how often each has happened.
    rules: Mutex<Vec<(FaultRule<F>, u64)>>,
    counts: Mutex<Counts>,
}

impl<F: Copy> Faults<F> {
    pub(crate) fn new(rules: Vec<FaultRule<F>>) -> Self {
        let rules = rules.into_iter().map(|rule| (rule, 0)).collect();
        Self { rules: Mutex::new(rules), counts: Mutex::default() }
    }

    /// Replaces the rules.
    pub(crate) fn set(&self, rules: Vec<FaultRule<F>>) {
        *lock(&self.rules) = rules.into_iter().map(|rule| (rule, 0)).collect();
    }

    /// What the rules have for a request that does or does not change something.
    pub(crate) fn ruled(&self, writes: bool) -> Vec<F> {
        let mut faults = Vec::new();
        for (rule, happened) in lock(&self.rules).iter_mut() {
            if rule.covers(writes) && rule.first.is_none_or(|first| *happened < first) {
                *happened += 1;
                faults.push(rule.fault);
            }
        }
        faults
    }

    /// The same behind what the headers of a request ask for; the error is why they cannot be read.
    pub(crate) fn of(
        &self,
        headers: &HeaderMap,
        writes: bool,
        parse: impl Fn(&str) -> Result<(F, Option<u64>), String>,
    ) -> Result<Vec<F>, String> {
        let mut faults = asked_for(headers, &self.counts, parse)?;
        faults.extend(self.ruled(writes));
        Ok(faults)
    }
}

/// What the headers of a request ask for.
pub(crate) fn asked_for<F>(
    headers: &HeaderMap,
    counts: &Mutex<Counts>,
    parse: impl Fn(&str) -> Result<(F, Option<u64>), String>,
) -> Result<Vec<F>, String> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let key = header("x-standin-fault-key");
    let mut faults = Vec::new();
    for spec in header("x-standin-fault").split(',').filter(|spec| !spec.trim().is_empty()) {
        let (fault, first) = parse(spec).map_err(|error| format!("x-standin-fault: {error}"))?;
        if lock(counts).take(&format!("{key}\0{spec}"), first) {
            faults.push(fault);
        }
    }
    Ok(faults)
}

/// Reads `503`, `lost:1`, `slow:250`, …: a status, one of `names`, or a delay. The number is the limit to
/// the first N requests, for `slow` the delay in milliseconds. The error lists what there is.
pub(crate) fn parse<F: Copy>(
    spec: &str,
    names: &[(&str, F)],
    of_status: impl FnOnce(u16) -> F,
    slow: impl FnOnce(Duration) -> F,
) -> Result<(F, Option<u64>), String> {
    let spec = spec.trim();
    let (name, number) = match spec.split_once(':') {
        Some((name, number)) => {
            (name, Some(number.parse::<u64>().map_err(|_| format!("'{number}' in '{spec}' is no number"))?))
        }
        None => (spec, None),
    };
    if name == "slow" {
        let millis = number.ok_or("'slow' needs its milliseconds, as in 'slow:250'")?;
        return Ok((slow(Duration::from_millis(millis)), None));
    }
    if let Some((_, fault)) = names.iter().find(|(known, _)| *known == name) {
        return Ok((*fault, number));
    }
    match name.parse() {
        Ok(status @ 400..=599) => Ok((of_status(status), number)),
        _ => {
            let names: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
            let names = names.join(", ");
            Err(format!("unknown fault '{name}'; there are: an HTTP status of 400 to 599, slow:MS, {names}"))
        }
    }
}
