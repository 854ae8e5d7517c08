//! A preview: any notice of a site as a visitor would meet it, for those who sign it off. Nothing is recorded and nothing counted.

use maud::{DOCTYPE, PreEscaped, html};
use serde::Deserialize;

use crate::banner;
use crate::error::{Error, Result};
use crate::jurisdiction::Law;
use crate::look::{Layout, Position, Theme};
use crate::notice::Notice;
use crate::regime::Regime;
use crate::shown::{Shown, Wanted};

/// What is to be seen. Whatever is left out is as it would be for a visitor now.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// The number of a notice.
    pub notice: Option<i32>,
    pub lang: Option<String>,
    pub variant: Option<String>,
    /// The first row of the table of jurisdictions that has it.
    pub regime: Option<Regime>,
    layout: Option<Layout>,
    position: Option<Position>,
    theme: Option<Theme>,
    layer: Option<Layer>,
    /// As if the browser sent Global Privacy Control.
    #[serde(default)]
    gpc: Gpc,
}

#[derive(Clone, Copy, Deserialize)]
enum Layer {
    #[serde(rename = "1")]
    First,
    #[serde(rename = "2")]
    Second,
}

#[derive(Clone, Copy, Default, Deserialize, PartialEq)]
enum Gpc {
    #[default]
    #[serde(rename = "0")]
    Off,
    #[serde(rename = "1")]
    On,
}

impl Wish {
    /// The page. `language` is one that the notice speaks; `now` is unix ms.
    pub fn page(&self, notice: &Notice, dnt: bool, law: &Law, language: &str, now: i64) -> Result<String> {
        let mut content = notice.content()?;
        if self.layout.is_some() || self.position.is_some() {
            let layout = self.layout.unwrap_or(content.look.layout);
            content.look.position = if self.layout.is_some() { None } else { content.look.position };
            content.look.position = self.position.or(content.look.position);
            content.look.layout = layout;
            for variant in &mut content.variants {
                (variant.layout, variant.position) = (None, None);
            }
        }
        content.look.theme = self.theme.unwrap_or(content.look.theme);
        if let Some((key, reason)) = content.look.check(&[]).into_iter().find(|(key, _)| key == "look.position") {
            return Err(Error::invalid(key.trim_start_matches("look."), reason));
        }
        let name = content.name.clone();
        let shown = Shown::new(notice, content, dnt, 1);
        let variant = self.variant.as_deref().map_or(Ok(None), |id| shown.named(id))?;
        let body = shown.body(Wanted { language, first: false, variant, now }, 0, law)?;
        let told = format!(
            "{{\"notice\":{},\"layer\":{},\"gpc\":{}}}",
            String::from_utf8_lossy(&body.plain),
            if matches!(self.layer, Some(Layer::Second)) { 2 } else { 1 },
            self.gpc == Gpc::On
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

/// The content security policy of such a page: our own module, and an image where the site keeps its logo.
pub fn policy(origins: &[String]) -> String {
    let origins = origins.join(" ");
    format!(
        "default-src 'none'; script-src 'self'; img-src 'self' data: {origins}; frame-ancestors 'self' {origins}; base-uri 'none'"
    )
}
