//! [`Variables`]: names and values before they are checked; and the reader that checks them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};

use super::Environment;
use crate::{Mistake, Mistakes};

/// Origin of the variables of the process's environment.
pub(super) const ENVIRONMENT: &str = "environment";

/// Environment variables, with the Secrets Manager secrets laid over them. `Debug` shows names only.
#[derive(Clone, Default)]
pub struct Variables(BTreeMap<String, Variable>);

#[derive(Clone)]
struct Variable {
    origin: String,
    /// `None`: not UTF-8.
    value: Option<String>,
}

impl Variables {
    /// The process's environment.
    #[must_use]
    pub fn read() -> Self {
        let variable = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            let value = Variable { origin: ENVIRONMENT.to_owned(), value: value.into_string().ok() };
            Some((name.into_string().ok()?, value))
        };
        Self(std::env::vars_os().filter_map(variable).collect())
    }

    /// The given variables.
    #[must_use]
    pub fn from_map<K, V>(variables: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<String>,
        V: Into<String>,
    {
        let mut read = Self::default();
        for (name, value) in variables {
            read.set(name.into(), ENVIRONMENT, value.into());
        }
        read
    }

    /// Lays one variable out of a secret store over these; its value wins.
    pub fn set_secret(&mut self, name: &str, value: &SecretString) {
        self.set(name.to_owned(), "secret", value.expose_secret().to_owned());
    }

    /// What they say.
    ///
    /// # Errors
    /// [`Mistakes`]: all of them, by the names of the variables, never with a secret's value.
    pub fn environment(&self) -> Result<Environment, Mistakes> {
        let (environment, fit) = self.environment_anyway();
        fit.map(|()| environment)
    }

    /// What those of them say that can be used; and what is wrong with the others.
    pub fn environment_anyway(&self) -> (Environment, Result<(), Mistakes>) {
        Environment::from_variables(self)
    }

    /// Where agent.toml is, as [`Environment::config_path`] says it, even where other variables are wrong.
    #[must_use]
    pub fn config_path(&self) -> PathBuf {
        let value = |name: &str| self.text(name).map(str::to_owned);
        let known = Environment {
            config: value("AFTERHOOK_CONFIG").map(PathBuf::from),
            lambda_function: value("AWS_LAMBDA_FUNCTION_NAME"),
            ..Environment::default()
        };
        known.config_path()
    }

    /// Whether `name` has a value. [`Variables::environment`] reports a value that cannot be used.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|variable| variable.value.is_none()) || self.text(name).is_some()
    }

    fn text(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name)?.value.as_deref().map(str::trim);
        value.filter(|value| !value.is_empty())
    }

    fn set(&mut self, name: String, origin: &str, value: String) {
        self.0.insert(name, Variable { origin: origin.to_owned(), value: Some(value) });
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn mistake(origin: &str, name: &str, problem: String, suggestion: &str) -> Mistake {
    Mistake {
        origin: origin.to_owned(),
        at: None,
        key: name.to_owned(),
        problem,
        suggestion: Some(suggestion.to_owned()),
    }
}

/// Hands out variables and collects what is wrong with them.
pub(super) struct Reader<'v> {
    variables: &'v Variables,
    found: RefCell<Vec<Mistake>>,
}

impl<'v> Reader<'v> {
    pub(super) fn new(variables: &'v Variables) -> Self {
        Self { variables, found: RefCell::default() }
    }

    /// The value of `name` without white space around it; `None` when it is absent or blank.
    pub(super) fn get(&self, name: &str) -> Option<&'v str> {
        self.untrimmed(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// The value of `name` as it is, for those whose lines are counted.
    pub(super) fn untrimmed(&self, name: &str) -> Option<&'v str> {
        let value = &self.variables.0.get(name)?.value;
        if value.is_none() {
            self.wrong(name, "not UTF-8 text".to_owned(), "set it anew");
        }
        value.as_deref()
    }

    /// A plain text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// A secret on one line. It may become a header, where a line break would start another one.
    pub(super) fn secret(&self, name: &str) -> Option<SecretString> {
        let value = self.get(name)?;
        if value.chars().all(|c| c.is_ascii_graphic()) {
            return Some(SecretString::from(value));
        }
        let problem = "has white space or other characters that no such secret has".to_owned();
        self.wrong(name, problem, "copy it again, all on one line");
        None
    }

    /// The address of an account.
    pub(super) fn email(&self, name: &str) -> Option<String> {
        let value = self.get(name)?;
        let usable = value.contains('@') && value.chars().all(|c| c.is_ascii_graphic() && c != ':');
        if usable {
            return Some(value.to_owned());
        }
        self.wrong(
            name,
            "not an email address".to_owned(),
            "write the address that the account logs in with",
        );
        None
    }

    /// Two variables that only make sense together.
    pub(super) fn together(&self, one: &str, other: &str) {
        for (missing, there) in [(one, other), (other, one)] {
            if self.get(missing).is_none() && self.get(there).is_some() {
                self.wrong(missing, format!("missing, while {there} is set"), "set both or neither");
            }
        }
    }

    /// All names that are set, blank ones included.
    pub(super) fn names(&self) -> impl Iterator<Item = &'v str> {
        self.variables.0.keys().map(String::as_str)
    }

    /// Reports that the value of `name` cannot be used. `problem` must not hold the value of a secret.
    pub(super) fn wrong(&self, name: &str, problem: String, suggestion: &str) {
        let origin = self.variables.0.get(name).map_or(ENVIRONMENT, |variable| variable.origin.as_str());
        let mistake = mistake(origin, name, problem, suggestion);
        // A variable may be looked at twice.
        let mut found = self.found.borrow_mut();
        if !found.contains(&mistake) {
            found.push(mistake);
        }
    }

    pub(super) fn finish(self) -> Result<(), Mistakes> {
        Mistakes::check(self.found.into_inner())
    }
}
