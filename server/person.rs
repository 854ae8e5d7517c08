//! A person: somebody the site knows, by a name that the site gives them. An e-mail address or a telephone number is never kept: what
//! stands for it is a keyed hash, which only this service can make again.

pub mod body;
pub mod choices;
pub mod event;
pub mod import;
pub mod letter;
pub mod login;
pub mod own;
pub mod pages;
pub mod phrases;
pub mod reach;
pub mod rules;
pub mod standing;
pub mod told;

use std::fmt;

use diesel::prelude::*;
use serde::{Serialize, Serializer};
use uuid::Uuid;

use crate::db::Conn;
use crate::error::{Error, Result};
use crate::hash::hex;
use crate::keys::Keys;
use crate::schema::people;

pub use rules::{Channel, Rules};
use standing::State;

/// The longest name that is read, in characters: an e-mail address has at most 254 (RFC 5321, 4.5.3.1).
const LONGEST: usize = 254;
/// Names under which routes stand beside `people/{ref}`, or may.
const TAKEN: [&str; 2] = ["lookup", "import"];

/// Who a person is on one site: 122 bits of an HMAC-SHA256 over the name that the site knows them by, in the form of a UUID of version 8
/// (RFC 9562, 5.8). A visitor's is of another version, so that nobody can answer as a visitor whose id is a person's, or the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonId(pub [u8; 16]);

impl PersonId {
    pub fn of(bits: [u8; 16]) -> Self {
        Self(Uuid::new_v8(bits).into_bytes())
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl Serialize for PersonId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl TryFrom<&[u8]> for PersonId {
    type Error = Error;

    fn try_from(bytes: &[u8]) -> Result<Self> {
        bytes.try_into().map(Self).map_err(|_| Error::Internal("a stored person is not 16 bytes".into()))
    }
}

/// How a site names a person.
#[derive(Clone, PartialEq, Eq)]
pub enum Ref {
    /// The site's own id for them, opaque to us: kept as it is.
    Id(String),
    /// In small letters.
    Email(String),
    /// E.164, as `+4791234567`.
    Phone(String),
    /// Who they are here, as an earlier answer said: `~` and 32 hexadecimal digits.
    Known(PersonId),
    /// Who is logged in, and what else is kept of them when they are written down for the first time.
    Named { person: PersonId, kind: &'static str, kept: Option<String> },
}

impl Ref {
    /// Reads a name. An e-mail address has an @, a telephone number begins with +; anything else is the site's own id.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |reason: &str| Err(Error::invalid("ref", reason));
        let text = text.trim();
        if text.is_empty() || text.chars().count() > LONGEST {
            return wrong("expected 1 to 254 characters");
        }
        if let Some(known) = text.strip_prefix('~') {
            let digits = known.len() == 32 && known.bytes().all(|b| b.is_ascii_hexdigit());
            let Some(known) = digits.then(|| u128::from_str_radix(known, 16).ok()).flatten() else {
                return wrong("expected 32 hexadecimal digits after ~, as `person` has them");
            };
            let known = PersonId(known.to_be_bytes());
            if PersonId::of(known.0) != known {
                return wrong("is no person's: expected `person` of an earlier answer after ~");
            }
            return Ok(Self::Known(known));
        }
        if text.contains('@') {
            let (local, domain) = text.rsplit_once('@').unwrap_or_default();
            let plain = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control());
            let dotted = domain.split('.').count() > 1 && domain.split('.').all(|label| !label.is_empty());
            if !plain(local) || local.contains('@') || !plain(domain) || !dotted {
                return wrong("expected an e-mail address such as kari@example.no");
            }
            return Ok(Self::Email(text.to_lowercase()));
        }
        if text.starts_with('+') {
            let number: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.')).collect();
            let digits = &number[1..];
            if !(8..=15).contains(&digits.len())
                || !digits.bytes().all(|b| b.is_ascii_digit())
                || digits.starts_with('0')
            {
                return wrong("expected a telephone number with its country, such as +4791234567 (E.164)");
            }
            return Ok(Self::Phone(number));
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._:-".contains(&b);
        if text.len() > 128 || !text.bytes().all(plain) {
            return wrong(
                "expected an e-mail address, a telephone number that begins with +, or 1 to 128 of A-Z, a-z, 0-9, . _ : -",
            );
        }
        if TAKEN.contains(&text) || text.bytes().all(|b| b == b'.') {
            return wrong("is no name for a person here: it stands in addresses for something else");
        }
        Ok(Self::Id(text.to_owned()))
    }

    /// Who that is on this site. The kind is part of it, so that a customer number never is somebody's address.
    pub fn person(&self, keys: &Keys, site: &str) -> PersonId {
        match self {
            Self::Known(person) | Self::Named { person, .. } => *person,
            Self::Id(name) | Self::Email(name) | Self::Phone(name) => keys.person(site, self.kind(), name),
        }
    }

    /// `known` says nothing of how the site named them first.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Id(_) => "id",
            Self::Email(_) => "email",
            Self::Phone(_) => "phone",
            Self::Known(_) => "known",
            Self::Named { kind, .. } => kind,
        }
    }

    /// The e-mail address that it is. It is for a letter that goes out now, and never kept.
    pub fn address(&self) -> Option<&str> {
        match self {
            Self::Email(address) => Some(address),
            _ => None,
        }
    }

    /// What may be kept of it in clear.
    pub fn kept(&self) -> Option<&str> {
        match self {
            Self::Id(name) | Self::Named { kept: Some(name), .. } => Some(name),
            _ => None,
        }
    }

    /// What a name was that is not known itself any more.
    pub fn named(person: PersonId, kind: &str, kept: Option<String>) -> Self {
        let kinds = ["id", "email", "phone"];
        let kind = kinds.into_iter().find(|known| *known == kind);
        kind.map_or(Self::Known(person), |kind| Self::Named { person, kind, kept })
    }
}

/// Says what kind it is and not whose.
impl fmt::Debug for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ref({})", self.kind())
    }
}

/// A person as they are kept.
#[derive(Clone, Debug)]
pub struct Person {
    /// The number of the row.
    pub row: i64,
    pub id: PersonId,
    /// How the site named them first: `id`, `email` or `phone`.
    pub kind: String,
    /// The site's own id, where that is how it names them.
    pub reference: Option<String>,
    pub state: State,
    /// How many events there were.
    pub sequence: i64,
    pub updated_at: i64,
}

type Row = (i64, Vec<u8>, String, Option<String>, String, i64, i64);

const COLUMNS: (
    people::id,
    people::person,
    people::kind,
    people::reference,
    people::state,
    people::sequence,
    people::updated_at,
) = (people::id, people::person, people::kind, people::reference, people::state, people::sequence, people::updated_at);

impl Person {
    fn read(row: Row) -> Result<Self> {
        let (row, person, kind, reference, state, sequence, updated_at) = row;
        let state = State::parse(&state)?;
        Ok(Self { row, id: person.as_slice().try_into()?, kind, reference, state, sequence, updated_at })
    }
}

/// The person, if the site has written anything about them.
pub fn find(conn: &mut Conn, site_id: i32, person: PersonId) -> Result<Option<Person>> {
    let own = people::table.filter(people::site_id.eq(site_id)).filter(people::person.eq(person.0.to_vec()));
    own.select(COLUMNS).first::<Row>(conn).optional()?.map(Person::read).transpose()
}

/// Those of these people of whom anything is written, in no order.
pub fn find_all(conn: &mut Conn, site_id: i32, persons: &[PersonId]) -> Result<Vec<Person>> {
    /// SQLite takes 32,766 parameters; smaller pieces are planned once and fast alike.
    const PIECE: usize = 500;
    let mut found = Vec::with_capacity(persons.len());
    for piece in persons.chunks(PIECE) {
        let own = people::table
            .filter(people::site_id.eq(site_id))
            .filter(people::person.eq_any(piece.iter().map(|person| person.0.to_vec())));
        for row in own.select(COLUMNS).load::<Row>(conn)? {
            found.push(Person::read(row)?);
        }
    }
    Ok(found)
}

/// People of the site in the order in which they came, after one's row.
pub fn after(conn: &mut Conn, site_id: i32, row: i64, most: usize) -> Result<Vec<Person>> {
    let own = people::table.filter(people::site_id.eq(site_id)).filter(people::id.gt(row));
    let rows = own.order(people::id.asc()).limit(i64::try_from(most).unwrap_or(i64::MAX)).select(COLUMNS);
    rows.load::<Row>(conn)?.into_iter().map(Person::read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_an_address_a_number_or_the_sites_own() {
        let check = |text: &str, kind: &str, same: &str| {
            let (found, other) = (Ref::parse(text).expect(text), Ref::parse(same).expect(same));
            assert_eq!(found.kind(), kind, "{text}");
            assert!(found == other, "{text} is {same}");
        };
        check(" Kari.Nordmann@Example.NO ", "email", "kari.nordmann@example.no");
        check("+47 912 34 567", "phone", "+4791234567");
        check("+1 (202) 555-0143", "phone", "+12025550143");
        check("kunde-10234", "id", "kunde-10234");
        check("91234567", "id", "91234567");
        check("~000102030405860788090a0b0c0d0e0f", "known", "~000102030405860788090A0B0C0D0E0F");
        for wrong in [
            "",
            " ",
            "a b",
            "kari@",
            "@example.no",
            "kari@no",
            "a@b@c.no",
            "a b@c.no",
            "+47",
            "+0123456789",
            "+47x1234567",
            "~12",
            "~zz0102030405060708090a0b0c0d0e0f",
            // What a visitor is called.
            "~019ac0de000070008000000000000000",
            "~9f1c2b3a4d5e4f608a9b0c1d2e3f4a5b",
            "lookup",
            "import",
            ".",
            "..",
            "på",
            "a/b",
            &"a".repeat(129),
        ] {
            assert!(Ref::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn one_name_is_another_person_on_another_site_and_never_shown() {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = Keys::open(folder.path()).expect("keys");
        let kari = Ref::parse("kari@example.no").expect("a name");
        assert_eq!(kari.person(&keys, "shop"), Ref::parse("KARI@example.no").expect("a name").person(&keys, "shop"));
        assert_ne!(kari.person(&keys, "shop"), kari.person(&keys, "other"));
        let id = Ref::parse("4791234567").expect("a name").person(&keys, "shop");
        assert_ne!(id, Ref::parse("+4791234567").expect("a name").person(&keys, "shop"));
        assert_eq!(Ref::parse(&format!("~{id}")).expect("a name").person(&keys, "shop"), id);
        assert_eq!(format!("{kari:?}"), "Ref(email)");
    }
}
