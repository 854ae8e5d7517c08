//! The description of the wire as a page to be read: every operation with what it takes, what it answers, what can go wrong, and a
//! line for the shell.

mod curl;
mod fields;

use maud::{Markup, PreEscaped, html};
use serde_json::{Map, Value};

use crate::page;
use fields::{fields, linked, prose, resolved};

const STYLE: &str = include_str!("reference.css");
const VERBS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// One verb on one path.
struct Operation<'a> {
    path: &'a str,
    verb: &'a str,
    told: &'a Value,
}

impl Operation<'_> {
    fn id(&self) -> &str {
        text(&self.told["operationId"])
    }

    fn route(&self) -> Markup {
        html! { code.route { strong { (self.verb.to_uppercase()) } " " (self.path) } }
    }
}

/// The content security policy that the page goes with.
pub fn policy() -> String {
    page::policy_with(STYLE)
}

/// The page of an OpenAPI document.
pub fn page(document: &Value) -> String {
    let title = format!("{}: the API", text(&document["info"]["title"]));
    let head = html! { style { (PreEscaped(STYLE)) } };
    let tags: Vec<_> = list(&document["tags"]).map(|tag| (tag, operations(document, text(&tag["name"])))).collect();
    let body = html! {
        header {
            a.site href="#top" { (text(&document["info"]["title"])) " " (text(&document["info"]["version"])) }
            nav aria-label="Elsewhere" {
                ul {
                    li { a href="/openapi.json" { "OpenAPI" } }
                    li { a href="/problems" { "Problems" } }
                }
            }
        }
        main #top {
            h1 { "The API" }
            (prose(&document["info"]["description"]))
            (contents(&tags))
            @for (tag, operations) in &tags {
                section aria-labelledby=(format!("tag-{}", text(&tag["name"]))) {
                    h2 id=(format!("tag-{}", text(&tag["name"]))) { (named(text(&tag["name"]))) }
                    (prose(&tag["description"]))
                    @for operation in operations { (entry(document, operation)) }
                }
            }
            (schemas(document))
        }
    };
    page::framed("en", &title, &head, &body)
}

/// The operations of a tag, each path by itself, and then what is told to others.
fn operations<'a>(document: &'a Value, tag: &str) -> Vec<Operation<'a>> {
    let paths = pairs(&document["paths"]).chain(pairs(&document["webhooks"]));
    let each = paths.flat_map(|(path, item)| {
        VERBS.into_iter().filter_map(move |verb| item.get(verb).map(|told| Operation { path, verb, told }))
    });
    each.filter(|operation| list(&operation.told["tags"]).any(|named| named == tag)).collect()
}

fn contents(tags: &[(&Value, Vec<Operation>)]) -> Markup {
    html! {
        nav.contents aria-labelledby="contents" {
            h2 #contents { "Contents" }
            @for (tag, operations) in tags {
                details open {
                    summary { (named(text(&tag["name"]))) }
                    ul {
                        @for operation in operations {
                            li { a href=(format!("#{}", operation.id())) { (text(&operation.told["summary"])) } " " (operation.route()) }
                        }
                    }
                }
            }
            p { a href="#schemas" { "What is sent and answered" } }
        }
    }
}

fn entry(document: &Value, operation: &Operation) -> Markup {
    let told = operation.told;
    let id = operation.id();
    html! {
        article id=(id) aria-labelledby=(format!("{id}-title")) {
            h3 id=(format!("{id}-title")) { a.anchor href=(format!("#{id}")) { (text(&told["summary"])) } }
            p { (operation.route()) }
            (prose(&told["description"]))
            (access(document, told))
            (parameters(document, told, id))
            @if let Some(body) = told.get("requestBody") { (body_of(document, body, id)) }
            h4 { "Answers" }
            @for (status, answer) in pairs(&told["responses"]).filter(|(status, _)| status.as_str() < "4") {
                (answered(document, status, answer, id))
            }
            (problems(told))
            @if operation.path.starts_with('/') {
                h4 { "In a shell" }
                pre { code { (curl::line(document, operation)) } }
            }
        }
    }
}

/// Who may ask.
fn access(document: &Value, told: &Value) -> Markup {
    let ways: Vec<_> = list(&told["security"]).flat_map(pairs).collect();
    html! {
        @if !ways.is_empty() {
            dl {
                div {
                    dt { "Who may ask" }
                    dd {
                        @for (i, (scheme, scopes)) in ways.iter().enumerate() {
                            @if i > 0 { ", or " }
                            @let meant = text(&document["components"]["securitySchemes"][scheme.as_str()]["description"]);
                            (meant.trim_end_matches('.'))
                            @for scope in list(scopes) { " " code { (text(scope)) } }
                        }
                    }
                }
            }
        }
    }
}

fn parameters(document: &Value, told: &Value, id: &str) -> Markup {
    let parameters: Vec<_> = list(&told["parameters"]).map(|parameter| resolved(document, parameter)).collect();
    html! {
        @if !parameters.is_empty() {
            h4 { "Parameters" }
            table.fields aria-label=(format!("Parameters of {id}")) {
                thead { tr { th scope="col" { "Name" } th scope="col" { "Meaning" } } }
                tbody {
                    @for parameter in parameters {
                        tr {
                            td {
                                code { (text(&parameter["name"])) }
                                span.soft { " " (text(&parameter["in"])) @if parameter["required"] != true { ", optional" } }
                            }
                            td { (fields::meaning(&parameter["schema"], text(&parameter["description"]))) }
                        }
                    }
                }
            }
        }
    }
}

fn body_of(document: &Value, body: &Value, id: &str) -> Markup {
    let content = resolved(document, body);
    let kinds: Vec<_> = pairs(&content["content"]).collect();
    html! {
        h4 { "Body" }
        p.soft { @for (i, (kind, _)) in kinds.iter().enumerate() { @if i > 0 { " or " } code { (kind) } } }
        (prose(&content["description"]))
        // Where there are several they are the same thing under another name.
        @if let Some((_, media)) = kinds.first() { (shown(document, media, &format!("the body of {id}"))) }
    }
}

fn answered(document: &Value, status: &str, answer: &Value, id: &str) -> Markup {
    let answer = resolved(document, answer);
    html! {
        p { strong { (status) } " " (text(&answer["description"])) }
        @for (kind, media) in pairs(&answer["content"]) {
            p.soft { code { (kind) } }
            (shown(document, media, &format!("answer {status} of {id}")))
        }
        @let headers: Vec<_> = pairs(&answer["headers"]).map(|(name, header)| (name, resolved(document, header))).collect();
        @if !headers.is_empty() {
            ul.headers {
                @for (name, header) in headers { li { code { (name) } " " span.soft { (text(&header["description"])) } } }
            }
        }
    }
}

/// The schema of a body, and an example.
fn shown(document: &Value, media: &Value, what: &str) -> Markup {
    let schema = &media["schema"];
    html! {
        @if schema.get("$ref").is_some() { p { (linked(schema)) } } @else { (fields(schema, what)) }
        @for example in examples(document, media) { pre { code { (example) } } }
    }
}

/// The examples of a body, as they would be sent.
fn examples(document: &Value, media: &Value) -> Vec<String> {
    let one = media.get("example").into_iter();
    let several = pairs(&media["examples"]).map(|(_, example)| &resolved(document, example)["value"]);
    one.chain(several).map(written).collect()
}

fn problems(told: &Value) -> Markup {
    let answers = pairs(&told["responses"]).filter(|(status, _)| status.as_str() >= "4");
    let told: Vec<_> = answers
        .flat_map(|(status, answer)| {
            let examples = pairs(&answer["content"]["application/problem+json"]["examples"]);
            examples.map(move |(code, example)| (status, code, text(&example["summary"])))
        })
        .collect();
    html! {
        @if !told.is_empty() {
            h4 { "Problems" }
            ul.problems {
                @for (status, code, when) in told {
                    li { (status) " " a href=(format!("/problems/{code}")) { (code) } " " span.soft { (when) } }
                }
            }
        }
    }
}

fn schemas(document: &Value) -> Markup {
    html! {
        section aria-labelledby="schemas" {
            h2 #schemas { "What is sent and answered" }
            @for (name, schema) in pairs(&document["components"]["schemas"]) {
                article id=(format!("schema-{name}")) aria-labelledby=(format!("schema-{name}-title")) {
                    h3 id=(format!("schema-{name}-title")) { (name) }
                    (prose(&schema["description"]))
                    (fields(schema, name))
                }
            }
        }
    }
}

/// `people` becomes `People`.
fn named(tag: &str) -> String {
    let mut letters = tag.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn pairs(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

/// JSON as it is indented; a text is itself.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => serde_json::to_string_pretty(value).unwrap_or_default(),
    }
}
