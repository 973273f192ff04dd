//! The description of the API is that of what is served.

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::Value;

use crate::rig::{Rig, request};

async fn document(rig: &Rig) -> Value {
    rig.send(Request::get("/openapi.json").body(Body::empty()).unwrap()).await.json()
}

#[tokio::test]
async fn every_operation_is_served_and_needs_a_token() {
    let rig = Rig::new();
    let document = document(&rig).await;
    let mut operations = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path.replace("{id}", "tsk_00000000000000000000000000");
        for method in methods.as_object().unwrap().keys() {
            let method = method.to_uppercase();
            let answer = rig.send(request(&method, &path, Body::empty())).await;
            assert_ne!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            let stranger = Request::builder().method(method.as_str()).uri(&path).body(Body::empty()).unwrap();
            rig.send(stranger).await.problem(401, "unauthorized");
            operations += 1;
        }
    }
    assert!(operations >= 7, "{operations}");
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    let document = document(&Rig::new()).await;
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
    assert!(document.pointer("/components/schemas/OneTask/properties/task_id").is_some(), "{document:#}");
}

#[tokio::test]
async fn a_task_is_as_it_is_described() {
    let rig = Rig::new();
    let task = rig.parked(1).await;
    let shown = rig.get(&format!("/tasks/{}", task.id)).await.ok();
    let document = document(&rig).await;
    let described = document.pointer("/components/schemas/OneTask/properties").unwrap().as_object().unwrap();
    let shown: Vec<&String> = shown.as_object().unwrap().keys().collect();
    let mut described: Vec<&String> = described.keys().collect();
    let mut sorted = shown.clone();
    sorted.sort();
    described.sort();
    assert_eq!(sorted, described);
}
