//! `samtykke audit`

use std::io::{self, BufWriter, Write};

use clap::{Args, ValueEnum};
use samtykke::audit::{self, Filter, Row};
use samtykke::config::Storage;
use samtykke::day::Day;
use samtykke::export::rfc3339;
use samtykke::site;
use serde_json::json;

use super::open;

#[derive(Args)]
pub struct Wish {
    /// The uses of one site alone
    #[arg(long)]
    site: Option<String>,
    /// The first day, such as 2027-02-01, in UTC [default: the oldest that is kept]
    #[arg(long, value_name = "DAY")]
    from: Option<Day>,
    /// The last day [default: today]
    #[arg(long, value_name = "DAY")]
    to: Option<Day>,
    /// Whose: token:NAME, client:NAME, or as the log has it
    #[arg(long)]
    actor: Option<String>,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Csv,
    Json,
}

const COLUMNS: &str = "at,actor,site,scope,method,route,status";

/// Why it stopped.
struct Stopped(String);

impl From<diesel::result::Error> for Stopped {
    fn from(error: diesel::result::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

pub fn run(storage: &Storage, wish: &Wish) -> Result<(), String> {
    let conn = &mut open(storage)?.0;
    let site_id = match &wish.site {
        None => None,
        Some(key) => {
            let found = site::id_of(conn, key).map_err(|e| e.to_string())?;
            Some(found.ok_or_else(|| format!("there is no site {key}"))?)
        }
    };
    let filter = Filter { site_id, actor: wish.actor.clone(), from: wish.from, to: wish.to };
    let mut out = BufWriter::new(io::stdout().lock());
    let mut written = || -> Result<(), Stopped> {
        let mut first = true;
        if matches!(wish.format, Format::Csv) {
            writeln!(out, "{COLUMNS}")?;
        }
        audit::read::<Stopped>(conn, &filter, |rows| {
            for row in rows {
                match wish.format {
                    Format::Text => writeln!(out, "{}", columns(row).join("  "))?,
                    // Nothing in them needs to be quoted: times, names, patterns and numbers.
                    Format::Csv => writeln!(out, "{}", columns(row).join(","))?,
                    Format::Json => write!(out, "{}\n{}", if first { "[" } else { "," }, object(row))?,
                }
                first = false;
            }
            Ok(())
        })?;
        if matches!(wish.format, Format::Json) {
            writeln!(out, "{}", if first { "[]" } else { "\n]" })?;
        }
        Ok(out.flush()?)
    };
    written().map_err(|Stopped(why)| why)
}

fn columns(row: &Row) -> [String; 7] {
    let Row { actor, site, scope, method, route, .. } = row.clone();
    let status = row.status.map_or_else(|| "unknown".to_owned(), |status| status.to_string());
    [rfc3339(row.at), actor, site, scope, method, route, status]
}

fn object(row: &Row) -> serde_json::Value {
    let Row { actor, site, scope, method, route, status, .. } = row;
    json!({ "at": rfc3339(row.at), "actor": actor, "site": site, "scope": scope, "method": method, "route": route, "status": status })
}
