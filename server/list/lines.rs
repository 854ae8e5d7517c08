//! How a list is written whole: a JSON object on each line, or a table (RFC 4180).

use clap::ValueEnum;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::{Error, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A JSON object on each line
    Ndjson,
    /// A table (RFC 4180), for spreadsheets too
    Csv,
}

impl Format {
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }
}

/// The lines of a list in one format.
pub struct Lines {
    format: Format,
    columns: Vec<String>,
}

impl Lines {
    pub const fn new(format: Format, columns: Vec<String>) -> Self {
        Self { format, columns }
    }

    /// What comes before the first row.
    pub fn head(&self, out: &mut Vec<u8>) {
        if self.format == Format::Csv {
            line(out, self.columns.iter().map(String::as_str));
        }
    }

    pub fn row(&self, out: &mut Vec<u8>, told: &RawValue) -> Result<()> {
        match self.format {
            Format::Ndjson => {
                out.extend(told.get().as_bytes());
                out.push(b'\n');
            }
            Format::Csv => {
                let told: Value = serde_json::from_str(told.get()).map_err(|e| Error::Internal(e.to_string()))?;
                let cells: Vec<String> = self.columns.iter().map(|column| cell(&told, column)).collect();
                line(out, cells.iter().map(String::as_str));
            }
        }
        Ok(())
    }
}

/// What a row has at a path; what it does not have is empty. Lists of words have spaces between, and any other object is JSON.
fn cell(told: &Value, path: &str) -> String {
    let at = path.split('.').try_fold(told, |value, part| value.get(part));
    match at {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => harmless(text),
        Some(Value::Array(words)) if words.iter().all(Value::is_string) => {
            harmless(&words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "))
        }
        Some(other) => other.to_string(),
    }
}

/// A spreadsheet computes what begins like this, and somebody else may have written it: an apostrophe makes it text.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        return format!("'{text}");
    }
    text.to_owned()
}

fn line<'a>(out: &mut Vec<u8>, cells: impl Iterator<Item = &'a str>) {
    for (i, cell) in cells.enumerate() {
        if i > 0 {
            out.push(b',');
        }
        if cell.contains(['"', ',', '\r', '\n']) {
            out.push(b'"');
            out.extend(cell.replace('"', "\"\"").as_bytes());
            out.push(b'"');
        } else {
            out.extend(cell.as_bytes());
        }
    }
    out.extend(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_that_of_rfc_4180_and_no_cell_is_a_formula() {
        let lines = Lines::new(Format::Csv, ["a", "b.c", "d", "e", "missing"].map(str::to_owned).into());
        let mut out = Vec::new();
        lines.head(&mut out);
        let rows = [
            r#"{"a":"=1+1","b":{"c":true},"d":-5,"e":["gpc","dnt"]}"#,
            r#"{"a":"say \"hi\", twice\r\n","b":{"c":"-2"},"d":{"x":"=1"},"e":[]}"#,
            r#"{"a":"\t@SUM(A1)","b":{"c":"+47"},"d":null,"e":["@x"]}"#,
        ];
        for row in rows {
            lines.row(&mut out, serde_json::from_str(row).expect("JSON")).expect("a row");
        }
        let expected = "a,b.c,d,e,missing\r\n'=1+1,true,-5,gpc dnt,\r\n\
                        \"say \"\"hi\"\", twice\r\n\",'-2,\"{\"\"x\"\":\"\"=1\"\"}\",,\r\n'\t@SUM(A1),'+47,,'@x,\r\n";
        assert_eq!(String::from_utf8(out).expect("text"), expected);
    }

    #[test]
    fn a_line_of_json_is_what_was_told() {
        let mut out = Vec::new();
        let lines = Lines::new(Format::Ndjson, Vec::new());
        lines.head(&mut out);
        lines.row(&mut out, serde_json::from_str(r#"{"a":"=1+1"}"#).expect("JSON")).expect("a row");
        assert_eq!(out, b"{\"a\":\"=1+1\"}\n");
    }
}
