//! How many people may be reached now, channel by channel. What may be done with somebody depends on the day and on the site's rules, so that
//! it cannot be counted beforehand: every person of a site is read for it, once a minute at most, however often it is asked for.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use diesel::prelude::*;

use crate::db::Conn;
use crate::error::Result;
use crate::person::standing::{self, State};
use crate::person::{Channel, Rules};
use crate::schema::people;

/// Rows that are held at a time.
const PIECE: i64 = 10_000;

/// How long a count is told, in ms.
pub const HELD_MS: u64 = 60_000;

pub type Count = BTreeMap<Channel, u64>;

struct Held {
    /// When it was counted, or when somebody began to count anew.
    at: i64,
    rules: Rules,
    count: Count,
}

/// The last count of each site, by its number.
#[derive(Default)]
pub struct Counted(Mutex<BTreeMap<i32, Held>>);

impl Counted {
    /// The count of a site, by these rules. `now` is unix ms. Of several who find it too old, one counts anew, and the others are told the
    /// one of before.
    pub fn get(&self, conn: &mut Conn, site_id: i32, rules: &Rules, now: i64) -> Result<Count> {
        let before = match self.held().get_mut(&site_id).filter(|held| held.rules == *rules) {
            Some(held) if now.abs_diff(held.at) < HELD_MS => return Ok(held.count.clone()),
            Some(held) => Some(std::mem::replace(&mut held.at, now)),
            None => None,
        };
        let outcome = count(conn, site_id, rules, now);
        match (&outcome, before) {
            (Ok(count), _) => {
                let held = Held { at: now, rules: rules.clone(), count: count.clone() };
                self.held().insert(site_id, held);
            }
            // Whoever asks next tries again.
            (Err(_), Some(at)) => {
                self.held().entry(site_id).and_modify(|held| held.at = at);
            }
            (Err(_), None) => {}
        }
        outcome
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<i32, Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `now` is unix ms. It reads every person of the site, a piece at a time.
fn count(conn: &mut Conn, site_id: i32, rules: &Rules, now: i64) -> Result<Count> {
    let mut counted = BTreeMap::from(Channel::ALL.map(|channel| (channel, 0)));
    let mut after = 0;
    loop {
        let piece: Vec<(i64, String)> = people::table
            .filter(people::site_id.eq(site_id))
            .filter(people::id.gt(after))
            .order(people::id.asc())
            .limit(PIECE)
            .select((people::id, people::state))
            .load(conn)?;
        let Some((last, _)) = piece.last() else { return Ok(counted) };
        after = *last;
        for (_, state) in &piece {
            let state = State::parse(state)?;
            for (channel, counted) in &mut counted {
                *counted += u64::from(standing::channel(&state, *channel, rules, now).allowed);
            }
        }
    }
}
