//! What a site lays down for its people, in the `[people]` table of its file.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::day::DAY_MS;

/// How somebody may be reached. Each has a consent of its own; they are never bundled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    Email,
    Sms,
    Phone,
}

impl Channel {
    pub const ALL: [Self; 3] = [Self::Email, Self::Sms, Self::Phone];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
            Self::Phone => "phone",
        }
    }
}

/// The public half of an Ed25519 key, 32 bytes. It is written as the one line between the first and the last of its PEM: the base64 of
/// its SubjectPublicKeyInfo (RFC 8410, 4).
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(try_from = "String", into = "String")]
pub struct LoginKey(pub [u8; 32]);

/// What stands before the key in a SubjectPublicKeyInfo of this kind.
const ED25519: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

impl TryFrom<String> for LoginKey {
    type Error = &'static str;

    fn try_from(line: String) -> Result<Self, Self::Error> {
        let der = STANDARD.decode(line).unwrap_or_default();
        let key = der.strip_prefix(&ED25519).and_then(|key| key.try_into().ok());
        key.map(Self)
            .ok_or("expected the line between the first and the last of the public half of an Ed25519 key in PEM")
    }
}

impl From<LoginKey> for String {
    fn from(key: LoginKey) -> Self {
        STANDARD.encode([&ED25519[..], &key.0].concat())
    }
}

#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// How long a yes stands before it has to be given again, in days.
    pub valid_days: u32,
    /// How old the check against the register of reservations may be for a telephone call, in days.
    pub reservation_days: u32,
    /// Whether nobody is to be reached, or advertised to by name, before they said that they are 18 or over.
    pub adults_only: bool,
    /// Whether a yes to e-mail waits until the person confirms it by a link that only their mailbox gets.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub double_opt_in: bool,
    /// Whose signature shows that somebody is logged in. With one, what they choose then holds wherever they log in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub login_keys: Vec<LoginKey>,
}

impl Default for Rules {
    fn default() -> Self {
        Self { valid_days: 730, reservation_days: 30, adults_only: false, double_opt_in: false, login_keys: Vec::new() }
    }
}

impl Rules {
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    pub fn valid_ms(&self) -> i64 {
        i64::from(self.valid_days) * DAY_MS
    }

    pub fn reservation_ms(&self) -> i64 {
        i64::from(self.reservation_days) * DAY_MS
    }

    /// What is wrong, each with its key.
    pub fn check(&self) -> Vec<(String, String)> {
        let days = [("valid_days", self.valid_days, 3650), ("reservation_days", self.reservation_days, 365)];
        let wrong = days.into_iter().filter(|(_, days, most)| !(1..=*most).contains(days));
        wrong.map(|(key, _, most)| (format!("people.{key}"), format!("expected 1 to {most} days"))).collect()
    }
}
