//! What a place that is not known counts as, where a site says so: Norway, for pages that are meant for it. It lets nothing run that
//! would not run without it.

use crate::jurisdiction::Jurisdictions;
use crate::place::Place;

/// What a site file says. Errors: why it cannot be.
pub fn check(said: &str, languages: &[String], currency: Option<&str>) -> Result<Place, String> {
    let table = Jurisdictions::built_in()?;
    let place = Place::parse(said)
        .filter(|place| place.code() == said && table.knows(place))
        .ok_or_else(|| format!("expected a place of the table of jurisdictions, such as \"NO\"; found {said:?}"))?;
    if !lets_nothing_run(&place, &table) {
        return Err(format!("{said} lets something run before an answer, which is for places that are known"));
    }
    let speaks = languages.iter().any(|language| language == "nb" || language == "nn");
    if !speaks && currency != Some("NOK") {
        return Err("only a site that speaks Norwegian (nb or nn in its languages) or sells in kroner (currency = \"NOK\") can \
                    say so"
            .into());
    }
    Ok(place)
}

/// What a server makes of it, whose table may be another one: where that lets something run there, nothing is known after all.
pub fn used(site: &str, said: &str, table: &Jurisdictions) -> Option<Place> {
    let place = Place::parse(said).filter(|place| table.knows(place) && lets_nothing_run(place, table));
    if place.is_none() {
        tracing::warn!(
            site,
            "an unknown place does not count as {said}: this table of jurisdictions lets something run there"
        );
    }
    place
}

fn lets_nothing_run(place: &Place, table: &Jurisdictions) -> bool {
    table.law(table.number_of(Some(place))).is_silent()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_place_counts_as_another_only_where_that_loosens_nothing() {
        let told = |said: &str, languages: &[&str], currency: Option<&str>| {
            let languages: Vec<String> = languages.iter().map(|&language| language.to_owned()).collect();
            check(said, &languages, currency).map(|place| place.code().to_owned())
        };
        assert_eq!(told("NO", &["en", "nb"], None), Ok("NO".into()));
        assert_eq!(told("NO", &["nn"], Some("EUR")), Ok("NO".into()));
        assert_eq!(told("NO", &["en"], Some("NOK")), Ok("NO".into()));
        let refused = |said: &str, languages: &[&str], currency: Option<&str>, expected: &str| {
            let told = told(said, languages, currency).expect_err(said);
            assert!(told.contains(expected), "{said}: {told}");
        };
        refused("NO", &["en"], None, "only a site that speaks Norwegian");
        refused("NO", &["sv"], Some("SEK"), "only a site that speaks Norwegian");
        for strange in ["no", "Norway", "XX", "*", "AQ", ""] {
            refused(strange, &["nb"], None, "expected a place of the table of jurisdictions");
        }
        for loose in ["US", "US-CA", "AU", "GB", "FR"] {
            refused(loose, &["nb"], None, "lets something run before an answer");
        }
    }
}
