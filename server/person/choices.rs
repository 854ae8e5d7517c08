//! The page of a person's own choices: each channel by itself, what is kept of them, and how it goes. Yes and no are the same size.

use maud::{Markup, html};

use crate::choice::{Action, Choice};
use crate::consent::Consent;
use crate::day::Day;
use crate::error::Result;
use crate::person::pages::{Page, hidden};
use crate::person::standing::{Said, Standing};
use crate::person::{Channel, Person};
use crate::words;

impl Page<'_> {
    /// `said`: something was changed just now. `events` are the person's, oldest first.
    pub fn choices(&self, token: &str, person: &Person, events: &[Consent], said: bool, now: i64) -> Result<String> {
        let words = self.words;
        let title = words.named("choices_title", self.name());
        let kept = events.iter().rev().map(|event| self.event(event)).collect::<Result<Vec<_>>>()?;
        let body = html! {
            h1 { (title) }
            @if said { p.note role="status" { (self.text("saved")) } }
            p { (words.named("choices_intro", self.name())) }
            form method="post" action=(self.here()) {
                (hidden("t", token))
                @for channel in Channel::ALL { (self.channel(channel, person.state.channels.get(&channel), now)) }
                div.buttons { button name="do" value="none" { (words.get("no_to_all")) } }
                section aria-labelledby="held" {
                    h2 #held { (words.get("held")) }
                    ul { @for event in kept { li { (event) } } }
                    div.buttons {
                        button name="do" value="download" { (words.get("download")) }
                        button name="do" value="delete" { (words.get("delete")) }
                    }
                }
            }
        };
        Ok(self.framed(&title, &body))
    }

    /// The second step, before anything is deleted.
    pub fn delete(&self, token: &str) -> String {
        let title = self.words.get("delete");
        let body = html! {
            h1 { (title) }
            p { (self.words.named("delete_ask", self.name())) }
            form method="post" action=(self.here()) {
                (hidden("t", token))
                div.buttons {
                    button name="do" value="erase" { (self.words.get("delete_sure")) }
                    button name="do" value="show" { (self.words.get("no")) }
                }
            }
        };
        self.framed(title, &body)
    }

    pub fn deleted(&self) -> String {
        self.tells(self.words.get("delete"), self.words.get("deleted"))
    }

    fn channel(&self, channel: Channel, standing: Option<&Standing>, now: i64) -> Markup {
        let words = self.words;
        let rules = &self.site.people;
        let said = match standing {
            None => words.get("said_nothing"),
            Some(standing) if standing.ends(rules).is_some_and(|end| end <= now) => words.get("expired"),
            Some(standing) => match standing.said {
                Said::Granted => words.get("said_yes"),
                Said::Pending => words.get("waits"),
                Said::Denied | Said::Withdrawn => words.get("said_no"),
            },
        };
        let (id, name) = (channel.as_str(), self.topic(channel.as_str()));
        html! {
            article aria-labelledby=(id) {
                div.channel {
                    div {
                        h2 id=(id) { (name) }
                        p.soft { (said) @if let Some(standing) = standing { " · " (self.date(standing.at)) } }
                    }
                    div.buttons {
                        @for (answer, word) in [("yes", words.get("yes")), ("no", words.get("no"))] {
                            button name="do" value={ (id) "-" (answer) } aria-label={ (name) ": " (word) } { (word) }
                        }
                    }
                }
            }
        }
    }

    /// One event: when, about what, which answer, and where.
    fn event(&self, event: &Consent) -> Result<Markup> {
        let internal = |e: serde_json::Error| crate::error::Error::Internal(e.to_string());
        let choice: Choice = serde_json::from_str(&event.choice).map_err(internal)?;
        let details: serde_json::Value =
            event.details.as_deref().map(serde_json::from_str).transpose().map_err(internal)?.unwrap_or_default();
        let topic = event.topic.as_deref().unwrap_or_default();
        let answer = |granted: bool| self.words.get(if granted { "yes" } else { "no" });
        let answers: Vec<String> = if event.action == Action::Pending.as_str() {
            vec![self.words.get("waits").to_owned()]
        } else if topic == "choice" {
            choice.iter().map(|(key, granted)| format!("{}: {}", self.purpose(key), answer(granted))).collect()
        } else if topic == "reservation" {
            // What is in the register is a reservation; what is granted is that there is none.
            choice.iter().map(|(_, free)| answer(!free).to_owned()).collect()
        } else {
            choice.iter().map(|(_, granted)| answer(granted).to_owned()).collect()
        };
        let at = details["given_at"].as_i64().unwrap_or(event.created_at);
        Ok(html! {
            (self.date(at)) " · " (self.topic(topic)) ": " (answers.join(", ")) " · "
            bdi { (details["source"].as_str().unwrap_or_default()) }
        })
    }

    fn topic<'t>(&self, topic: &'t str) -> &'t str {
        match topic {
            "sms" => "SMS",
            known => Some(self.words.get(known)).filter(|word| !word.is_empty()).unwrap_or(known),
        }
    }

    fn purpose<'k>(&'k self, key: &'k str) -> &'k str {
        Some(self.text(&format!("purpose_{key}_name"))).filter(|name| !name.is_empty()).unwrap_or(key)
    }

    fn date(&self, at: i64) -> Markup {
        let day = Day::of(at);
        html! { time datetime=(day) { (words::of(self.language).map(|words| words.date(day)).unwrap_or_default()) } }
    }
}
