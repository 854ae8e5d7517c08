//! What a token may do. Scopes never contain each other: who may write may not read for that.

use std::str::FromStr;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    ConsentsRead,
    PeopleRead,
    PeopleWrite,
    Export,
    Stats,
    Erase,
    Webhooks,
}

impl Scope {
    pub const ALL: [Self; 7] = [
        Self::ConsentsRead,
        Self::PeopleRead,
        Self::PeopleWrite,
        Self::Export,
        Self::Stats,
        Self::Erase,
        Self::Webhooks,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConsentsRead => "consents:read",
            Self::PeopleRead => "people:read",
            Self::PeopleWrite => "people:write",
            Self::Export => "export",
            Self::Stats => "stats",
            Self::Erase => "erase",
            Self::Webhooks => "webhooks",
        }
    }

    /// Whether something is another one afterwards.
    pub const fn writes(self) -> bool {
        matches!(self, Self::PeopleWrite | Self::Erase | Self::Webhooks)
    }

    /// Whether every use is written down: those that only read for the site's own questions are too many.
    pub const fn is_audited(self) -> bool {
        self.writes() || matches!(self, Self::Export)
    }

    /// Those of a list with spaces between; names that nobody here knows are another service's, and left out.
    pub fn known(list: &str) -> Vec<Self> {
        list.split_whitespace().filter_map(|name| name.parse().ok()).collect()
    }

    /// A list with spaces between, in which every name has to be known, and none stands twice.
    pub fn parse_list(list: &str) -> Result<Vec<Self>, String> {
        let mut scopes = list.split_whitespace().map(str::parse).collect::<Result<Vec<Self>, String>>()?;
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() {
            return Err(format!("expected one of {}, or several with spaces between", Self::names(&Self::ALL)));
        }
        Ok(scopes)
    }

    pub fn names(scopes: &[Self]) -> String {
        scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|scope| scope.as_str() == name);
        found.ok_or_else(|| format!("{name:?} is no scope; there are {}", Self::names(&Self::ALL)))
    }
}
