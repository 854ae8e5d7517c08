//! What is wrong with a file in TOML that an operator wrote: each complaint with its line, its key and what was expected.

use toml::de::{DeTable, DeValue};

/// A sentence for what TOML or serde could not read.
pub fn syntax(text: &str, error: &toml::de::Error) -> String {
    let Some(span) = error.span() else { return error.message().to_owned() };
    let line = text[..span.start.min(text.len())].matches('\n').count();
    let source = text.lines().nth(line).unwrap_or_default().trim();
    format!("line {}: {}, in `{source}`", line + 1, error.message())
}

/// Collects what is wrong, each with the line it stands on.
pub struct Complaints<'a> {
    text: &'a str,
    pub found: Vec<String>,
}

impl<'a> Complaints<'a> {
    pub const fn of(text: &'a str) -> Self {
        Self { text, found: Vec::new() }
    }

    /// `path` is dotted, list places as numbers: `services.0.purpose`. A key that is not there is found at its nearest parent.
    pub fn say(&mut self, path: &str, reason: &str) {
        let line = self.line_of(path);
        self.found.push(format!("line {line}: {path}: {reason}"));
    }

    fn line_of(&self, path: &str) -> usize {
        let Ok(root) = DeTable::parse(self.text) else { return 1 };
        let mut at = root.span().start;
        let value = DeValue::Table(root.into_inner());
        let mut here = Some(&value);
        for step in path.split('.') {
            let next = match here {
                Some(DeValue::Table(table)) => table.get_key_value(step).map(|(key, value)| (key.span(), value)),
                Some(DeValue::Array(list)) => {
                    step.parse::<usize>().ok().and_then(|i| list.get(i)).map(|value| (value.span(), value))
                }
                _ => None,
            };
            let Some((span, value)) = next else { break };
            at = span.start;
            here = Some(value.as_ref());
        }
        self.text[..at.min(self.text.len())].matches('\n').count() + 1
    }
}
