//! From the ledger to the receivers: whatever has its leaf becomes one delivery for each receiver that wants to know it, together with how
//! far that has come. Events are read in the order of their leaves, in which none is ever passed over.

use diesel::prelude::*;

use crate::append::Appender;
use crate::db::Conn;
use crate::error::Result;
use crate::event::{self, Event};
use crate::ledger;
use crate::schema::fan_out;
use crate::webhook::delivery::{self, New};
use crate::webhook::receiver::{self, Receiver};

/// Events that one transaction fans out.
const PAGE: usize = 500;

/// Notes what is to be told of the next leaves. Says whether there are more.
pub fn turn(conn: &mut Conn, appender: &Appender, now: i64) -> Result<bool> {
    let from: i64 = fan_out::table.find(1).select(fan_out::next).first(conn)?;
    // The head is read first: what is sealed after it is for the next time, also to a receiver that comes in this moment.
    let size = ledger::head(conn)?.size;
    if from >= size {
        return Ok(false);
    }
    if receiver::of_all_sites(conn)?.is_empty() {
        appender.write_blocking(move |conn| conn.transaction(|conn| advance(conn, from, size)))?;
        return Ok(false);
    }
    let page = event::page(conn, None, from, PAGE)?;
    let has_more = page.has_more();
    appender.write_blocking(move |conn| {
        conn.transaction(|conn| {
            // Another server may have been here meanwhile; then its deliveries are there, and these are not needed.
            if advance(conn, from, page.next)? {
                let receivers = receiver::of_all_sites(conn)?;
                return note(conn, &receivers, &page.events, now);
            }
            Ok(())
        })
    })?;
    Ok(has_more)
}

/// Says whether nobody else was there first.
fn advance(conn: &mut Conn, from: i64, to: i64) -> QueryResult<bool> {
    let own = fan_out::table.find(1).filter(fan_out::next.eq(from));
    Ok(diesel::update(own).set(fan_out::next.eq(to)).execute(conn)? > 0)
}

/// One delivery a receiver and event; `receivers` stand with the keys of their sites.
fn note(conn: &mut Conn, receivers: &[(Receiver, String)], events: &[Event], now: i64) -> QueryResult<()> {
    let named: Vec<_> =
        events.iter().filter_map(|event| Some((event, event.leaf?, format!("leaf-{}", event.leaf?)))).collect();
    let mut new = Vec::new();
    for (event, leaf, name) in &named {
        let of_site = receivers.iter().filter(|(_, site)| *site == event.site).map(|(receiver, _)| receiver);
        let wanting = of_site.filter(|receiver| receiver.wants_leaf(*leaf, &event.kind));
        new.extend(wanting.map(|receiver| New::of(receiver, name, &event.kind, now).at(*leaf)));
    }
    delivery::add(conn, &new)
}
