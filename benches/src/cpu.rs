//! CPU time of the calling thread (what a current-thread runtime has used) and of another process,
//! whatever else the machine is busy with.

use std::time::Duration;

use rustix::param::clock_ticks_per_second;
use rustix::time::{ClockId, clock_gettime};

/// CPU time that this thread has used since it began, in user and kernel mode.
pub(crate) fn of_this_thread() -> Duration {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(used.tv_sec).unwrap_or_default();
    Duration::from_secs(seconds) + Duration::from_nanos(u64::try_from(used.tv_nsec).unwrap_or_default())
}

/// CPU time that `work` uses on this thread.
pub(crate) fn used_by(work: impl FnOnce()) -> Duration {
    let before = of_this_thread();
    work();
    of_this_thread().saturating_sub(before)
}

/// CPU time that the process `id` has used since it began, all threads together; `None` where `/proc` does
/// not tell. In steps of 10 ms as a rule.
pub(crate) fn of_process(id: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The second field is the program's name, in brackets, and may have blanks of its own.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    let (user, kernel) = (ticks()?, ticks()?);
    let micros = (user + kernel) * 1_000_000 / clock_ticks_per_second();
    Some(Duration::from_micros(micros))
}
