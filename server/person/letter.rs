//! The links of letters: what a person opens without logging in. A token says who and what for, until when, and for a confirmation which
//! event it confirms. Only this service can make one, it opens on its own site alone, and one kind never passes for another.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::day::DAY_MS;
use crate::keys::{Keys, Letter};
use crate::person::PersonId;

/// How long a yes waits for its confirmation.
pub const CONFIRM_MS: i64 = 7 * DAY_MS;
/// A letter may be found long after it came, and its link still has to work.
const UNSUBSCRIBE_MS: i64 = 3650 * DAY_MS;
/// How long the page of a person's own choices opens.
pub const PREFERENCES_MS: i64 = 30 * DAY_MS;

/// Bytes of a tag.
const TAG: usize = 16;
/// The longest token there is, in characters: 52 bytes.
const LONGEST: usize = 70;

/// Why a link does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worthless {
    /// It was not made here, or not for this site or this page, or it is damaged.
    Foreign,
    Expired,
}

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// This event, a yes that waits.
    Confirm(Uuid),
    Unsubscribe,
    Preferences,
}

/// On the wire: who, which event where there is one, the end in seconds, and 128 bits of an HMAC-SHA256, in base64url.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    pub person: PersonId,
    pub what: For,
    /// Unix ms, in whole seconds.
    pub ends: i64,
}

impl Token {
    /// For an event that was given `at`.
    pub const fn confirm(person: PersonId, event: Uuid, at: i64) -> Self {
        Self { person, what: For::Confirm(event), ends: at + CONFIRM_MS }
    }

    /// The same all day long.
    pub const fn unsubscribe(person: PersonId, now: i64) -> Self {
        let today = now - now.rem_euclid(DAY_MS);
        Self { person, what: For::Unsubscribe, ends: today + UNSUBSCRIBE_MS }
    }

    pub const fn preferences(person: PersonId, now: i64) -> Self {
        Self { person, what: For::Preferences, ends: (now + PREFERENCES_MS) / 1000 * 1000 }
    }

    pub fn write(&self, site: &str, keys: &Keys) -> String {
        let mut payload = self.person.0.to_vec();
        let letter = match self.what {
            For::Confirm(event) => {
                payload.extend(event.as_bytes());
                Letter::Confirm
            }
            For::Unsubscribe => Letter::Unsubscribe,
            For::Preferences => Letter::Preferences,
        };
        // Before 1970 or after 2106 there is no link.
        payload.extend(u32::try_from(self.ends / 1000).unwrap_or_default().to_be_bytes());
        let tag = keys.letter_tag(letter, site, &payload);
        payload.extend(tag);
        URL_SAFE_NO_PAD.encode(payload)
    }

    /// What this text is as a link of the kind, if it was made here for this site and has not ended at `now`.
    pub fn read(text: &str, letter: Letter, site: &str, keys: &Keys, now: i64) -> Result<Self, Worthless> {
        let token = Self::made_here(text, letter, site, keys).ok_or(Worthless::Foreign)?;
        if now >= token.ends { Err(Worthless::Expired) } else { Ok(token) }
    }

    fn made_here(text: &str, letter: Letter, site: &str, keys: &Keys) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(Some(text).filter(|text| text.len() <= LONGEST)?).ok()?;
        let (payload, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG)?)?;
        keys.is_letter_tag(letter, site, payload, tag).then_some(())?;
        let (person, rest) = payload.split_first_chunk::<16>()?;
        let (what, rest) = match letter {
            Letter::Confirm => {
                let (event, rest) = rest.split_first_chunk::<16>()?;
                (For::Confirm(Uuid::from_bytes(*event)), rest)
            }
            Letter::Unsubscribe => (For::Unsubscribe, rest),
            Letter::Preferences => (For::Preferences, rest),
        };
        let ends = i64::from(u32::from_be_bytes(rest.try_into().ok()?)) * 1000;
        Some(Self { person: PersonId(*person), what, ends })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_651_306_000;
    const KINDS: [Letter; 3] = [Letter::Confirm, Letter::Unsubscribe, Letter::Preferences];

    fn tokens() -> [Token; 3] {
        let person = PersonId::of([7; 16]);
        [Token::confirm(person, Uuid::now_v7(), NOW), Token::unsubscribe(person, NOW), Token::preferences(person, NOW)]
    }

    fn keys() -> (tempfile::TempDir, Keys) {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = Keys::open(folder.path()).expect("new keys");
        (folder, keys)
    }

    #[test]
    fn a_token_is_read_as_it_was_made_as_its_own_kind_on_its_own_site() {
        let ((_one, keys), (_other, others)) = (keys(), keys());
        for (token, kind) in tokens().into_iter().zip(KINDS) {
            let text = token.write("shop", &keys);
            assert!(text.len() <= LONGEST, "{}", text.len());
            for letter in KINDS {
                let expected = if letter == kind { Ok(token) } else { Err(Worthless::Foreign) };
                assert_eq!(Token::read(&text, letter, "shop", &keys, NOW), expected, "{kind:?} as {letter:?}");
            }
            assert_eq!(Token::read(&text, kind, "other", &keys, NOW), Err(Worthless::Foreign));
            assert_eq!(Token::read(&text, kind, "shop", &others, NOW), Err(Worthless::Foreign));
        }
    }

    #[test]
    fn a_token_ends() {
        let (_folder, keys) = keys();
        for (token, kind) in tokens().into_iter().zip(KINDS) {
            let text = token.write("shop", &keys);
            assert!(Token::read(&text, kind, "shop", &keys, token.ends - 1).is_ok());
            assert_eq!(Token::read(&text, kind, "shop", &keys, token.ends), Err(Worthless::Expired));
        }
        let person = PersonId::of([7; 16]);
        assert_eq!(Token::unsubscribe(person, NOW), Token::unsubscribe(person, NOW + 1000));
    }

    #[test]
    fn a_token_that_was_touched_opens_nothing() {
        let (_folder, keys) = keys();
        for (token, kind) in tokens().into_iter().zip(KINDS) {
            let text = token.write("shop", &keys);
            let read = |text: &str| Token::read(text, kind, "shop", &keys, NOW);
            for at in 0..text.len() {
                let mut changed = text.clone().into_bytes();
                changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
                let changed = String::from_utf8(changed).expect("ASCII");
                assert_eq!(read(&changed), Err(Worthless::Foreign), "{changed}");
            }
            let long = "A".repeat(10_000);
            for wrong in ["", ".", "x", "💥", &text[4..], &text[..text.len() - 4], &format!("{text}AAAA"), &long] {
                assert_eq!(read(wrong), Err(Worthless::Foreign), "{wrong}");
            }
        }
    }
}
