//! The announcements that a site has made, as they are kept: at most one of them is ahead.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::announcement::Announcement;
use crate::day::Day;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::notice::{self, Content};
use crate::schema::{announcements, sites};

#[derive(Queryable)]
pub struct Kept {
    pub id: i32,
    pub site_id: i32,
    day: i32,
    pub material: bool,
    announcement: String,
    /// The number of the first notice that had it.
    pub notice: i32,
    /// What takes effect on the day, as JSON; absent where the change lies outside of the site file.
    pub settings: Option<String>,
    pub content: Option<String>,
    pub announced_at: i64,
    pub effective_at: Option<i64>,
    pub cancelled_at: Option<i64>,
}

impl Kept {
    pub const fn day(&self) -> Day {
        Day(self.day)
    }

    pub fn announcement(&self) -> Result<Announcement> {
        self.read(&self.announcement)
    }

    /// What takes effect on the day, if it is in a site file.
    pub fn next(&self) -> Result<Option<(&str, Content)>> {
        let (Some(settings), Some(content)) = (&self.settings, &self.content) else { return Ok(None) };
        Ok(Some((settings, self.read(content)?)))
    }

    /// Where the policy stands from the day on, by language.
    pub fn policy_url(&self, conn: &mut Conn) -> Result<BTreeMap<String, String>> {
        match self.next()? {
            Some((_, content)) => Ok(content.policy_url),
            None => Ok(notice::numbered(conn, self.site_id, self.notice)?.content()?.policy_url),
        }
    }

    fn read<T: serde::de::DeserializeOwned>(&self, text: &str) -> Result<T> {
        serde_json::from_str(text).map_err(|e| Error::Internal(format!("announcement {}: {e}", self.id)))
    }
}

pub struct New<'a> {
    pub site_id: i32,
    pub day: Day,
    pub material: bool,
    pub announcement: &'a Announcement,
    pub notice: i32,
    /// Settings and content that take effect on the day, as JSON.
    pub next: Option<(&'a str, &'a str)>,
}

/// Keeps a new one, which is ahead from now on.
pub fn add(conn: &mut Conn, new: &New, now: i64) -> Result<Kept> {
    let announcement = serde_json::to_string(new.announcement).map_err(|e| Error::Internal(e.to_string()))?;
    diesel::insert_into(announcements::table)
        .values((
            announcements::site_id.eq(new.site_id),
            announcements::day.eq(new.day.0),
            announcements::material.eq(new.material),
            announcements::announcement.eq(announcement),
            announcements::notice.eq(new.notice),
            announcements::settings.eq(new.next.map(|(settings, _)| settings)),
            announcements::content.eq(new.next.map(|(_, content)| content)),
            announcements::announced_at.eq(now),
        ))
        .execute(conn)?;
    ahead(conn, new.site_id)?.ok_or_else(|| Error::Internal("an announcement that was kept is not there".into()))
}

/// The one that is neither in effect nor cancelled.
pub fn ahead(conn: &mut Conn, site_id: i32) -> QueryResult<Option<Kept>> {
    announcements::table
        .filter(announcements::site_id.eq(site_id))
        .filter(announcements::effective_at.is_null())
        .filter(announcements::cancelled_at.is_null())
        .first(conn)
        .optional()
}

/// Every one that a site has made, newest first.
pub fn all(conn: &mut Conn, site_id: i32) -> QueryResult<Vec<Kept>> {
    announcements::table.filter(announcements::site_id.eq(site_id)).order(announcements::id.desc()).load(conn)
}

/// The sites for which the day of one has come.
pub fn due(conn: &mut Conn, today: Day) -> QueryResult<Vec<String>> {
    announcements::table
        .inner_join(sites::table)
        .filter(announcements::day.le(today.0))
        .filter(announcements::effective_at.is_null())
        .filter(announcements::cancelled_at.is_null())
        .order(sites::key.asc())
        .select(sites::key)
        .load(conn)
}

pub fn effective(conn: &mut Conn, id: i32, now: i64) -> QueryResult<usize> {
    diesel::update(announcements::table.find(id)).set(announcements::effective_at.eq(now)).execute(conn)
}

pub fn cancel(conn: &mut Conn, id: i32, now: i64) -> QueryResult<usize> {
    diesel::update(announcements::table.find(id)).set(announcements::cancelled_at.eq(now)).execute(conn)
}

/// Says otherwise what takes effect.
pub fn correct(conn: &mut Conn, id: i32, settings: &str, content: &str) -> QueryResult<usize> {
    diesel::update(announcements::table.find(id))
        .set((announcements::settings.eq(settings), announcements::content.eq(content)))
        .execute(conn)
}
