//! The words of letters and of the pages that their links open, in the languages of the panel: one JSON file each. A site does not change
//! them; its name stands in them.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use rust_embed::RustEmbed;

use crate::texts::{self, REFERENCE, Texts};

#[derive(RustEmbed)]
#[folder = "server/person/phrases"]
struct Files;

/// The phrases of one language.
#[derive(Clone, Copy)]
pub struct Phrases(&'static Texts);

impl Phrases {
    /// In English where the language has none.
    pub fn of(language: &str) -> Self {
        static ALL: OnceLock<BTreeMap<String, Texts>> = OnceLock::new();
        static NONE: Texts = Texts::new();
        let read = |language: String| Some((language.clone(), read(&language)?));
        let all = ALL.get_or_init(|| texts::languages().into_iter().filter_map(read).collect());
        Self(all.get(language).or_else(|| all.get(REFERENCE)).unwrap_or(&NONE))
    }

    pub fn get(&self, key: &str) -> &'static str {
        self.0.get(key).map_or("", String::as_str)
    }

    /// With the site's name in its place.
    pub fn named(&self, key: &str, name: &str) -> String {
        texts::fill(self.get(key), &[("name", name)])
    }
}

fn read(language: &str) -> Option<Texts> {
    serde_json::from_slice(&Files::get(&format!("{language}.json"))?.data).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_of_the_panel_has_every_phrase_and_every_placeholder() {
        let reference = read(REFERENCE).expect("the reference language");
        let placeholders = |text: &str| {
            let places = text.split('{').skip(1).filter_map(|rest| rest.split('}').next().map(str::to_owned));
            let mut found: Vec<String> = places.collect();
            found.sort();
            found
        };
        for language in texts::languages() {
            let texts = read(&language).unwrap_or_else(|| panic!("{language} has no phrases"));
            assert_eq!(texts.keys().collect::<Vec<_>>(), reference.keys().collect::<Vec<_>>(), "keys of {language}");
            for (key, text) in &texts {
                assert!(!text.trim().is_empty(), "{language}: {key} is empty");
                assert_eq!(placeholders(text), placeholders(&reference[key]), "{language}: {key}");
            }
        }
        assert_eq!(Files::iter().count(), texts::languages().len());
    }
}
