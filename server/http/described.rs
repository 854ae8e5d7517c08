//! What every operation of the API has in common, so that no part of the description has to say it.

use serde_json::{Map, Value, json};

use crate::http::problem::Code;
use crate::scope::Scope;

type Operation = Map<String, Value>;

/// Answers that come before it is known who asks, or after something broke.
const UNCOUNTED: [&str; 3] = ["401", "408", "500"];

/// Whether it is asked with a token of ours.
fn is_api(operation: &Operation) -> bool {
    let ways = operation.get("security").and_then(Value::as_array);
    ways.is_some_and(|ways| ways.iter().any(|way| way.get("token").is_some()))
}

/// Whether it needs a scope that writes.
fn is_write(operation: &Operation) -> bool {
    let ways = operation.get("security").and_then(Value::as_array).into_iter().flatten();
    let scopes = ways.filter_map(|way| way.get("token")?.as_array()).flatten().filter_map(Value::as_str);
    scopes.filter_map(|scope| scope.parse::<Scope>().ok()).any(Scope::writes)
}

/// The parameters and the problems that an operation of the API has besides its own.
pub fn add_requests(operation: &mut Operation) {
    if !is_api(operation) {
        return;
    }
    let shares = "the share of the client is used up, or that of the address, where no token opens this";
    let mut problems = vec![(Code::TooMany, shares)];
    if is_write(operation) {
        add_parameter(operation, "once");
        problems.extend([
            (Code::KeyInUse, ""),
            (Code::KeyReused, ""),
            (Code::Malformed, "the Idempotency-Key cannot be one"),
            (Code::TooLarge, ""),
            (Code::Busy, ""),
            (Code::Unavailable, ""),
        ]);
    }
    let own = operation.entry("problems").or_insert_with(|| json!({}));
    if let Some(own) = own.as_object_mut() {
        for (code, when) in problems {
            own.entry(code.name()).or_insert(when.into());
        }
    }
}

/// One of those that all parts may refer to.
fn add_parameter(operation: &mut Operation, name: &str) {
    let parameter = json!({ "$ref": format!("#/components/parameters/{name}") });
    if let Some(parameters) = operation.entry("parameters").or_insert_with(|| json!([])).as_array_mut()
        && !parameters.contains(&parameter)
    {
        parameters.push(parameter);
    }
}

/// What a read whose answer may be kept has besides; see `fresh`. Those of the API may, and what says for how long.
pub fn add_freshness(verb: &str, operation: &mut Operation) {
    let api = is_api(operation);
    let good = operation.get_mut("responses").and_then(|answers| answers.get_mut("200"));
    let Some(good) = good.filter(|_| verb == "get") else { return };
    let says = good.pointer("/headers/Cache-Control").is_some();
    if !says && !api {
        return;
    }
    if !says {
        good["headers"]["Cache-Control"] = json!({ "$ref": "#/components/headers/Own" });
    }
    good["headers"]["ETag"] = json!({ "$ref": "#/components/headers/ETag" });
    add_parameter(operation, "fresh");
    operation["responses"]["304"] = json!({
        "description": "What the client has is still true.",
        "headers": { "ETag": { "$ref": "#/components/headers/ETag" } },
    });
}

/// The headers that every answer of the API may have. Call it once all answers are there.
pub fn add_headers(operation: &mut Operation) {
    if !is_api(operation) {
        return;
    }
    let writes = is_write(operation);
    let answers = operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten();
    for (status, answer) in answers.filter(|(status, _)| !UNCOUNTED.contains(&status.as_str())) {
        let replayed = (writes && status.starts_with('2')).then_some("Idempotent-Replayed");
        for name in ["RateLimit-Policy", "RateLimit"].into_iter().chain(replayed) {
            answer["headers"][name] = json!({ "$ref": format!("#/components/headers/{name}") });
        }
    }
}
