//! A write that is sent again is done once: whoever names a request by a key of their own gets what was answered to it before, for a day.
//! A row is there before the work is begun, so that of two servers one does it. What is kept is sealed, and goes with the person whom
//! it is about.

use diesel::prelude::*;
use uuid::{Builder, Uuid};

use crate::day::DAY_MS;
use crate::db::{Conn, on};
use crate::hash::sha256;
use crate::keys::Keys;
use crate::person::PersonId;
use crate::schema::kept_answers::{self, about, answer, created_at, fingerprint, holder, site_id, table, taken_at};

/// How long an answer is kept.
pub const KEPT_MS: i64 = DAY_MS;
/// After so long whoever holds a request is taken for dead.
pub const PATIENCE_MS: i64 = 60_000;
/// Stands for persons who are not known.
const ANYBODY: [u8; 16] = [0; 16];

/// Whom an answer may be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    Nobody,
    /// It is not known: what is kept goes when anybody is forgotten.
    Anybody,
    Person(PersonId),
}

impl About {
    fn bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::Nobody => None,
            Self::Anybody => Some(ANYBODY.to_vec()),
            Self::Person(person) => Some(person.0.to_vec()),
        }
    }
}

/// A request that its client has named.
#[derive(Clone, Debug)]
pub struct Named {
    pub site_id: i32,
    pub about: About,
    key: [u8; 32],
    fingerprint: [u8; 32],
}

impl Named {
    /// `key` is the client's, and has no zero in it; `parts` are all that tells this request from another one. Either may hold an address, so
    /// that nothing but a keyed hash is kept.
    pub fn new(keys: &Keys, site: (i32, &str), actor: &str, key: &str, parts: [&[u8]; 3], whom: About) -> Self {
        let request = parts.map(sha256).concat();
        Self {
            site_id: site.0,
            about: whom,
            key: keys.once(site.1, &sha256(format!("{actor}\0{key}").as_bytes())),
            fingerprint: keys.once(site.1, &sha256(&request)),
        }
    }

    /// What an answer to it is sealed with: put into another row, it does not open.
    pub fn bound(&self) -> Vec<u8> {
        [self.key, self.fingerprint].concat()
    }
}

/// The right to do it.
#[derive(Clone, Debug)]
pub struct Hold {
    key: [u8; 32],
    holder: [u8; 16],
    /// When it came first, unix ms.
    since: i64,
}

impl Hold {
    /// The id of what it writes, where the client made none: the same whenever it is done again, so that what was written, unknown to whoever
    /// did it, is recognised.
    pub fn id(&self) -> Uuid {
        let mut bits = [0; 10];
        bits.copy_from_slice(&sha256(&self.key)[..10]);
        Builder::from_unix_timestamp_millis(u64::try_from(self.since).unwrap_or_default(), &bits).into_uuid()
    }
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Claim {
    Ours(Hold),
    /// It was answered before: this, sealed.
    Answered(Vec<u8>),
    /// Somebody is at it.
    UnderWay,
    /// Its key belongs to another request.
    Other,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = kept_answers)]
struct Row {
    fingerprint: Vec<u8>,
    holder: Vec<u8>,
    taken_at: i64,
    created_at: i64,
    answer: Option<Vec<u8>>,
}

/// Takes a request, by a random number. `now` is unix ms. Call it inside a transaction.
pub fn claim(conn: &mut Conn, named: &Named, random: [u8; 16], now: i64) -> QueryResult<Claim> {
    let row = (
        kept_answers::key.eq(named.key.to_vec()),
        site_id.eq(named.site_id),
        about.eq(named.about.bytes()),
        fingerprint.eq(named.fingerprint.to_vec()),
        holder.eq(random.to_vec()),
        taken_at.eq(now),
        created_at.eq(now),
    );
    let ours = |since| Claim::Ours(Hold { key: named.key, holder: random, since });
    // What is too old counts no more, and may hold another request.
    let old = table.find(named.key.to_vec()).filter(created_at.le(now - KEPT_MS));
    diesel::delete(old).execute(conn)?;
    if on!(conn, |c| diesel::insert_into(table).values(row).on_conflict_do_nothing().execute(c))? > 0 {
        return Ok(ours(now));
    }
    let own = table.find(named.key.to_vec());
    let Some(there) = own.clone().select(Row::as_select()).first(conn).optional()? else { return Ok(Claim::UnderWay) };
    if there.fingerprint != named.fingerprint {
        return Ok(Claim::Other);
    }
    if let Some(kept) = there.answer {
        return Ok(Claim::Answered(kept));
    }
    if there.taken_at + PATIENCE_MS > now {
        return Ok(Claim::UnderWay);
    }
    // Of two who take over, one finds the row as it was.
    let as_it_was = own.filter(holder.eq(there.holder)).filter(taken_at.eq(there.taken_at)).filter(answer.is_null());
    let taken = diesel::update(as_it_was).set((holder.eq(random.to_vec()), taken_at.eq(now))).execute(conn)?;
    Ok(if taken > 0 { ours(there.created_at) } else { Claim::UnderWay })
}

/// Keeps a sealed answer, unless the request was taken over, or whom it is about was forgotten meanwhile.
pub fn keep(conn: &mut Conn, hold: &Hold, sealed: Vec<u8>) -> QueryResult<usize> {
    let own = table.find(hold.key.to_vec()).filter(holder.eq(hold.holder.to_vec()));
    diesel::update(own).set(answer.eq(Some(sealed))).execute(conn)
}

/// Lets go of a request that has no answer to be kept. Where it may have been done, its row stays, so that it gets the same id again.
pub fn release(conn: &mut Conn, hold: &Hold, perhaps_done: bool) -> QueryResult<usize> {
    let own = table.find(hold.key.to_vec()).filter(holder.eq(hold.holder.to_vec()));
    if perhaps_done {
        return diesel::update(own).set(taken_at.eq(0)).execute(conn);
    }
    diesel::delete(own).execute(conn)
}

/// Forgets what was answered about a person, and whatever may be about anybody.
pub fn forget(conn: &mut Conn, site: i32, person: &[u8]) -> QueryResult<usize> {
    let own = table.filter(site_id.eq(site)).filter(about.eq_any([Some(person.to_vec()), Some(ANYBODY.to_vec())]));
    diesel::delete(own).execute(conn)
}

/// Whether anything was kept long enough at `now`, unix ms.
pub fn has_old(conn: &mut Conn, now: i64) -> QueryResult<bool> {
    let old = table.filter(created_at.le(now - KEPT_MS)).select(created_at);
    Ok(old.first::<i64>(conn).optional()?.is_some())
}

/// Forgets it.
pub fn old(conn: &mut Conn, now: i64) -> QueryResult<usize> {
    diesel::delete(table.filter(created_at.le(now - KEPT_MS))).execute(conn)
}
