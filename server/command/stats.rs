//! `samtykke stats`

use std::fmt::Write;

use clap::{Args, ValueEnum};
use samtykke::config::Storage;
use samtykke::day::Day;
use samtykke::site;
use samtykke::stats::{self, Column, FEWEST, Figures, Range, Table, Withheld};
use serde_json::{Value, json};

use super::open;

#[derive(Args)]
pub struct Wish {
    /// The site's id
    site: String,
    /// The first day, such as 2027-02-01, in UTC [default: the oldest that is kept]
    #[arg(long, value_name = "DAY")]
    from: Option<Day>,
    /// The last day [default: today]
    #[arg(long, value_name = "DAY")]
    to: Option<Day>,
    /// What each row is for, with commas between [default: one row for all]
    #[arg(long, value_delimiter = ',', value_name = "COLUMNS")]
    by: Vec<Column>,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Csv,
    Json,
}

const FIGURES: [&str; 7] = ["shown", "granted", "partial", "refused", "withdrawn", "renewed", "share"];

pub fn run(storage: &Storage, wish: &Wish) -> Result<(), String> {
    let Wish { site, from, to, by, format } = wish;
    let conn = &mut open(storage)?.0;
    let id = site::id_of(conn, site).map_err(|e| e.to_string())?.ok_or_else(|| format!("there is no site {site}"))?;
    let mut columns: Vec<Column> = Vec::new();
    for column in by {
        if !columns.contains(column) {
            columns.push(*column);
        }
    }
    let table = stats::table(conn, id, Range { from: *from, to: *to }, &columns).map_err(|e| e.to_string())?;
    match format {
        Format::Text => print!("{}", text(&table)),
        Format::Csv => lines(&table).iter().for_each(|line| println!("{}", line.join(","))),
        Format::Json => println!("{:#}", json(&table)),
    }
    Ok(())
}

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

fn text(table: &Table) -> String {
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

fn json(table: &Table) -> Value {
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
