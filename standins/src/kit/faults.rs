//! What goes wrong at a stand-in, for which requests, and how often.
//!
//! A request asks for a fault with the header `x-standin-fault: NAME[:N]` (several with commas); tests
//! set [`FaultRule`]s that apply to everybody. `N` limits a fault to the first N requests that have the
//! same `x-standin-fault-key`, so that a client's retries are counted together.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use http::HeaderMap;

use super::lock;

/// Something that goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// An error with this HTTP status; nothing was done.
    Status(u16),
    /// The service's refusal with this code; nothing was done.
    Refusal(&'static str),
    /// 429 with `Retry-After: 30`; nothing was done.
    RateLimited,
    /// What was asked is done, and the connection breaks before the answer.
    Lost,
    /// What was asked is done, and the answer is a 502.
    DoneBut502,
    /// What was asked is done, and the answer is the refusal with this code.
    DoneButRefusal(&'static str),
    /// What was asked is done, and no answer ever comes.
    DoneButHangs,
    /// Nothing is done, and no answer ever comes.
    Hang,
    /// The answer comes, but later.
    Slow(Duration),
}

const NAMES: &[(&str, Fault)] = &[
    ("ratelimited", Fault::RateLimited),
    ("lost", Fault::Lost),
    ("done502", Fault::DoneBut502),
    ("donehang", Fault::DoneButHangs),
    ("hang", Fault::Hang),
];

/// Which requests a fault is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    #[default]
    Any,
    /// Those that change something.
    Writes,
}

/// A fault that applies without being asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultRule {
    /// What goes wrong.
    pub fault: Fault,
    /// For which requests.
    pub scope: Scope,
    /// Only for the first that many; no limit if `None`.
    pub first: Option<u64>,
}

impl FaultRule {
    /// The fault for every request.
    #[must_use]
    pub fn always(fault: Fault) -> Self {
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

    fn covers(&self, writes: bool) -> bool {
        self.scope == Scope::Any || writes
    }
}

/// Who gets which fault.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// With how often each has happened.
    rules: Mutex<Vec<(FaultRule, u64)>>,
    counts: Mutex<Counts>,
}

impl Faults {
    /// Replaces the rules.
    pub(super) fn set(&self, rules: Vec<FaultRule>) {
        *lock(&self.rules) = rules.into_iter().map(|rule| (rule, 0)).collect();
    }

    /// The faults of a request: those its header asks for, under the common names or those of `own`,
    /// then those of the rules. The error is why the header cannot be read.
    pub(super) fn of(
        &self,
        headers: &HeaderMap,
        writes: bool,
        own: &[(&str, Fault)],
    ) -> Result<Vec<Fault>, String> {
        let names = [NAMES, own].concat();
        let mut faults =
            asked_for(headers, &self.counts, |spec| parse(spec, &names, Fault::Status, Fault::Slow))?;
        for (rule, happened) in lock(&self.rules).iter_mut() {
            if rule.covers(writes) && rule.first.is_none_or(|first| *happened < first) {
                *happened += 1;
                faults.push(rule.fault);
            }
        }
        Ok(faults)
    }
}

/// How often each fault that is limited to the first N requests has happened, by key.
#[derive(Debug, Default)]
pub(crate) struct Counts(HashMap<String, u64>);

impl Counts {
    /// Whether a fault limited to the first `first` still happens; counts it if so.
    fn take(&mut self, key: &str, first: Option<u64>) -> bool {
        let Some(first) = first else { return true };
        let seen = self.0.entry(key.to_owned()).or_default();
        let happens = *seen < first;
        *seen += u64::from(happens);
        happens
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
        Some((name, number)) => (
            name,
            Some(number.parse::<u64>().map_err(|_| format!("'{number}' in '{spec}' is not a number"))?),
        ),
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
            let names = names.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            Err(format!("unknown fault '{name}'; there are: an HTTP status of 400 to 599, slow:MS, {names}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specifications_are_read() {
        let own = [("not_in_channel", Fault::Refusal("not_in_channel"))];
        let parse = |spec| parse(spec, &[NAMES, &own].concat(), Fault::Status, Fault::Slow);
        assert_eq!(parse("lost:1"), Ok((Fault::Lost, Some(1))));
        assert_eq!(parse("502"), Ok((Fault::Status(502), None)));
        assert_eq!(parse("not_in_channel"), Ok((Fault::Refusal("not_in_channel"), None)));
        assert_eq!(parse("slow:5"), Ok((Fault::Slow(Duration::from_millis(5)), None)));
        assert!(parse("nonsense").is_err_and(|error| error.contains("ratelimited")));
    }

    #[test]
    fn a_limited_fault_stops_after_its_number_for_each_key() {
        let mut counts = Counts::default();
        assert_eq!([0; 3].map(|_| counts.take("a", Some(2))), [true, true, false]);
        assert!(counts.take("b", Some(1)));
        assert!(counts.take("a", None));
    }
}
