//! Parses every recorded response in a directory, and lists the fields that the types do not know. Answers
//! to methods that we do not call are counted and passed over; errors are read whatever was called.
//!
//! `cargo run -p gemini --example parse_recorded -- DIRECTORY`
//!
//! The directory holds `index.tsv` (columns: file, …, `http_status`, operation, …) and JSON files with
//! the members `status` and `raw`, the body as it came. Ends with status 1 if a body cannot be
//! parsed.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use gemini::wire::{CachedContent, ErrorBody, EventReader, GenerateContentResponse};
use gemini::{ApiError, FailureClass};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

type Failed = Box<dyn Error>;

/// Paths of fields that a type dropped, with their number.
type Unknown = BTreeMap<String, usize>;

fn main() -> Result<ExitCode, Failed> {
    let directory = env::args().nth(1).ok_or("usage: parse_recorded DIRECTORY")?;
    let index = fs::read_to_string(Path::new(&directory).join("index.tsv"))?;
    let (mut unknown, mut parsed, mut others, mut broken) = (Unknown::new(), 0, 0, 0);
    for line in index.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [file, operation] = [columns[0], columns[5]];
        match parse_file(&Path::new(&directory).join(file), operation, &mut unknown) {
            Ok(true) => parsed += 1,
            Ok(false) => others += 1,
            Err(error) => {
                broken += 1;
                eprintln!("{file} ({operation}): {error}");
            }
        }
    }
    for (path, count) in unknown {
        println!("{count:5}  {path}");
    }
    println!("{parsed} parsed, {broken} broken, {others} of other methods");
    Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether all of the file is something that we read.
fn parse_file(path: &Path, operation: &str, unknown: &mut Unknown) -> Result<bool, Failed> {
    let record: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    let status = u16::try_from(record["status"].as_u64().ok_or("no status")?)?;
    let raw = record["raw"].as_str().ok_or("no body")?;
    let mut is_ours = true;
    for chunk in chunks(raw)? {
        if chunk.get("error").is_some() {
            serde_json::from_value::<ErrorBody>(chunk.clone())?;
            let error = ApiError::read(status, &chunk);
            println!("{error} → {:?}", FailureClass::of_error(&error, now()));
        } else {
            is_ours &= parse(operation, chunk, unknown)?;
        }
    }
    Ok(is_ours)
}

/// The chunks of a body: server-sent events, one JSON array (a stream without `alt=sse`), or one object.
fn chunks(body: &str) -> Result<Vec<Value>, Failed> {
    if body.lines().any(|line| line.starts_with("data:")) {
        let mut reader = EventReader::default();
        let mut events = reader.push(body.as_bytes());
        events.extend(reader.finish());
        return events.iter().map(|event| Ok(serde_json::from_str(event)?)).collect();
    }
    Ok(match serde_json::from_str(body)? {
        Value::Array(chunks) => chunks,
        chunk => vec![chunk],
    })
}

fn now() -> domain::Timestamp {
    domain::Clock::system().now()
}

fn parse(operation: &str, body: Value, unknown: &mut Unknown) -> Result<bool, Failed> {
    match operation {
        "generateContent" if body.get("totalTokens").is_some() => return Ok(false),
        "generateContent" | "streamGenerateContent" => round::<GenerateContentResponse>(body, unknown)?,
        "cachedContents" if body.get("cachedContents").is_some() => return Ok(false),
        "cachedContents" => round::<CachedContent>(body, unknown)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// Parses, writes again and compares: what is missing then, the type does not know.
fn round<T: DeserializeOwned + Serialize>(body: Value, unknown: &mut Unknown) -> Result<(), Failed> {
    let again = serde_json::to_value(serde_json::from_value::<T>(body.clone())?)?;
    compare("", &body, &again, unknown);
    Ok(())
}

fn compare(path: &str, before: &Value, after: &Value, unknown: &mut Unknown) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            for (key, value) in before {
                let path = format!("{path}.{key}");
                match after.get(key) {
                    Some(after) => compare(&path, value, after, unknown),
                    None => *unknown.entry(path).or_default() += 1,
                }
            }
        }
        (Value::Array(before), Value::Array(after)) => {
            for (before, after) in before.iter().zip(after) {
                compare(&format!("{path}[]"), before, after, unknown);
            }
        }
        (Value::Number(before), Value::Number(after)) if before.as_f64() != after.as_f64() => {
            *unknown.entry(format!("{path} (number changed)")).or_default() += 1;
        }
        (Value::Number(_), Value::Number(_)) => {}
        (before, after) if before != after => *unknown.entry(format!("{path} (changed)")).or_default() += 1,
        _ => {}
    }
}
