//! What is sent to be written down about a person, by its shape.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::choice::{Answer, Choice};
use crate::person::Channel;
use crate::person::event::{NewEvent, Saying};
use crate::site::Site;
use crate::whole::{perhaps, whole};

/// The body of a request that writes an event down.
pub trait Body: DeserializeOwned {
    /// The event that it is, of a site as it asks now.
    fn event(self, site: &Site, actor: String) -> NewEvent;
}

/// `POST …/people/{ref}/consents`: a yes or a no to one channel.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewConsent {
    id: Option<Uuid>,
    channel: Channel,
    answer: Answer,
    source: String,
    #[serde(default, deserialize_with = "perhaps")]
    notice: Option<i32>,
    language: Option<String>,
    #[serde(default, deserialize_with = "perhaps")]
    given_at: Option<i64>,
}

impl Body for NewConsent {
    fn event(self, site: &Site, actor: String) -> NewEvent {
        let granted = self.answer == Answer::Granted;
        let saying = match self.channel {
            Channel::Email if granted && site.people.double_opt_in => Saying::Unconfirmed(Channel::Email),
            channel => Saying::Channel { channel, granted },
        };
        let notice = self.notice.unwrap_or(site.current);
        let plain = plain(site, self.id, saying, actor, self.source);
        NewEvent { notice, assumed: self.notice.is_none(), language: self.language, given_at: self.given_at, ..plain }
    }
}

/// `POST …/people/{ref}/adult`: whether they said that they are 18 or over.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAdult {
    id: Option<Uuid>,
    adult: bool,
    source: String,
    #[serde(default, deserialize_with = "perhaps")]
    given_at: Option<i64>,
}

impl Body for NewAdult {
    fn event(self, site: &Site, actor: String) -> NewEvent {
        let plain = plain(site, self.id, Saying::Adult(self.adult), actor, self.source);
        NewEvent { given_at: self.given_at, ..plain }
    }
}

/// `POST …/people/{ref}/reservation`: what the register of reservations against telephone sales said.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewReservation {
    id: Option<Uuid>,
    #[serde(deserialize_with = "whole")]
    checked_at: i64,
    reserved: bool,
    source: String,
}

impl Body for NewReservation {
    fn event(self, site: &Site, actor: String) -> NewEvent {
        let saying = Saying::Reservation { checked_at: self.checked_at, reserved: self.reserved };
        plain(site, self.id, saying, actor, self.source)
    }
}

/// `POST …/people/{ref}/choice`: their own choice of purposes, complete.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewChoice {
    id: Option<Uuid>,
    choice: Choice,
    #[serde(deserialize_with = "whole")]
    notice: i32,
    language: Option<String>,
    source: String,
    #[serde(default, deserialize_with = "perhaps")]
    given_at: Option<i64>,
}

impl Body for NewChoice {
    fn event(self, site: &Site, actor: String) -> NewEvent {
        let plain = plain(site, self.id, Saying::Choice(self.choice), actor, self.source);
        NewEvent { notice: self.notice, assumed: false, language: self.language, given_at: self.given_at, ..plain }
    }
}

/// An event that says only this.
fn plain(site: &Site, id: Option<Uuid>, saying: Saying, actor: String, source: String) -> NewEvent {
    let id = id.unwrap_or_else(Uuid::now_v7);
    NewEvent {
        id,
        saying,
        actor,
        source,
        notice: site.current,
        assumed: true,
        language: None,
        given_at: None,
        shown: None,
    }
}
