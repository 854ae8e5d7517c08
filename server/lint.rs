//! What a site file may say that is well formed, and that a visitor or an authority would object to: `samtykke site check`.
//! What no site file can do is not looked for: the refusal always stands beside the acceptance, nothing is ticked beforehand,
//! closing or going on is no answer, and no page is blocked.

use crate::notice::{Content, NECESSARY};
use crate::service::Service;
use crate::site_file::Parsed;
use crate::texts;
use crate::variant::Variant;

mod words;

use words::{GOING_ON, INTEREST, refuses};

/// Authorities take half a year for the least that a refusal is left in peace.
const QUIET_DAYS: u32 = 183;
/// A shorter description of a purpose says too little to be specific (GDPR, Article 4(11)).
const SHORTEST_DESCRIPTION: usize = 30;

/// One sentence for each thing, what the site file's own reader warns of among them.
pub fn findings(parsed: &Parsed) -> Vec<String> {
    let content = &parsed.content;
    let mut found = parsed.warnings.clone();
    found.extend(content.services.iter().flat_map(|service| service_findings(content, service)));
    found.extend(content.purposes.iter().flat_map(|purpose| purpose_findings(content, purpose)));
    found.extend(content.texts.keys().flat_map(|language| text_findings(content, language)));
    found.extend(content.variants.iter().flat_map(|variant| variant_findings(content, variant)));
    found.extend(site_findings(parsed));
    found
}

fn service_findings(content: &Content, service: &Service) -> Vec<String> {
    let mut found = Vec::new();
    let usual = service.about().map_or("", |about| about.purpose.as_str());
    let loads = service.url.is_some() || service.about().is_some_and(|about| !about.hosts.is_empty());
    if service.purpose == NECESSARY && loads {
        found.push(if usual == "preferences" {
            "runs as necessary, without an answer: only what the visitor expressly asked for may".to_owned()
        } else {
            format!("is called necessary, though its kind serves {usual}: it needs a yes")
        });
    } else if usual == "advertising" && ["preferences", "analytics"].contains(&service.purpose.as_str()) {
        found.push(format!("serves advertising, and stands under {}, which does not say so", service.purpose));
    } else if usual == "analytics" && service.purpose == "preferences" {
        found.push("measures visitors, and stands under preferences, which does not say so".into());
    }
    let foreign = service.url.as_ref().is_some_and(|url| url.starts_with("http"));
    let own_kind = service.is_of_no_known_vendor();
    if own_kind && service.vendor == content.controller && (foreign || service.kind == "embed") {
        found.push("names no vendor: visitors must be told who gets the data".into());
    }
    if own_kind && service.name == service.id {
        found.push("has no name that a visitor would know it by".into());
    }
    if service.policy_url.is_none() && service.vendor != content.controller {
        found.push(format!("links to no privacy policy of {}", service.vendor));
    }
    if service.reload_on_withdrawal == Some(false) && service.about().is_some_and(|about| about.reload) {
        found.push(
            "cannot be silenced in the running page: with reload_on_withdrawal = false it goes on after a no".into(),
        );
    }
    if service.kind == "gtm" {
        found.push(
            "loads what its container says, which cannot be seen from here: its tags must follow consent mode".into(),
        );
    }
    found.into_iter().map(|what| format!("service `{}`: it {what}", service.id)).collect()
}

fn purpose_findings(content: &Content, purpose: &str) -> Vec<String> {
    let mut found = Vec::new();
    if !content.services.iter().any(|service| service.purpose == purpose) {
        found.push("nothing runs under it: asking for it bundles a consent that serves nothing".to_owned());
    }
    for (language, texts) in &content.texts {
        let description = texts.get(&format!("purpose_{purpose}_description")).map_or("", String::as_str);
        if weight(description) < SHORTEST_DESCRIPTION {
            found.push(format!("its description in {language} is too short to say what is done with the data"));
        }
        let google = content.services.iter().any(|service| service.kind == "google-ads" && service.purpose == purpose);
        if google && !description.contains("Google") {
            found.push(format!(
                "its description in {language} does not tell that Google may link it to the visitor's account"
            ));
        }
    }
    found.into_iter().map(|what| format!("purpose `{purpose}`: {what}")).collect()
}

/// How much a text says: a sign of Chinese, Japanese or Korean is about as much as two letters.
fn weight(text: &str) -> usize {
    text.chars().map(|c| if c >= '\u{1100}' { 2 } else { 1 }).sum()
}

fn text_findings(content: &Content, language: &str) -> Vec<String> {
    let (Some(texts), Some(built_in)) = (content.texts.get(language), texts::of(language)) else { return Vec::new() };
    let text = |key: &str| texts.get(key).map_or("", String::as_str);
    let own = |key: &str| built_in.get(key).is_none_or(|built_in| built_in != text(key));
    let mut found = Vec::new();
    let mut say = |key: &str, what: &str| found.push(format!("texts.{language}.{key}: {what}"));

    if own("reject_all") && !refuses(language, text("reject_all")) {
        say("reject_all", "does not plainly say no");
    }
    if own("accept_all") || own("reject_all") {
        let [yes, no] = ["accept_all", "reject_all"].map(|key| weight(text(key)));
        if no > 2 * yes + 4 || yes > 2 * no + 4 {
            say("reject_all", "is far from as long as accept_all: both answers should weigh the same");
        }
        if text("accept_all").to_lowercase() == text("reject_all").to_lowercase() {
            say("reject_all", "reads like accept_all");
        }
    }
    for (key, text) in texts {
        let text = text.to_lowercase();
        if INTEREST.iter().any(|words| text.contains(words)) {
            say(key, "claims a legitimate interest, on which nothing can be stored or read");
        }
        if GOING_ON.iter().any(|words| text.contains(words)) {
            say(key, "takes going on for an answer: only an act that says yes is one");
        }
    }
    if own("intro")
        && !["{controller}", "{name}"].iter().any(|place| text("intro").contains(place))
        && !text("intro").contains(&content.controller)
    {
        say("intro", "does not say who asks");
    }
    found
}

/// What is only said in a variant.
fn variant_findings(content: &Content, variant: &Variant) -> Vec<String> {
    let varied = content.varied(variant);
    let found = variant.texts.keys().flat_map(|language| {
        let known = text_findings(content, language);
        text_findings(&varied, language).into_iter().filter(move |finding| !known.contains(finding))
    });
    found.map(|finding| format!("variant `{}`: {finding}", variant.id)).collect()
}

fn site_findings(parsed: &Parsed) -> Vec<String> {
    let content = &parsed.content;
    let mut found = Vec::new();
    if content.remember_days < QUIET_DAYS {
        found.push(format!(
            "remember_days: visitors who said no are asked again after {} days; leave them in peace for {QUIET_DAYS} at least",
            content.remember_days
        ));
    }
    let spoken = [(".no", &["nb", "nn"][..]), (".se", &["sv"]), (".dk", &["da"]), (".de", &["de"]), (".at", &["de"])];
    for (domain, languages) in spoken {
        let there = parsed.origins.iter().any(|origin| origin.ends_with(domain));
        if there && !languages.iter().any(|language| content.texts.contains_key(*language)) {
            found.push(format!(
                "languages: a site at {domain} asks in none of the languages there ({})",
                languages.join(", ")
            ));
        }
    }
    let local = |url: &str| url.starts_with("http://127.") || url.starts_with("http://localhost");
    for origin in parsed.origins.iter().filter(|origin| origin.starts_with("http://") && !local(origin)) {
        found.push(format!("origins: {origin} is not encrypted, so that anybody on the way can answer for a visitor"));
    }
    for (language, url) in &content.policy_url {
        let url = url.to_lowercase();
        if ["terms", "vilkar", "vilkår", "villkor", "agb", "betingelser"].iter().any(|word| url.contains(word)) {
            found.push(format!("policy_url.{language}: leads to the terms of sale; a consent stands apart from them"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site_file;

    const SITE: &str = r#"
id = "shop"
name = "Butikken"
controller = "Butikken AS"
origins = ["https://www.example.no"]
languages = ["nb", "en"]
default_language = "nb"
policy_url = "/personvern"

[[purposes]]
id = "analytics"

[[purposes]]
id = "advertising"

[[services]]
id = "ga"
kind = "ga4"
purpose = "analytics"
key = "G-1234567890"

[[services]]
id = "ads"
kind = "google-ads"
purpose = "advertising"
key = "AW-123456789"

[contact]
address = "Fjordveien 12, 7010 Trondheim"
country = "NO"
email = "personvern@example.no"
authority = "Datatilsynet"
authority_url = "https://www.datatilsynet.no"
storage = ["NO"]
"#;

    fn findings_of(text: &str) -> Vec<String> {
        findings(&site_file::parse(text).unwrap_or_else(|e| panic!("{e}")))
    }

    #[test]
    fn a_good_file_has_nothing_to_look_at() {
        assert_eq!(findings_of(SITE), Vec::<String>::new());
    }

    #[test]
    fn each_thing_is_found_and_named() {
        let check = |from: &str, to: &str, expected: &str| {
            assert!(SITE.contains(from), "{from}");
            let found = findings_of(&SITE.replacen(from, to, 1));
            assert!(found.iter().any(|finding| finding.contains(expected)), "{to}: {found:?}");
        };
        let service = |rest: &str| format!("[[services]]\n{rest}\n\n[contact]");
        let texts = |line: &str| format!("[texts.en]\n{line}\n\n[contact]");

        // Called necessary, or placed where its purpose does not say what it does.
        check("purpose = \"analytics\"\nkey", "purpose = \"necessary\"\nkey", "`ga`: it is called necessary");
        check("purpose = \"advertising\"\nkey", "purpose = \"analytics\"\nkey", "`ads`: it serves advertising");
        // Recipients and lifetimes.
        let chat = "id = \"chat\"\nkind = \"script\"\npurpose = \"analytics\"\nurl = \"https://chat.example/a.js\"";
        check("[contact]", &service(chat), "`chat`: it names no vendor");
        check("[contact]", &service(chat), "`chat`: it has no name");
        check("[contact]", &service(chat), "`chat`: nothing is said of its cookies");
        let vendor = format!("{chat}\nvendor = \"Chat Inc.\"");
        check("[contact]", &service(&vendor), "`chat`: it links to no privacy policy of Chat Inc.");
        // What runs before a yes, or goes on after a no.
        check(
            "key = \"G-1234567890\"",
            "key = \"G-1234567890\"\nmode = \"advanced\"",
            "before a yes Google gets pings",
        );
        check(
            "key = \"AW-123456789\"",
            "key = \"AW-123456789\"\nreload_on_withdrawal = false",
            "it goes on after a no",
        );
        let gtm = "id = \"gtm\"\nkind = \"gtm\"\npurpose = \"advertising\"\nkey = \"GTM-ABC123\"";
        check("[contact]", &service(gtm), "`gtm`: it loads what its container says");
        // Purposes.
        check("[[services]]", "[[purposes]]\nid = \"preferences\"\n\n[[services]]", "nothing runs under it");
        check(
            "id = \"analytics\"",
            "id = \"analytics\"\ndescription.en = \"Measures things.\"",
            "`analytics`: its description in en is too short",
        );
        check(
            "id = \"advertising\"",
            "id = \"advertising\"\ndescription.en = \"Shows you advertisements that are chosen for you.\"",
            "does not tell that Google may link it",
        );
        // Words.
        check("[contact]", &texts("reject_all = \"More options\""), "texts.en.reject_all: does not plainly say no");
        check("[contact]", &texts("accept_all = \"Reject all\""), "texts.en.reject_all: reads like accept_all");
        check(
            "[contact]",
            &texts("reject_all = \"No, I would rather miss all those wonderful offers\""),
            "far from as long as accept_all",
        );
        check(
            "[contact]",
            &texts("intro = \"By continuing you say yes to {controller}.\""),
            "takes going on for an answer",
        );
        check("[contact]", &texts("details = \"We rest this on our legitimate interest.\""), "legitimate interest");
        check("[contact]", &texts("intro = \"We use cookies for the purposes below.\""), "does not say who asks");
        let variant = "[[variants]]\nid = \"b\"\nshare = 5\ntexts.en.intro = \"We use cookies.\"\n\n[contact]";
        check("[contact]", variant, "variant `b`: texts.en.intro: does not say who asks");
        // The site.
        check("policy_url", "remember_days = 30\npolicy_url", "asked again after 30 days");
        check(
            "languages = [\"nb\", \"en\"]\ndefault_language = \"nb\"",
            "languages = [\"en\"]\ndefault_language = \"en\"",
            "none of the languages there (nb, nn)",
        );
        check("https://www.example.no", "http://www.example.no", "is not encrypted");
        check("/personvern", "/vilkar", "leads to the terms of sale");
    }

    #[test]
    fn the_built_in_words_are_good_in_every_language() {
        let all = texts::languages();
        let languages = all.iter().map(|language| format!("{language:?}")).collect::<Vec<_>>().join(", ");
        assert_eq!(findings_of(&SITE.replacen("\"nb\", \"en\"", &languages, 1)), Vec::<String>::new());
    }

    #[test]
    fn no_built_in_text_is_found_fault_with() {
        for language in texts::languages() {
            let texts = texts::of(&language).expect("it is built in");
            assert!(
                refuses(&language, &texts["reject_all"]) && !refuses(&language, &texts["accept_all"]),
                "{language}"
            );
            for (key, text) in &texts {
                let text = text.to_lowercase();
                assert!(!INTEREST.iter().chain(GOING_ON).any(|words| text.contains(words)), "{language}: {key}");
            }
            for purpose in ["preferences", "analytics", "advertising"] {
                let description = &texts[&format!("purpose_{purpose}_description")];
                assert!(weight(description) >= SHORTEST_DESCRIPTION, "{language}: {description}");
            }
        }
    }
}
