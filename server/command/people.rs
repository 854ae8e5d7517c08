//! `samtykke people …`

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use csv::StringRecord;
use diesel::Connection;
use samtykke::config::Storage;
use samtykke::db::FileLock;
use samtykke::error::Error;
use samtykke::jwks;
use samtykke::keys::Keys;
use samtykke::person::import::{self, Entry, MOST};
use samtykke::serve::now;
use samtykke::site::{self, Site};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::open;

/// Who wrote it down, as the records have it.
const ACTOR: &str = "command:import";
/// Lines that are told to be wrong before it is enough.
const TOLD: usize = 20;

#[derive(Subcommand)]
pub enum Verb {
    /// Write down what people said elsewhere: the whole file is checked first, and nothing of a file with a mistake is written
    Import {
        /// The site's id
        site: String,
        /// A table with names in its first line (.csv), or a JSON object on each line: `ref`, `source`, `given_at` or `id`, and channel and
        /// answer, or adult, or `checked_at` and reserved, or choice (in a table `choice.analytics` and so on)
        file: PathBuf,
        /// Only say what is wrong with it
        #[arg(long)]
        check: bool,
    },
}

pub fn run(storage: &Storage, verb: &Verb) -> Result<(), String> {
    let Verb::Import { site, file, check } = verb;
    let conn = &mut open(storage)?.0;
    let site = site::open(conn, site).map_err(|e| e.to_string())?;
    let mut keys = Keys::open(&storage.data_dir)?;
    let (mut events, mut wrong) = (0, Vec::new());
    for line in Lines::of(file)? {
        let (number, event) = line?;
        events += 1;
        if let Err(reason) = event.and_then(|event| read(&event, &site, &keys)) {
            wrong.push(format!("line {number}: {reason}"));
        }
        if wrong.len() == TOLD {
            wrong.push("and perhaps more".into());
            break;
        }
    }
    if !wrong.is_empty() {
        return Err(format!("{}: nothing was written\n{}", file.display(), wrong.join("\n")));
    }
    if *check {
        println!("{events} events, and nothing is wrong with them");
        return Ok(());
    }
    // SQLite's rows are numbered by one process.
    let _alone = FileLock::take(&storage.database())
        .map_err(|e| format!("{e}: stop it, or send the events to POST /v1/sites/{}/people/import", site.key))?;
    jwks::register(&mut keys, conn, now()).map_err(|e| e.to_string())?;
    let (mut above, mut written, mut again) = (0, 0, 0);
    let mut lines = Lines::of(file)?.peekable();
    while lines.peek().is_some() {
        let some = lines.by_ref().take(MOST).map(|line| line?.1.and_then(|event| read(&event, &site, &keys)));
        let outcome = some.collect::<Result<Vec<Entry>, String>>().and_then(|some| {
            let write = |conn: &mut _| import::write(conn, &mut above, &site, &keys, &some, now());
            conn.transaction::<_, Error, _>(write).map_err(|e| e.to_string())
        });
        let done = written + again;
        let outcome = outcome.map_err(|e| {
            format!("{written} events were written before this; import the file again for the rest\nafter {done} events: {e}")
        })?;
        let repeated = outcome.iter().filter(|event| event.again).count();
        again += repeated;
        written += outcome.len() - repeated;
    }
    println!("{written} events written, {again} were there before");
    Ok(())
}

fn read(event: &RawValue, site: &Site, keys: &Keys) -> Result<Entry, String> {
    let entry = import::read(event, site, keys, ACTOR, now()).map_err(|e| e.to_string())?;
    if !entry.lasting {
        return Err(
            "expected `given_at`, of which an id is made, or an `id`: else a second import would write it twice".into(),
        );
    }
    Ok(entry)
}

/// The events of a file, each with the line that it begins in. What is wrong with the file itself ends it; what is wrong with a line is its
/// own.
enum Lines {
    Json(usize, BufReader<File>),
    Table(StringRecord, csv::StringRecordsIntoIter<File>),
}

impl Lines {
    fn of(path: &Path) -> Result<Self, String> {
        let told = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
        let file = File::open(path).map_err(|e| told(&e))?;
        if path.extension().is_none_or(|extension| !extension.eq_ignore_ascii_case("csv")) {
            return Ok(Self::Json(0, BufReader::new(file)));
        }
        let mut table = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(file);
        let names = table.headers().map_err(|e| told(&e))?.clone();
        Ok(Self::Table(names, table.into_records()))
    }
}

type Line = (u64, Result<Box<RawValue>, String>);

impl Iterator for Lines {
    type Item = Result<Line, String>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Json(number, file) => loop {
                let mut line = String::new();
                *number += 1;
                match file.read_line(&mut line) {
                    Ok(0) => return None,
                    Ok(_) if line.trim().is_empty() => {}
                    Ok(_) => {
                        let event = RawValue::from_string(line.trim().to_owned()).map_err(|e| e.to_string());
                        return Some(Ok((*number as u64, event)));
                    }
                    Err(e) => return Some(Err(format!("line {number}: {e}"))),
                }
            },
            Self::Table(names, rows) => {
                let row = match rows.next()? {
                    Ok(row) => row,
                    Err(e) => return Some(Err(e.to_string())),
                };
                let number = row.position().map_or(0, csv::Position::line);
                Some(Ok((number, object(names, &row))))
            }
        }
    }
}

/// A row of a table as the object that it stands for. An empty cell is no field.
fn object(names: &StringRecord, row: &StringRecord) -> Result<Box<RawValue>, String> {
    let mut event = Map::new();
    for (name, cell) in names.iter().zip(row).filter(|(_, cell)| !cell.is_empty()) {
        let value = match name {
            "notice" | "checked_at" | "given_at" => {
                json!(cell.parse::<i64>().map_err(|_| format!("`{name}`: expected a whole number"))?)
            }
            "adult" | "reserved" => {
                json!(cell.parse::<bool>().map_err(|_| format!("`{name}`: expected true or false"))?)
            }
            _ => json!(cell),
        };
        let before = match name.split_once('.') {
            Some((object, field)) => match event.entry(object).or_insert_with(|| json!({})) {
                Value::Object(object) => object.insert(field.to_owned(), value),
                _ => return Err(format!("there is a column {object} beside {name}")),
            },
            None => event.insert(name.to_owned(), value),
        };
        if before.is_some() {
            return Err(format!("there are two columns {name}"));
        }
    }
    serde_json::value::to_raw_value(&event).map_err(|e| e.to_string())
}
