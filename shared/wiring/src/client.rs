//! [`Client`]: the client of one service, whatever its type.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use domain::Publisher;

use crate::OutsideService;

/// The client of one service: a place where threads live, or something that automations act with, or both.
#[derive(Clone)]
pub struct Client {
    publisher: Option<Arc<dyn Publisher>>,
    typed: Arc<dyn Any + Send + Sync>,
}

/// A client that automations use by methods of its own.
pub trait ServiceClient: Any {
    /// The service that it is the client of.
    const SERVICE: OutsideService;
}

impl Client {
    /// The client of a service without threads.
    #[must_use]
    pub fn new<T: Any + Send + Sync>(client: Arc<T>) -> Self {
        Self { publisher: None, typed: client }
    }

    /// The client of a service where threads live.
    #[must_use]
    pub fn with_threads<T: Publisher + Any>(client: Arc<T>) -> Self {
        Self { publisher: Some(Arc::<T>::clone(&client)), typed: client }
    }

    /// The same, whose threads are at `publisher`.
    #[must_use]
    pub fn with_publisher(self, publisher: Arc<dyn Publisher>) -> Self {
        Self { publisher: Some(publisher), ..self }
    }

    /// The service as a place where threads live; `None` when there are none.
    #[must_use]
    pub fn publisher(&self) -> Option<&dyn Publisher> {
        self.publisher.as_deref()
    }

    /// The same, to keep.
    #[must_use]
    pub(crate) fn shared<T: ServiceClient + Send + Sync>(&self) -> Option<Arc<T>> {
        Arc::clone(&self.typed).downcast().ok()
    }

    /// The client as what it is; `None` when it is of another type.
    #[must_use]
    pub fn typed<T: ServiceClient>(&self) -> Option<&T> {
        self.typed.downcast_ref()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("has_threads", &self.publisher.is_some()).finish_non_exhaustive()
    }
}
