//! What the law where the visitor is makes of silence, and how the place was found.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Regime {
    /// Silence is a no.
    OptIn,
}

impl Regime {
    /// What holds where nothing is known of the place. Nothing is known of any yet, so it holds everywhere.
    pub const STRICTEST: Self = Self::OptIn;

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OptIn => "opt-in",
        }
    }
}

/// How a regime was arrived at, as it stands in the record: the place was not known, so the strictest was taken.
pub const ASSUMED: &str = "assumed";
