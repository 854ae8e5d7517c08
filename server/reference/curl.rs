//! An operation as a line for the shell, made of its own examples.

use serde_json::Value;

use super::{Operation, list, pairs, resolved, text, written};

/// Where the service is, in examples.
const SERVICE: &str = "https://consent.example.no";

/// What would be typed.
pub fn line(document: &Value, operation: &Operation) -> String {
    let mut path = operation.path.to_owned();
    let mut query = Vec::new();
    let mut parts = Vec::new();
    for parameter in list(&operation.told["parameters"]).map(|parameter| resolved(document, parameter)) {
        let (name, value) = (text(&parameter["name"]), example(document, parameter));
        match text(&parameter["in"]) {
            "path" => path = path.replace(&format!("{{{name}}}"), &value),
            "query" if parameter["required"] == true => query.push(format!("{name}={value}")),
            "header" if parameter["required"] == true => {
                parts.push(format!("-H {}", quoted(&format!("{name}: {value}"))));
            }
            _ => {}
        }
    }
    if let Some((scheme, _)) = list(&operation.told["security"]).flat_map(pairs).next() {
        let way = &document["components"]["securitySchemes"][scheme.as_str()];
        parts.push(match text(&way["scheme"]) {
            "basic" => "-u \"$CLIENT:$SECRET\"".to_owned(),
            _ => "-H \"Authorization: Bearer $TOKEN\"".to_owned(),
        });
    }
    let contents = &resolved(document, &operation.told["requestBody"])["content"];
    let json = pairs(contents).find(|(kind, _)| *kind == "application/json");
    if let Some((kind, media)) = json.or_else(|| pairs(contents).next()) {
        if kind != "application/x-www-form-urlencoded" {
            parts.push(format!("-H {}", quoted(&format!("Content-Type: {kind}"))));
        }
        parts.push(format!("-d {}", quoted(&body(document, kind, media))));
    }
    let question = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let verb = match operation.verb {
        "get" => String::new(),
        "post" if !contents.is_null() => String::new(),
        verb => format!("-X {} ", verb.to_uppercase()),
    };
    let address = quoted(&format!("{SERVICE}{path}{question}"));
    std::iter::once(format!("curl {verb}{address}")).chain(parts).collect::<Vec<_>>().join(" \\\n  ")
}

/// The value of a parameter's example.
fn example(document: &Value, parameter: &Value) -> String {
    let several = pairs(&parameter["examples"]).map(|(_, example)| &resolved(document, example)["value"]).next();
    let value = parameter.get("example").or(several).or_else(|| list(&parameter["schema"]["enum"]).next());
    value.map_or_else(|| format!("${}", text(&parameter["name"]).to_uppercase()), plain)
}

fn body(document: &Value, kind: &str, media: &Value) -> String {
    let several = pairs(&media["examples"]).map(|(_, example)| &resolved(document, example)["value"]).next();
    match media.get("example").or(several) {
        Some(Value::Object(fields)) if kind == "application/x-www-form-urlencoded" => {
            let pairs = fields.iter().map(|(name, value)| format!("{name}={}", plain(value)));
            pairs.collect::<Vec<_>>().join("&")
        }
        Some(example) if example.is_string() => written(example),
        Some(example) => example.to_string(),
        None => String::new(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// As one word of a shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
