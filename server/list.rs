//! Lists of what is kept of a site: whole, or what a wish picks, row by row in an order that stands still while others write. Whoever
//! reads one holds no transaction and no connection between two pieces, so that a slow reader is in nobody's way.
//!
//! What is there from the beginning to the end of a reading comes once. What is written meanwhile may come or not, and what was erased
//! before its turn does not.

pub mod consents;
pub mod lines;
pub mod people;
pub mod walk;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};

use crate::day::DAY_MS;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::scope::Scope;
use crate::site::Site;

/// The most rows of a page, and how many there are where nobody says.
pub const LONGEST: usize = 1000;
pub const USUAL: usize = 100;
/// Rows that one page looks at, at the most: a wish that few of them meet gets a short page.
const LOOK: usize = 10_000;
/// The end of the year 9999, in unix ms.
const LATEST: i64 = 2_932_897 * DAY_MS - 1;

/// Where a row stands in its list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(pub i64, pub i64);

/// One list of one site, with what is wished of it.
pub trait List: Send + Unpin + 'static {
    /// What its pages call it.
    const NAME: &'static str;
    type Row;

    /// The next rows of the site after a place in the list, whether they are wished for or not.
    fn piece(&mut self, conn: &mut Conn, after: Key, most: usize) -> Result<Vec<(Key, Self::Row)>>;

    /// Whether it is one of those that are wished for; `now` is unix ms.
    fn keeps(&self, row: &Self::Row, now: i64) -> bool;

    /// As it is told at `now`.
    fn tell(&self, row: &Self::Row, now: i64) -> Result<Box<RawValue>>;

    /// What a table of it has, as paths into what is told, with dots between.
    fn columns(&self) -> Vec<String>;
}

/// What is wished of a list, in the words in which it was asked for.
pub trait Wish: DeserializeOwned + 'static {
    const SCOPE: Scope;
    type List: List;

    /// Reads it. Errors name the field.
    fn list(&self, site: std::sync::Arc<Site>) -> Result<Self::List>;

    fn how(&self) -> How<'_>;
}

/// How a list is asked for.
pub struct How<'a> {
    pub limit: Option<&'a str>,
    pub after: Option<&'a str>,
    pub format: Option<&'a str>,
}

/// Rows as they are told, and where the next ones begin: nothing when the end was seen.
pub struct Page {
    pub rows: Vec<Box<RawValue>>,
    pub next: Option<Key>,
}

/// Up to `limit` rows after a place. It looks at ten thousand at the most, so that it may have fewer, or none, and still a next one.
pub fn page<L: List>(conn: &mut Conn, list: &mut L, after: Key, limit: usize, now: i64) -> Result<Page> {
    let (mut rows, mut at, mut looked, mut most) = (Vec::new(), after, 0, limit);
    loop {
        let piece = list.piece(conn, at, most)?;
        let ended = piece.len() < most;
        for (key, row) in piece {
            at = key;
            if list.keeps(&row, now) {
                rows.push(list.tell(&row, now)?);
                if rows.len() == limit {
                    return Ok(Page { rows, next: Some(at) });
                }
            }
        }
        looked += most;
        if ended {
            return Ok(Page { rows, next: None });
        }
        if looked >= LOOK {
            return Ok(Page { rows, next: Some(at) });
        }
        most = LONGEST.min(LOOK - looked);
    }
}

impl Key {
    /// What a client is given to go on from there: nothing to be read by anybody else.
    pub fn cursor(self, name: &str) -> String {
        let mut bytes = name.as_bytes()[..1].to_vec();
        bytes.extend(self.0.to_be_bytes());
        bytes.extend(self.1.to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place that a cursor of the list of this name stands for.
    pub fn parse(name: &str, cursor: &str) -> Result<Self> {
        let read = || {
            let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
            let (mark, rest) = bytes.split_first()?;
            let (first, second) = rest.split_at_checked(8)?;
            let key = Self(i64::from_be_bytes(first.try_into().ok()?), i64::from_be_bytes(second.try_into().ok()?));
            (*mark == name.as_bytes()[0] && key.0 >= 0 && key.1 >= 0).then_some(key)
        };
        read().ok_or_else(|| Error::invalid("after", format!("expected the `next` of an earlier page of {name}")))
    }
}

impl How<'_> {
    pub fn limit(&self) -> Result<Option<usize>> {
        let Some(text) = self.limit else { return Ok(None) };
        match text.parse() {
            Ok(limit) if (1..=LONGEST).contains(&limit) => Ok(Some(limit)),
            _ => Err(Error::invalid("limit", format!("expected 1 to {LONGEST}"))),
        }
    }

    /// Where a list of this name begins.
    pub fn after(&self, name: &str) -> Result<Key> {
        self.after.map_or(Ok(Key::default()), |cursor| Key::parse(name, cursor))
    }
}

/// A time, in unix ms.
fn time(field: &str, text: Option<&str>) -> Result<Option<i64>> {
    let read = |text: &str| match text.parse() {
        Ok(ms) if (0..=LATEST).contains(&ms) => Ok(ms),
        _ => Err(Error::invalid(field, "expected a time in unix ms")),
    };
    text.map(read).transpose()
}

/// One of these words.
fn word<T: Copy>(field: &str, text: Option<&str>, words: &[(&str, T)]) -> Result<Option<T>> {
    let read = |text: &str| {
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        found.ok_or_else(|| {
            let known = words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
            Error::invalid(field, format!("expected one of {known}"))
        })
    };
    text.map(read).transpose()
}

fn raw(told: &impl Serialize) -> Result<Box<RawValue>> {
    to_raw_value(told).map_err(|e| Error::Internal(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_goes_on_where_it_was_given_and_in_no_other_list() {
        let key = Key(1_795_651_306_615, 77);
        let cursor = key.cursor("people");
        assert_eq!(Key::parse("people", &cursor).expect("a place"), key);
        for wrong in
            ["", "x", &cursor[1..], &format!("{cursor}A"), &Key(-1, 0).cursor("people"), &key.cursor("consents")]
        {
            assert!(Key::parse("people", wrong).is_err(), "{wrong}");
        }
    }
}
