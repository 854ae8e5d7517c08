//! The declaration: a page that says what a site keeps on its visitors' devices, for those who read it without JavaScript too.
//! It is made when it is first asked for, and kept.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use maud::{Markup, html};

use crate::banner::Asset;
use crate::contact::Contact;
use crate::day::Day;
use crate::error::{Error, Result};
use crate::notice::{Content, NECESSARY, Notice};
use crate::service::Service;
use crate::site::Site;
use crate::texts::Texts;
use crate::words::{self, Words};
use crate::{cookie, page};

/// More languages than this are folded away.
const IN_A_ROW: usize = 6;

/// The declaration of one notice, in its languages.
pub struct Declaration {
    notice: i32,
    published: Day,
    made: BTreeMap<String, OnceLock<Asset>>,
}

impl Declaration {
    pub fn new(notice: &Notice, content: &Content) -> Self {
        let published = Day::of(notice.published_at);
        let made = content.texts.keys().map(|language| (language.clone(), OnceLock::new())).collect();
        Self { notice: notice.number, published, made }
    }

    /// The page in a language of the notice. `site` is the one that it belongs to.
    pub fn page(&self, site: &Site, language: &str) -> Result<&Asset> {
        let content = site.shown.content();
        let (Some(texts), Some(made), Some(words)) =
            (content.texts.get(language), self.made.get(language), words::of(language))
        else {
            return Err(Error::Internal(format!("no texts in {language}")));
        };
        Ok(made.get_or_init(|| {
            let told = Told { of: self, site, content, language, texts, words };
            Asset::new(told.page().into_bytes())
        }))
    }
}

/// All that one page is made of.
struct Told<'a> {
    of: &'a Declaration,
    site: &'a Site,
    content: &'a Content,
    language: &'a str,
    texts: &'a Texts,
    words: &'static Words,
}

impl Told<'_> {
    fn page(&self) -> String {
        let title = self.text("declaration").replace("{name}", &self.content.name);
        let head = html! {
            @for language in &self.site.languages {
                link rel="alternate" hreflang=(language) href=(address(language));
            }
        };
        let purposes = std::iter::once(NECESSARY).chain(self.content.purposes.iter().map(String::as_str));
        let body = html! {
            header {
                a.site href=(self.origin()) { (self.content.name) }
                (self.languages())
            }
            main {
                h1 { (title) }
                p.soft { (self.updated()) }
                p.note { (self.without_script()) }
                @for purpose in purposes { (self.purpose(purpose)) }
            }
            footer { (self.responsible()) }
        };
        page::framed(self.language, &title, &head, &body)
    }

    fn text(&self, key: &str) -> &str {
        self.texts.get(key).map_or("", String::as_str)
    }

    /// Where the site lives.
    fn origin(&self) -> &str {
        self.site.origins.first().map_or("", String::as_str)
    }

    /// An address of a site file as it is from here: a path is one on the site.
    fn resolved(&self, url: &str) -> String {
        if url.starts_with('/') { format!("{}{url}", self.origin()) } else { url.to_owned() }
    }

    /// The same page in every language of the site, each by its own name.
    fn languages(&self) -> Markup {
        let name = |language| words::of(language).map_or(language, |words| words.language.as_str());
        let all = &self.site.languages;
        let links = html! {
            ul role="list" {
                @for language in all {
                    @let current = (language == self.language).then_some("page");
                    li { a href=(address(language)) hreflang=(language) lang=(language) aria-current=[current] { (name(language)) } }
                }
            }
        };
        html! {
            @if all.len() > IN_A_ROW {
                nav { details { summary { (name(self.language)) } (links) } }
            } @else if all.len() > 1 {
                nav { (links) }
            }
        }
    }

    fn updated(&self) -> Markup {
        let day = html! { time datetime=(self.of.published) { (self.words.date(self.of.published)) } };
        html! { (filled(self.text("updated"), "{date}", &day)) " · " bdi { "#" (self.of.notice) } }
    }

    fn without_script(&self) -> Markup {
        let name = html! { a href=(self.origin()) { (self.content.name) } };
        filled(self.text("without_script"), "{name}", &name)
    }

    fn purpose(&self, id: &str) -> Markup {
        let heading = format!("purpose-{id}");
        html! {
            section aria-labelledby=(heading) {
                div.row {
                    h2 id=(heading) { (self.text(&format!("purpose_{id}_name"))) }
                    @if id == NECESSARY { span.soft { (self.text("always_on")) } }
                }
                p { (self.text(&format!("purpose_{id}_description"))) }
                @if id == NECESSARY { (self.own()) }
                @for service in self.content.services.iter().filter(|service| service.purpose == id) {
                    (self.service(service))
                }
            }
        }
    }

    /// What is kept in any case: the choice itself, for so long at the most.
    fn own(&self) -> Markup {
        let id = format!("site-{}", self.content.site);
        let lasting = self.lasting(self.content.remember_days);
        let cookies = html! {
            (row(&cookie::name(&self.content.site), None, lasting))
            (row(&cookie::copy(&self.content.site), None, lasting))
        };
        html! {
            article aria-labelledby=(id) {
                h3 id=(id) { (self.content.name) }
                dl { (fact(self.text("vendor"), &self.content.controller)) }
                (self.table(&id, &cookies))
            }
        }
    }

    fn service(&self, service: &Service) -> Markup {
        let id = format!("service-{}", service.id);
        let cookies = service.cookies.as_deref().unwrap_or_default();
        let storage = service.storage.as_deref().unwrap_or_default();
        let rows = html! {
            @for cookie in cookies { (row(&cookie.name, cookie.domain.as_deref(), self.lasting(cookie.days))) }
            @for key in storage { (row(key, Some(self.text("storage")), self.text("until_cleared"))) }
        };
        html! {
            article aria-labelledby=(id) {
                h3 id=(id) { (service.name) }
                dl {
                    (fact(self.text("vendor"), &service.vendor))
                    @if let Some(code) = &service.country { (fact(self.text("country"), self.words.country(code))) }
                }
                @if let Some(url) = &service.policy_url {
                    p { a href=(self.resolved(url)) { (self.text("policy")) ": " bdi { (service.vendor) } } }
                }
                @if cookies.is_empty() && storage.is_empty() {
                    p.soft { (self.text("no_cookies")) }
                } @else {
                    (self.table(&id, &rows))
                }
            }
        }
    }

    fn table(&self, label: &str, rows: &Markup) -> Markup {
        html! {
            table aria-labelledby=(label) {
                thead { tr { th scope="col" { (self.text("cookie")) } th scope="col" { (self.text("lifetime")) } } }
                tbody { (rows) }
            }
        }
    }

    fn lasting(&self, days: u32) -> &str {
        if days == 0 { self.text("until_closed") } else { self.words.duration(days) }
    }

    /// The controller, how it is reached, who watches over it, and where more is said.
    fn responsible(&self) -> Markup {
        let Contact { address, email, phone, url, authority, authority_url, .. } = &self.site.contact;
        let controller = html! { strong { (self.content.controller) } };
        let policy = self.content.policy_url.get(self.language).map(|url| self.resolved(url));
        let reached = [address, email, phone, url].into_iter().any(Option::is_some);
        html! {
            p { (filled(self.text("responsible"), "{controller}", &controller)) }
            @if reached {
                address {
                    @if let Some(address) = address { p { bdi { (address) } } }
                    @if let Some(email) = email { p { a href=(format!("mailto:{email}")) { bdi { (email) } } } }
                    @if let Some(phone) = phone { p { a href=(dialled(phone)) dir="ltr" { (phone) } } }
                    @if let Some(url) = url { p { a href=(url) { bdi { (url) } } } }
                }
            }
            @if let Some(policy) = policy { p { a href=(policy) { (self.text("policy")) } } }
            @match (authority, authority_url) {
                (name, Some(url)) => p { a href=(url) { bdi { (name.as_ref().unwrap_or(url)) } } },
                (Some(name), None) => p { (name) },
                (None, None) => {},
            }
        }
    }
}

/// The page in a language, from the page in another.
fn address(language: &str) -> String {
    format!("?lang={language}")
}

fn fact(name: &str, value: &str) -> Markup {
    html! { div { dt { (name) } dd { bdi { (value) } } } }
}

/// `place` is whose a cookie is when it is not the page's own, or that it is none.
fn row(name: &str, place: Option<&str>, lasting: &str) -> Markup {
    html! {
        tr {
            td { code dir="ltr" { (name) } @if let Some(place) = place { " (" bdi { (place) } ")" } }
            td { (lasting) }
        }
    }
}

/// A text with markup at its `{place}`.
fn filled(text: &str, place: &str, by: &Markup) -> Markup {
    html! { @for (i, part) in text.split(place).enumerate() { @if i > 0 { (by) } (part) } }
}

/// A telephone number as a link has it, without what only people read (RFC 3966, 5.1.1).
fn dialled(phone: &str) -> String {
    let digits = phone.chars().filter(|c| c.is_ascii_digit() || *c == '+');
    format!("tel:{}", digits.collect::<String>())
}
