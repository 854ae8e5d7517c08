//! The description of the wire (OpenAPI 3.1), put together of a file for each tag. Those name problems by their codes alone: what a
//! code means, and which status it has, is taken from the one table of problems.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};

use crate::banner::Asset;
use crate::http::banner::encoded;
use crate::http::described;
use crate::http::problem::{Code, PROBLEM_JSON};
use crate::reference;

/// What every part may refer to, and then the parts, in the order in which they are read.
const PARTS: &[&str] = &[
    include_str!("../openapi/frame.json"),
    include_str!("../openapi/page.json"),
    include_str!("../openapi/visitor.json"),
    include_str!("../openapi/access.json"),
    include_str!("../openapi/people.json"),
    include_str!("../openapi/logins.json"),
    include_str!("../openapi/letters.json"),
    include_str!("../openapi/questions.json"),
    include_str!("../openapi/webhooks.json"),
    include_str!("../openapi/lists.json"),
    include_str!("../openapi/notices.json"),
    include_str!("../openapi/public.json"),
    include_str!("../openapi/ledger.json"),
    include_str!("../openapi/operator.json"),
];

/// The whole document, made once.
pub fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| assembled(PARTS));
    &DOCUMENT
}

/// `GET /openapi.json`
pub async fn show(request: HttpRequest) -> HttpResponse {
    static TEXT: LazyLock<Asset> = LazyLock::new(|| Asset::new(document().to_string().into_bytes()));
    let mut response = encoded(&TEXT, &request, "application/json", "public, max-age=300");
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// `GET /docs`: the same, to be read.
pub async fn page(request: HttpRequest) -> HttpResponse {
    static PAGE: LazyLock<Asset> = LazyLock::new(|| Asset::new(reference::page(document()).into_bytes()));
    static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
        HeaderValue::from_str(&reference::policy()).unwrap_or(HeaderValue::from_static("default-src 'none'"))
    });
    let mut response = encoded(&PAGE, &request, "text/html; charset=utf-8", "public, max-age=300");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY.clone());
    response
}

/// A part that cannot be read is left out, which the test of the route table notices.
fn assembled(parts: &[&str]) -> Value {
    let mut whole = json!({ "openapi": "3.1.0", "tags": [], "paths": {} });
    for part in parts {
        let mut part: Value = serde_json::from_str(part).unwrap_or_default();
        if let (Some(tag), Some(tags)) = (part.get("tag").cloned(), whole["tags"].as_array_mut()) {
            for (verb, operation) in operations(&mut part) {
                operation.insert("tags".into(), json!([tag["name"]]));
                described::add_requests(operation);
                tell_problems(operation);
                described::add_freshness(verb, operation);
                described::add_headers(operation);
            }
            tags.push(tag);
        }
        if let Some(part) = part.as_object_mut() {
            part.remove("tag");
        }
        merge(&mut whole, part);
    }
    whole["info"]["version"] = env!("CARGO_PKG_VERSION").into();
    let types = Code::ALL.iter().map(|code| json!(type_of(*code)));
    whole["components"]["schemas"]["Problem"]["properties"]["type"]["enum"] = types.collect();
    whole
}

/// Every operation of a part, with its verb. What stands beside the verbs of a path belongs to all of them, and is none.
fn operations(part: &mut Value) -> impl Iterator<Item = (&str, &mut Map<String, Value>)> {
    let paths = part.get_mut("paths").and_then(Value::as_object_mut).into_iter();
    let verbs = paths.flat_map(Map::values_mut).filter_map(Value::as_object_mut).flatten();
    verbs.filter_map(|(verb, told)| Some((verb.as_str(), told.as_object_mut()?)))
}

/// Puts the answers of its problems in the place of an operation's `problems`: code → when, where that is not what it always means.
fn tell_problems(operation: &mut Map<String, Value>) {
    let Some(Value::Object(mut told)) = operation.remove("problems") else { return };
    told.insert(Code::Timeout.name().into(), "".into());
    told.insert(Code::Internal.name().into(), "".into());
    if operation.contains_key("requestBody") {
        told.entry(Code::TooLarge.name()).or_insert("".into());
    }
    let mut answers: BTreeMap<String, Vec<(Code, String)>> = BTreeMap::new();
    for (name, when) in &told {
        // One that is misspelt stays, and is no OpenAPI: the test names it.
        let Some(code) = Code::named(name) else { continue };
        let when = when.as_str().filter(|when| !when.is_empty()).map_or_else(|| code.title().to_owned(), str::to_owned);
        answers.entry(code.status().as_str().to_owned()).or_default().push((code, when));
    }
    told.retain(|name, _| Code::named(name).is_none());
    if !told.is_empty() {
        operation.insert("problems".into(), told.into());
    }
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    responses.extend(answers.into_iter().map(|(status, codes)| (status, answer(&codes))));
}

/// The answer with one of several problems of a status.
fn answer(codes: &[(Code, String)]) -> Value {
    let said = codes.iter().map(|(code, when)| format!("{}: {when}.", code.name()));
    let description = said.collect::<Vec<_>>().join(" ");
    let examples = codes.iter().map(|(code, when)| {
        let problem = json!({ "type": type_of(*code), "title": code.title(), "status": code.status().as_u16() });
        (code.name().to_owned(), json!({ "summary": when, "value": problem }))
    });
    let content =
        json!({ "schema": { "$ref": "#/components/schemas/Problem" }, "examples": examples.collect::<Map<_, _>>() });
    let mut answer = json!({ "description": description, "content": { PROBLEM_JSON: content } });
    if codes.iter().all(|(code, _)| code.passes()) {
        answer["headers"] = json!({ "Retry-After": { "$ref": "#/components/headers/Retry-After" } });
    }
    if codes.iter().all(|(code, _)| code.status().as_u16() == 401) {
        answer["headers"] = json!({ "WWW-Authenticate": { "$ref": "#/components/headers/WWW-Authenticate" } });
    }
    answer
}

fn type_of(code: Code) -> String {
    format!("/problems/{}", code.name())
}

/// Adds what the other has, object by object.
fn merge(whole: &mut Value, part: Value) {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            for (key, value) in part {
                merge(whole.entry(key).or_insert(Value::Null), value);
            }
        }
        (whole, part) => *whole = part,
    }
}
