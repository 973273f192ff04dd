//! [`Shape`] where nobody asks for the JSON Schema: there is none, so that the compiler leaves out
//! whatever would describe one, the words of its descriptions included.

use std::convert::Infallible;

use serde_json::Value;

use crate::form::Form;
use crate::key::Key;

/// No place is ever described: there is no value of this type.
#[derive(Debug, Clone)]
pub(crate) struct Shape(Infallible);

impl Shape {
    pub(crate) fn takes(&self, _: Value) {
        match self.0 {}
    }

    pub(crate) fn property(&self, _: &Key) -> Self {
        match self.0 {}
    }

    pub(crate) fn requires(&self, _: &'static str) {
        match self.0 {}
    }

    pub(crate) fn others(&self, _: &Form, _: &str) -> Self {
        match self.0 {}
    }

    pub(crate) fn close(&self) {
        match self.0 {}
    }

    pub(crate) fn items(&self) -> Self {
        match self.0 {}
    }

    pub(crate) fn alternative(&self) -> Self {
        match self.0 {}
    }
}
