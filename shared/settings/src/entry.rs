//! [`Entry`]: one value of agent.toml while it is read. Its readers answer `None` after they have
//! reported why the value does not do.

use std::fmt::Display;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeInteger, DeValue};

use crate::duration;
use crate::report::Report;
use crate::section::Section;
use crate::suggest::{list, nearest};

/// A value with its place.
pub(crate) struct Entry<'t> {
    key: String,
    value: &'t Spanned<DeValue<'t>>,
    report: &'t Report<'t>,
}

impl<'t> Entry<'t> {
    pub(crate) fn new(key: String, value: &'t Spanned<DeValue<'t>>, report: &'t Report<'t>) -> Self {
        Self { key, value, report }
    }

    /// Where it stands.
    pub(crate) fn span(&self) -> Range<usize> {
        self.value.span()
    }

    /// The line it begins on.
    pub(crate) fn line(&self) -> usize {
        self.report.line(&self.span())
    }

    /// Reports that it does not do.
    pub(crate) fn wrong(&self, problem: String, suggestion: Option<String>) {
        self.report.add(&self.span(), &self.key, problem, suggestion);
    }

    /// Reports a mistake in a file that it names, on that file's `line`.
    pub(crate) fn wrong_in(&self, file: &str, line: usize, problem: String, suggestion: String) {
        self.report.add_elsewhere(file, line, problem, suggestion);
    }

    /// Reports that it does not do, and answers `None`.
    pub(crate) fn refuse<T>(&self, problem: impl Into<String>, suggestion: impl Into<String>) -> Option<T> {
        self.wrong(problem.into(), Some(suggestion.into()));
        None
    }

    fn wrong_type<T>(&self, wanted: &str) -> Option<T> {
        let found = self.value.get_ref().type_str();
        self.refuse(format!("must be {wanted}, not {} {found}", article(found)), format!("write {wanted}"))
    }

    /// A text that is not blank, without white space around it.
    pub(crate) fn text(&self) -> Option<String> {
        match self.value.get_ref().as_str().map(str::trim) {
            Some("") => self.refuse("must not be empty", "write a text or remove the key"),
            Some(text) => Some(text.to_owned()),
            None => self.wrong_type("a text in quotes"),
        }
    }

    /// A text that is not empty, white space and all.
    pub(crate) fn raw_text(&self) -> Option<String> {
        match self.value.get_ref().as_str() {
            Some("") => self.refuse("must not be empty", "write a text or remove it"),
            Some(text) => Some(text.to_owned()),
            None => self.wrong_type("a text in quotes"),
        }
    }

    /// One of `choices`.
    pub(crate) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text) {
            return Some(*value);
        }
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let suggestion = match nearest(&text, names.iter().copied()) {
            Some(name) => format!("did you mean \"{name}\"?"),
            None => format!("one of {}", list(&names)),
        };
        self.refuse(format!("unknown value \"{text}\""), suggestion)
    }

    /// A duration within `range`.
    pub(crate) fn duration(&self, range: RangeInclusive<Duration>) -> Option<Duration> {
        let text = match self.value.get_ref() {
            DeValue::String(text) => text,
            DeValue::Integer(number) => {
                return self.refuse("a duration needs a unit", format!("did you mean \"{number}s\"?"));
            }
            _ => return self.wrong_type("a duration in quotes"),
        };
        match duration::parse(text.trim()) {
            Some(read) if range.contains(&read) => Some(read),
            Some(_) => {
                let (least, most) = (duration::show(*range.start()), duration::show(*range.end()));
                self.refuse(format!("\"{text}\" is outside {least} to {most}"), "choose one within")
            }
            None => self.refuse(format!("\"{text}\" is not a duration"), duration::EXAMPLE),
        }
    }

    /// A whole number within `range`.
    pub(crate) fn integer(&self, range: RangeInclusive<i64>) -> Option<i64> {
        let DeValue::Integer(number) = self.value.get_ref() else {
            return self.wrong_type("a whole number");
        };
        match whole(number).filter(|number| range.contains(number)) {
            Some(number) => Some(number),
            None => self.outside(number, range.start(), range.end()),
        }
    }

    /// A whole number of at least 1, as large as the type holds.
    pub(crate) fn count<T: TryFrom<i64>>(&self) -> Option<T> {
        let number = self.integer(1..=i64::MAX)?;
        T::try_from(number)
            .ok()
            .or_else(|| self.refuse(format!("{number} is too large"), "choose a smaller number"))
    }

    /// A number within `range`; a whole one will do.
    pub(crate) fn number(&self, range: RangeInclusive<f64>) -> Option<f64> {
        let number = match self.value.get_ref() {
            DeValue::Float(number) => number.as_str().parse().ok(),
            #[expect(clippy::cast_precision_loss, reason = "numbers that large are out of every range")]
            DeValue::Integer(number) => whole(number).map(|number| number as f64),
            _ => return self.wrong_type("a number"),
        };
        match number.filter(|number| range.contains(number)) {
            Some(number) => Some(number),
            None => self.outside(self.shown(), range.start(), range.end()),
        }
    }

    /// An amount of US dollars above zero.
    pub(crate) fn dollars(&self) -> Option<f64> {
        match self.number(0.0..=1_000_000.0)? {
            0.0 => self.refuse("0 would stop all work", "remove the key for no bound"),
            amount => Some(amount),
        }
    }

    fn shown(&self) -> String {
        match self.value.get_ref() {
            DeValue::Float(number) => number.to_string(),
            DeValue::Integer(number) => number.to_string(),
            other => other.type_str().to_owned(),
        }
    }

    fn outside<T>(&self, found: impl Display, least: impl Display, most: impl Display) -> Option<T> {
        self.refuse(format!("{found} is outside {least} to {most}"), "choose a number within")
    }

    /// Yes or no.
    pub(crate) fn flag(&self) -> Option<bool> {
        self.value.get_ref().as_bool().or_else(|| self.wrong_type("`true` or `false`"))
    }

    /// The elements of an array.
    pub(crate) fn items(&self) -> Option<Vec<Self>> {
        let Some(array) = self.value.get_ref().as_array() else {
            return self.wrong_type("a list in square brackets");
        };
        let item = |(index, value)| Self::new(format!("{}[{index}]", self.key), value, self.report);
        Some(array.iter().enumerate().map(item).collect())
    }

    /// The elements of an array, each read by `read`; those that do not do are left out.
    pub(crate) fn each<T>(&self, read: impl FnMut(Self) -> Option<T>) -> Option<Vec<T>> {
        Some(self.items()?.into_iter().filter_map(read).collect())
    }

    /// A table.
    pub(crate) fn section(&self) -> Option<Section<'t>> {
        match self.value.get_ref().as_table() {
            Some(table) => Some(Section::new(self.key.clone(), self.span(), table, self.report)),
            None => self.wrong_type("a table"),
        }
    }

    /// The value as JSON; a date or a number that JSON does not have is reported.
    pub(crate) fn json(&self) -> Option<Value> {
        match self.value.get_ref() {
            DeValue::String(text) => Some(Value::from(text.as_ref())),
            DeValue::Boolean(flag) => Some(Value::from(*flag)),
            DeValue::Integer(_) => self.integer(i64::MIN..=i64::MAX).map(Value::from),
            DeValue::Float(_) => self.number(f64::MIN..=f64::MAX).map(Value::from),
            DeValue::Datetime(_) => self.refuse("JSON has no dates", "write it as a text in quotes"),
            DeValue::Array(_) => {
                self.items()?.iter().map(Self::json).collect::<Option<Vec<_>>>().map(Value::from)
            }
            DeValue::Table(_) => {
                let fields = self.section()?.entries();
                let fields = fields.iter().map(|(name, _, entry)| Some(((*name).to_owned(), entry.json()?)));
                fields.collect::<Option<Map<_, _>>>().map(Value::from)
            }
        }
    }

    /// Whether it is a table.
    pub(crate) fn is_table(&self) -> bool {
        self.value.get_ref().is_table()
    }
}

fn whole(number: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}
