//! What the law where the visitor is makes of silence, and how the place was found.

use serde::{Deserialize, Serialize};

/// The strictest last: what is greater allows less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Regime {
    /// Telling is enough.
    Notice,
    /// Silence is a yes that can be taken back.
    OptOut,
    /// Silence is a no.
    OptIn,
}

impl Regime {
    pub const ALL: [Self; 3] = [Self::Notice, Self::OptOut, Self::OptIn];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::OptOut => "opt-out",
            Self::OptIn => "opt-in",
        }
    }
}

/// How a regime was arrived at, as it stands in the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The region database knows the address.
    Database,
    /// A trusted proxy said the place.
    Header,
    /// The place is not known, and the site says which one it counts as.
    Site,
    /// The place is not known: the strictest.
    Assumed,
}

impl Found {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Header => "header",
            Self::Site => "site",
            Self::Assumed => "assumed",
        }
    }
}
