//! What SQLite keeps of erased rows, and how it goes: pages in its log, and copies in its file. When a page of one of its trees is levelled with its neighbours, cells move between them,
//! and the bytes that they had stay in the room between a page's list of cells and its first cell. `secure_delete` overwrites what is
//! deleted, but not those copies, so that room is overwritten here: page by page, in steps that other writes take turns with.
//! The form of a page: <https://www.sqlite.org/fileformat2.html>, section 1.6.

use std::ops::Range;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Binary, Integer};

use crate::db::Conn;

/// Pages that a step looks at: 20 MB as SQLite makes them.
pub const STEP: i32 = 5000;
/// Pages that one transaction overwrites something in.
pub const BATCH: usize = 200;

/// What a page begins with: before the first one stands the header of the file.
const FILE_HEADER: usize = 100;
const INTERIOR: [u8; 2] = [2, 5];
const LEAF: [u8; 2] = [10, 13];

/// How far a walk through the files is.
#[derive(Clone, Copy, Debug, Default)]
pub enum Walk {
    #[default]
    Done,
    /// The page that is next.
    Pages(i32),
    Log,
}

#[derive(QueryableByName)]
struct Page {
    #[diesel(sql_type = Binary)]
    data: Vec<u8>,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = Integer)]
    page_count: i32,
}

/// Everything, for a command that may wait; says what `log` says. Call it in no transaction.
pub fn all(conn: &mut Conn, patience_ms: u32) -> QueryResult<bool> {
    let mut next = Some(1);
    while let Some(first) = next {
        let (pages, then) = look(conn, first)?;
        for some in pages.chunks(BATCH) {
            conn.transaction(|conn| overwrite(conn, some))?;
        }
        next = then;
    }
    log(conn, patience_ms)
}

/// Writes what is in SQLite's log into its file and empties it. Says whether that was done: a reader that is still at it after
/// `patience_ms` is in the way, and so long nobody else writes. Call it in no transaction. PostgreSQL: VACUUM does its part, see the
/// README.
pub fn log(conn: &mut Conn, patience_ms: u32) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Checkpoint {
        #[diesel(sql_type = Integer)]
        busy: i32,
    }
    let Conn::Sqlite(conn) = conn else { return Ok(true) };
    conn.batch_execute(&format!("PRAGMA busy_timeout = {patience_ms}"))?;
    let outcome = diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result::<Checkpoint>(conn);
    conn.batch_execute("PRAGMA busy_timeout = 5000")?;
    Ok(outcome?.busy == 0)
}

/// Those of the pages `first..first + STEP` that hold leftovers, and where to go on; pages count from 1. PostgreSQL: none.
pub fn look(conn: &mut Conn, first: i32) -> QueryResult<(Vec<i32>, Option<i32>)> {
    let Conn::Sqlite(conn) = conn else { return Ok((Vec::new(), None)) };
    let count = diesel::sql_query("PRAGMA page_count").get_result::<Count>(conn)?.page_count;
    let end = first.saturating_add(STEP).min(count.saturating_add(1));
    let mut found = Vec::new();
    for number in first..end {
        let page = page(conn, number)?;
        if leftovers(number, &page).is_some() {
            found.push(number);
        }
    }
    Ok((found, (end <= count).then_some(end)))
}

/// Overwrites what is left over in these pages. Call it inside a transaction.
pub fn overwrite(conn: &mut Conn, pages: &[i32]) -> QueryResult<()> {
    let Conn::Sqlite(conn) = conn else { return Ok(()) };
    // Without it the pages could be those of before: a reader becomes a writer here.
    conn.batch_execute("UPDATE ledger SET size = size")?;
    for number in pages {
        let mut page = page(conn, *number)?;
        if let Some(room) = leftovers(*number, &page) {
            page[room].fill(0);
            let update = diesel::sql_query("UPDATE sqlite_dbpage SET data = ? WHERE pgno = ?");
            update.bind::<Binary, _>(page).bind::<Integer, _>(number).execute(conn)?;
        }
    }
    Ok(())
}

fn page(conn: &mut SqliteConnection, number: i32) -> QueryResult<Vec<u8>> {
    let query = diesel::sql_query("SELECT data FROM sqlite_dbpage WHERE pgno = ?").bind::<Integer, _>(number);
    Ok(query.get_result::<Page>(conn).optional()?.map(|page| page.data).unwrap_or_default())
}

/// The room between the cells of a tree's page, if anything but zeros is in it.
fn leftovers(number: i32, page: &[u8]) -> Option<Range<usize>> {
    let header = if number == 1 { FILE_HEADER } else { 0 };
    let kind = page.get(header)?;
    let list = match kind {
        kind if INTERIOR.contains(kind) => header + 12,
        kind if LEAF.contains(kind) => header + 8,
        _ => return None,
    };
    let two = |at: usize| Some(usize::from(u16::from_be_bytes([*page.get(at)?, *page.get(at + 1)?])));
    let cells = two(header + 3)?;
    let first = match two(header + 5)? {
        0 => 65_536,
        first => first,
    };
    let room = list + 2 * cells..first;
    page.get(room.clone())?.iter().any(|byte| *byte != 0).then_some(room)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{DatabaseUrl, migrate};

    #[derive(QueryableByName)]
    struct Sound {
        #[diesel(sql_type = diesel::sql_types::Text)]
        integrity_check: String,
        #[diesel(sql_type = Integer)]
        n: i32,
    }

    /// All leftovers of the file.
    fn found(conn: &mut Conn) -> Vec<i32> {
        let (mut found, mut next) = (Vec::new(), Some(1));
        while let Some(first) = next {
            let (some, then) = look(conn, first).expect("looked");
            found.extend(some);
            next = then;
        }
        found
    }

    #[test]
    fn what_moved_between_pages_leaves_nothing_behind_and_every_row_stays() {
        let folder = tempfile::tempdir().expect("folder");
        let url: DatabaseUrl = format!("sqlite:{}", folder.path().join("a.db").display()).parse().expect("URL");
        let mut conn = url.connect().expect("connected");
        migrate(&mut conn).expect("migrated");
        conn.batch_execute(
            "CREATE TABLE words (word TEXT PRIMARY KEY NOT NULL);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
             INSERT INTO words SELECT 'word' || hex(i * 7919 % 3001) || '-' || i FROM n;",
        )
        .expect("filled");
        let pages = found(&mut conn);
        assert!(pages.len() > 5, "pages were split: {pages:?}");
        assert!(all(&mut conn, 0).expect("overwritten"), "nobody was in the way");
        assert_eq!(found(&mut conn), Vec::<i32>::new());
        let query = "SELECT integrity_check, (SELECT count(*) FROM words) AS n FROM pragma_integrity_check";
        let sound = diesel::sql_query(query).load::<Sound>(&mut conn).expect("checked");
        assert_eq!(sound.iter().map(|s| (s.integrity_check.as_str(), s.n)).collect::<Vec<_>>(), [("ok", 3000)]);
    }

    #[test]
    fn only_pages_of_trees_have_such_a_room() {
        let mut page = vec![0; 64];
        page[..8].copy_from_slice(&[10, 0, 0, 0, 2, 0, 40, 0]);
        assert_eq!(leftovers(2, &page), None);
        page[39] = 1;
        assert_eq!(leftovers(2, &page), Some(12..40));
        // Its list of cells is not part of it, nor are its cells.
        page[39] = 0;
        (page[11], page[40]) = (1, 1);
        assert_eq!(leftovers(2, &page), None);
        page[20] = 1;
        page[0] = 5;
        assert_eq!(leftovers(2, &page), Some(16..40));
        page[0] = 3;
        assert_eq!(leftovers(2, &page), None, "a page of another kind");
        page[0] = 10;
        page[5] = 1;
        assert_eq!(leftovers(2, &page), None, "a page that cannot be");
        assert_eq!(leftovers(2, &[]), None);
    }
}
