//! A list from its beginning to its end, a piece at a time: nothing is held between two pieces but the place.

use crate::db::Conn;
use crate::error::Result;
use crate::list::lines::{Format, Lines};
use crate::list::{Key, LONGEST, List, Page, page};

pub struct Walk<L> {
    list: L,
    lines: Lines,
    /// Where the next piece begins; nothing after the last.
    next: Option<Key>,
    /// How many rows there may be yet.
    left: usize,
    begun: bool,
    /// How many there were.
    pub rows: u64,
}

impl<L: List> Walk<L> {
    /// From a place on, and no more than so many rows.
    pub fn new(list: L, format: Format, after: Key, limit: Option<usize>) -> Self {
        let lines = Lines::new(format, list.columns());
        Self { list, lines, next: Some(after), left: limit.unwrap_or(usize::MAX), begun: false, rows: 0 }
    }

    pub const fn is_over(&self) -> bool {
        self.next.is_none()
    }

    /// The bytes of the next piece. There may be none, and it still goes on: where few rows are wished for. `now` is unix ms.
    pub fn piece(&mut self, conn: &mut Conn, now: i64) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        let Some(after) = self.next else { return Ok(out) };
        if !self.begun {
            self.lines.head(&mut out);
            self.begun = true;
        }
        let Page { rows, next } = page(conn, &mut self.list, after, LONGEST.min(self.left), now)?;
        for row in &rows {
            self.lines.row(&mut out, row)?;
        }
        self.left -= rows.len();
        self.rows += rows.len() as u64;
        self.next = next.filter(|_| self.left > 0);
        Ok(out)
    }
}
