//! Everything that can go wrong in the domain, without a word of HTTP: `http/problem.rs` gives each its status and page.

use crate::scope::Scope;

/// What the domain answers when it cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no site `{0}` here")]
    UnknownSite(String),

    #[error("this site has not published a notice {0}")]
    UnknownNotice(i32),

    /// The document cannot be read; `field` is the path to the place, empty for the whole.
    #[error("{}{reason}", place(field))]
    Malformed { field: String, reason: String },

    /// A field that was given holds what it may not; `field` is its path in the document that was sent.
    #[error("`{field}`: {reason}")]
    Invalid { field: String, reason: String },

    /// What is wrong with one of several, and its place among them.
    #[error("`{field}`: {error}")]
    At { field: String, error: Box<Error> },

    #[error("{0}")]
    ForeignOrigin(String),

    #[error("this site is not in report mode")]
    ReportsOff,

    #[error("a consent with this id is already recorded, and it says something else")]
    Conflict,

    #[error("this site carries no choice from one origin to another")]
    LinksOff,

    /// A token that carries a choice does not open it; why.
    #[error("the token does not open: {0}")]
    Link(&'static str),

    #[error("a choice holds on one device alone here: nobody is logged in")]
    LoginsOff,

    /// What shows that somebody is logged in does not open; why.
    #[error("it does not show that somebody is logged in: {0}")]
    Login(&'static str),

    #[error(
        "this service does not know where it is reached from outside, and cannot make the link that is needed here"
    )]
    NoPublicUrl,

    #[error("nothing is written about this person")]
    UnknownPerson,

    #[error("nothing is kept of this visitor")]
    UnknownVisitor,

    #[error("this site has no webhook {0}")]
    UnknownWebhook(i32),

    #[error("this site has as many webhooks as it may")]
    ManyWebhooks,

    #[error("the capability is missing, damaged or for another site")]
    NoCapability,

    /// A request does not say, or not well, who asks; why. Nothing of the token is in it.
    #[error("the token does not open this: {0}")]
    Token(&'static str),

    #[error("the token is not for this site")]
    WrongSite,

    #[error("the token does not have the scope {}", .0.as_str())]
    Scope(Scope),

    /// `seconds` is when there is a place for it again.
    #[error("this {whose} has sent more than its share, which is {quota} a minute")]
    TooMany { whose: &'static str, quota: u32, seconds: u32 },

    /// More waits than may wait. Nothing was recorded.
    #[error("too much is waiting to be written; send it again in a moment")]
    Busy,

    /// Nobody else may wait for what changes.
    #[error("as many requests wait for changes as may; ask again in a moment, or without waiting")]
    Crowded,

    /// The database did not take it. Whether it did is not known, so the same id may and should be sent again.
    #[error("the database does not answer; send it again in a moment")]
    Unavailable,

    #[error("{0}")]
    SiteFile(String),

    #[error("database: {0}")]
    Database(#[from] diesel::result::Error),

    #[error("{0}")]
    Internal(String),
}

fn place(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!("`{field}`: ") }
}

impl Error {
    /// The same of one thing in a larger document: `place` is where it lies there.
    #[must_use]
    pub fn within(self, place: &str) -> Self {
        let joined = |field: &str| if field.is_empty() { place.to_owned() } else { format!("{place}.{field}") };
        match self {
            Self::Invalid { field, reason } => Self::Invalid { field: joined(&field), reason },
            Self::Malformed { field, reason } => Self::Malformed { field: joined(&field), reason },
            Self::UnknownNotice(_) => Self::At { field: joined("notice"), error: Box::new(self) },
            Self::UnknownPerson => Self::At { field: joined("ref"), error: Box::new(self) },
            Self::Conflict => Self::At { field: joined("id"), error: Box::new(self) },
            other => other,
        }
    }

    pub fn invalid(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), reason: reason.into() }
    }
}

pub type Result<T, E = Error> = std::result::Result<T, E>;
