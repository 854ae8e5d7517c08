//! Schemas as tables of fields.

use maud::{Markup, html};
use serde_json::Value;

use super::{list, pairs, text};

/// What a `$ref` points to, or the value itself.
pub fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let place = value.get("$ref").and_then(Value::as_str).and_then(|place| place.strip_prefix('#'));
    place.and_then(|place| document.pointer(place)).unwrap_or(value)
}

/// Paragraphs of a description.
pub fn prose(told: &Value) -> Markup {
    html! { @for part in text(told).split("\n\n").filter(|part| !part.is_empty()) { p { (part) } } }
}

/// The name of a schema that stands elsewhere on the page.
pub fn linked(schema: &Value) -> Markup {
    let name = text(&schema["$ref"]).rsplit('/').next().unwrap_or_default();
    html! { a href=(format!("#schema-{name}")) { (name) } }
}

/// The fields of an object, those of objects in it included; of anything else, what it is.
pub fn fields(schema: &Value, what: &str) -> Markup {
    let mut rows = Vec::new();
    collect(schema, "", &mut rows);
    html! {
        @if rows.is_empty() {
            @if schema["type"] != "string" || schema.get("enum").is_some() { p { (meaning(schema, "")) } }
        } @else {
            table.fields aria-label=(format!("Fields of {what}")) {
                thead { tr { th scope="col" { "Field" } th scope="col" { "Meaning" } } }
                tbody {
                    @for (name, field, required) in rows {
                        tr {
                            td { code { (name) } @if !required { span.soft { " optional" } } }
                            td { (meaning(field, text(&field["description"]))) }
                        }
                    }
                }
            }
        }
    }
}

/// Required ones first; a field of a field by both names.
fn collect<'a>(schema: &'a Value, before: &str, rows: &mut Vec<(String, &'a Value, bool)>) {
    let required = |name: &str| list(&schema["required"]).any(|required| required == name);
    let (first, then): (Vec<_>, Vec<_>) = pairs(&schema["properties"]).partition(|(name, _)| required(name));
    for (name, field) in first.into_iter().chain(then) {
        let path = format!("{before}{name}");
        let inner = if field["type"] == "array" { (&field["items"], "[].") } else { (field, ".") };
        rows.push((path.clone(), field, required(name)));
        collect(inner.0, &format!("{path}{}", inner.1), rows);
    }
    for (key, part) in pairs(schema).filter(|(key, _)| ["allOf", "oneOf", "anyOf"].contains(&key.as_str())) {
        // What may be left out of one of several is not required of all.
        let from = rows.len();
        list(part).for_each(|part| collect(part, before, rows));
        if key != "allOf" {
            rows[from..].iter_mut().for_each(|row| row.2 = false);
        }
    }
}

/// What a value is, and what is said of it.
pub fn meaning(schema: &Value, described: &str) -> Markup {
    let words: Vec<_> = words(schema);
    html! {
        (kind(schema))
        @if !words.is_empty() {
            ": " @for (i, word) in words.iter().enumerate() { @if i > 0 { ", " } code { (word) } }
        }
        (limits(schema))
        ". " (described)
    }
}

fn kind(schema: &Value) -> Markup {
    if schema.get("$ref").is_some() {
        return linked(schema);
    }
    let named = match &schema["type"] {
        Value::String(one) => one.clone(),
        Value::Array(several) => several.iter().map(text).collect::<Vec<_>>().join(" or "),
        _ if schema.get("enum").is_some() => "one of".to_owned(),
        _ if schema.get("const").is_some() => "always".to_owned(),
        _ => "any".to_owned(),
    };
    let choices: Vec<_> = ["oneOf", "anyOf"].into_iter().flat_map(|key| list(&schema[key])).collect();
    html! {
        @if choices.is_empty() { (named) } @else {
            @for (i, choice) in choices.iter().enumerate() { @if i > 0 { " or " } (kind(choice)) }
        }
        @if schema["type"] == "array" && schema.get("items").is_some() { " of " (kind(&schema["items"])) }
        @if let Some(each) = schema.get("additionalProperties").filter(|each| each.is_object()) { ", each " (kind(each)) }
        @if let Some(format) = schema.get("format") { " (" (text(format)) ")" }
    }
}

/// The values that it may have.
fn words(schema: &Value) -> Vec<String> {
    let schema = if schema["type"] == "array" { &schema["items"] } else { schema };
    let each = schema.get("additionalProperties").filter(|each| each.is_object()).unwrap_or(schema);
    let one = each.get("const").into_iter();
    one.chain(list(&each["enum"]))
        .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        .collect()
}

fn limits(schema: &Value) -> String {
    let said = [
        ("minimum", "at least", ""),
        ("maximum", "at most", ""),
        ("minLength", "at least", " characters"),
        ("maxLength", "at most", " characters"),
        ("minItems", "at least", " of them"),
        ("maxItems", "at most", " of them"),
        ("default", "by default", ""),
    ];
    let limits = said.into_iter().filter_map(|(key, words, what)| {
        // The largest numbers that JSON carries say nothing to a reader.
        let value = schema.get(key).filter(|value| value.as_i64().is_none_or(|n| n.abs() < i64::from(i32::MAX)))?;
        Some(format!(", {words} {}{what}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
    });
    limits.collect()
}
