//! [`Prompt`]: questions to a person at a terminal, who may press Ctrl-C or go away.

use std::io::{self, BufRead, IsTerminal, Write};
use std::thread;

use tokio::sync::oneshot;

use crate::Failure;
use crate::shutdown::Shutdown;

/// Asks, and hears Ctrl-C meanwhile.
pub(super) struct Prompt {
    shutdown: Shutdown,
}

impl Prompt {
    pub(super) fn new() -> Result<Self, Failure> {
        Ok(Self { shutdown: Shutdown::heard()? })
    }

    /// Whether a person types at a terminal.
    pub(super) fn is_terminal() -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// What is typed after `question`, without the blanks around it.
    pub(super) async fn line(&mut self, question: &str) -> Result<Option<String>, Failure> {
        Ok(self.raw_line(question).await?.map(|line| line.trim().to_owned()))
    }

    /// What is typed after `question`, up to the end of its line. `None` at Ctrl-C and at the end of the input: what nobody has
    /// ended with Enter was not said.
    pub(super) async fn raw_line(&mut self, question: &str) -> Result<Option<String>, Failure> {
        let failed = |error: io::Error| Failure::at("the terminal", error);
        let mut stderr = io::stderr();
        write!(stderr, "{question}").and_then(|()| stderr.flush()).map_err(failed)?;
        let read = || {
            let mut line = String::new();
            io::stdin().lock().read_line(&mut line).map(|_| line)
        };
        let line = tokio::select! {
            line = apart(read) => line?.map_err(failed)?,
            () = self.shutdown.requested() => return Ok(None),
        };
        Ok(line.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line).to_owned()))
    }

    /// Waits for `work`, during which the terminal is another program's, and with it Ctrl-C.
    pub(super) async fn lend<T: Send + 'static>(
        &mut self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let done = apart(work).await;
        self.shutdown.forget_interrupts()?;
        done
    }
}

/// Does `work` on a thread of its own. A process ends although such a thread still waits for a key, which one of the runtime's
/// would keep it from.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    let (done, result) = oneshot::channel();
    thread::spawn(move || {
        // Whoever asked may have gone.
        let _ = done.send(work());
    });
    result.await.map_err(|error| Failure::at("the terminal", error))
}
