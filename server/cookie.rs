//! The choice cookie as the service sets it, where it shares the page's domain: a browser that cuts short what scripts store keeps
//! it as long as the answer holds. Its form is the gate's, `banner/src/gate/cookie.ts`, which reads it beside the page's own: it
//! has a name of its own, so that one which comes late takes no newer answer's place. Of copies, the later answer's stays.

use uuid::Uuid;

use crate::announcement::Announcement;
use crate::choice::Choice;
use crate::consent::Consent;
use crate::error::{Error, Result};
use crate::jurisdiction::Law;
use crate::signal::Signal;
use crate::site::Site;

const DAY_SECONDS: i64 = 86_400;

/// The `Set-Cookie` of a recorded answer; nothing once it holds no longer. `domain` is left out for a cookie of one host.
pub fn of(
    consent: &Consent,
    site: &Site,
    law: &Law,
    domain: Option<&str>,
    secure: bool,
    now: i64,
) -> Result<Option<String>> {
    let internal = |e: &dyn std::fmt::Display| Error::Internal(e.to_string());
    let Some((notice, asked)) = site.asked(consent.notice_id) else { return Ok(None) };
    let choice: Choice = serde_json::from_str(&consent.choice).map_err(|e| internal(&e))?;
    let days = law.days(choice.grants(), asked.remember_days);
    let left = i64::from(days) * DAY_SECONDS + (consent.created_at - now).div_euclid(1000);
    if left <= 0 {
        return Ok(None);
    }
    let answers: Vec<String> = choice.iter().map(|(key, granted)| format!("{key}:{}", u8::from(granted))).collect();
    let uuid = |bytes: &[u8]| Uuid::from_slice(bytes).map_err(|e| internal(&e));
    // Nothing behind the last dot: it is recorded, and waits for nobody.
    let control = if consent.signals.split(' ').any(|signal| signal == Signal::Gpc.as_str()) { "g" } else { "" };
    // Whoever pressed one of the two answers was told of what is announced beside them.
    let read = notice == site.current && ["accept_all", "reject_all"].contains(&consent.method.as_str());
    let announced = site.shown.content().announcement.as_ref().filter(|it| read && it.is_ahead(now));
    let told = announced.and_then(Announcement::day).map(|day| day.0.to_string()).unwrap_or_default();
    let control = if control.is_empty() && !told.is_empty() { "-" } else { control };
    let value = format!(
        "2{control}{told}.{notice}.{}.{}.{}.{days}.{}.",
        uuid(&consent.visitor)?,
        uuid(&consent.id)?,
        base36(consent.created_at),
        answers.join("|"),
    );
    let domain = domain.map(|domain| format!("; Domain={domain}")).unwrap_or_default();
    let secure = if secure { "; Secure" } else { "" };
    Ok(Some(format!("{}={value}; Path=/; SameSite=Lax; Max-Age={left}{domain}{secure}", copy(&site.key))))
}

/// As the page names it.
pub fn name(site: &str) -> String {
    format!("samtykke_{site}")
}

/// As the service does.
pub fn copy(site: &str) -> String {
    format!("samtykke_{site}.")
}

/// The consent that the value of a choice cookie names.
pub fn consent_in(value: &str) -> Option<Uuid> {
    Uuid::parse_str(value.split('.').nth(3)?).ok()
}

fn base36(number: i64) -> String {
    let mut rest = number.unsigned_abs();
    let mut digits = Vec::new();
    while rest > 0 || digits.is_empty() {
        digits.extend(u32::try_from(rest % 36).ok().and_then(|digit| char::from_digit(digit, 36)));
        rest /= 36;
    }
    digits.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_a_script_does() {
        for (number, written) in [(0, "0"), (35, "z"), (36, "10"), (1_772_359_384_250, "mm7l0la2")] {
            assert_eq!((base36(number).as_str(), i64::from_str_radix(written, 36)), (written, Ok(number)));
        }
    }
}
