//! A place: a country, and its subdivision where that is known. All that is left of an address.

/// ISO 3166-1 alpha-2, or ISO 3166-2 where the subdivision is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(String);

impl Place {
    /// `NO` or `US-CA`, in letters of any size. `XX` and `ZZ` are no country; `T1` is Tor, which is nowhere.
    pub fn parse(text: &str) -> Option<Self> {
        let code = text.trim().to_ascii_uppercase();
        let (country, subdivision) = code.split_once('-').map_or((code.as_str(), None), |(c, s)| (c, Some(s)));
        let is_country = country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase());
        let is_subdivision = |s: &str| (1..=3).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric());
        (is_country && !["XX", "ZZ"].contains(&country) && subdivision.is_none_or(is_subdivision)).then_some(Self(code))
    }

    /// A subdivision that is not one leaves the country.
    pub fn of(country: &str, subdivision: Option<&str>) -> Option<Self> {
        let whole = subdivision.and_then(|subdivision| Self::parse(&format!("{country}-{subdivision}")));
        whole.or_else(|| Self::parse(country).filter(|place| place.subdivision().is_none()))
    }

    pub fn code(&self) -> &str {
        &self.0
    }

    pub fn country(&self) -> &str {
        self.0.split_once('-').map_or(&self.0, |(country, _)| country)
    }

    pub fn subdivision(&self) -> Option<&str> {
        self.0.split_once('-').map(|(_, subdivision)| subdivision)
    }

    /// The same without its subdivision.
    #[must_use]
    pub fn of_country(&self) -> Self {
        Self(self.country().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_country_with_or_without_a_subdivision() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(Place::parse(text).as_ref().map(Place::code), expected, "{text:?}");
        };
        check("NO", Some("NO"));
        check(" us-ca ", Some("US-CA"));
        check("GB-ENG", Some("GB-ENG"));
        check("NO-03", Some("NO-03"));
        for junk in ["", "XX", "ZZ", "T1", "N", "NOR", "NO-", "NO-ABCD", "US-C-A", "NO,US", "*", "ÅÅ", "US_CA"] {
            check(junk, None);
        }
        assert_eq!(Place::of("US", Some("CA")), Place::parse("US-CA"));
        assert_eq!(Place::of("US", Some("California")), Place::parse("US"));
        assert_eq!(Place::of("US-CA", None), None);
        assert_eq!(Place::of("XX", Some("CA")), None);
    }
}
