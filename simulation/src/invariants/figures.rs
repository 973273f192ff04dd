//! The figures of the day know every end, and none twice. They decide nothing: a write of theirs whose answer was lost is
//! made again, and what is not written when an environment ends is not made up for.
//!
//! So of each status, at most as many are counted as have ended, and once more what was counted by writes whose
//! answers were lost; and at least as many as have ended where nothing came between the end and its count. What may
//! have come between: the environment that wrote that it counts the end died or stood still, met with a fault of the
//! tasks' store or of a lane (it may not have heard of that write), or the last write of its figures failed; or a person
//! has retried the task first.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{DayFigures, day_keys};

use super::After;
use crate::world::{End, Port};

type Ends = BTreeMap<String, u64>;

pub(super) fn check(after: &After<'_>) -> Vec<String> {
    let counted = counted(after);
    let may_be_twice = sum(after.history.unheard.values());
    let ended = of(after.history.ends.iter());
    let sure = of(after.history.ends.iter().filter(|end| is_sure(after, end)));
    let number = |of: &Ends, status: &str| of.get(status).copied().unwrap_or_default();
    let too_many =
        counted.iter().any(|(status, count)| *count > number(&ended, status) + number(&may_be_twice, status));
    let too_few = sure.iter().any(|(status, count)| number(&counted, status) < *count);
    if too_many || too_few {
        vec![format!(
            "ended {ended:?}, surely counted {sure:?}, perhaps twice {may_be_twice:?}, counted {counted:?}"
        )]
    } else {
        Vec::new()
    }
}

fn counted(after: &After<'_>) -> Ends {
    let (day, mut days) = (Duration::from_secs(86_400), Vec::new());
    let mut at = after.world.time.start();
    while at <= domain::after(after.world.now(), day) {
        let values = day_keys(at).into_iter().filter_map(|key| after.world.values.value(&key));
        days.extend(values.map(|value| DayFigures::read(value).ended));
        at = domain::after(at, day);
    }
    sum(days.iter())
}

fn sum<'e>(all: impl Iterator<Item = &'e Ends>) -> Ends {
    let mut sum = Ends::new();
    for (status, count) in all.flatten() {
        *sum.entry(status.clone()).or_default() += count;
    }
    sum
}

fn of<'e>(ends: impl Iterator<Item = &'e End>) -> Ends {
    let mut of = Ends::new();
    for end in ends {
        *of.entry(end.status.as_str().to_owned()).or_default() += 1;
    }
    of
}

/// Whether nothing can have come between `end` and its count.
fn is_sure(after: &After<'_>, end: &End) -> bool {
    let is_only = after.history.ends.iter().filter(|other| other.task == end.task).count() == 1;
    // Of an end that nobody has set out to count, nothing is to be said for it.
    let Some(env) = end.counted_by else { return is_only };
    let trouble = after.world.troubles.of(env);
    let is_cut_off = after.world.scheduler.is_killed(env) || trouble.still_until.is_some();
    let is_in_doubt = trouble.ports.contains(&Port::Tasks) || trouble.ports.contains(&Port::Queue);
    is_only && !is_cut_off && !is_in_doubt && !trouble.owes_figures
}
