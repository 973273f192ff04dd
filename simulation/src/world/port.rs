//! [`Ports`]: the world as one execution environment reaches it; and how an operation goes.

use std::fmt::{Debug, Display};
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use domain::Stores;

use super::{EnvId, Mishap, Port, World};
use crate::planted::Planted;

/// An operation takes so long, milliseconds.
const QUICK: std::ops::Range<u64> = 1..25;
/// A slow one.
const SLOW: std::ops::Range<u64> = 300..6_000;
/// One that hangs is given up by its client after this.
const GIVEN_UP: std::ops::Range<u64> = 6_000..25_000;

/// An environment stands still for so long.
const STANDS_STILL: std::ops::Range<u64> = 1_000..420_000;

/// The world, as `env` reaches it.
pub(crate) struct Ports {
    pub(crate) world: Arc<World>,
    pub(crate) env: EnvId,
    /// The sender's unsigned word for the delivery that is taken in: a planted bug goes by it.
    pub(crate) delivery: Option<String>,
}

/// What a planted bug knows of a write.
pub struct Bugs<'p> {
    pub(crate) planted: Option<Planted>,
    pub(crate) delivery: Option<&'p str>,
}

/// An operation.
#[derive(Clone, Copy)]
pub(crate) struct Operation<'a> {
    pub(crate) port: Port,
    pub(crate) name: &'static str,
    pub(crate) about: &'a (dyn Display + Sync),
    pub(crate) writes: bool,
    /// Whether its client sends it once, whatever comes back.
    pub(crate) once: bool,
}

impl<'a> Operation<'a> {
    pub(crate) fn read(port: Port, name: &'static str, about: &'a (dyn Display + Sync)) -> Self {
        Self { port, name, about, writes: false, once: false }
    }

    pub(crate) fn write(port: Port, name: &'static str, about: &'a (dyn Display + Sync)) -> Self {
        Self { port, name, about, writes: true, once: false }
    }

    /// A write that no client repeats.
    pub(crate) fn once(port: Port, name: &'static str, about: &'a (dyn Display + Sync)) -> Self {
        Self { once: true, ..Self::write(port, name, about) }
    }
}

impl Ports {
    /// All stores, as this environment reaches them.
    pub(crate) fn stores(self: &Arc<Self>) -> Stores {
        Stores { tasks: self.clone(), payloads: self.clone(), state: self.clone(), queue: self.clone() }
    }

    /// What a planted bug makes of this environment's writes.
    pub(crate) fn bugs(&self) -> Bugs<'_> {
        Bugs { planted: self.world.planted, delivery: self.delivery.as_deref() }
    }

    /// Lets an operation happen, with what goes wrong with it: `run` makes it happen, `fail` is its failure.
    pub(crate) async fn operate<T: Debug, E: Debug>(
        &self,
        operation: Operation<'_>,
        mut run: impl FnMut() -> T,
        fail: impl FnOnce() -> E,
    ) -> Result<T, E> {
        let mishap = self.draw(operation.port, operation.name, operation.writes);
        let mishap = mishap.filter(|mishap| !(operation.once && *mishap == Mishap::Twice));
        self.connect().await;
        let outcome = match mishap {
            None => Ok(run()),
            Some(Mishap::Slow) => {
                self.wait(SLOW).await;
                let done = run();
                self.wait(SLOW).await;
                Ok(done)
            }
            Some(Mishap::FailBefore) => Err(fail()),
            Some(Mishap::FailAfter) => {
                drop(run());
                Err(fail())
            }
            Some(Mishap::Twice) => {
                drop(run());
                self.wait(SLOW).await;
                Ok(run())
            }
            Some(Mishap::Hang) => {
                if self.world.chance(500) {
                    drop(run());
                }
                self.wait(GIVEN_UP).await;
                Err(fail())
            }
            Some(Mishap::Freeze) => {
                let before = !operation.once && self.world.chance(500);
                if before {
                    self.stand_still().await;
                }
                let done = run();
                if !before {
                    self.stand_still().await;
                }
                Ok(done)
            }
            Some(Mishap::CrashBefore) => self.die(&operation, "before").await,
            Some(Mishap::CrashAfter) => {
                drop(run());
                self.die(&operation, "after").await
            }
        };
        if mishap.is_some() {
            self.world.troubles.met(self.env, operation.port, self.world.now());
        }
        self.tell(&operation, mishap, &outcome);
        self.wait(QUICK).await;
        outcome
    }

    /// What goes wrong with the next operation.
    pub(crate) fn draw(&self, port: Port, name: &str, writes: bool) -> Option<Mishap> {
        let mishap = self.world.faults.draw(self.world.time.elapsed(), port, name, writes);
        if mishap.is_some() {
            self.world.troubles.met(self.env, port, self.world.now());
        }
        mishap
    }

    async fn wait(&self, millis: std::ops::Range<u64>) {
        self.pause(self.world.millis(millis)).await;
    }

    /// Waits; whoever is dead by then waits for ever.
    pub(crate) async fn pause(&self, time: Duration) {
        tokio::time::sleep(time).await;
        if self.world.scheduler.is_killed(self.env) {
            pending::<()>().await;
        }
    }

    /// Opens a connection: whoever stands still meanwhile sends by it afterwards.
    pub(crate) async fn connect(&self) {
        self.wait(QUICK).await;
    }

    /// The environment stands still here for a while.
    pub(crate) async fn stand_still(&self) {
        let time = self.world.millis(STANDS_STILL);
        self.world.freeze(self.env, time);
        self.pause(Duration::from_millis(1)).await;
    }

    /// The environment dies here.
    pub(crate) async fn die<T>(&self, operation: &Operation<'_>, when: &str) -> T {
        let name = operation.name;
        self.world.note(|| format!("!! {} dies {when} {name} {}", self.who(), operation.about));
        self.world.kill(self.env);
        pending().await
    }

    pub(crate) fn who(&self) -> String {
        self.world.name_of(self.env)
    }

    fn tell<T: Debug, E: Debug>(
        &self,
        operation: &Operation<'_>,
        mishap: Option<Mishap>,
        outcome: &Result<T, E>,
    ) {
        self.world.note(|| {
            let said = match outcome {
                Ok(done) => short(&format!("{done:?}")),
                Err(_) => "failed".to_owned(),
            };
            let mishap = mishap.map(|mishap| format!(" [{mishap:?}]")).unwrap_or_default();
            format!("{} {} {}{mishap}: {said}", self.who(), operation.name, operation.about)
        });
    }
}

/// What a line of the trace has room for.
pub(crate) fn short(text: &str) -> String {
    const ROOM: usize = 160;
    if text.len() <= ROOM { text.to_owned() } else { format!("{}…", domain::clip(text, ROOM)) }
}
