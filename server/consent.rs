//! A consent: one recorded answer. `NewConsent` comes in, `Consent` is kept; it is appended and never changed (invariant 2).

use diesel::prelude::*;
use serde::Deserialize;
use uuid::Uuid;

use crate::choice::{Action, Choice};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::regime::{Found, Regime};
use crate::schema::consents;
use crate::signal::Signal;
use crate::site::{Asked, Site};
use crate::whole::whole;

/// The longest path of a page that is kept, in characters.
const PAGE_LENGTH: usize = 300;

/// What a page sends. Nothing in it is believed but what the visitor alone can know: who they are and what they chose.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewConsent {
    /// Made by the client (UUID version 7), so that sending again is recognised.
    pub id: Uuid,
    /// The random id in the site's own cookie: UUID version 7, so that visitors stand in the index in the order in which they came.
    /// Version 4 from banners of before that is as good.
    pub visitor: Uuid,
    /// The number of the notice that was answered.
    #[serde(deserialize_with = "whole")]
    pub notice: i32,
    /// The language it was shown in; absent when nothing was shown.
    pub language: Option<String>,
    pub method: Method,
    pub choice: Choice,
    /// The path of the page, without query and fragment: those may hold anything.
    pub page: Option<String>,
    /// The visitor's answer before this one.
    pub previous: Option<Uuid>,
    /// Which form of the notice was shown, where it has several.
    pub variant: Option<String>,
}

/// What an answer says and how it was given, whoever gave it.
pub struct Said<'a> {
    pub method: Method,
    pub choice: &'a Choice,
    pub language: Option<&'a str>,
    pub variant: Option<&'a str>,
    pub page: Option<&'a str>,
}

impl Said<'_> {
    /// Against the notice that was answered.
    pub fn check(&self, asked: &Asked) -> Result<()> {
        self.choice.check(&asked.purposes, &asked.services)?;
        if self.method == Method::Signal && self.choice.grants() {
            return Err(Error::invalid("choice", "a signal of the browser is a refusal: it denies everything"));
        }
        if let Some(language) = self.language.filter(|language| !asked.languages.iter().any(|it| it == language)) {
            let shown: String = language.chars().take(20).collect();
            let spoken = asked.languages.join(", ");
            return Err(Error::invalid("language", format!("{shown:?} is not one that the notice speaks: {spoken}")));
        }
        if let Some(variant) = self.variant.filter(|variant| !asked.has_form(variant)) {
            let shown: String = variant.chars().take(20).collect();
            return Err(Error::invalid("variant", format!("{shown:?} is none of the notice's variants")));
        }
        if let Some(page) = self.page {
            if !page.starts_with('/') || page.contains(['?', '#']) || page.chars().any(char::is_control) {
                return Err(Error::invalid("page", "expected a path that begins with /, without query and fragment"));
            }
            if page.chars().count() > PAGE_LENGTH {
                return Err(Error::invalid("page", format!("expected at most {PAGE_LENGTH} characters")));
            }
        }
        Ok(())
    }
}

/// What the visitor pressed, or who decided for them: the page's own code, on their word, or a signal that their browser sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    AcceptAll,
    RejectAll,
    Save,
    Api,
    /// Global Privacy Control or DNT: a refusal, whatever was asked.
    Signal,
}

impl Method {
    pub const ALL: [Self; 5] = [Self::AcceptAll, Self::RejectAll, Self::Save, Self::Api, Self::Signal];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AcceptAll => "accept_all",
            Self::RejectAll => "reject_all",
            Self::Save => "save",
            Self::Api => "api",
            Self::Signal => "signal",
        }
    }
}

/// An answer as it is kept: every column but the row's number.
#[derive(Clone, Debug, Insertable, Queryable, Selectable)]
#[diesel(table_name = consents)]
pub struct Consent {
    pub id: Vec<u8>,
    pub site_id: i32,
    pub notice_id: i32,
    pub visitor: Vec<u8>,
    pub previous: Option<Vec<u8>>,
    pub choice: String,
    pub action: String,
    pub method: String,
    pub language: Option<String>,
    pub page: Option<String>,
    pub regime: String,
    pub regime_found: String,
    pub signals: String,
    pub created_at: i64,
    pub key_id: i32,
    pub signature: Vec<u8>,
    /// 16 random bytes. Answers from before the ledger have none.
    pub salt: Option<Vec<u8>>,
    pub variant: Option<String>,
    /// What a person's event is about; see `person::event`. A visitor's answer has neither.
    pub topic: Option<String>,
    /// Canonical JSON.
    pub details: Option<String>,
}

impl Consent {
    /// Checks an answer against the notice it names, in memory. `law` is what holds where the visitor is, and how that was found;
    /// `before` is the row of `previous`, when there is one.
    /// `now` is the server's clock in unix ms (invariant 6); `salt` is random. It is not signed yet.
    pub fn new(
        new: &NewConsent,
        site: &Site,
        law: (Regime, Found),
        signals: &[Signal],
        before: Option<&Self>,
        now: i64,
        salt: [u8; 16],
    ) -> Result<Self> {
        versioned("id", new.id, &[7])?;
        versioned("visitor", new.visitor, &[7, 4])?;
        if let Some(previous) = new.previous {
            versioned("previous", previous, &[7])?;
        }
        if before.is_some_and(|before| before.site_id != site.id || before.visitor != new.visitor.as_bytes()) {
            return Err(Error::invalid("previous", "is another visitor's consent"));
        }
        let asked = site.notices.get(&new.notice).ok_or(Error::UnknownNotice(new.notice))?;
        let said = Said {
            method: new.method,
            choice: &new.choice,
            language: new.language.as_deref(),
            variant: new.variant.as_deref(),
            page: new.page.as_deref(),
        };
        said.check(asked)?;
        Ok(Self {
            id: new.id.as_bytes().to_vec(),
            site_id: site.id,
            notice_id: asked.id,
            visitor: new.visitor.as_bytes().to_vec(),
            previous: new.previous.map(|id| id.as_bytes().to_vec()),
            choice: serde_json::to_string(&new.choice).map_err(|e| Error::Internal(e.to_string()))?,
            action: Self::action(&new.choice, before)?.as_str().to_owned(),
            method: new.method.as_str().to_owned(),
            language: new.language.clone(),
            page: new.page.clone(),
            regime: law.0.as_str().to_owned(),
            regime_found: law.1.as_str().to_owned(),
            signals: Signal::list(signals),
            created_at: now,
            key_id: 0,
            signature: Vec::new(),
            salt: Some(salt.to_vec()),
            variant: new.variant.clone(),
            topic: None,
            details: None,
        })
    }

    fn action(choice: &Choice, before: Option<&Self>) -> Result<Action> {
        let Some(before) = before else { return Ok(choice.action()) };
        let before = serde_json::from_str(&before.choice).map_err(|e| Error::Internal(e.to_string()))?;
        Ok(choice.action_after(&before))
    }

    /// Whether both are the same answer sent twice. What the server adds, such as the time, may differ.
    pub fn is_same_answer(&self, other: &Self) -> bool {
        let said = |c: &Self| (c.site_id, c.notice_id, c.visitor.clone(), c.previous.clone(), c.choice.clone());
        let how = |c: &Self| (c.method.clone(), c.language.clone(), c.page.clone(), c.variant.clone(), c.topic.clone());
        said(self) == said(other) && how(self) == how(other)
    }
}

/// The consent with this id, if it is there.
pub fn find(conn: &mut Conn, id: Uuid) -> QueryResult<Option<Consent>> {
    consents::table.filter(consents::id.eq(id.as_bytes().to_vec())).select(Consent::as_select()).first(conn).optional()
}

/// The number of its row.
pub fn seq_of(conn: &mut Conn, id: Uuid) -> QueryResult<Option<i64>> {
    consents::table.filter(consents::id.eq(id.as_bytes().to_vec())).select(consents::seq).first(conn).optional()
}

pub fn versioned(field: &str, id: Uuid, versions: &[usize]) -> Result<()> {
    if versions.contains(&id.get_version_num()) && id.get_variant() == uuid::Variant::RFC4122 {
        return Ok(());
    }
    Err(Error::invalid(field, format!("expected a UUID of version {} (RFC 9562)", versions[0])))
}
