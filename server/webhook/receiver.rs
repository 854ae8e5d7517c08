//! Who is told: an address, what it wants to know, and the secrets that it checks signatures with.

use diesel::prelude::*;

use crate::db::Conn;
use crate::error::{Error, Result};
use crate::keys::Keys;
use crate::ledger;
use crate::schema::{sites, webhooks};
use crate::webhook::FAMILIES;
use crate::webhook::sign::Secret;

/// How many a site may have: each takes a thread while it is slow.
const MOST: i64 = 20;
/// How long a secret that was replaced signs beside the new one.
pub const OVERLAP_MS: i64 = 24 * 3_600_000;
/// Types that one receiver may name.
const MOST_EVENTS: usize = 20;

#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = webhooks)]
pub struct Receiver {
    pub id: i32,
    pub site_id: i32,
    pub url: String,
    /// Types with spaces between.
    pub events: String,
    /// Sealed; the old one too.
    key: Vec<u8>,
    old_key: Option<Vec<u8>>,
    /// Until when the old secret signs too.
    pub old_until: Option<i64>,
    from_leaf: i64,
    pub created_at: i64,
    /// When it said that it is gone.
    pub gone_at: Option<i64>,
}

impl Receiver {
    /// Whether it is told of events of this type.
    pub fn wants(&self, event: &str) -> bool {
        self.events.split(' ').any(|wanted| matches(wanted, event))
    }

    /// The same of an event of the ledger: what stood there before is not told.
    pub fn wants_leaf(&self, leaf: i64, event: &str) -> bool {
        leaf >= self.from_leaf && self.wants(event)
    }

    /// Those that sign at `now`, the newest first.
    pub fn secrets(&self, keys: &Keys, now: i64) -> Result<Vec<Secret>> {
        let old = self.old_key.as_ref().filter(|_| self.old_until.is_some_and(|until| now < until));
        [Some(&self.key), old].into_iter().flatten().map(|sealed| Secret::open(sealed, keys, self.site_id)).collect()
    }
}

/// `*` is everything, and `person.*` everything of persons.
fn matches(wanted: &str, event: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(start) => event.starts_with(start),
        None => event == wanted,
    }
}

/// Reads a list of types with spaces between; nothing is everything.
pub fn events(text: &str) -> Result<String> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    let known = |wanted: &&str| {
        let (family, rest) = wanted.split_once('.').map_or((*wanted, None), |(family, rest)| (family, Some(rest)));
        let good = |rest: &str| rest == "*" || (1..=60).contains(&rest.len()) && rest.bytes().all(plain);
        *wanted == "*" || FAMILIES.contains(&family) && rest.is_none_or(good) && (rest.is_some() || family == "erased")
    };
    let wanted: Vec<&str> = text.split_ascii_whitespace().collect();
    if let Some(unknown) = wanted.iter().find(|wanted| !known(wanted)) {
        let unknown: String = unknown.chars().take(60).collect();
        return Err(Error::invalid(
            "events",
            format!(
                "{unknown:?} is nothing that is told: expected *, visitor.choice, person.*, person.email, erased, notice.announced"
            ),
        ));
    }
    if wanted.len() > MOST_EVENTS {
        return Err(Error::invalid("events", format!("expected at most {MOST_EVENTS}")));
    }
    Ok(if wanted.is_empty() { "*".into() } else { wanted.join(" ") })
}

/// A new one, which is told from now on, and its secret. `url` was read by `address::parse`, `events` by `events`.
pub fn add(
    conn: &mut Conn,
    keys: &Keys,
    site_id: i32,
    url: &str,
    events: &str,
    now: i64,
) -> Result<(Receiver, Secret)> {
    let secret = Secret::random()?;
    let sealed = secret.seal(keys, site_id)?;
    conn.transaction(|conn| {
        // Two that come at once take turns, so that there are not more than may be.
        diesel::update(sites::table.find(site_id)).set(sites::revision.eq(sites::revision)).execute(conn)?;
        let there: i64 = webhooks::table.filter(webhooks::site_id.eq(site_id)).count().get_result(conn)?;
        if there >= MOST {
            return Err(Error::ManyWebhooks);
        }
        // Before the first start there is no ledger yet.
        let leaves = ledger::head(conn).optional()?.map_or(0, |head| head.size);
        let receiver = diesel::insert_into(webhooks::table)
            .values((
                webhooks::site_id.eq(site_id),
                webhooks::url.eq(url),
                webhooks::events.eq(events),
                webhooks::key.eq(&sealed),
                webhooks::from_leaf.eq(leaves),
                webhooks::created_at.eq(now),
            ))
            .returning(webhooks::all_columns)
            .get_result(conn)?;
        Ok((receiver, secret))
    })
}

/// Those of a site, oldest first.
pub fn all(conn: &mut Conn, site_id: i32) -> QueryResult<Vec<Receiver>> {
    let own = webhooks::table.filter(webhooks::site_id.eq(site_id)).order(webhooks::id.asc());
    own.select(Receiver::as_select()).load(conn)
}

/// Those of all sites, with the key of each.
pub fn of_all_sites(conn: &mut Conn) -> QueryResult<Vec<(Receiver, String)>> {
    let all = webhooks::table.inner_join(sites::table).order(webhooks::id.asc());
    all.select((Receiver::as_select(), sites::key)).load(conn)
}

/// One of a site.
pub fn find(conn: &mut Conn, site_id: i32, id: i32) -> Result<Receiver> {
    let found = by_id(conn, id)?;
    if found.site_id == site_id { Ok(found) } else { Err(Error::UnknownWebhook(id)) }
}

/// One of any site.
pub fn by_id(conn: &mut Conn, id: i32) -> Result<Receiver> {
    let found = webhooks::table.find(id).select(Receiver::as_select()).first(conn).optional()?;
    found.ok_or(Error::UnknownWebhook(id))
}

/// It is told nothing any more, and what was told to it goes.
pub fn remove(conn: &mut Conn, id: i32) -> QueryResult<()> {
    diesel::delete(webhooks::table.find(id)).execute(conn).map(drop)
}

/// Gives it a new secret; the one before signs too for a day.
pub fn rotate(conn: &mut Conn, keys: &Keys, receiver: &Receiver, now: i64) -> Result<(Secret, i64)> {
    let secret = Secret::random()?;
    let until = now + OVERLAP_MS;
    let replaced = diesel::update(webhooks::table.find(receiver.id))
        .set((
            webhooks::key.eq(secret.seal(keys, receiver.site_id)?),
            webhooks::old_key.eq(&receiver.key),
            webhooks::old_until.eq(until),
        ))
        .execute(conn)?;
    if replaced == 0 { Err(Error::UnknownWebhook(receiver.id)) } else { Ok((secret, until)) }
}

/// Deletes the secrets that sign nothing any more.
pub fn drop_old_secrets(conn: &mut Conn, now: i64) -> QueryResult<usize> {
    diesel::update(webhooks::table.filter(webhooks::old_until.le(now)))
        .set((webhooks::old_key.eq(None::<Vec<u8>>), webhooks::old_until.eq(None::<i64>)))
        .execute(conn)
}

/// Whether it is told, or said that it is gone.
pub fn set_gone(conn: &mut Conn, id: i32, gone_at: Option<i64>) -> QueryResult<()> {
    diesel::update(webhooks::table.find(id)).set(webhooks::gone_at.eq(gone_at)).execute(conn).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_whole_or_by_what_they_begin_with() {
        for (text, read) in [
            ("", "*"),
            ("  ", "*"),
            (" person.*  notice.announced ", "person.* notice.announced"),
            ("erased visitor.choice person.something_new", "erased visitor.choice person.something_new"),
        ] {
            assert_eq!(events(text).expect(text), read);
        }
        for wrong in [
            "person",
            "persn.*",
            "person.",
            "person.*x",
            "per*",
            "**",
            "person.email.x",
            "Person.email",
            "erasedx",
            "x",
        ] {
            assert!(events(wrong).is_err(), "{wrong}");
        }
        assert!(events(&["erased"; 21].join(" ")).is_err());
        for (wanted, event, yes) in [
            ("*", "erased", true),
            ("person.*", "person.email", true),
            ("person.*", "persons.email", false),
            ("person.email", "person.email", true),
            ("person.email", "person.email2", false),
            ("erased", "person.email", false),
        ] {
            assert_eq!(matches(wanted, event), yes, "{wanted} {event}");
        }
    }
}
