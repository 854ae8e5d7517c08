//! A variant: the same question in another form, shown to a share of the visitors, so that an operator sees which form is understood.
//! It may change where the panel stands and what is said, and never the two answers: whichever form a visitor gets, a no is as near and
//! as plain as a yes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::look::{self, Layout, Look, Position};
use crate::notice::Content;
use crate::texts::Texts;

/// What the site file says otherwise, where there are variants.
pub const OWN: &str = "a";

/// The words of the answers, and of the way to the settings: the same in every variant.
const FIXED: [&str; 3] = ["accept_all", "reject_all", "choose"];

/// Every form is kept ready in every language and under every law.
const MOST: usize = 9;

/// A `[[variants]]` table of a site file.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    pub id: String,
    /// How many of a hundred visitors get it.
    pub share: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<Layout>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// Language → texts that take the place of the site's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub texts: BTreeMap<String, Texts>,
}

/// Which of the variants somebody gets, by its place; `None` is the site's own. `percent` is random, 0 to 99.
pub fn drawn(variants: &[Variant], percent: u32) -> Option<usize> {
    let mut below = 0;
    variants.iter().position(|variant| {
        below += variant.share;
        percent < below
    })
}

/// The forms of a notice, as they are counted: id → layout. The empty id stands for whoever was shown none of them by name, which is
/// everybody where there are no variants.
pub fn forms(content: &Content) -> BTreeMap<String, String> {
    let own = content.look.layout;
    let named = (!content.variants.is_empty()).then(|| (OWN.to_owned(), own.as_str().to_owned()));
    let others =
        content.variants.iter().map(|variant| (variant.id.clone(), variant.layout.unwrap_or(own).as_str().to_owned()));
    [(String::new(), own.as_str().to_owned())].into_iter().chain(named).chain(others).collect()
}

impl Variant {
    /// The site's look as it is in this variant. A position belongs to its layout.
    fn look(&self, own: &Look) -> Look {
        let position = if self.layout.is_some() { self.position } else { self.position.or(own.position) };
        Look { layout: self.layout.unwrap_or(own.layout), position, ..own.clone() }
    }
}

impl Content {
    /// The content as those who get this variant see it.
    #[must_use]
    pub fn varied(&self, variant: &Variant) -> Self {
        let mut varied = self.clone();
        varied.look = variant.look(&self.look);
        for (language, texts) in &variant.texts {
            varied.texts.entry(language.clone()).or_default().extend(texts.clone());
        }
        varied
    }

    /// The same by its id; the site's own for any other, or none.
    #[must_use]
    pub fn varied_as(self, id: Option<&str>) -> Self {
        match self.variants.iter().find(|variant| Some(variant.id.as_str()) == id) {
            Some(variant) => self.varied(variant),
            None => self,
        }
    }
}

/// What is wrong with the variants of a site file, each with its key. `look` and `texts` are those of the site.
pub fn check(variants: &[Variant], look: &Look, texts: &BTreeMap<String, Texts>) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    let mut say = |key: String, reason: &str| wrong.push((key, reason.to_owned()));
    let mut seen = BTreeSet::new();
    if variants.len() > MOST {
        say("variants".into(), "expected at most 9");
    }
    if variants.iter().map(|variant| u64::from(variant.share)).sum::<u64>() > 99 {
        say(
            "variants".into(),
            "their shares come to more than 99: somebody has to get what the site file says otherwise",
        );
    }
    for (i, variant) in variants.iter().enumerate() {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !(1..=20).contains(&variant.id.len()) || !variant.id.bytes().all(plain) {
            say(format!("variants.{i}.id"), "expected 1 to 20 of a-z, 0-9 and -");
        } else if variant.id == OWN {
            say(format!("variants.{i}.id"), "a is what the site file says otherwise: take another");
        } else if !seen.insert(&variant.id) {
            say(format!("variants.{i}.id"), "is there twice");
        }
        if !(1..=99).contains(&variant.share) {
            say(format!("variants.{i}.share"), "expected 1 to 99 percent");
        }
        if !variant.look(look).is_placed() {
            say(format!("variants.{i}.position"), look::PLACES);
        }
        for (language, own) in &variant.texts {
            let Some(known) = texts.get(language) else {
                say(format!("variants.{i}.texts.{language}"), "is not one of the site's languages");
                continue;
            };
            for (key, text) in own {
                let at = format!("variants.{i}.texts.{language}.{key}");
                if FIXED.contains(&key.as_str()) {
                    say(at, "no variant may change this: the two answers look and read the same for everybody");
                } else if !known.contains_key(key) {
                    let known: Vec<&str> =
                        known.keys().map(String::as_str).filter(|known| !FIXED.contains(known)).collect();
                    say(at, &format!("expected one of {}", known.join(", ")));
                } else if text.trim().is_empty() || text.chars().count() > 2000 {
                    say(at, "expected 1 to 2000 characters");
                }
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variants(shares: &[u32]) -> Vec<Variant> {
        let variant =
            |(i, share)| Variant { id: format!("v{i}"), share, layout: None, position: None, texts: BTreeMap::new() };
        shares.iter().copied().enumerate().map(variant).collect()
    }

    #[test]
    fn each_variant_is_drawn_by_its_share() {
        let variants = variants(&[20, 5]);
        let drawn: Vec<_> = (0..100).map(|percent| drawn(&variants, percent)).collect();
        let count = |which| drawn.iter().filter(|drawn| **drawn == which).count();
        assert_eq!([count(Some(0)), count(Some(1)), count(None)], [20, 5, 75]);
        assert_eq!(super::drawn(&[], 0), None);
    }

    #[test]
    fn a_wrong_variant_is_named() {
        let texts = BTreeMap::from([("nb".to_owned(), crate::texts::of("nb").expect("bokmål"))]);
        let wrong = |toml: &str| {
            let variant: Variant = toml::from_str(toml).expect("a variant");
            check(&[variant], &Look::default(), &texts)
                .into_iter()
                .map(|(key, reason)| format!("{key}: {reason}"))
                .collect::<Vec<_>>()
        };
        let check = |toml: &str, expected: &str| {
            let told = wrong(toml);
            assert!(told.len() == 1 && told[0].contains(expected), "{toml}: {told:?}");
        };
        assert!(wrong("id = \"b\"\nshare = 99\nlayout = \"box\"\ntexts.nb.intro = \"{controller} spør.\"").is_empty());
        check("id = \"a\"\nshare = 5", "variants.0.id: a is what the site file says otherwise");
        check(
            "id = \"b\"\nshare = 5\nlayout = \"box\"\nposition = \"top\"",
            "variants.0.position: expected \"bottom\"",
        );
        check("id = \"B\"\nshare = 5", "variants.0.id: expected 1 to 20 of");
        check("id = \"b\"\nshare = 0", "variants.0.share: expected 1 to 99");
        for key in FIXED {
            let text = format!("id = \"b\"\nshare = 5\ntexts.nb.{key} = \"x\"");
            check(&text, &format!("variants.0.texts.nb.{key}: no variant may change this"));
        }
        check("id = \"b\"\nshare = 5\ntexts.nb.titel = \"x\"", "variants.0.texts.nb.titel: expected one of");
        check("id = \"b\"\nshare = 5\ntexts.nb.title = \" \"", "expected 1 to 2000 characters");
        check(
            "id = \"b\"\nshare = 5\ntexts.fr.title = \"x\"",
            "variants.0.texts.fr: is not one of the site's languages",
        );
        let reasons = |shares: &[u32]| super::check(&variants(shares), &Look::default(), &texts).len();
        assert_eq!([reasons(&[50, 49]), reasons(&[50, 50]), reasons(&[5; 10])], [0, 1, 1]);
        let mut twice = variants(&[5, 5]);
        twice[1].id = "v0".into();
        assert_eq!(super::check(&twice, &Look::default(), &texts)[0].1, "is there twice");
    }
}
