//! The end that a person or a supervisor asks for.

use std::io;

/// Ctrl-C or SIGTERM.
pub(crate) async fn requested() -> io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminated.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

/// The last word of a server.
pub(crate) fn goodbye(what: &str) {
    eprintln!("\nstopped; {what}");
}
