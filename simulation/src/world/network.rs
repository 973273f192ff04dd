//! The network: what the system sends to services outside ends here.

use std::sync::{Arc, Weak};

use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::Value;
use simulated::{Network, NoAnswer, Request, Sending};

use super::{Ports, World, gemini, github, lock, receiver};
use crate::planted::Planted;

/// The network that ends in `world`.
pub(crate) struct ToWorld(Weak<World>);

/// An answer: its status, its headers and its body.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: Vec::new(), body: body.to_string().into_bytes() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    fn response(self) -> Response<Vec<u8>> {
        let mut response = Response::new(self.body);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        response
    }
}

/// In the trace.
impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}

impl ToWorld {
    pub(crate) fn of(world: &Arc<World>) -> Self {
        Self(Arc::downgrade(world))
    }

    /// The world as whoever sends now reaches it.
    fn ports(&self) -> Option<Arc<Ports>> {
        let world = self.0.upgrade()?;
        let env = world.scheduler.going()?;
        Some(world.ports(env))
    }
}

impl Network for ToWorld {
    fn send(&self, request: Request) -> Sending {
        let (ports, asking) = (self.ports(), gemini::asking());
        Box::pin(async move {
            let ports = ports.ok_or(NoAnswer::Unsent)?;
            let reply = match request.url().host_str() {
                Some(receiver::HOST) => Arc::clone(&ports.world).receive(request).await,
                Some(github::HOST) => ports.github(&request).await,
                Some(gemini::HOST) => ports.think(&*asking.ok_or(NoAnswer::Unsent)?, &request).await,
                _ => Err(NoAnswer::Unsent),
            };
            Ok(reply?.response().into())
        })
    }

    fn fresh_id(&self) -> u32 {
        self.0.upgrade().map_or(0, |world| lock(&world.lot).u32(..))
    }

    fn forgets_use_alone(&self) -> bool {
        self.0.upgrade().is_some_and(|world| world.planted == Some(Planted::UseAloneForgotten))
    }
}
