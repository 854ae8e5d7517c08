//! `samtykke stats`

use clap::{Args, ValueEnum};
use samtykke::config::Storage;
use samtykke::day::Day;
use samtykke::site;
use samtykke::stats::{self, Column, Range, told};

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

pub fn run(storage: &Storage, wish: &Wish) -> Result<(), String> {
    let Wish { site, from, to, by, format } = wish;
    let conn = &mut open(storage)?.0;
    let id = site::id_of(conn, site).map_err(|e| e.to_string())?.ok_or_else(|| format!("there is no site {site}"))?;
    let range = Range { from: *from, to: *to };
    let table = stats::table(conn, id, range, &Column::each_once(by), usize::MAX).map_err(|e| e.to_string())?;
    match format {
        Format::Text => print!("{}", told::text(&table)),
        Format::Csv => print!("{}", told::csv(&table)),
        Format::Json => println!("{:#}", told::json(&table)),
    }
    Ok(())
}
