//! The frame of the pages that the service makes itself. They run no script and load nothing.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::hash::sha256;

const STYLE: &str = include_str!("page.css");

/// A whole page; `head` is what it has there beside its title and style.
pub fn framed(language: &str, title: &str, head: &Markup, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang=(language) dir=(direction(language)) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                (head)
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    };
    page.into_string()
}

/// The content security policy of such a page: its own style, and nothing else.
pub fn policy() -> &'static str {
    static POLICY: LazyLock<String> = LazyLock::new(|| policy_of(&[STYLE]));
    &POLICY
}

/// The same for a page that has one more style in its head.
pub fn policy_with(style: &str) -> String {
    policy_of(&[STYLE, style])
}

fn policy_of(styles: &[&str]) -> String {
    let hash = |style: &&str| format!(" 'sha256-{}'", STANDARD.encode(sha256(style.as_bytes())));
    let hashes: String = styles.iter().map(hash).collect();
    format!("default-src 'none'; style-src{hashes}; frame-ancestors 'none'; base-uri 'none'")
}

/// Which way the language is written.
pub fn direction(language: &str) -> &'static str {
    match language.split('-').next() {
        Some("ar" | "he") => "rtl",
        _ => "ltr",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_written_in_the_direction_of_its_language() {
        for (language, direction) in [("nb", "ltr"), ("pt-BR", "ltr"), ("ar", "rtl"), ("he", "rtl")] {
            let page = framed(language, "<b>&\"", &html! {}, &html! {});
            assert!(page.starts_with("<!DOCTYPE html><html lang=\""), "{page}");
            assert!(page.contains(&format!("lang=\"{language}\" dir=\"{direction}\"")), "{page}");
            assert!(page.contains("<title>&lt;b&gt;&amp;&quot;</title>"), "{page}");
        }
    }

    #[test]
    fn the_style_cannot_end_early() {
        assert!(!STYLE.contains('<'));
    }
}
