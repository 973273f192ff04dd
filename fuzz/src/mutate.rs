//! Mutations of an input: of its bytes, and of its JSON if it is some.

use fastrand::Rng;
use serde_json::{Map, Number, Value, json};

/// Inputs grow no larger.
const MAX_BYTES: usize = 64 * 1024;
/// Mutations of one input, at most.
const MAX_STEPS: usize = 6;
/// Values in a row that are laid one into the other.
const DEEP: usize = 200;
/// Words that readers of any kind stumble over.
const ODD: &[&str] = &[
    "\0",
    "\u{7f}",
    "\u{202e}",
    "\u{feff}",
    "\u{1f469}\u{200d}\u{1f4bb}",
    "\r\n\r\n",
    "```",
    "](",
    "<!--",
    "-->",
    "${",
    "{{",
    "%00",
    "../",
    "://",
    "@",
    "&#x41;",
    "\\",
    "\"",
    "-1",
    "1e400",
    "18446744073709551616",
    "NaN",
    "null",
    "true",
    "[]",
    "{}",
    "2026-13-45T99:99:99Z",
    "é",
    "ß",
    "\u{130}",
    "\u{10ffff}",
];

/// What inputs are made of.
pub(crate) struct Soup<'s> {
    pub(crate) seeds: &'s [Vec<u8>],
    pub(crate) words: &'s [&'s str],
}

impl Soup<'_> {
    /// An input that nobody has seen before.
    pub(crate) fn draw(&self, random: &mut Rng) -> Vec<u8> {
        let mut input = random.choice(self.seeds).cloned().unwrap_or_default();
        if random.bool()
            && let Ok(mut value) = serde_json::from_slice::<Value>(&input)
        {
            for _ in 0..random.usize(1..=MAX_STEPS) {
                self.change_json(&mut value, random);
            }
            input = serde_json::to_vec(&value).unwrap_or(input);
            // Damaged JSON is refused early by most: rarely.
            if random.u8(..) > 16 {
                return input;
            }
        }
        for _ in 0..random.usize(1..=MAX_STEPS) {
            self.change_bytes(&mut input, random);
        }
        input.truncate(MAX_BYTES);
        input
    }

    fn word(&self, random: &mut Rng) -> String {
        let words = if random.bool() && !self.words.is_empty() { self.words } else { ODD };
        let word = random.choice(words).copied().unwrap_or_default();
        if random.u8(..) < 8 { word.repeat(random.usize(1..2_000)) } else { word.to_owned() }
    }

    fn change_bytes(&self, input: &mut Vec<u8>, random: &mut Rng) {
        let at = random.usize(0..=input.len());
        let end = at + random.usize(0..=(input.len() - at).min(64));
        match random.u8(0..7) {
            0 => drop(input.splice(at..end, self.word(random).into_bytes())),
            1 => drop(input.splice(at..at, self.word(random).into_bytes())),
            2 => drop(input.drain(at..end)),
            3 => {
                let part = input[at..end].repeat(random.usize(1..20));
                drop(input.splice(at..at, part));
            }
            4 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << random.u8(0..8);
                }
            }
            5 => {
                let other = random.choice(self.seeds).cloned().unwrap_or_default();
                let from = random.usize(0..=other.len());
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            _ => input.truncate(at),
        }
    }

    /// Changes one place of `value`, found by walking down at random.
    fn change_json(&self, value: &mut Value, random: &mut Rng) {
        match value {
            Value::Object(fields) if !fields.is_empty() && random.u8(0..8) > 0 => {
                let place = random.usize(0..fields.len());
                let key = fields.keys().nth(place).cloned().unwrap_or_default();
                match random.u8(0..12) {
                    0 => drop(fields.remove(&key)),
                    1 => drop(fields.insert(self.word(random), self.value(random))),
                    2 => {
                        let moved = fields.remove(&key).unwrap_or_default();
                        fields.insert(self.word(random), moved);
                    }
                    _ => {
                        if let Some(inner) = fields.get_mut(&key) {
                            self.change_json(inner, random);
                        }
                    }
                }
            }
            Value::Array(items) if !items.is_empty() && random.u8(0..8) > 0 => {
                let place = random.usize(0..items.len());
                match random.u8(0..8) {
                    0 => drop(items.remove(place)),
                    1 => items.push(self.value(random)),
                    2 => {
                        let more = vec![items[place].clone(); random.usize(1..50)];
                        items.extend(more);
                    }
                    _ => self.change_json(&mut items[place], random),
                }
            }
            Value::String(text) if random.bool() => {
                let mut bytes = std::mem::take(text).into_bytes();
                self.change_bytes(&mut bytes, random);
                *text = String::from_utf8_lossy(&bytes).into_owned();
            }
            other => *other = self.value(random),
        }
    }

    fn value(&self, random: &mut Rng) -> Value {
        match random.u8(0..10) {
            0 => Value::Null,
            1 => Value::Bool(random.bool()),
            2 => json!(random.i64(..)),
            3 => json!(random.u64(..)),
            4 => Number::from_f64(f64::from_bits(random.u64(..))).map_or(Value::Null, Value::Number),
            5 => Value::Array(vec![Value::String(self.word(random)); random.usize(0..20)]),
            6 => Value::Object(Map::from_iter([(self.word(random), Value::String(self.word(random)))])),
            7 => (0..random.usize(1..DEEP)).fold(Value::Null, |inner, _| json!([inner])),
            _ => Value::String(self.word(random)),
        }
    }
}
