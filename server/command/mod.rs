//! What the command line does besides `serve`: a file for each noun.

pub mod audit;
pub mod client;
pub mod export;
pub mod key;
pub mod ledger;
pub mod people;
pub mod receipt;
pub mod region;
pub mod retention;
pub mod site;
pub mod stats;
pub mod token;
pub mod visitor;
pub mod webhook;

use samtykke::config::Storage;
use samtykke::db::{self, Conn};
use samtykke::serve::data_folder;
use samtykke::sweep;
use samtykke::token::EVERY_SITE;

/// The database, up to date, and how many migrations that took.
pub fn open(storage: &Storage) -> Result<(Conn, usize), String> {
    let url = storage.database();
    data_folder(&storage.data_dir)?;
    let mut conn = url.open()?;
    let ran = db::migrate(&mut conn)?;
    Ok((conn, ran))
}

/// Refuses a list of sites in which one does not exist; `*` stands for all.
fn known_sites(conn: &mut Conn, keys: &[String]) -> Result<(), String> {
    for key in keys.iter().filter(|key| *key != EVERY_SITE) {
        if samtykke::site::id_of(conn, key).map_err(|e| e.to_string())?.is_none() {
            return Err(format!("there is no site {key}"));
        }
    }
    Ok(())
}

/// Takes what was erased out of SQLite's files, or says that some of it is still there.
fn scrub(conn: &mut Conn) -> Result<(), String> {
    if !sweep::all(conn, 5000).map_err(|e| e.to_string())? {
        eprintln!("a reader is at work, so that SQLite's log still holds some of it: run this again");
    }
    Ok(())
}
