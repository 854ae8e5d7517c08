//! The answers of a site, oldest first: its visitors' and its people's.

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Args;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::choice::Action;
use crate::consent::{Consent, Method};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::hash::hex;
use crate::list::{How, Key, List, raw, time, word};
use crate::regime::Regime;
use crate::schema::{consents, notices};
use crate::scope::Scope;
use crate::site::Site;

/// A visitor's own answer, which has no topic.
const OF_VISITORS: &str = "visitor";
/// What an answer is about; see `person::event`.
const TOPICS: [&str; 8] = [OF_VISITORS, "email", "sms", "phone", "adult", "reservation", "choice", "link"];

/// Which answers, as it is asked for. Times are on the wire alone: the command line has days.
#[derive(Args, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    #[arg(skip)]
    pub from: Option<String>,
    #[arg(skip)]
    pub to: Option<String>,
    /// What it amounted to: granted, partial, refused, withdrawn, renewed
    #[arg(long)]
    action: Option<String>,
    /// How it was given: `accept_all`, `reject_all`, save, api, signal
    #[arg(long)]
    method: Option<String>,
    /// The number of the notice that was answered
    #[arg(long)]
    notice: Option<String>,
    /// The language in which it was shown
    #[arg(long)]
    language: Option<String>,
    /// What the law makes of silence: opt-in, opt-out, notice
    #[arg(long)]
    regime: Option<String>,
    /// What it is about: visitor (their own answers), email, sms, phone, adult, reservation, choice, link
    #[arg(long)]
    topic: Option<String>,
    /// Whose, by their id; of a person, the `person` of an answer
    #[arg(long)]
    visitor: Option<String>,
    #[arg(skip)]
    limit: Option<String>,
    #[arg(skip)]
    after: Option<String>,
    #[arg(skip)]
    format: Option<String>,
}

/// The answers of one site that are wished for.
pub struct Consents {
    site: Arc<Site>,
    from: i64,
    to: i64,
    action: Option<&'static str>,
    method: Option<&'static str>,
    notice: Option<i32>,
    language: Option<String>,
    regime: Option<&'static str>,
    topic: Option<&'static str>,
    visitor: Option<Uuid>,
    /// The numbers of notices by their rows.
    numbers: BTreeMap<i32, i32>,
}

/// As it is told: the record without what only proofs need.
#[derive(Serialize)]
struct Told<'a> {
    id: Uuid,
    created_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    visitor: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<&'a str>,
    action: &'a str,
    choice: &'a RawValue,
    notice: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
    method: &'a str,
    regime: &'a str,
    regime_found: &'a str,
    signals: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a RawValue>,
}

const COLUMNS: [&str; 17] = [
    "id",
    "created_at",
    "visitor",
    "person",
    "topic",
    "action",
    "choice",
    "notice",
    "language",
    "method",
    "regime",
    "regime_found",
    "signals",
    "page",
    "variant",
    "previous",
    "details",
];

impl super::Wish for Wish {
    const SCOPE: Scope = Scope::ConsentsRead;
    type List = Consents;

    fn list(&self, site: Arc<Site>) -> Result<Consents> {
        let from = time("from", self.from.as_deref())?.unwrap_or(0);
        let to = time("to", self.to.as_deref())?.unwrap_or(i64::MAX);
        let same = |word: &'static str| (word, word);
        let action = word("action", self.action.as_deref(), &Action::ALL.map(|action| same(action.as_str())))?;
        let method = word("method", self.method.as_deref(), &Method::ALL.map(|method| same(method.as_str())))?;
        let regime = word("regime", self.regime.as_deref(), &Regime::ALL.map(|regime| same(regime.as_str())))?;
        let topic = word("topic", self.topic.as_deref(), &TOPICS.map(same))?;
        let notice = self.notice.as_deref().map(|text| {
            let number = text.parse().ok().filter(|number| site.notices.contains_key(number));
            number.ok_or_else(|| Error::invalid("notice", "expected the number of a notice of this site"))
        });
        let notice = notice.transpose()?;
        let spoken = |language: &String| site.notices.values().any(|asked| asked.languages.contains(language));
        if self.language.as_ref().is_some_and(|language| !spoken(language)) {
            return Err(Error::invalid("language", "is not one that a notice of this site speaks"));
        }
        let visitor = self.visitor.as_deref().map(|text| {
            Uuid::parse_str(text)
                .map_err(|_| Error::invalid("visitor", "expected a visitor's UUID, or a person's 32 digits"))
        });
        let (visitor, language) = (visitor.transpose()?, self.language.clone());
        Ok(Consents {
            site,
            from,
            to,
            action,
            method,
            notice,
            language,
            regime,
            topic,
            visitor,
            numbers: BTreeMap::new(),
        })
    }

    fn how(&self) -> How<'_> {
        How { limit: self.limit.as_deref(), after: self.after.as_deref(), format: self.format.as_deref() }
    }
}

impl List for Consents {
    const NAME: &'static str = "consents";
    /// The answer, and the number of its notice.
    type Row = (Consent, i32);

    fn piece(&mut self, conn: &mut Conn, after: Key, most: usize) -> Result<Vec<(Key, Self::Row)>> {
        let Key(time, seq) = after;
        let rows = consents::table
            .filter(consents::site_id.eq(self.site.id))
            .filter(consents::created_at.ge(self.from.max(time)))
            .filter(consents::created_at.lt(self.to))
            .filter(consents::created_at.gt(time).or(consents::seq.gt(seq)))
            .order((consents::created_at.asc(), consents::seq.asc()))
            .limit(i64::try_from(most).unwrap_or(i64::MAX))
            .select((consents::seq, Consent::as_select()))
            .into_boxed();
        let rows = match self.visitor {
            Some(visitor) => rows.filter(consents::visitor.eq(visitor.as_bytes().to_vec())),
            // The word that opens the lists' own index.
            None => rows.filter(sql::<Bool>("consents.site_id > 0")),
        };
        let rows: Vec<(i64, Consent)> = rows.load(conn)?;
        rows.into_iter()
            .map(|(seq, consent)| {
                let number = self.number(conn, consent.notice_id)?;
                Ok((Key(consent.created_at, seq), (consent, number)))
            })
            .collect()
    }

    fn keeps(&self, (consent, number): &Self::Row, _: i64) -> bool {
        self.action.is_none_or(|action| consent.action == action)
            && self.method.is_none_or(|method| consent.method == method)
            && self.regime.is_none_or(|regime| consent.regime == regime)
            && self.topic.is_none_or(|topic| consent.topic.as_deref().unwrap_or(OF_VISITORS) == topic)
            && self.notice.is_none_or(|notice| *number == notice)
            && (self.language.is_none() || consent.language == self.language)
    }

    fn tell(&self, (consent, number): &Self::Row, _: i64) -> Result<Box<RawValue>> {
        let internal = |e: serde_json::Error| Error::Internal(format!("a stored answer: {e}"));
        let is_person = consent.topic.is_some();
        raw(&Told {
            id: uuid(&consent.id)?,
            created_at: consent.created_at,
            visitor: if is_person { None } else { Some(uuid(&consent.visitor)?) },
            person: is_person.then(|| hex(&consent.visitor)),
            topic: consent.topic.as_deref(),
            action: &consent.action,
            choice: serde_json::from_str(&consent.choice).map_err(internal)?,
            notice: *number,
            language: consent.language.as_deref(),
            method: &consent.method,
            regime: &consent.regime,
            regime_found: &consent.regime_found,
            signals: consent.signals.split_whitespace().collect(),
            page: consent.page.as_deref(),
            variant: consent.variant.as_deref(),
            previous: consent.previous.as_deref().map(uuid).transpose()?,
            details: consent.details.as_deref().map(serde_json::from_str).transpose().map_err(internal)?,
        })
    }

    fn columns(&self) -> Vec<String> {
        COLUMNS.map(str::to_owned).into()
    }
}

impl Consents {
    /// The number of a notice: a row may answer one that was published a moment ago.
    fn number(&mut self, conn: &mut Conn, notice_id: i32) -> Result<i32> {
        if let Some(number) = self.numbers.get(&notice_id) {
            return Ok(*number);
        }
        let number = notices::table.find(notice_id).select(notices::number).first(conn)?;
        self.numbers.insert(notice_id, number);
        Ok(number)
    }
}

fn uuid(bytes: &[u8]) -> Result<Uuid> {
    Uuid::from_slice(bytes).map_err(|e| Error::Internal(format!("a stored id: {e}")))
}
