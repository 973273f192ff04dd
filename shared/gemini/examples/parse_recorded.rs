//! Parses every recorded response in a directory, and lists the fields that the types do not know.
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

use gemini::wire::{
    CachedContent, CachedContentList, CountTokensResponse, EmbedContentsResponse, ErrorBody,
    GenerateContentResponse, Interaction, InteractionEvent, ModelList, Operation, OperationList,
    stream_chunks,
};
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
    let (mut unknown, mut parsed, mut broken) = (Unknown::new(), 0, 0);
    for line in index.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [file, operation] = [columns[0], columns[5]];
        match parse_file(&Path::new(&directory).join(file), operation, &mut unknown) {
            Ok(()) => parsed += 1,
            Err(error) => {
                broken += 1;
                eprintln!("{file} ({operation}): {error}");
            }
        }
    }
    for (path, count) in unknown {
        println!("{count:5}  {path}");
    }
    println!("{parsed} parsed, {broken} broken");
    Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn parse_file(path: &Path, operation: &str, unknown: &mut Unknown) -> Result<(), Failed> {
    let record: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    let status = u16::try_from(record["status"].as_u64().ok_or("no status")?)?;
    let raw = record["raw"].as_str().ok_or("no body")?;
    for chunk in stream_chunks(raw)?.1 {
        if chunk.get("error").is_some() {
            serde_json::from_value::<ErrorBody>(chunk.clone())?;
            let error = ApiError::read(status, &chunk);
            println!("{error} → {:?}", FailureClass::of_error(&error, now()));
        } else {
            parse(operation, chunk, unknown)?;
        }
    }
    Ok(())
}

fn now() -> domain::Timestamp {
    domain::Clock::system().now()
}

fn parse(operation: &str, body: Value, unknown: &mut Unknown) -> Result<(), Failed> {
    match operation {
        "generateContent" if body.get("totalTokens").is_some() => round::<CountTokensResponse>(body, unknown),
        "generateContent" | "streamGenerateContent" => round::<GenerateContentResponse>(body, unknown),
        "batchEmbedContents" => round::<EmbedContentsResponse>(body, unknown),
        "countTokens" => round::<CountTokensResponse>(body, unknown),
        "cachedContents" if body.get("cachedContents").is_some() => round::<CachedContentList>(body, unknown),
        "cachedContents" => round::<CachedContent>(body, unknown),
        "models" => round::<ModelList>(body, unknown),
        "batches" => round::<OperationList>(body, unknown),
        "interactions" if body.get("event_type").is_some() => round::<InteractionEvent>(body, unknown),
        "interactions" => round::<Interaction>(body, unknown),
        _ => round::<Operation>(body, unknown),
    }
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
