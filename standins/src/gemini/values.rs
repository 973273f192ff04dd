//! Numbers for schemas: bounds, multiples, and otherwise what the field's name suggests.

use serde_json::{Number, Value};

use super::facts::Facts;
use super::guess;
use super::ordered::Node;

/// A number of `schema`. `sure` is the confidence in the choice that the same answer makes.
pub(super) fn number(schema: &Node, name: &str, facts: &Facts, position: usize, sure: f64) -> Node {
    let bounds = Bounds::of(schema, false);
    let value = bounds.fit(wanted(&bounds, name, facts, position, sure));
    Number::from_f64(value).map_or(Node::Leaf(Value::from(0)), |n| Node::Leaf(Value::Number(n)))
}

/// A whole number of `schema`.
pub(super) fn integer(schema: &Node, name: &str, facts: &Facts, position: usize, sure: f64) -> Node {
    let bounds = Bounds::of(schema, true);
    let value = bounds.fit(wanted(&bounds, name, facts, position, sure).round());
    let whole = if value < 0.0 { Value::from(value as i64) } else { Value::from(value as u64) };
    Node::Leaf(whole)
}

/// Whether the prompt holds something for an optional number of this name.
pub(super) fn has_guess(name: &str, facts: &Facts) -> bool {
    is_confidence(name) || guess::number(name, facts, 0).is_some()
}

fn is_confidence(name: &str) -> bool {
    let name = name.to_lowercase();
    ["confidence", "certainty", "probability", "score", "likelihood"].iter().any(|word| name.contains(word))
}

/// What the number should be before it is made to fit.
fn wanted(bounds: &Bounds, name: &str, facts: &Facts, position: usize, sure: f64) -> f64 {
    if is_confidence(name) {
        return match (bounds.low, bounds.high) {
            (Some(low), Some(high)) => low + (high - low) * sure,
            (_, high) => high.unwrap_or(1.0) * sure,
        };
    }
    let guessed = guess::number(name, facts, position);
    guessed.unwrap_or_else(|| match (bounds.low, bounds.high) {
        (Some(low), Some(high)) if high - low <= 100.0 => f64::midpoint(low, high),
        _ => 1.0 + position as f64,
    })
}

#[derive(Debug)]
struct Bounds {
    low: Option<f64>,
    high: Option<f64>,
    step: Option<f64>,
    whole: bool,
}

impl Bounds {
    fn of(schema: &Node, whole: bool) -> Self {
        let read = |name: &str| schema.field(name).and_then(Node::as_f64);
        let multiple = read("multipleOf").filter(|step| *step > 0.0);
        let step = if whole { Some(multiple.unwrap_or(1.0)) } else { multiple };
        let nudge = step.unwrap_or(1e-6);
        let mut low = read("minimum");
        let mut high = read("maximum");
        if let Some(above) = read("exclusiveMinimum") {
            let above = next(above, nudge, 1.0);
            low = Some(low.map_or(above, |low| low.max(above)));
        }
        if let Some(below) = read("exclusiveMaximum") {
            let below = next(below, nudge, -1.0);
            high = Some(high.map_or(below, |high| high.min(below)));
        }
        let low = low.map(|low| if whole { low.ceil() } else { low });
        let high = high.map(|high| if whole { high.floor() } else { high });
        Self { low, high, step, whole }
    }

    /// The value nearest to `value` that keeps the bounds and is a multiple of the step.
    fn fit(&self, value: f64) -> f64 {
        let (low, high) = (self.low.unwrap_or(f64::MIN), self.high.unwrap_or(f64::MAX));
        let value = value.max(low).min(high);
        let Some(step) = self.step else { return value };
        let mut fitted = (value / step).round() * step;
        if fitted < low {
            fitted = (low / step).ceil() * step;
        }
        if fitted > high {
            fitted = (high / step).floor() * step;
        }
        if self.whole { fitted.round() } else { fitted }
    }
}

/// A value just inside of an exclusive bound.
fn next(bound: f64, nudge: f64, direction: f64) -> f64 {
    let moved = bound + nudge * direction;
    if moved == bound { bound + bound.abs() * f64::EPSILON * 2.0 * direction } else { moved }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn made(schema: &str, name: &str) -> f64 {
        let schema: Node = serde_json::from_str(schema).unwrap();
        number(&schema, name, &Facts::of("x"), 0, 0.9).as_f64().unwrap()
    }

    #[test]
    fn a_confidence_is_scaled_to_its_bounds() {
        assert!((made(r#"{"minimum":0,"maximum":1}"#, "confidence") - 0.9).abs() < 1e-9);
        assert!((made(r#"{"minimum":0,"maximum":100}"#, "confidence") - 90.0).abs() < 1e-9);
        assert!((made("{}", "confidence") - 0.9).abs() < 1e-9);
    }

    #[test]
    fn bounds_and_multiples_are_kept() {
        assert!(made(r#"{"exclusiveMinimum":5,"maximum":5.5}"#, "x") > 5.0);
        assert!((made(r#"{"minimum":7,"multipleOf":5,"maximum":12}"#, "x") - 10.0).abs() < 1e-9);
        let schema: Node = serde_json::from_str(r#"{"minimum":-3.5,"maximum":-2.5}"#).unwrap();
        assert_eq!(integer(&schema, "x", &Facts::of("x"), 0, 0.9).to_json(), "-3");
    }
}
