//! `samtykke visitor …`

use clap::Subcommand;
use diesel::Connection;
use samtykke::config::Storage;
use samtykke::serve::now;
use samtykke::{erasure, ledger, site};
use uuid::Uuid;

use super::{open, scrub};

#[derive(Subcommand)]
pub enum Verb {
    /// Forget a visitor: every answer on the site, for good
    Erase {
        /// The site's id
        site: String,
        /// The visitor's id, as it stands in their cookie and in their receipts
        visitor: Uuid,
    },
}

pub fn run(storage: &Storage, verb: &Verb) -> Result<(), String> {
    let Verb::Erase { site, visitor } = verb;
    let conn = &mut open(storage)?.0;
    ledger::open(conn, None)?;
    let id = site::id_of(conn, site).map_err(|e| e.to_string())?.ok_or_else(|| format!("there is no site {site}"))?;
    let erased = conn.transaction(|conn| erasure::visitor(conn, id, *visitor, now())).map_err(|e| e.to_string())?;
    println!("answers erased: {erased}");
    scrub(conn)
}
