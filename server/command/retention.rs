//! `samtykke retention`

use diesel::Connection;
use samtykke::audit;
use samtykke::config::Storage;
use samtykke::erasure::{self, Reason};
use samtykke::ledger;
use samtykke::retention::{self, Due, Keep};
use samtykke::serve::now;
use samtykke::webhook::{delivery, receiver};

use super::{open, scrub};

pub fn run(storage: &Storage, keep: Keep, dry_run: bool) -> Result<(), String> {
    let conn = &mut open(storage)?.0;
    ledger::open(conn, None)?;
    let at = now();
    let due = retention::run(conn, keep, at, |conn, site, rows| {
        if !dry_run {
            conn.transaction(|conn| erasure::rows(conn, site, &rows, Reason::Retention, at))?;
        }
        Ok(())
    });
    let Due { consents, refusals } = due.map_err(|e| e.to_string())?;
    if dry_run {
        println!("{consents} consents and {refusals} refusals would go");
    } else {
        println!("{consents} consents and {refusals} refusals are erased");
        retention::old_counts(conn, at).map_err(|e| e.to_string())?;
        while delivery::drop_old(conn, at).map_err(|e| e.to_string())? {}
        receiver::drop_old_secrets(conn, at).map_err(|e| e.to_string())?;
        audit::forget(conn, keep.keep_audit_days, at).map_err(|e| e.to_string())?;
        scrub(conn)?;
    }
    Ok(())
}
