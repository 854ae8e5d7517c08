//! Whole numbers as JSON has them: `1.0` is the number `1`, and some clients write it so.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{Error, Unexpected, Visitor};

/// The largest number up to which every whole one can be told from the next.
const EXACT: f64 = 9_007_199_254_740_991.0;

struct Whole<T>(PhantomData<T>);

impl<T: TryFrom<i64>> Whole<T> {
    fn fitting<E: Error>(self, number: i64) -> Result<T, E> {
        T::try_from(number).map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))
    }
}

impl<T: TryFrom<i64>> Visitor<'_> for Whole<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number of at most {} bits", size_of::<T>() * 8)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        self.fitting(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        let signed = i64::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))?;
        self.fitting(signed)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        if number.fract() != 0.0 || number.abs() > EXACT {
            return Err(E::invalid_value(Unexpected::Float(number), &self));
        }
        #[allow(clippy::cast_possible_truncation, reason = "it is whole and small enough, as was just seen")]
        let whole = number as i64;
        self.fitting(whole)
    }
}

/// For `deserialize_with`.
pub fn whole<'de, T: TryFrom<i64>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    from.deserialize_any(Whole(PhantomData))
}

/// The same where there may be none; with `default`.
pub fn perhaps<'de, T: TryFrom<i64>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    #[derive(serde::Deserialize)]
    #[serde(bound = "T: TryFrom<i64>")]
    struct One<T>(#[serde(deserialize_with = "whole")] T);
    serde::Deserialize::deserialize(from).map(|one: Option<One<T>>| one.map(|one| one.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Numbers {
        #[serde(deserialize_with = "whole")]
        n: i32,
        #[serde(default, deserialize_with = "perhaps")]
        m: Option<i64>,
    }

    #[test]
    fn a_whole_number_may_have_a_point() {
        let read = |text: &str| serde_json::from_str::<Numbers>(text).ok().map(|numbers| (numbers.n, numbers.m));
        assert_eq!(read(r#"{"n": 1}"#), Some((1, None)));
        assert_eq!(read(r#"{"n": 1.0, "m": 1.795593600e12}"#), Some((1, Some(1_795_593_600_000))));
        assert_eq!(read(r#"{"n": -2.0, "m": null}"#), Some((-2, None)));
        for wrong in
            [r#"{"n": 1.5}"#, r#"{"n": "1"}"#, r#"{"n": 1e300}"#, r#"{"n": 4294967296}"#, r#"{"n": true}"#, "{}"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
