//! Letters by e-mail, where the service knows a server that takes them. An address is used for the one letter and forgotten: it stands in
//! no table and no log, nor does the password of the server.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message, SmtpTransport, Transport};
use maud::{DOCTYPE, html};
use serde::Serialize;

use crate::config::Mail;
use crate::day::Day;
use crate::domain;
use crate::person::phrases::Phrases;
use crate::public_url::is_loopback;
use crate::site::Site;
use crate::{page, texts, words};

/// How long a server may take for one answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where letters are taken. It holds a password, and is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpUrl(String);

impl FromStr for SmtpUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // What was given is not said again: a password may be in it.
        let expected = || {
            "expected smtps://USER:PASSWORD@HOST, or smtp://USER:PASSWORD@HOST?tls=required; without TLS only on this machine itself"
                .to_owned()
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(expected)?;
        let place = rest.split(['/', '?']).next().unwrap_or_default();
        let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
        let private = match (scheme, rest.split_once('?').map(|(_, query)| query)) {
            ("smtps", None) | ("smtp", Some("tls=required")) => true,
            ("smtp", None) => is_loopback(domain::host(place)),
            _ => false,
        };
        if !private || SmtpTransport::from_url(text).is_err() {
            return Err(expected());
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmtpUrl")
    }
}

/// What became of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sent {
    /// A server took it.
    Sent,
    /// It may be tried again.
    Failed,
}

/// What somebody is written.
pub struct Letter {
    /// Whom it is from, by name.
    name: String,
    /// Whom an answer goes to.
    reply_to: Option<Address>,
    subject: String,
    plain: String,
    html: String,
}

impl Letter {
    /// The link by which a yes is confirmed, in a language of the site.
    pub fn confirm(site: &Site, language: &str, link: &str, until: i64) -> Self {
        let (phrases, name) = (Phrases::of(language), site.shown.content().name.as_str());
        let title = phrases.get("confirm_title");
        let intro = phrases.named("confirm_intro", name);
        let date = words::of(language).map(|words| words.date(Day::of(until))).unwrap_or_default();
        let ends = texts::fill(phrases.get("link_until"), &[("date", &date)]);
        let controller = &site.shown.content().controller;
        let html = html! {
            (DOCTYPE)
            html lang=(language) dir=(page::direction(language)) {
                head { meta charset="utf-8"; title { (title) } }
                body {
                    h1 { (title) }
                    p { (intro) }
                    p { a href=(link) { (phrases.get("confirm")) } }
                    p { (ends) }
                    p { (controller) }
                }
            }
        };
        Self {
            name: name.to_owned(),
            reply_to: site.contact.email.as_ref().and_then(|email| email.parse().ok()),
            subject: format!("{title} · {name}"),
            plain: format!("{intro}\n\n{}:\n{link}\n\n{ends}\n\n{controller}\n", phrases.get("confirm")),
            html: html.into_string(),
        }
    }
}

/// Hands letters to a server.
pub struct Mailer {
    transport: SmtpTransport,
    from: Mailbox,
}

impl Mailer {
    /// Nothing where no server is set.
    pub fn new(settings: &Mail) -> Result<Option<Self>, String> {
        let Some(url) = &settings.smtp_url else { return Ok(None) };
        let from = settings.mail_from.clone().ok_or("--smtp-url needs --mail-from: a letter has a sender")?;
        let builder = SmtpTransport::from_url(&url.0).map_err(|_| "--smtp-url cannot be read".to_owned())?;
        Ok(Some(Self { transport: builder.timeout(Some(PATIENCE)).build(), from }))
    }

    /// Whether a server took it. It waits for that.
    pub fn send(&self, to: &str, letter: &Letter) -> bool {
        let Ok(to) = to.parse::<Address>() else { return false };
        let name = self.from.name.clone().unwrap_or_else(|| letter.name.clone());
        let mut message = Message::builder()
            .from(Mailbox::new(Some(name), self.from.email.clone()))
            .to(Mailbox::new(None, to))
            .subject(&letter.subject)
            .message_id(None)
            .date_now();
        if let Some(reply_to) = &letter.reply_to {
            message = message.reply_to(Mailbox::new(None, reply_to.clone()));
        }
        // RFC 3834, 5: nobody's absence answers it.
        message = message.header(AutoSubmitted);
        let parts = MultiPart::alternative_plain_html(letter.plain.clone(), letter.html.clone());
        let Ok(message) = message.multipart(parts) else { return false };
        match self.transport.send(&message) {
            Ok(_) => true,
            Err(e) => {
                // What the server said may name the person; which kind of error it was does not.
                let status = e.status().map(|code| code.to_string()).unwrap_or_default();
                tracing::warn!(status, timeout = e.is_timeout(), "a letter was not taken");
                false
            }
        }
    }
}

/// `Auto-Submitted: auto-generated`.
#[derive(Clone)]
struct AutoSubmitted;

impl lettre::message::header::Header for AutoSubmitted {
    fn name() -> lettre::message::header::HeaderName {
        lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> lettre::message::header::HeaderValue {
        lettre::message::header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_go_out_encrypted_but_on_this_machine() {
        for good in [
            "smtps://user:secret@mail.example.no",
            "smtps://user:secret@mail.example.no:465",
            "smtp://user:secret@mail.example.no:587?tls=required",
            "smtp://127.0.0.1:2525",
            "smtp://localhost",
        ] {
            let url = good.parse::<SmtpUrl>().unwrap_or_else(|e| panic!("{good}: {e}"));
            assert!(!format!("{url:?}").contains("secret"));
        }
        for wrong in [
            "",
            "mail.example.no",
            "smtp://user:secret@mail.example.no",
            "smtp://user:secret@mail.example.no?tls=opportunistic",
            "smtp://127.0.0.1@mail.example.no",
            "https://user:secret@mail.example.no",
            "smtps://",
        ] {
            let error = wrong.parse::<SmtpUrl>().err().unwrap_or_else(|| panic!("{wrong} is read"));
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
