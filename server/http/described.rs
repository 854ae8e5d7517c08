//! What every operation of the API has in common, so that no part of the description has to say it.

use serde_json::{Map, Value, json};

use crate::http::problem::Code;

type Operation = Map<String, Value>;

/// Answers that come before it is known who asks, or after something broke.
const UNCOUNTED: [&str; 3] = ["401", "408", "500"];

/// Whether it is asked with a token of ours.
fn is_api(operation: &Operation) -> bool {
    let ways = operation.get("security").and_then(Value::as_array);
    ways.is_some_and(|ways| ways.iter().any(|way| way.get("token").is_some()))
}

/// The problems that every operation of the API may meet, among its own.
pub fn add_problems(operation: &mut Operation) {
    if !is_api(operation) {
        return;
    }
    let own = operation.entry("problems").or_insert_with(|| json!({}));
    if let Some(own) = own.as_object_mut() {
        let when = "the share of the client is used up, or that of the address, where no token opens this";
        own.entry(Code::TooMany.name()).or_insert(when.into());
    }
}

/// The headers that every one of its answers may have. Call it once all answers are there.
pub fn add_headers(operation: &mut Operation) {
    if !is_api(operation) {
        return;
    }
    let answers = operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten();
    for (_, answer) in answers.filter(|(status, _)| !UNCOUNTED.contains(&status.as_str())) {
        for name in ["RateLimit-Policy", "RateLimit"] {
            answer["headers"][name] = json!({ "$ref": format!("#/components/headers/{name}") });
        }
    }
}
