//! The end that a person or a supervisor asks for.

use crate::Failure;

/// Hears Ctrl-C and SIGTERM from the moment it is made. Whoever says "ready" has made one before: a supervisor may ask for
/// the end as soon as it has read that word, and a signal that nobody hears kills.
pub(crate) struct Shutdown {
    #[cfg(unix)]
    terminated: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupted: tokio::signal::unix::Signal,
    #[cfg(windows)]
    interrupted: tokio::signal::windows::CtrlC,
}

impl Shutdown {
    /// # Errors
    ///
    /// The system does not hand its signals over.
    pub(crate) fn heard() -> Result<Self, Failure> {
        Self::registered().map_err(|error| Failure::at("the signals", error))
    }

    #[cfg(unix)]
    fn registered() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminated: signal(SignalKind::terminate())?,
            interrupted: signal(SignalKind::interrupt())?,
        })
    }

    #[cfg(windows)]
    fn registered() -> std::io::Result<Self> {
        Ok(Self { interrupted: tokio::signal::windows::ctrl_c()? })
    }

    /// Whoever pressed Ctrl-C until now meant another program at the same terminal.
    ///
    /// # Errors
    ///
    /// The system does not hand its signals over.
    pub(crate) fn forget_interrupts(&mut self) -> Result<(), Failure> {
        self.interrupted = Self::heard()?.interrupted;
        Ok(())
    }

    /// Returns when it is asked for; at once if it was asked for since.
    pub(crate) async fn requested(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminated.recv() => {}
            _ = self.interrupted.recv() => {}
        }
        #[cfg(windows)]
        self.interrupted.recv().await;
    }
}

/// The last word of a server.
pub(crate) fn goodbye(what: &str) {
    eprintln!("\nstopped; {what}");
}
