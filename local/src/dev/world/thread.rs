//! Serving a stand-in on a thread of its own.

use std::io;
use std::net::TcpListener as StdListener;
use std::thread;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::Failure;

/// Serves on a thread of its own until `tasks` is shut down: what a stand-in thinks about must not
/// keep webhooks waiting, as it would not in the real world.
pub(super) fn serve<S, F>(
    name: &'static str,
    listener: StdListener,
    tasks: &mut JoinSet<()>,
    serve: S,
) -> Result<(), Failure>
where
    S: FnOnce(TcpListener) -> F + Send + 'static,
    F: Future<Output = io::Result<()>>,
{
    let (alive, ended) = oneshot::channel::<()>();
    let work = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let served = runtime.and_then(|runtime| {
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener)?;
                tokio::select! {
                    served = serve(listener) => served,
                    _ = ended => Ok(()),
                }
            })
        });
        if let Err(problem) = served {
            tracing::error!(name, %problem, "the stand-in stopped");
        }
    };
    let thread = thread::Builder::new().name(format!("{name} stand-in")).spawn(work);
    thread.map_err(|error| Failure::at("a thread for a stand-in", error))?;
    tasks.spawn(async move {
        let _alive = alive;
        std::future::pending::<()>().await;
    });
    Ok(())
}
