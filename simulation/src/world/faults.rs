//! What goes wrong: windows of time in which operations of a port meet with mishaps.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use super::lock;

/// Something outside the code that is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Port {
    /// The tasks.
    Tasks,
    /// Their large parts.
    Payloads,
    /// What is shared besides.
    State,
    /// The lanes.
    Queue,
    /// What thinks.
    Model,
    /// Where threads live.
    Threads,
    /// Where people are asked.
    Channel,
    /// Where results are posted to.
    Receiver,
    /// The signing secrets.
    Secrets,
}

impl Port {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Tasks,
        Self::Payloads,
        Self::State,
        Self::Queue,
        Self::Model,
        Self::Threads,
        Self::Channel,
        Self::Receiver,
        Self::Secrets,
    ];
}

/// What can happen to one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mishap {
    /// It fails, and nothing happened.
    FailBefore,
    /// It happens, and its answer is lost.
    FailAfter,
    /// A client that retries sends it twice, with others in between; the second answer counts.
    Twice,
    /// It takes long.
    Slow,
    /// It hangs, then fails; whether it happened is open.
    Hang,
    /// The caller stands still around it, for up to some minutes.
    Freeze,
    /// The caller dies before it.
    CrashBefore,
    /// The caller dies after it, before it hears of it.
    CrashAfter,
}

impl Mishap {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::FailBefore,
        Self::FailAfter,
        Self::Twice,
        Self::Slow,
        Self::Hang,
        Self::Freeze,
        Self::CrashBefore,
        Self::CrashAfter,
    ];
}

/// Which operations a window is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All.
    All,
    /// Those that change something.
    Writes,
    /// Those that change nothing.
    Reads,
    /// Those of this name: one item takes no more writes, and the others do.
    Named(&'static str),
}

/// A time in which operations of a port meet with a mishap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Since the beginning of the run.
    pub from: Duration,
    /// Likewise.
    pub until: Duration,
    /// Whose operations.
    pub port: Port,
    /// Which of them.
    pub which: Which,
    /// What happens; `None` for anything.
    pub mishap: Option<Mishap>,
    /// To how many of a thousand.
    pub per_mille: u32,
}

impl Window {
    fn covers(&self, elapsed: Duration, port: Port, name: &str, writes: bool) -> bool {
        let kind = match self.which {
            Which::All => true,
            Which::Writes => writes,
            Which::Reads => !writes,
            Which::Named(one) => one == name,
        };
        kind && self.port == port && self.from <= elapsed && elapsed < self.until
    }
}

/// How often each mishap happened at each port.
pub type Injected = BTreeMap<(Port, Mishap), u64>;

/// Draws mishaps.
pub(crate) struct Faults {
    windows: Vec<Window>,
    lot: Mutex<fastrand::Rng>,
    injected: Mutex<Injected>,
}

impl Faults {
    pub(crate) fn new(windows: Vec<Window>, lot: fastrand::Rng) -> Self {
        Self { windows, lot: Mutex::new(lot), injected: Mutex::default() }
    }

    /// What happens to the next operation, which has this name.
    pub(crate) fn draw(&self, elapsed: Duration, port: Port, name: &str, writes: bool) -> Option<Mishap> {
        let mut lot = lock(&self.lot);
        for window in self.windows.iter().filter(|window| window.covers(elapsed, port, name, writes)) {
            if lot.u32(..1_000) < window.per_mille {
                let mishap = window.mishap.unwrap_or_else(|| Mishap::ALL[lot.usize(..Mishap::ALL.len())]);
                *lock(&self.injected).entry((port, mishap)).or_default() += 1;
                return Some(mishap);
            }
        }
        None
    }

    pub(crate) fn injected(&self) -> Injected {
        lock(&self.injected).clone()
    }
}
