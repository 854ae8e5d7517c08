//! The pages that the links of letters open. They run no script; what they change they change by a form, so that nobody who merely looks
//! at a link, as scanners of mail do, says anything in a person's name.

use maud::{Markup, PreEscaped, html};

use crate::page;
use crate::person::phrases::Phrases;
use crate::site::Site;

/// What these pages have beside the style of every page.
const STYLE: &str = include_str!("letters.css");

/// The content security policy of such a page.
pub fn policy() -> String {
    format!("{}; form-action 'self'", page::policy_with(STYLE))
}

/// One person's page of a site in a language of its.
pub struct Page<'a> {
    pub site: &'a Site,
    pub language: &'a str,
    pub words: Phrases,
}

impl<'a> Page<'a> {
    pub fn new(site: &'a Site, language: &'a str) -> Self {
        Self { site, language, words: Phrases::of(language) }
    }

    pub fn name(&self) -> &'a str {
        &self.site.shown.content().name
    }

    /// One button, which says yes to what waits.
    pub fn confirm(&self, token: &str) -> String {
        let title = self.words.get("confirm_title");
        self.asks(title, &self.words.named("confirm_intro", self.name()), token, self.words.get("confirm"))
    }

    pub fn confirmed(&self) -> String {
        self.tells(self.words.get("confirm_title"), &self.words.named("confirmed", self.name()))
    }

    /// One button, which says what a mail program does by itself (RFC 8058).
    pub fn unsubscribe(&self, token: &str) -> String {
        let words = self.words;
        let text = words.named("unsubscribe_intro", self.name());
        self.asks(words.get("unsubscribe"), &text, token, words.get("unsubscribe"))
    }

    pub fn unsubscribed(&self) -> String {
        self.tells(self.words.get("unsubscribe"), &self.words.named("unsubscribed", self.name()))
    }

    pub fn gone(&self) -> String {
        self.tells(self.words.get("gone_title"), self.words.get("gone"))
    }

    fn asks(&self, title: &str, text: &str, token: &str, button: &str) -> String {
        let body = html! {
            h1 { (title) }
            p { (text) }
            div.buttons { form method="post" action=(self.here()) { (hidden("t", token)) button { (button) } } }
        };
        self.framed(title, &body)
    }

    pub fn tells(&self, title: &str, text: &str) -> String {
        self.framed(title, &html! { h1 { (title) } p role="status" { (text) } })
    }

    /// This address without what stands behind its question mark, in the language of the page.
    pub fn here(&self) -> String {
        format!("?lang={}", self.language)
    }

    /// A text of the site's own.
    pub fn text(&self, key: &str) -> &str {
        let texts = self.site.shown.content().texts.get(self.language);
        texts.and_then(|texts| texts.get(key)).map_or("", String::as_str)
    }

    pub fn framed(&self, title: &str, body: &Markup) -> String {
        let content = self.site.shown.content();
        let head = html! {
            meta name="robots" content="noindex";
            style { (PreEscaped(STYLE)) }
        };
        let origin = self.site.origins.first().map_or("", String::as_str);
        let policy = content
            .policy_url
            .get(self.language)
            .map(|url| if url.starts_with('/') { format!("{origin}{url}") } else { url.clone() });
        let body = html! {
            header { a.site href=(origin) { (content.name) } }
            main { (body) }
            footer {
                p { (self.text("responsible").replace("{controller}", &content.controller)) }
                @if let Some(policy) = policy { p { a href=(policy) { (self.text("policy")) } } }
            }
        };
        page::framed(self.language, title, &head, &body)
    }
}

pub fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_cannot_end_early() {
        assert!(
            !STYLE.contains('<') && policy().contains("default-src 'none'") && policy().ends_with("form-action 'self'")
        );
    }
}
