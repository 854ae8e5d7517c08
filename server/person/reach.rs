//! How many people may be reached now, channel by channel.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::db::Conn;
use crate::error::Result;
use crate::person::standing::{self, State};
use crate::person::{Channel, Rules};
use crate::schema::people;

/// Rows that are held at a time.
const PIECE: i64 = 10_000;

/// `now` is unix ms. It reads every person of the site, a piece at a time.
pub fn count(conn: &mut Conn, site_id: i32, rules: &Rules, now: i64) -> Result<BTreeMap<Channel, u64>> {
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
