//! A copy of the embedded database while it is served: one consistent state, without the pages that nothing stands in any more.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use diesel::RunQueryDsl;

use crate::db::{Conn, DatabaseUrl};

/// Writes it whole or not at all; a file that is there already stays. Errors are sentences.
pub fn write(url: &DatabaseUrl, file: &Path) -> Result<(), String> {
    let DatabaseUrl::Sqlite(_) = url else {
        return Err("PostgreSQL has its own means: pg_dump, or base backups and WAL archiving (PITR)".into());
    };
    let told = |e: &dyn std::fmt::Display| format!("{}: {e}", file.display());
    if file.exists() {
        return Err(told(&"is there already"));
    }
    let Conn::Sqlite(mut conn) = url.open()? else { return Err("not an SQLite database".into()) };
    let half = file.with_extension("half");
    // Made here, for its owner alone: SQLite fills an empty file.
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&half).map_err(|e| told(&e))?;
    let outcome = diesel::sql_query("VACUUM INTO ?")
        .bind::<diesel::sql_types::Text, _>(half.to_string_lossy())
        .execute(&mut conn)
        .map_err(|e| told(&e))
        .and_then(|_| File::open(&half).and_then(|copy| copy.sync_all()).map_err(|e| told(&e)))
        .and_then(|()| fs::rename(&half, file).map_err(|e| told(&e)));
    if outcome.is_err() {
        // Half a copy is worth nothing; what went wrong is told.
        let _ = fs::remove_file(&half);
    }
    outcome
}
