//! What the command line does besides `serve`: a file for each noun.

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

use samtykke::config::Storage;
use samtykke::db::{self, Conn};
use samtykke::serve::data_folder;
use samtykke::sweep;

/// The database, up to date, and how many migrations that took.
pub fn open(storage: &Storage) -> Result<(Conn, usize), String> {
    let url = storage.database();
    data_folder(&storage.data_dir)?;
    let mut conn = url.open()?;
    let ran = db::migrate(&mut conn)?;
    Ok((conn, ran))
}

/// Takes what was erased out of SQLite's files, or says that some of it is still there.
fn scrub(conn: &mut Conn) -> Result<(), String> {
    if !sweep::all(conn, 5000).map_err(|e| e.to_string())? {
        eprintln!("a reader is at work, so that SQLite's log still holds some of it: run this again");
    }
    Ok(())
}
