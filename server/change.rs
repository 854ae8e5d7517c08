//! How a site changes: at once, as a file says; or announced beforehand, and on its day by itself. Whatever is announced is in the notice
//! from then on, so that everybody is told, and nobody is asked anew for it.

use std::borrow::Cow;

use diesel::prelude::*;
use serde_json::{Value, json};

use crate::announcement::kept::{self, Kept, New};
use crate::announcement::{Announcement, LEAST_DAYS};
use crate::day::Day;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::material;
use crate::notice::{self, Content};
use crate::site::{self, Applied, Settings};
use crate::site_file::Parsed;
use crate::webhook;

/// Creates or updates a site in one transaction. Errors: `SiteFile` with the reason, where the site promised to tell people first.
pub fn apply(conn: &mut Conn, parsed: &Parsed, now: i64) -> Result<Applied> {
    conn.transaction(|conn| applied(conn, parsed, false, now))
}

/// The same of a material change that nobody was told of.
pub fn apply_without_notice(conn: &mut Conn, parsed: &Parsed, now: i64) -> Result<Applied> {
    conn.transaction(|conn| applied(conn, parsed, true, now))
}

fn applied(conn: &mut Conn, parsed: &Parsed, without_notice: bool, now: i64) -> Result<Applied> {
    let settings = Settings::of(parsed).text()?;
    let said = parsed.content.announcement.as_ref().filter(|announcement| announcement.is_ahead(now));
    let Some(standing) = standing(conn, &parsed.key, now)? else {
        let (site_id, applied) = site::put(conn, &parsed.key, &settings, &parsed.content, now)?;
        if let Some(said) = said {
            // Any day will do: there is nobody yet whom it would come too soon for.
            keep(conn, parsed, site_id, said, applied.notice(), now)?;
        }
        return Ok(applied);
    };
    let mut content = Cow::Borrowed(&parsed.content);
    let mut new = said;
    if let Some(ahead) = &standing.ahead {
        let shown = ahead.announcement()?;
        let again = said == Some(&shown);
        if ahead.settings.is_none() {
            // It is in the file, and goes with it.
            if again {
                new = None;
            } else {
                kept::cancel(conn, ahead.id, now)?;
            }
        } else if again && is_next(ahead, &settings, &parsed.content)? {
            return Ok(Applied::Ahead { notice: standing.notice, day: ahead.day() });
        } else if again {
            let day = ahead.day();
            return refused(format!(
                "another file is announced for {day} with these words: `samtykke site announce` puts this one in its place"
            ));
        } else if said.is_some() {
            return refused(one_at_a_time(ahead));
        } else {
            content.to_mut().announcement = Some(shown);
        }
    }
    let reasons = material::reasons(&standing.content, &parsed.content);
    if let Some(days) = standing.settings.announce_days.filter(|_| !without_notice && !reasons.is_empty()) {
        return refused(format!(
            "this is a material change ({}), and people are told {days} days ahead: announce it with `samtykke site announce`, or say \
             --without-notice",
            reasons.join(", ")
        ));
    }
    if let Some(new) = new {
        // What changes lies elsewhere, so that only whoever wrote the file can know that it is no matter.
        let is_material = new.material.unwrap_or(true);
        in_time(new, is_material, &["unless the file says material = false"], &standing.settings, now)?;
    }
    let (site_id, applied) = site::put(conn, &parsed.key, &settings, &content, now)?;
    if let Some(new) = new {
        keep(conn, parsed, site_id, new, applied.notice(), now)?;
    }
    Ok(applied)
}

/// Keeps an announcement of something outside of the site file.
fn keep(conn: &mut Conn, parsed: &Parsed, site_id: i32, said: &Announcement, notice: i32, now: i64) -> Result<()> {
    let Some(day) = said.day() else { return Ok(()) };
    let material = said.material.unwrap_or(true);
    let new = New { site_id, day, material, announcement: said, notice, next: None };
    let kept = kept::add(conn, &new, now)?;
    tell(conn, &parsed.key, &kept, now)
}

/// What was announced.
#[derive(Debug, PartialEq)]
pub struct Announced {
    pub id: i32,
    pub day: Day,
    pub material: bool,
    /// The notice that says so.
    pub notice: i32,
    /// It had been announced before, and another file takes effect now.
    pub corrected: bool,
}

/// Announces that the site will be as this file says from the day of its `[announcement]` on. Errors: `SiteFile` with the reason.
pub fn announce(conn: &mut Conn, parsed: &Parsed, now: i64) -> Result<Announced> {
    conn.transaction(|conn| {
        let Some(said) = &parsed.content.announcement else {
            return refused("expected an [announcement] with the day and with what changes".into());
        };
        let Some(standing) = standing(conn, &parsed.key, now)? else {
            return refused(format!(
                "there is no site {} yet: apply the file, since there is nobody to tell",
                parsed.key
            ));
        };
        let (settings, content) = (Settings::of(parsed).text()?, parsed.content.canonical()?);
        if let Some(ahead) = &standing.ahead {
            return corrected(conn, ahead, &standing, parsed, &settings, &content);
        }
        if settings == standing.text && without(&standing.content) == without(&parsed.content) {
            return refused("nothing in this file changes: apply it, and it tells of what changes elsewhere".into());
        }
        let reasons = material::reasons(&standing.content, &parsed.content);
        if said.material == Some(false) && !reasons.is_empty() {
            return refused(format!("announcement.material: this is a material change: {}", reasons.join(", ")));
        }
        let material = said.material.unwrap_or(!reasons.is_empty());
        let day = in_time(said, material, &reasons, &standing.settings, now)?;
        let shown = Content { announcement: Some(said.clone()), ..standing.content };
        let (site_id, applied) = site::put(conn, &parsed.key, &standing.text, &shown, now)?;
        let (notice, next) = (applied.notice(), Some((settings.as_str(), content.as_str())));
        let kept = kept::add(conn, &New { site_id, day, material, announcement: said, notice, next }, now)?;
        tell(conn, &parsed.key, &kept, now)?;
        Ok(Announced { id: kept.id, day, material, notice, corrected: false })
    })
}

/// Puts another file in the place of one that was announced with the same words for the same day, if that one asked for no less.
fn corrected(
    conn: &mut Conn,
    ahead: &Kept,
    standing: &Standing,
    parsed: &Parsed,
    settings: &str,
    content: &str,
) -> Result<Announced> {
    let same = parsed.content.announcement.as_ref() == Some(&ahead.announcement()?);
    let Some((_, announced)) = ahead.next()?.filter(|_| same) else { return refused(one_at_a_time(ahead)) };
    let reasons = material::reasons(&announced, &parsed.content);
    if !reasons.is_empty() {
        let day = ahead.day();
        return refused(format!(
            "what is announced for {day} is something else: {}; cancel it first",
            reasons.join(", ")
        ));
    }
    kept::correct(conn, ahead.id, settings, content)?;
    let Kept { id, material, .. } = *ahead;
    Ok(Announced { id, day: ahead.day(), material, notice: standing.notice, corrected: true })
}

/// Takes back what was announced, and says which notice stands now. What was said stays in the notices that said it.
pub fn cancel(conn: &mut Conn, key: &str, id: i32, now: i64) -> Result<i32> {
    conn.transaction(|conn| {
        let standing = standing(conn, key, now)?.ok_or_else(|| Error::UnknownSite(key.to_owned()))?;
        if standing.ahead.is_none_or(|ahead| ahead.id != id) {
            return refused(format!("announcement {id} is not ahead: `samtykke site announcements {key}` lists them"));
        }
        kept::cancel(conn, id, now)?;
        let (_, applied) = site::put(conn, key, &standing.text, &without(&standing.content), now)?;
        Ok(applied.notice())
    })
}

/// Lets take effect what was announced for today or earlier, if nobody else was there first. Says whether anything did.
pub fn take_effect(conn: &mut Conn, key: &str, now: i64) -> Result<bool> {
    conn.transaction(|conn| Ok(standing(conn, key, now)?.is_some_and(|standing| standing.came)))
}

/// A site as a transaction finds it, with all in effect whose day has come.
struct Standing {
    text: String,
    settings: Settings,
    content: Content,
    notice: i32,
    ahead: Option<Kept>,
    /// Something took effect just now.
    came: bool,
}

fn standing(conn: &mut Conn, key: &str, now: i64) -> Result<Option<Standing>> {
    let Some(mut row) = site::locked(conn, key)? else { return Ok(None) };
    let mut ahead = kept::ahead(conn, row.id)?;
    let due = ahead.take_if(|ahead| ahead.day() <= Day::of(now));
    if let Some(due) = &due {
        if let Some((settings, content)) = due.next()? {
            site::put(conn, key, settings, &content, now)?;
            settings.clone_into(&mut row.settings);
        }
        kept::effective(conn, due.id, now)?;
    }
    let settings = row.settings()?;
    let notice = notice::latest(conn, row.id)?;
    let (content, notice) = (notice.content()?, notice.number);
    Ok(Some(Standing { text: row.settings, settings, content, notice, ahead, came: due.is_some() }))
}

/// Its day, if that is far enough ahead.
fn in_time(said: &Announcement, material: bool, reasons: &[&str], settings: &Settings, now: i64) -> Result<Day> {
    let days = if material { settings.announce_days.unwrap_or(LEAST_DAYS) } else { 1 };
    let first = Day(Day::of(now).0.saturating_add(days));
    match said.day() {
        Some(day) if day >= first => Ok(day),
        _ if material => {
            let why = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
            refused(format!(
                "announcement.date: a material change{why} is announced {days} days ahead: the first possible day is {first}"
            ))
        }
        _ => refused(format!("announcement.date: the first possible day is {first}")),
    }
}

fn is_next(ahead: &Kept, settings: &str, content: &Content) -> Result<bool> {
    Ok(ahead.settings.as_deref() == Some(settings) && ahead.content.as_deref() == Some(&content.canonical()?))
}

fn one_at_a_time(ahead: &Kept) -> String {
    format!("something is announced for {} already (announcement {}): cancel it first", ahead.day(), ahead.id)
}

/// The same without what it announces.
fn without(content: &Content) -> Content {
    Content { announcement: None, ..content.clone() }
}

fn refused<T>(reason: String) -> Result<T> {
    Err(Error::SiteFile(reason))
}

/// Tells the log and whoever wants to know what was announced.
fn tell(conn: &mut Conn, key: &str, kept: &Kept, now: i64) -> Result<()> {
    let data = event(conn, key, kept)?;
    tracing::info!(%data, "notice.announced");
    webhook::emit(conn, kept.site_id, "notice.announced", &data, now)
}

/// What the event says.
fn event(conn: &mut Conn, key: &str, kept: &Kept) -> Result<Value> {
    let announcement = kept.announcement()?;
    Ok(json!({
        "id": kept.id,
        "site": key,
        "date": announcement.date,
        "material": kept.material,
        "text": announcement.text,
        "notice": kept.notice,
        "policy_url": kept.policy_url(conn)?,
    }))
}
