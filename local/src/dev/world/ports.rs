//! [`Ports`]: where the stand-ins listen. Links to what they have published stand in tasks that are kept: after a restart they
//! lead somewhere if each stand-in listens where it did before.

use std::net::TcpListener as StdListener;
use std::path::Path;

use crate::Failure;
use crate::kept::Kept;

const FILE: &str = "standins.json";

/// The ports of one data directory.
pub(super) struct Ports(Option<Kept<u16>>);

impl Ports {
    /// Those of `data_dir`; `None` keeps none.
    pub(super) fn of(data_dir: Option<&Path>) -> Result<Self, Failure> {
        let kept = data_dir.map(|dir| Kept::read(dir.join(FILE))).transpose();
        kept.map(Self).map_err(failed)
    }

    /// Listens for the stand-in called `name`: where it did before, or on any free port if that is taken. With its address.
    pub(super) fn listen(&mut self, name: &str) -> Result<(StdListener, String), Failure> {
        let before = self.0.as_ref().and_then(|kept| kept.get(name)).copied();
        let again = before.and_then(|port| match bind(port) {
            Ok(listener) => Some(listener),
            Err(error) => {
                tracing::warn!(name, port, %error, "the stand-in moves: links to where it was lead nowhere");
                None
            }
        });
        let listener = again.map_or_else(|| bind(0), Ok).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        if let Some(kept) = self.0.as_mut().filter(|_| before != Some(address.port())) {
            kept.set(name, address.port()).map_err(failed)?;
        }
        Ok((listener, format!("http://{address}")))
    }
}

fn bind(port: u16) -> std::io::Result<StdListener> {
    let listener = StdListener::bind(("127.0.0.1", port))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn failed(error: std::io::Error) -> Failure {
    Failure::at("a port for a stand-in", error)
}
