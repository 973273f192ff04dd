//! [`Entry`]: one value of agent.toml while it is read. A reader that cannot use the value reports why and
//! returns `None`.

use std::borrow::Cow;
use std::fmt::Display;
use std::ops::{Range, RangeInclusive};
use std::path::Path;
use std::time::Duration;

use domain::Priority;
use serde_json::{Map, Value, json};
use toml::Spanned;
use toml::de::{DeInteger, DeValue};

use crate::duration;
use crate::form::Form;
use crate::report::Report;
use crate::section::Section;
use crate::shape::Shape;
use crate::suggest::{list, nearest};

/// A value with its place.
pub(crate) struct Entry<'t> {
    key: String,
    source: Source<'t>,
    report: &'t Report<'t>,
}

enum Source<'t> {
    File(&'t Spanned<DeValue<'t>>),
    /// There is no value; the probe notes what kind of value would be read.
    Probe(Shape),
}

impl<'t> Entry<'t> {
    pub(crate) fn new(key: String, value: &'t Spanned<DeValue<'t>>, report: &'t Report<'t>) -> Self {
        Self { key, source: Source::File(value), report }
    }

    /// An entry without a value, which notes in `shape` what kind of value its reader wants.
    pub(crate) fn probe(key: String, shape: Shape, report: &'t Report<'t>) -> Self {
        Self { key, source: Source::Probe(shape), report }
    }

    /// The value, which is read as something with these `keywords` of JSON Schema.
    fn value(&self, keywords: impl FnOnce() -> Value) -> Option<&'t DeValue<'t>> {
        match &self.source {
            Source::File(value) => Some(value.get_ref()),
            Source::Probe(shape) => {
                shape.takes(keywords());
                None
            }
        }
    }

    /// Says in `keywords` of JSON Schema what the caller will check by itself.
    pub(crate) fn also(&self, keywords: impl FnOnce() -> Value) {
        let _: Option<&DeValue<'_>> = self.value(keywords);
    }

    /// Where it stands.
    pub(crate) fn span(&self) -> Range<usize> {
        match &self.source {
            Source::File(value) => value.span(),
            Source::Probe(_) => 0..0,
        }
    }

    /// The line it begins on.
    pub(crate) fn line(&self) -> usize {
        self.report.line(&self.span())
    }

    /// Reports that the value cannot be used.
    pub(crate) fn wrong(&self, problem: String, suggestion: Option<String>) {
        self.report.add(&self.span(), &self.key, problem, suggestion);
    }

    /// Reports a mistake in a file that it names, on that file's `line`.
    pub(crate) fn wrong_in(&self, file: &str, line: usize, problem: String, suggestion: String) {
        self.report.add_elsewhere(file, line, problem, suggestion);
    }

    /// Reports that the value cannot be used, and returns `None`.
    pub(crate) fn refuse<T>(&self, problem: impl Into<String>, suggestion: impl Into<String>) -> Option<T> {
        self.wrong(problem.into(), Some(suggestion.into()));
        None
    }

    fn wrong_type<T>(&self, found: &DeValue<'_>, wanted: &str) -> Option<T> {
        let found = found.type_str();
        self.refuse(format!("must be {wanted}, not {} {found}", article(found)), format!("write {wanted}"))
    }

    /// A text that is not blank, without white space around it.
    pub(crate) fn text(&self) -> Option<String> {
        let value = self.value(|| json!({"type": "string", "pattern": r"\S"}))?;
        match value.as_str().map(str::trim) {
            Some("") => self.refuse("must not be empty", "write a text or remove the key"),
            Some(text) => Some(text.to_owned()),
            None => self.wrong_type(value, "a text in quotes"),
        }
    }

    /// A text of this `form`. For any other text, `wrong` says what is wrong and how to mend it.
    pub(crate) fn text_like<P: Into<String>, S: Into<String>>(
        &self,
        form: &Form,
        wrong: impl FnOnce(&str) -> (P, S),
    ) -> Option<String> {
        let text = self.text();
        self.also(|| form.keywords());
        let text = text?;
        if (form.fits)(&text) {
            return Some(text);
        }
        let (problem, suggestion) = wrong(&text);
        self.refuse(problem, suggestion)
    }

    /// What `read` finds in the file beside agent.toml that is named here, with the name.
    pub(crate) fn file(
        &self,
        dir: &Path,
        read: fn(&Path) -> Result<String, String>,
    ) -> Option<(String, String)> {
        let file = self.text()?;
        match read(&dir.join(&file)) {
            Ok(text) => Some((file, text)),
            Err(problem) => self.refuse(format!("`{file}`: {problem}"), "paths are relative to agent.toml"),
        }
    }

    /// A text that is not empty, white space and all.
    pub(crate) fn raw_text(&self) -> Option<String> {
        let value = self.value(|| json!({"type": "string", "minLength": 1}))?;
        match value.as_str() {
            Some("") => self.refuse("must not be empty", "write a text or remove it"),
            Some(text) => Some(text.to_owned()),
            None => self.wrong_type(value, "a text in quotes"),
        }
    }

    pub(crate) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text();
        self.also(|| json!({"enum": choices.iter().map(|(name, _)| *name).collect::<Vec<_>>()}));
        let text = text?;
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
        let value = self.value(|| duration::keywords(&range))?;
        let text = match value {
            DeValue::String(text) => text,
            DeValue::Integer(number) => {
                return self.refuse("a duration needs a unit", format!("did you mean \"{number}s\"?"));
            }
            _ => return self.wrong_type(value, "a duration in quotes"),
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
        let (least, most) = (range.start(), range.end());
        let value = self.value(|| match *most {
            i64::MAX => json!({"type": "integer", "minimum": least}),
            most => json!({"type": "integer", "minimum": least, "maximum": most}),
        })?;
        let DeValue::Integer(number) = value else {
            return self.wrong_type(value, "a whole number");
        };
        match whole(number).filter(|number| range.contains(number)) {
            Some(number) => Some(number),
            None => self.outside(number, least, most),
        }
    }

    /// A whole number of at least 1, as large as the type holds.
    pub(crate) fn count<T: TryFrom<i64>>(&self) -> Option<T> {
        let number = self.integer(1..=i64::MAX)?;
        T::try_from(number)
            .ok()
            .or_else(|| self.refuse(format!("{number} is too large"), "choose a smaller number"))
    }

    /// A priority, 1 (bulk) to 5 (urgent).
    pub(crate) fn priority(&self) -> Option<Priority> {
        u8::try_from(self.integer(1..=5)?).ok().and_then(|level| Priority::new(level).ok())
    }

    /// A number within `range`; a whole one will do.
    pub(crate) fn number(&self, range: RangeInclusive<f64>) -> Option<f64> {
        let (least, most) = (range.start(), range.end());
        let value = self.value(|| json!({"type": "number", "minimum": least, "maximum": most}))?;
        let number = match value {
            DeValue::Float(number) => number.as_str().parse().ok(),
            #[expect(clippy::cast_precision_loss, reason = "numbers that large are out of every range")]
            DeValue::Integer(number) => whole(number).map(|number| number as f64),
            _ => return self.wrong_type(value, "a number"),
        };
        match number.filter(|number| range.contains(number)) {
            Some(number) => Some(number),
            None => self.outside(shown(value), least, most),
        }
    }

    /// An amount of US dollars above zero.
    pub(crate) fn dollars(&self) -> Option<f64> {
        let amount = self.number(0.0..=1_000_000.0);
        self.also(|| json!({"exclusiveMinimum": 0}));
        match amount? {
            0.0 => self.refuse("0 would stop all work", "remove the key for no bound"),
            amount => Some(amount),
        }
    }

    fn outside<T>(&self, found: impl Display, least: impl Display, most: impl Display) -> Option<T> {
        self.refuse(format!("{found} is outside {least} to {most}"), "choose a number within")
    }

    /// Yes or no.
    pub(crate) fn flag(&self) -> Option<bool> {
        let value = self.value(|| json!({"type": "boolean"}))?;
        value.as_bool().or_else(|| self.wrong_type(value, "`true` or `false`"))
    }

    /// The elements of an array.
    pub(crate) fn items(&self) -> Option<Vec<Self>> {
        let item = |index: usize, source| Self {
            key: format!("{}[{index}]", self.key),
            source,
            report: self.report,
        };
        let value = match &self.source {
            Source::Probe(shape) => return Some(vec![item(0, Source::Probe(shape.items()))]),
            Source::File(value) => value.get_ref(),
        };
        let Some(array) = value.as_array() else {
            return self.wrong_type(value, "a list in square brackets");
        };
        Some(array.iter().enumerate().map(|(index, value)| item(index, Source::File(value))).collect())
    }

    /// The elements of an array, each read by `read`. Elements that `read` refuses are left out.
    pub(crate) fn each<T>(&self, read: impl FnMut(Self) -> Option<T>) -> Option<Vec<T>> {
        Some(self.items()?.into_iter().filter_map(read).collect())
    }

    /// A table.
    pub(crate) fn section(&self) -> Option<Section<'t>> {
        let value = match &self.source {
            Source::Probe(shape) => {
                return Some(Section::probe(self.key.clone(), shape.clone(), self.report));
            }
            Source::File(value) => value.get_ref(),
        };
        match value.as_table() {
            Some(table) => Some(Section::new(self.key.clone(), self.span(), table, self.report)),
            None => self.wrong_type(value, "a table"),
        }
    }

    /// What may be written in short or as a table.
    pub(crate) fn either<T>(
        &self,
        short: impl FnOnce(&Self) -> Option<T>,
        table: impl FnOnce(&Self) -> Option<T>,
    ) -> Option<T> {
        match &self.source {
            Source::File(value) if value.get_ref().is_table() => table(self),
            Source::File(_) => short(self),
            Source::Probe(shape) => {
                let way = || Self::probe(self.key.clone(), shape.alternative(), self.report);
                let _: Option<T> = short(&way());
                let _: Option<T> = table(&way());
                None
            }
        }
    }

    /// The value as JSON; a date or a number that JSON does not have is reported.
    pub(crate) fn json(&self) -> Option<Value> {
        match self.value(|| json!({"type": ["string", "number", "boolean", "array", "object"]}))? {
            DeValue::String(text) => Some(Value::from(text.as_ref())),
            DeValue::Boolean(flag) => Some(Value::from(*flag)),
            DeValue::Integer(_) => self.integer(i64::MIN..=i64::MAX).map(Value::from),
            DeValue::Float(_) => self.number(f64::MIN..=f64::MAX).map(Value::from),
            DeValue::Datetime(_) => self.refuse("JSON has no dates", "write it as a text in quotes"),
            DeValue::Array(_) => {
                self.items()?.iter().map(Self::json).collect::<Option<Vec<_>>>().map(Value::from)
            }
            DeValue::Table(table) => {
                let field = |(name, value): (&'t toml::Spanned<_>, _)| {
                    let name: &Cow<'t, str> = name.get_ref();
                    let entry = Self::new(format!("{}.{name}", self.key), value, self.report);
                    Some((name.to_string(), entry.json()?))
                };
                table.iter().map(field).collect::<Option<Map<_, _>>>().map(Value::from)
            }
        }
    }
}

fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::Float(number) => number.to_string(),
        DeValue::Integer(number) => number.to_string(),
        other => other.type_str().to_owned(),
    }
}

fn whole(number: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}
