//! How long this thread has kept a processor busy. Other work of the machine makes a reading take longer, and costs it
//! nothing of this.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Linux counts it in nanoseconds (`proc_pid_schedstat`, the first number). Elsewhere it is the time that passes.
pub(crate) fn busy() -> Duration {
    let began = *BEGAN;
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|told| told.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| began.elapsed(), Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_not_working() {
        let (began, passed) = (busy(), Instant::now());
        while passed.elapsed() < Duration::from_millis(200) {
            std::thread::park_timeout(Duration::from_millis(200));
        }
        let waited = busy().checked_sub(began).unwrap();
        assert!(!cfg!(target_os = "linux") || waited < Duration::from_millis(100), "{waited:?}");
        let began = busy();
        let mut sum = 0_u64;
        while passed.elapsed() < Duration::from_secs(20)
            && busy().checked_sub(began).unwrap() < Duration::from_millis(50)
        {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(busy().checked_sub(began).unwrap() >= Duration::from_millis(50));
    }
}
