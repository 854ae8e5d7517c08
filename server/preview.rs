//! A preview: any notice of a site as a visitor would meet it, for those who sign it off. Nothing is recorded and nothing counted.

use maud::{DOCTYPE, PreEscaped, html};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::banner;
use crate::error::{Error, Result};
use crate::jurisdiction::Law;
use crate::look;
use crate::notice::Notice;
use crate::regime::Regime;
use crate::shown::{Shown, Wanted};

/// What is to be seen. Whatever is left out is as it would be for a visitor now. Read as text, so that what is wrong is told by its
/// name.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    notice: Option<String>,
    pub lang: Option<String>,
    variant: Option<String>,
    regime: Option<String>,
    layout: Option<String>,
    position: Option<String>,
    theme: Option<String>,
    layer: Option<String>,
    gpc: Option<String>,
}

impl Wish {
    /// The number of a notice.
    pub fn notice(&self) -> Result<Option<i32>> {
        let parse = |text: &String| text.parse().map_err(|_| Error::invalid("notice", "expected a number"));
        self.notice.as_ref().map(parse).transpose()
    }

    /// The first row of the table of jurisdictions that has it.
    pub fn regime(&self) -> Result<Option<Regime>> {
        one("regime", self.regime.as_deref())
    }

    /// The page. `origin` is where the site lives, `language` one that the notice speaks; `now` is unix ms.
    pub fn page(
        &self,
        notice: &Notice,
        origin: &str,
        dnt: bool,
        law: &Law,
        language: &str,
        now: i64,
    ) -> Result<String> {
        let mut content = notice.content()?;
        let (layout, position) = (one("layout", self.layout.as_deref())?, one("position", self.position.as_deref())?);
        if layout.is_some() || position.is_some() {
            let own = content.look.position.filter(|_| layout.is_none());
            content.look.layout = layout.unwrap_or(content.look.layout);
            content.look.position = position.or(own);
            for variant in &mut content.variants {
                (variant.layout, variant.position) = (None, None);
            }
        }
        if !content.look.is_placed() {
            return Err(Error::invalid("position", look::PLACES));
        }
        content.look.theme = one("theme", self.theme.as_deref())?.unwrap_or(content.look.theme);
        let second = of_two("layer", self.layer.as_deref(), ["1", "2"])?;
        let gpc = of_two("gpc", self.gpc.as_deref(), ["0", "1"])?;
        // A path is one on the site, and this page may stand elsewhere.
        let resolve = |url: &mut String| {
            if url.starts_with('/') {
                url.insert_str(0, origin);
            }
        };
        content.look.logo.iter_mut().for_each(resolve);
        content.policy_url.values_mut().for_each(resolve);
        content.services.iter_mut().filter_map(|service| service.policy_url.as_mut()).for_each(resolve);
        let name = content.name.clone();
        let shown = Shown::new(notice, content, dnt, 0);
        let variant = self.variant.as_deref().map_or(Ok(None), |id| shown.named(id))?;
        let text = shown.text(Wanted { language, first: false, variant, now }, law)?;
        let told = format!(
            "{{\"notice\":{},\"layer\":{},\"gpc\":{}}}",
            String::from_utf8_lossy(&text),
            if second { 2 } else { 1 },
            gpc
        );
        // Inside a script element only this could end it.
        let told = told.replace('<', "\\u003c");
        let module = format!("../../preview.{}.js", banner::hash_of("preview")?);
        let page = html! {
            (DOCTYPE)
            html lang=(language) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="robots" content="noindex";
                    // There is none, and no browser need ask.
                    link rel="icon" href="data:,";
                    title { (name) " #" (notice.number) }
                    script type="application/json" { (PreEscaped(told)) }
                    script type="module" src=(module) {}
                }
                body {}
            }
        };
        Ok(page.into_string())
    }
}

/// One of the words that a field may have.
fn one<T: DeserializeOwned>(field: &str, word: Option<&str>) -> Result<Option<T>> {
    let read = |word: &str| serde_json::from_value(word.into()).map_err(|e| Error::invalid(field, e.to_string()));
    word.map(read).transpose()
}

/// Whether it is the second of two; the first is meant when nothing is said.
fn of_two(field: &str, word: Option<&str>, [first, second]: [&str; 2]) -> Result<bool> {
    match word {
        None => Ok(false),
        Some(word) if word == first => Ok(false),
        Some(word) if word == second => Ok(true),
        Some(_) => Err(Error::invalid(field, format!("expected {first} or {second}"))),
    }
}

/// The content security policy of such a page: our own module, and an image where the site keeps its logo.
pub fn policy(origins: &[String]) -> String {
    let origins = origins.join(" ");
    format!(
        "default-src 'none'; script-src 'self'; img-src 'self' data: {origins}; frame-ancestors 'self' {origins}; base-uri 'none'"
    )
}
