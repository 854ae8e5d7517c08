//! A table as it is told: as text, CSV or JSON, on the command line and by the API alike.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{FEWEST, Figures, Table, Withheld};

const FIGURES: [&str; 7] = ["shown", "granted", "partial", "refused", "withdrawn", "renewed", "share"];

/// The heading, a line for each row, and one for what is withheld, which has no figures where it is too few. Nothing in them needs to be
/// quoted: they are dates, tags, codes and numbers.
fn lines(table: &Table) -> Vec<Vec<String>> {
    let names = table.columns.iter().map(|column| column.as_str());
    let mut lines = vec![names.chain(FIGURES).map(str::to_owned).collect::<Vec<_>>()];
    for (group, row) in &table.rows {
        lines.push(table.columns.iter().map(|column| group.text(*column)).chain(figures(row)).collect());
    }
    let width = lines[0].len();
    let mut withheld = match table.withheld {
        Withheld::Nothing => return lines,
        Withheld::Few => vec![String::new(); width],
        Withheld::Sum(sum) => {
            let empty = std::iter::repeat_n(String::new(), table.columns.len());
            empty.chain(figures(&sum)).collect()
        }
    };
    "withheld".clone_into(&mut withheld[0]);
    lines.push(withheld);
    lines
}

fn figures(row: &Figures) -> [String; 7] {
    let Figures { shown, granted, partial, refused, withdrawn, renewed } = *row;
    // In thousandths, so that it is exact; a share of 1 is 1.000.
    let share = row.share().map_or_else(String::new, |share| format!("{}.{:03}", share / 1000, share % 1000));
    let [shown, granted, partial, refused, withdrawn, renewed] =
        [shown, granted, partial, refused, withdrawn, renewed].map(|n| n.to_string());
    [shown, granted, partial, refused, withdrawn, renewed, share]
}

pub fn text(table: &Table) -> String {
    let lines = lines(table);
    let widths: Vec<usize> = (0..lines[0].len())
        .map(|i| lines.iter().map(|line| line[i].chars().count()).max().unwrap_or_default())
        .collect();
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(&widths).enumerate().map(|(i, (cell, width))| {
            if i < table.columns.len() { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    if table.withheld != Withheld::Nothing {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "Groups of fewer than {FEWEST} are withheld, and as many others as hide them.");
    }
    text
}

/// A line for each row, with a heading.
pub fn csv(table: &Table) -> String {
    lines(table).iter().map(|line| line.join(",") + "\n").collect()
}

pub fn json(table: &Table) -> Value {
    let rows = table.rows.iter().map(|(group, row)| joined(json!(group), row));
    let withheld = match table.withheld {
        Withheld::Nothing => Value::Null,
        Withheld::Few => json!({ "fewer_than": FEWEST }),
        Withheld::Sum(sum) => joined(json!({}), &sum),
    };
    json!({ "rows": rows.collect::<Vec<_>>(), "withheld": withheld })
}

/// A group and its figures as one object.
fn joined(mut group: Value, row: &Figures) -> Value {
    if let (Some(group), Value::Object(figures)) = (group.as_object_mut(), json!(row)) {
        group.extend(figures);
        #[allow(clippy::cast_precision_loss, reason = "at most 1000")]
        group.insert("share".into(), json!(row.share().map(|share| share as f64 / 1000.0)));
    }
    group
}
