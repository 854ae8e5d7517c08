//! What people do themselves, by the link of a letter: they confirm a yes, take it back, and say what else they want. It is their own
//! event, in the same ledger as what others write down about them.

use uuid::Uuid;

use crate::db::Conn;
use crate::error::{Error, Result};
use crate::keys::Keys;
use crate::person::event::{self, NewEvent, Recorded, Saying};
use crate::person::standing::Said;
use crate::person::{Channel, Person, PersonId, Ref};
use crate::site::Site;

/// Who wrote it down, as records say it.
const ACTOR: &str = "person";

/// Confirms a yes that waits; nothing where that does not wait any more, because it was confirmed, has ended, or another answer was given
/// since. Call it as `event::record`, and so all that follows.
pub fn confirm(
    conn: &mut Conn,
    above: &mut i64,
    site: &Site,
    keys: &Keys,
    (person, waiting): (PersonId, Uuid),
    now: i64,
) -> Result<Option<Recorded>> {
    let Some(before) = find(conn, site, person, now)? else { return Ok(None) };
    let Some((channel, standing)) = before.state.waiting(waiting, &site.people, now) else { return Ok(None) };
    let language = event::language(conn, waiting)?;
    let new = NewEvent {
        id: Uuid::now_v7(),
        saying: Saying::Channel { channel, granted: true },
        actor: ACTOR.to_owned(),
        source: "confirmation".to_owned(),
        notice: standing.notice,
        assumed: false,
        language,
        given_at: None,
        shown: None,
    };
    event::record(conn, above, site, keys, &Ref::Known(person), &new, now).map(Some)
}

/// What somebody says of a channel, on a page in this language.
pub struct Word<'a> {
    pub channel: Channel,
    pub granted: bool,
    /// Where it was said.
    pub source: &'a str,
    pub language: Option<String>,
}

/// Writes down what they say; a no that stands is not said again. Nothing where nothing is known of them any more.
pub fn say(
    conn: &mut Conn,
    above: &mut i64,
    site: &Site,
    keys: &Keys,
    person: PersonId,
    words: &[Word<'_>],
    now: i64,
) -> Result<Option<Person>> {
    let Some(mut stands) = find(conn, site, person, now)? else { return Ok(None) };
    for word in words {
        let said = stands.state.channels.get(&word.channel).map(|standing| standing.said);
        if !word.granted && matches!(said, Some(Said::Denied | Said::Withdrawn)) {
            continue;
        }
        let new = NewEvent {
            id: Uuid::now_v7(),
            saying: Saying::Channel { channel: word.channel, granted: word.granted },
            actor: ACTOR.to_owned(),
            source: word.source.to_owned(),
            notice: site.current,
            assumed: false,
            language: word.language.clone(),
            given_at: None,
            shown: None,
        };
        stands = event::record(conn, above, site, keys, &Ref::Known(person), &new, now)?.person;
    }
    Ok(Some(stands))
}

/// The person, locked until the end of the transaction.
fn find(conn: &mut Conn, site: &Site, person: PersonId, now: i64) -> Result<Option<Person>> {
    match event::take(conn, site.id, person, &Ref::Known(person), now) {
        Err(Error::UnknownPerson) => Ok(None),
        found => found.map(Some),
    }
}
