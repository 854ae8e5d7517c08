//! Webhooks: other systems are told what happens, by Standard Webhooks (<https://www.standardwebhooks.com>). A [`receiver`] names where it
//! is reached and what it wants to know; whoever holds the lock reads on in the ledger and notes one [`delivery`] a receiver and event
//! ([`fan_out`]), and delivers what is due ([`turns`], [`deliver`]): signed ([`sign`]), to no private [`address`], again and again for
//! three days. What ends badly is parked, and can be replayed.

pub mod address;
pub mod deliver;
pub mod delivery;
pub mod fan_out;
pub mod receiver;
pub mod sign;
pub mod turns;

use serde_json::Value;
use uuid::Uuid;

use crate::db::Conn;
use crate::error::{Error, Result};
use delivery::New;

/// What is told, by the word before the full stop; what stands after it comes with what is asked for.
pub const FAMILIES: [&str; 4] = ["visitor", "person", "erased", "notice"];

/// Tells the receivers of a site of something that is no row of the ledger, if the transaction that it is called in is committed.
/// `event` is one of a family, such as `notice.announced`. What `data` says of a `person` (32 hexadecimal digits) goes with them when
/// they are erased.
pub fn emit(conn: &mut Conn, site_id: i32, event: &str, data: &Value, now: i64) -> Result<()> {
    let text = data.to_string();
    let person = match data.get("person").and_then(Value::as_str) {
        Some(person) => {
            let digits = u128::from_str_radix(person, 16).map_err(|e| Error::Internal(format!("a person: {e}")))?;
            Some(digits.to_be_bytes())
        }
        None => None,
    };
    let name = format!("event-{}", Uuid::now_v7());
    let person = person.as_ref().map(<[u8; 16]>::as_slice);
    let receivers = receiver::all(conn, site_id)?;
    let wanting = receivers.iter().filter(|receiver| receiver.wants(event));
    let new = wanting.map(|receiver| New::of(receiver, &name, event, now).saying(&text, person));
    Ok(delivery::add(conn, &new.collect::<Vec<_>>())?)
}
