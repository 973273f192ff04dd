//! [`MadeOf`]: what is made of an environment, and made anew when a secret was rotated.

use std::sync::{Arc, Mutex, PoisonError};

use settings::Environment;

/// What was last made of the environment that a [`SecretReader`](crate::SecretReader) gives out. Which
/// variables it is made of does not matter: the reader gives out another environment whenever any of them has
/// changed, so a rotated secret is never ignored.
pub struct MadeOf<T>(Mutex<Option<(Arc<Environment>, Arc<T>)>>);

impl<T> Default for MadeOf<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> MadeOf<T> {
    /// What was made of `environment`, else what `make` makes of it now.
    ///
    /// # Errors
    /// Those of `make`; the next call tries again.
    pub fn get<E>(
        &self,
        environment: &Arc<Environment>,
        make: impl FnOnce(&Environment) -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, made)) = &*last
            && Arc::ptr_eq(of, environment)
        {
            return Ok(Arc::clone(made));
        }
        let made = Arc::new(make(environment)?);
        *last = Some((Arc::clone(environment), Arc::clone(&made)));
        Ok(made)
    }
}
