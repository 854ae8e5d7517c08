//! How the panel looks: what a site may say about it, checked, and what the panel is told.

use serde::{Deserialize, Serialize};

/// What the site file says. Whatever is left out is left out of the notice too, so that one from before there was a choice keeps
/// its hash.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Look {
    pub layout: Layout,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    pub theme: Theme,
    /// `#rrggbb` of the buttons in both themes, unless one has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accent: Option<String>,
    /// How round the corners are, in CSS pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub radius: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub font: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
    /// A button that opens the settings, for sites without a link of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub button: Option<Side>,
    #[serde(skip_serializing_if = "Colours::is_empty")]
    pub light: Colours,
    #[serde(skip_serializing_if = "Colours::is_empty")]
    pub dark: Colours,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// Along an edge.
    #[default]
    Bar,
    /// In a corner at the bottom.
    Box,
    /// In the middle; the page waits behind it.
    Centred,
}

impl Layout {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bar => "bar",
            Self::Box => "box",
            Self::Centred => "centred",
        }
    }
}

/// `start` is where lines begin: left, or right in Arabic and Hebrew.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Position {
    Bottom,
    Top,
    Start,
    End,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    Start,
    End,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    #[default]
    Auto,
    Light,
    Dark,
}

/// Colours of one theme, as `#rrggbb`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Colours {
    /// What everything stands on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paper: Option<String>,
    /// Text, links, and what has the focus.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ink: Option<String>,
    /// The edges of buttons and switches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// The buttons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accent: Option<String>,
    /// Their text.
    #[serde(skip_serializing_if = "Option::is_none", rename(serialize = "on-accent"), alias = "on-accent")]
    pub on_accent: Option<String>,
}

/// What the panel is told.
#[derive(Clone, Debug, Serialize)]
pub struct Shown<'a> {
    pub layout: Layout,
    pub position: Position,
    theme: Theme,
    #[serde(skip_serializing_if = "Option::is_none")]
    radius: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    font: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logo: Option<&'a str>,
    #[serde(skip_serializing_if = "Colours::is_empty")]
    light: Colours,
    #[serde(skip_serializing_if = "Colours::is_empty")]
    dark: Colours,
}

/// What stands where the site says nothing: as in `banner/src/panel/panel.css`.
struct Palette {
    name: &'static str,
    paper: &'static str,
    ink: &'static str,
    line: &'static str,
}

const LIGHT: Palette = Palette { name: "light", paper: "#ffffff", ink: "#1a1a1a", line: "#767676" };
const DARK: Palette = Palette { name: "dark", paper: "#1c1c1e", ink: "#f2f2f2", line: "#8e8e93" };

pub const PLACES: &str =
    "expected \"bottom\" or \"top\" with a bar, \"start\" or \"end\" with a box, and none with a centred one";

/// WCAG 2.2: 1.4.3 for text, 1.4.11 for what can be pressed.
const TEXT: f64 = 4.5;
const PARTS: f64 = 3.0;

impl Look {
    /// What is wrong with it: key → what was expected. `origins` are the site's, where a logo may come from.
    pub fn check(&self, origins: &[String]) -> Vec<(String, String)> {
        let mut wrong = Vec::new();
        if !self.is_placed() {
            wrong.push(("look.position".into(), PLACES.into()));
        }
        if self.radius.is_some_and(|radius| radius > 32) {
            wrong.push(("look.radius".into(), "expected 0 to 32 pixels".into()));
        }
        if self.font.as_deref().is_some_and(|font| !is_font(font)) {
            wrong.push((
                "look.font".into(),
                "expected font families as in CSS, such as \"Georgia, serif\": 1 to 200 letters, digits, spaces, commas, quotes and -"
                    .into(),
            ));
        }
        if self.logo.as_deref().is_some_and(|logo| !is_own(logo, origins)) {
            wrong.push((
                "look.logo".into(),
                "expected a path that begins with /, or an address on one of the site's origins: nothing is fetched from others \
                 before an answer"
                    .into(),
            ));
        }
        if let Some(accent) = self.accent.as_ref().filter(|colour| luminance(colour).is_none()) {
            wrong.push(("look.accent".into(), format!("expected a colour such as \"#14532d\"; found {accent:?}")));
        }
        for (own, palette) in [(&self.light, &LIGHT), (&self.dark, &DARK)] {
            wrong.extend(own.check(palette, self.accent.as_deref()));
        }
        wrong
    }

    /// Whether the layout has that position.
    pub fn is_placed(&self) -> bool {
        match (self.layout, self.position) {
            (_, None) | (Layout::Bar, Some(Position::Bottom | Position::Top)) => true,
            (layout, Some(Position::Start | Position::End)) => layout == Layout::Box,
            _ => false,
        }
    }

    pub fn shown(&self) -> Shown<'_> {
        let usual = if self.layout == Layout::Box { Position::Start } else { Position::Bottom };
        Shown {
            layout: self.layout,
            position: self.position.unwrap_or(usual),
            theme: self.theme,
            radius: self.radius.map(|radius| format!("{radius}px")),
            font: self.font.as_deref(),
            logo: self.logo.as_deref(),
            light: self.light.complete(&LIGHT, self.accent.as_deref()),
            dark: self.dark.complete(&DARK, self.accent.as_deref()),
        }
    }
}

impl Colours {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// With what follows from what is said: the text of the buttons, and lines that can be seen on that paper.
    fn complete(&self, palette: &Palette, accent: Option<&str>) -> Self {
        let mut full = self.clone();
        full.accent = full.accent.or_else(|| accent.map(str::to_owned));
        if let (Some(accent), None) = (&full.accent, &full.on_accent) {
            let better = if ratio(accent, "#000000") >= ratio(accent, "#ffffff") { "#000000" } else { "#ffffff" };
            full.on_accent = Some(better.to_owned());
        }
        if let (Some(paper), None) = (&full.paper, &full.line)
            && ratio(palette.line, paper) < PARTS
        {
            full.line = Some(full.ink.clone().unwrap_or_else(|| palette.ink.to_owned()));
        }
        full
    }

    fn check(&self, palette: &Palette, accent: Option<&str>) -> Vec<(String, String)> {
        let at = |key: &str| format!("look.{}.{key}", palette.name);
        let all = [
            ("paper", &self.paper),
            ("ink", &self.ink),
            ("line", &self.line),
            ("accent", &self.accent),
            ("on_accent", &self.on_accent),
        ];
        let mut wrong: Vec<_> = all
            .iter()
            .filter_map(|(key, colour)| colour.as_ref().filter(|c| luminance(c).is_none()).map(|c| (key, c)))
            .map(|(key, colour)| (at(key), format!("expected a colour such as \"#14532d\"; found {colour:?}")))
            .collect();
        if !wrong.is_empty() {
            return wrong;
        }
        let full = self.complete(palette, accent);
        let paper = full.paper.as_deref().unwrap_or(palette.paper);
        let ink = full.ink.as_deref().unwrap_or(palette.ink);
        let line = full.line.as_deref().unwrap_or(palette.line);
        // Without an accent the buttons are of ink, and their text of paper.
        let accent = full.accent.as_deref().unwrap_or(ink);
        let on_accent = full.on_accent.as_deref().unwrap_or(paper);
        let pairs = [
            ("ink", ink, "paper", paper, TEXT),
            ("on_accent", on_accent, "accent", accent, TEXT),
            ("line", line, "paper", paper, PARTS),
        ];
        for (key, of, other, on, least) in pairs {
            let found = ratio(of, on);
            if found < least {
                // Rounded down: 4.499 is not 4.5.
                let found = (found * 100.0).floor() / 100.0;
                let reason =
                    format!("{of} on the {other} {on} has a contrast of {found:.2}:1; at least {least}:1 is needed");
                wrong.push((at(key), reason));
            }
        }
        wrong
    }
}

/// The contrast ratio of two colours (WCAG 2.2), 1 to 21; 1 for what is no colour.
fn ratio(one: &str, other: &str) -> f64 {
    let (Some(one), Some(other)) = (luminance(one), luminance(other)) else { return 1.0 };
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// The relative luminance of `#rrggbb` (WCAG 2.2), 0 to 1.
fn luminance(colour: &str) -> Option<f64> {
    let hex = colour.strip_prefix('#').filter(|hex| hex.len() == 6 && hex.is_ascii())?;
    let channel = |at: usize| {
        let part = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).ok()?) / 255.0;
        Some(if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) })
    };
    Some(0.2126 * channel(0)? + 0.7152 * channel(2)? + 0.0722 * channel(4)?)
}

/// It goes into a style sheet as it is.
fn is_font(font: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || " ,-'\"".contains(c);
    let whole = |quote: char| font.matches(quote).count().is_multiple_of(2);
    (1..=200).contains(&font.trim().chars().count()) && font.chars().all(plain) && whole('"') && whole('\'')
}

fn is_own(logo: &str, origins: &[String]) -> bool {
    let path = |rest: &str| {
        rest.starts_with('/') && !rest.starts_with("//") && !rest.contains(|c: char| c == '\\' || c.is_whitespace())
    };
    path(logo) || origins.iter().any(|origin| logo.strip_prefix(origin.as_str()).is_some_and(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(look: &str) -> String {
        let look: Look = toml::from_str(look).expect(look);
        let found = look.check(&["https://www.example.no".to_owned()]);
        found.into_iter().map(|(key, reason)| format!("{key}: {reason}")).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        assert!((ratio("#000000", "#ffffff") - 21.0).abs() < 1e-9);
        assert!((ratio("#777777", "#ffffff") - 4.478).abs() < 1e-3);
        assert!((ratio("#FFFFFF", "#767676") - 4.542).abs() < 1e-3);
        assert_eq!(luminance("#12345"), None);
        assert_eq!(luminance("#12345g"), None);
        assert_eq!(luminance("#1é345"), None);
    }

    #[test]
    fn a_pair_that_is_hard_to_read_is_refused_with_its_contrast() {
        let told = wrong("light.ink = \"#777777\"");
        assert_eq!(
            told,
            "look.light.ink: #777777 on the paper #ffffff has a contrast of 4.47:1; at least 4.5:1 is needed\n\
             look.light.on_accent: #ffffff on the accent #777777 has a contrast of 4.47:1; at least 4.5:1 is needed"
        );
        assert!(wrong("dark.line = \"#333333\"").starts_with("look.dark.line: #333333 on the paper #1c1c1e has"));
        assert!(wrong("accent = \"#ffff00\"\nlight.on_accent = \"#ffffff\"").contains("look.light.on_accent"));
        assert_eq!(wrong("light = { paper = \"#fff8e7\", ink = \"#222222\", accent = \"#14532d\" }"), "");
    }

    #[test]
    fn the_text_of_any_button_can_be_read() {
        for accent in ["#14532d", "#9a3324", "#ffcc00", "#767676", "#757575", "#ffffff", "#000000"] {
            assert_eq!(wrong(&format!("accent = \"{accent}\"")), "", "{accent}");
        }
    }

    #[test]
    fn a_line_follows_the_paper_where_the_usual_one_cannot_be_seen() {
        let look: Look = toml::from_str("light.paper = \"#a0a0a0\"").expect("a look");
        assert_eq!(look.shown().light.line.as_deref(), Some("#1a1a1a"));
    }

    #[test]
    fn what_is_no_font_colour_logo_or_place_is_refused() {
        assert!(wrong("font = \"x; } * { all: unset\"").contains("look.font"));
        assert!(wrong("font = \"'Open Sans\"").contains("look.font"));
        assert_eq!(wrong("font = \"'Open Sans', sans-serif\""), "");
        assert!(wrong("accent = \"red\"").contains("found \"red\""));
        assert!(wrong("radius = 40").contains("0 to 32"));
        for logo in [
            "//cdn.example/logo.svg",
            "/\\\\cdn.example/logo.svg",
            "https://cdn.example/x.svg",
            "https://www.example.nope/x.svg",
            "logo.svg",
        ] {
            assert!(wrong(&format!("logo = \"{logo}\"")).contains("look.logo"), "{logo}");
        }
        assert_eq!(wrong("logo = \"/logo.svg\"") + &wrong("logo = \"https://www.example.no/logo.svg\""), "");
        assert!(wrong("position = \"end\"").contains("look.position"));
        assert!(wrong("layout = \"centred\"\nposition = \"top\"").contains("look.position"));
        assert_eq!(wrong("layout = \"box\"\nposition = \"end\""), "");
    }

    #[test]
    fn a_look_of_before_reads_and_writes_as_it_did() {
        let old = r##"{"layout":"bar","theme":"auto","accent":"#9a3324"}"##;
        let look: Look = serde_json::from_str(old).expect("a look");
        assert_eq!(serde_json::to_string(&look).expect("JSON"), old);
    }
}
