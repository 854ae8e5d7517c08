//! The languages that the panel speaks: read from `banner/src/texts`, one JSON file each, and changed by a site where it wants.

use std::collections::BTreeMap;

use crate::banner::Built;

/// Text key → text. Placeholders stand in braces, as in `{name}`.
pub type Texts = BTreeMap<String, String>;

/// The key of a remark to translators at the head of a file.
const REMARK: &str = "//";

/// The language that is complete by definition: its keys are the keys of all.
pub const REFERENCE: &str = "en";

/// The built-in texts of a language, or `None` where it is not spoken.
pub fn of(language: &str) -> Option<Texts> {
    let file = Built::get(&format!("texts/{language}.json"))?;
    let mut texts: Texts = serde_json::from_slice(&file.data).ok()?;
    texts.remove(REMARK);
    Some(texts)
}

/// Puts the values into the `{places}` of a text.
pub fn fill(text: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(text.to_owned(), |text, (place, value)| text.replace(&format!("{{{place}}}"), value))
}

/// Every language that is built in, in the order of their tags.
pub fn languages() -> Vec<String> {
    let mut tags: Vec<String> = Built::iter()
        .filter_map(|path| path.strip_prefix("texts/")?.strip_suffix(".json").map(str::to_owned))
        .collect();
    tags.sort();
    tags
}

/// The best of `offered` for a list of wishes, each a BCP 47 tag: the same tag, else the same language. `no` is heard as bokmål,
/// then nynorsk, Chinese as that of the script which is read in that place, and the codes of old as those of today.
pub fn best<'a>(wishes: impl IntoIterator<Item = &'a str>, offered: &[String]) -> Option<&String> {
    wishes.into_iter().find_map(|wish| {
        let wish = wish.trim().to_ascii_lowercase();
        let primary = wish.split(['-', '_']).next().unwrap_or_default();
        let same = |tag: &str| offered.iter().find(|offer| offer.eq_ignore_ascii_case(tag));
        same(&wish).or_else(|| same(primary)).or_else(|| match primary {
            "no" => same("nb").or_else(|| same("nn")),
            "zh" if !["hant", "tw", "hk", "mo"].iter().any(|part| wish.ends_with(part)) => same("zh-Hans"),
            "iw" => same("he"),
            "nb" => same("nn"),
            "nn" => same("nb"),
            _ => None,
        })
    })
}

/// The tags of an `Accept-Language` header, most wanted first (RFC 9110, 12.5.4). What is refused with `q=0` is left out.
pub fn accepted(header: &str) -> Vec<&str> {
    let mut wishes: Vec<(f32, &str)> = header
        .split(',')
        .filter_map(|part| {
            let mut pieces = part.split(';').map(str::trim);
            let tag = pieces.next().filter(|tag| !tag.is_empty() && *tag != "*")?;
            let weight = pieces.find_map(|piece| piece.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse().ok())?;
            (weight > 0.0).then_some((weight, tag))
        })
        .collect();
    wishes.sort_by(|a, b| b.0.total_cmp(&a.0));
    wishes.into_iter().map(|(_, tag)| tag).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_language_is_the_nearest_that_is_offered() {
        let offered: Vec<String> = ["en", "nb", "nn", "pt", "pt-BR", "zh-Hans", "he"].map(str::to_owned).into();
        let check = |wishes: &[&str], found: Option<&str>| {
            assert_eq!(best(wishes.iter().copied(), &offered).map(String::as_str), found, "{wishes:?}");
        };
        check(&["nb-NO"], Some("nb"));
        check(&["no"], Some("nb"));
        check(&["NN"], Some("nn"));
        check(&["fr", "en-GB"], Some("en"));
        check(&["pt-br"], Some("pt-BR"));
        check(&["pt-AO"], Some("pt"));
        check(&["zh-CN"], Some("zh-Hans"));
        check(&["zh"], Some("zh-Hans"));
        check(&["zh-Hant-HK", "en"], Some("en"));
        check(&["iw-IL"], Some("he"));
        check(&["fr"], None);
        check(&[], None);
        check(&["", "-", "💥"], None);
    }

    #[test]
    fn an_accept_language_header_is_read_by_weight() {
        assert_eq!(accepted("fr;q=0.3, nb, en;q=0.8, de;q=0"), ["nb", "en", "fr"]);
        assert_eq!(accepted("*, ;q=1, en;q=x"), Vec::<&str>::new());
    }

    #[test]
    fn every_language_has_every_key_and_every_placeholder() {
        let reference = of(REFERENCE).expect("the reference language is built in");
        let placeholders = |text: &str| {
            let mut found: Vec<String> =
                text.split('{').skip(1).filter_map(|rest| rest.split('}').next().map(str::to_owned)).collect();
            found.sort();
            found
        };
        for language in languages() {
            let texts = of(&language).expect("a language file is JSON");
            assert_eq!(texts.keys().collect::<Vec<_>>(), reference.keys().collect::<Vec<_>>(), "keys of {language}");
            for (key, text) in &texts {
                assert!(!text.trim().is_empty(), "{language}: {key} is empty");
                assert_eq!(placeholders(text), placeholders(&reference[key]), "{language}: {key}");
            }
        }
        assert_eq!(languages().len(), 39);
    }
}
