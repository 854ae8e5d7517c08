//! A day of the calendar, in UTC: read from `2027-02-01`, and counted from 1970-01-01, without a calendar of dependencies.

use std::fmt;
use std::str::FromStr;

pub const DAY_MS: i64 = 86_400_000;

/// How many days after 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub i32);

impl Day {
    /// The day of a time in unix ms.
    pub fn of(unix_ms: i64) -> Self {
        Self(i32::try_from(unix_ms.div_euclid(DAY_MS)).unwrap_or(i32::MAX))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil(self.0.into());
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected a day such as 2027-02-01; found {text:?}");
        let mut parts = text.split('-').map(|part| part.parse::<i64>().ok());
        let (Some(Some(year)), Some(Some(month)), Some(Some(day))) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong());
        };
        if !(1970..=9999).contains(&year) {
            return Err(wrong());
        }
        let found = i32::try_from(counted(year, month, day)).map(Self).map_err(|_| wrong())?;
        // Written again it is the same only where the calendar has such a day.
        if found.to_string() == text { Ok(found) } else { Err(wrong()) }
    }
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar. Years are counted from March here, so that
/// the leap day is the last of its year; 719,468 days lie between 0000-03-01 and 1970-01-01, and an era has 400 years.
pub fn civil(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let (era, of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let (in_january_or_february, month) = if month < 10 { (0, month + 3) } else { (1, month - 9) };
    let day = of_year - (153 * ((month + 9) % 12) + 2) / 5 + 1;
    (era * 400 + year + in_january_or_february, month, day)
}

/// The other way round; a month or a day that the calendar does not have comes out as another day.
fn counted(year: i64, month: i64, day: i64) -> i64 {
    let (month, day) = (month.clamp(1, 12), day.clamp(1, 31));
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_as_it_is_written() {
        for day in (0..60_000).step_by(7).chain([0, 59, 789, 11_016, 11_017]) {
            assert_eq!(Day(day).to_string().parse(), Ok(Day(day)));
        }
        assert_eq!("1970-01-01".parse(), Ok(Day(0)));
        assert_eq!("2000-02-29".parse(), Ok(Day(11_016)));
        assert_eq!(Day::of(-1).to_string(), "1969-12-31");
        assert_eq!(Day::of(DAY_MS), Day(1));
    }

    #[test]
    fn what_is_no_day_is_told() {
        for text in [
            "",
            "2027",
            "2027-2-1",
            "2027-02-30",
            "2027-02-00",
            "2027-13-01",
            "2100-02-29",
            "1969-12-31",
            "2027-02-01-",
            "2027-02-01T00",
            "+2027-02-01",
            "99999-01-01",
            "2027--02-01",
        ] {
            let told = text.parse::<Day>().expect_err(text);
            assert!(told.contains("expected a day such as"), "{told}");
        }
    }
}
