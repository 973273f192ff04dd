//! `afterhook standin`: one stand-in alone.

use std::process::ExitCode;

use tokio::net::TcpListener;

use crate::cli::StandinArgs;
use crate::shutdown::{Shutdown, goodbye};
use crate::terminal::say;
use crate::{Failure, stand_ins};

/// Serves until Ctrl-C.
pub(crate) async fn serve(args: StandinArgs) -> Result<ExitCode, Failure> {
    let serve = stand_ins::named(&args.service)?;
    let listener = TcpListener::bind(("127.0.0.1", args.port))
        .await
        .map_err(|error| Failure::port(args.port, &error))?;
    let address = listener.local_addr().map_err(|error| Failure::at("the port", error))?;
    let mut shutdown = Shutdown::heard()?;
    say!("ready on http://{address}");
    let served = tokio::select! {
        served = serve(listener) => served,
        () = shutdown.requested() => {
            goodbye("it forgets everything");
            Ok(())
        }
    };
    served.map(|()| ExitCode::SUCCESS).map_err(|error| Failure::at("the stand-in", error))
}
