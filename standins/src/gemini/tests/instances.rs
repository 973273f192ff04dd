//! Instances of schemas, judged by the crate `jsonschema`.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::gemini::facts::Facts;
use crate::gemini::ordered::Node;
use crate::gemini::schema::instance;

fn made(schema: &Value, text: &str) -> Value {
    instance(&Node::from(schema.clone()), &Facts::of(text)).to_value()
}

fn assert_valid(schema: &Value, text: &str) -> Value {
    let made = made(schema, text);
    let validator = jsonschema::validator_for(schema).unwrap();
    if let Err(error) = validator.validate(&made) {
        panic!("{error}\nschema {schema}\ninstance {made}");
    }
    made
}

/// What a registry of automations asks of triage.
fn triage() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "confidence": {"type": "number", "minimum": 0.0, "maximum": 1.0},
            "intent": {"type": "string", "enum": ["bug_report", "feature_request", "question", "refund_request"]},
            "parameters": {"anyOf": [{"$ref": "#/$defs/Refund"}, {"type": "null"}]},
            "spam": {"type": "boolean"},
            "reason": {"type": "string", "maxLength": 80},
        },
        "required": ["intent", "confidence", "spam", "parameters", "reason"],
        "additionalProperties": false,
        "$defs": {
            "Refund": {
                "type": "object",
                "properties": {
                    "order_id": {"type": ["string", "null"]},
                    "amount": {"type": ["number", "null"]},
                },
                "required": ["order_id", "amount"],
            },
        },
    })
}

#[test]
fn triage_is_answered_by_what_the_text_says() {
    let cases = [
        ("Title: Crash on save\nIt fails with an error every time.", "bug_report", false),
        ("Title: How do I change the port?\nI cannot find it.", "question", false),
        ("Title: Dark theme\nPlease add a dark theme.", "feature_request", false),
        ("Title: Free spins at our casino!!! click here to win", "question", true),
    ];
    for (text, intent, spam) in cases {
        let answer = assert_valid(&triage(), text);
        assert_eq!(answer["spam"], spam, "{text}");
        if !spam {
            assert_eq!(answer["intent"], intent, "{text}");
            assert!(answer["confidence"].as_f64().unwrap() >= 0.86, "{text}: {answer}");
        }
    }
    let vague = assert_valid(&triage(), "Title: hm\nBody: well");
    assert!(vague["confidence"].as_f64().unwrap() < 0.8, "{vague}");
}

#[test]
fn parameters_come_from_the_text() {
    let answer = assert_valid(&triage(), "Refund please\nI was charged $19.99 for order A-1042, refund it.");
    assert_eq!(answer["parameters"], json!({"order_id": "A-1042", "amount": 19.99}));
    let nothing = assert_valid(&triage(), "Refund please\nI was charged, refund it.");
    assert_eq!(nothing["parameters"]["amount"], Value::Null);
}

#[test]
fn of_parameters_by_intent_only_the_chosen_ones_are_filled() {
    let schema = json!({
        "type": "object",
        "properties": {
            "confidence": {"type": "number", "minimum": 0, "maximum": 1},
            "intent": {"type": "string", "enum": ["bug", "refund"]},
            "parameters": {"type": "object", "properties": {
                "bug": {"type": "object", "properties": {"version": {"type": "string"}}, "required": ["version"]},
                "refund": {"type": "object", "properties": {"amount": {"type": "number"}}, "required": ["amount"]},
            }},
        },
        "required": ["intent", "confidence"],
    });
    let answer = assert_valid(&schema, "Refund $5 please\nI was charged twice.");
    assert_eq!(answer["parameters"], json!({"refund": {"amount": 5.0}}));
}

#[test]
fn a_variant_of_a_union_is_chosen_by_its_constant() {
    let variant = |name: &str| {
        json!({"type": "object", "properties": {"intent": {"const": name}, "title": {"type": "string"}},
               "required": ["intent", "title"], "additionalProperties": false})
    };
    let schema = json!({"oneOf": [variant("question"), variant("bug_report"), variant("feature_request")]});
    let answer = assert_valid(&schema, "Crash\nThe program crashes with a panic.");
    assert_eq!(answer, json!({"intent": "bug_report", "title": "Crash"}));
}

#[test]
fn documented_variants_are_told_apart_by_their_descriptions() {
    let schema = json!({"oneOf": [
        {"const": "a", "description": "The invoice is wrong"},
        {"const": "b", "description": "The printer lacks paper"},
    ]});
    assert_eq!(assert_valid(&schema, "No paper in the printer"), "b");
}

#[test]
fn the_openapi_subset_is_understood_and_its_order_kept() {
    let schema = r#"{"type":"OBJECT","properties":{"a":{"type":"STRING","nullable":true},
        "count":{"type":"INTEGER","format":"int32"},"kind":{"type":"STRING","enum":["x","y"]},
        "tags":{"type":"ARRAY","items":{"type":"STRING"},"min_items":"2"}},
        "required":["tags","a","count"],"property_ordering":["tags","kind","count","a"]}"#;
    let schema: Node = serde_json::from_str(schema).unwrap();
    let text = instance(&schema, &Facts::of("Three apples.")).to_json();
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["count"], 3);
    assert!(value["tags"].as_array().unwrap().len() >= 2 && value["a"].is_null(), "{text}");
    let places: Vec<usize> =
        ["tags", "kind", "count", "\"a\""].iter().map(|k| text.find(k).unwrap()).collect();
    assert!(places.is_sorted(), "{text}");
}

#[test]
fn special_keywords_are_kept() {
    let schemas = [
        json!({"type": "string", "pattern": "^[A-Z]{2}-\\d{4}$"}),
        json!({"type": "string", "format": "date-time"}),
        json!({"type": "string", "minLength": 50, "maxLength": 60}),
        json!({"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 3, "uniqueItems": true}),
        json!({"type": "array", "items": {"type": "integer"}, "minItems": 4, "uniqueItems": true}),
        json!({"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": false, "minItems": 2}),
        json!({"allOf": [{"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
                         {"properties": {"b": {"type": "integer", "minimum": 5}}, "required": ["b"]}]}),
        json!({"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 2}),
        json!({"type": "integer", "exclusiveMinimum": 3, "multipleOf": 4}),
        json!({"enum": [null, 3, true]}),
        json!({"type": "object", "properties": {}, "required": ["undeclared"]}),
        json!({"$ref": "#/$defs/Node", "$defs": {"Node": {"type": "object", "properties": {
            "name": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}}},
            "required": ["name", "children"]}}}),
        json!({}),
        json!(true),
    ];
    for schema in schemas {
        assert_valid(&schema, "Some text about 3 apples");
    }
}

#[test]
fn schemas_that_never_end_get_an_answer_all_the_same() {
    let endless = json!({"$ref": "#"});
    assert!(!made(&endless, "x").is_string());
    let deep = json!({"type": "object", "properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}}, "required": ["a", "b"]});
    assert!(made(&deep, "x").is_object());
    let huge = json!({"type": "array", "minItems": 999_999_999,
                      "items": {"type": "array", "minItems": 999_999_999, "items": {"type": "string"}}});
    assert!(made(&huge, "x").to_string().len() < 10_000_000);
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        (0_u64..8, 0_u64..40)
            .prop_map(|(min, more)| json!({"type": "string", "minLength": min, "maxLength": min + more})),
        (-50_i64..50, 0_i64..20)
            .prop_map(|(min, more)| json!({"type": "integer", "minimum": min, "maximum": min + more})),
        (-5.0_f64..5.0, 0.5_f64..3.0)
            .prop_map(|(min, more)| json!({"type": "number", "minimum": min, "maximum": min + more})),
        Just(json!({"type": "boolean"})),
        Just(json!({"type": ["string", "null"]})),
        prop::collection::hash_set("[a-z_]{1,12}", 1..5)
            .prop_map(|words| json!({"type": "string", "enum": words})),
        "[a-z]{1,8}".prop_map(|word| json!({"const": word})),
        Just(json!({"type": "string", "format": "date-time"})),
    ]
}

fn schema() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            (prop::collection::btree_map("[a-z_]{1,10}", (inner.clone(), any::<bool>()), 0..5), any::<bool>()).prop_map(
                |(properties, open)| {
                    let required: Vec<&String> =
                        properties.iter().filter(|(_, (_, required))| *required).map(|(name, _)| name).collect();
                    let inner: serde_json::Map<String, Value> =
                        properties.iter().map(|(name, (schema, _))| (name.clone(), schema.clone())).collect();
                    json!({"type": "object", "properties": inner, "required": required, "additionalProperties": open})
                }
            ),
            (inner.clone(), 0_u64..4, 0_u64..4).prop_map(
                |(items, min, more)| json!({"type": "array", "items": items, "minItems": min, "maxItems": min + more})
            ),
            inner.clone().prop_map(|inner| json!({"anyOf": [inner, {"type": "null"}]})),
            prop::collection::vec(inner, 1..4).prop_map(|options| json!({"anyOf": options})),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_instance_is_valid(schema in schema(), text in "\\PC{0,80}") {
        assert_valid(&schema, &text);
    }

    #[test]
    fn arbitrary_json_as_a_schema_does_no_harm(text in "\\PC{0,80}", keys in prop::collection::vec(
        prop_oneof![Just("type"), Just("items"), Just("properties"), Just("enum"), Just("anyOf"), Just("$ref"),
                    Just("required"), Just("minItems"), Just("pattern")], 0..6)) {
        let nonsense = json!([text.clone(), 7, null, {"type": text.clone()}]);
        let schema: serde_json::Map<String, Value> =
            keys.into_iter().enumerate().map(|(i, key)| (key.to_owned(), nonsense[i % 4].clone())).collect();
        made(&Value::Object(schema), &text);
    }
}
