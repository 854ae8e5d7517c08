//! A model of the law that knows no database: what may happen, what is known after it, and what that allows.

use samtykke::day::DAY_MS;
use samtykke::retention::Keep;
use serde_json::Value;

pub const CHANNELS: [&str; 3] = ["email", "sms", "phone"];
pub const PURPOSES: [&str; 2] = ["analytics", "advertising"];
/// As the site lays them down.
pub const VALID_DAYS: i64 = 300;
pub const CHECK_DAYS: i64 = 20;
pub const REMEMBER_DAYS: i64 = 200;
/// How long a choice of theirs holds: the shortest that any law allows where silence is a no.
pub const CHOICE_DAYS: i64 = 183;
/// How long a yes to e-mail waits for its confirmation.
pub const CONFIRM_DAYS: i64 = 7;
/// How long anything is kept after it ended.
pub const KEEP: Keep = Keep { keep_consents_days: 60, keep_refusals_days: 60, keep_audit_days: 60 };

/// What may happen. `ago` is in days; people are told apart by a number.
#[derive(Clone, Debug)]
pub enum Act {
    Say {
        who: usize,
        channel: usize,
        granted: bool,
        ago: i64,
    },
    Adult {
        who: usize,
        adult: bool,
    },
    Check {
        who: usize,
        reserved: bool,
        ago: i64,
    },
    Choose {
        who: usize,
        granted: [bool; 2],
    },
    /// The same, on a page where they are logged in.
    Enter {
        who: usize,
        granted: [bool; 2],
    },
    /// What another system kept until now.
    Import {
        who: usize,
        channel: usize,
        granted: bool,
        ago: i64,
    },
    /// The last link by which they can confirm their yes to e-mail is opened, and its button pressed.
    Confirm {
        who: usize,
    },
    /// They unsubscribe by the header of a mail, if they get any.
    Unsubscribe {
        who: usize,
    },
    /// The last that was written about them comes once more.
    Again {
        who: usize,
    },
    Forget {
        who: usize,
    },
    Wait {
        days: i64,
    },
    /// What ended long enough ago is erased.
    Night,
    /// The site says the same in other words.
    Reword,
    /// The site announces that it will ask for more, thirty days ahead.
    Announce,
}

/// Something that was said, when.
#[derive(Clone, Copy)]
struct Fact<T> {
    at: i64,
    written: i64,
    said: T,
}

/// What somebody said of a channel.
#[derive(Clone, Copy, PartialEq)]
enum Word {
    Yes,
    /// A yes that nobody has confirmed yet.
    Waits,
    No,
}

/// What is known of one person, as it was told.
#[derive(Default)]
pub struct Known {
    channels: [Vec<Fact<Word>>; 3],
    adult: Vec<Fact<bool>>,
    /// Whether they are in the register, and when it was looked up.
    checks: Vec<Fact<bool>>,
    choices: Vec<Fact<([bool; 2], i32)>>,
    /// Where the last was sent, and what.
    pub last: Option<(String, Value)>,
    /// Where the last yes that had to be confirmed can be.
    pub link: Option<String>,
}

/// The word that counts: of those given at one time, the one that was told last.
fn latest<T: Copy>(facts: &[Fact<T>]) -> Option<Fact<T>> {
    facts.iter().max_by_key(|fact| fact.at).copied()
}

/// The law, in the words of the README: nothing is allowed but by a yes, and the first of these reasons stands against it.
impl Known {
    pub fn tell(&mut self, act: &Act, at: i64, notice: i32) {
        match *act {
            Act::Say { channel, granted, ago, .. } => {
                let said = match granted {
                    true if CHANNELS[channel] == "email" && !self.says_yes(channel, at) => Word::Waits,
                    true => Word::Yes,
                    false => Word::No,
                };
                self.channels[channel].push(Fact { at: at - ago * DAY_MS, written: at, said });
            }
            Act::Import { channel, granted, ago, .. } => {
                let said = if granted { Word::Yes } else { Word::No };
                self.channels[channel].push(Fact { at: at - ago * DAY_MS, written: at, said });
            }
            Act::Confirm { .. } => self.channels[0].push(Fact { at, written: at, said: Word::Yes }),
            Act::Unsubscribe { .. } => self.channels[0].push(Fact { at, written: at, said: Word::No }),
            Act::Adult { adult, .. } => self.adult.push(Fact { at, written: at, said: adult }),
            Act::Check { reserved, ago, .. } => {
                self.checks.push(Fact { at: at - ago * DAY_MS, written: at, said: reserved });
            }
            Act::Choose { granted, .. } | Act::Enter { granted, .. } => {
                self.choices.push(Fact { at, written: at, said: (granted, notice) });
            }
            _ => unreachable!("nothing is told by {act:?}"),
        }
    }

    /// A letter is in their mailbox still, with its link.
    pub fn forget(&mut self) {
        *self = Self { link: self.link.take(), ..Self::default() };
    }

    fn says_yes(&self, channel: usize, now: i64) -> bool {
        latest(&self.channels[channel])
            .is_some_and(|fact| fact.said == Word::Yes && now < fact.at + VALID_DAYS * DAY_MS)
    }

    /// Whether mail to them carries a link that ends it: as long as what they said last is a yes.
    pub fn can_unsubscribe(&self) -> bool {
        latest(&self.channels[0]).is_some_and(|fact| fact.said == Word::Yes)
    }

    /// Whether the last that they said of e-mail is a yes that may still be confirmed.
    pub fn waits(&self, now: i64) -> bool {
        latest(&self.channels[0]).is_some_and(|fact| fact.said == Word::Waits && now < fact.at + CONFIRM_DAYS * DAY_MS)
    }

    /// Whether what was told of e-mail last is also what was said last.
    pub fn was_news(&self) -> bool {
        self.channels[0].last().map(|fact| fact.at) == latest(&self.channels[0]).map(|fact| fact.at)
    }

    /// What they chose last, and of which notice.
    pub fn chosen(&self) -> Option<([bool; 2], i32)> {
        latest(&self.choices).map(|fact| fact.said)
    }

    /// Nothing is kept longer than its purpose needs it: a yes until it ended and some time as proof, an age for as long as anything
    /// else. A no is kept.
    pub fn night(&mut self, now: i64) {
        fn end<T: Copy>(facts: &[Fact<T>], days: i64) -> Option<i64> {
            latest(facts).map(|fact| fact.at + days * DAY_MS)
        }
        fn clear<T: Copy>(facts: &mut Vec<Fact<T>>, end: Option<i64>, now: i64) {
            let keep_ms = i64::from(KEEP.keep_consents_days) * DAY_MS;
            let over = end.is_some_and(|end| end + keep_ms < now);
            if over && latest(facts).is_some_and(|fact| fact.written + keep_ms < now) {
                facts.clear();
            }
        }
        let channels = self.channels.each_ref().map(|said| match latest(said).map(|fact| fact.said) {
            Some(Word::No) => Some(i64::MAX / 2),
            Some(Word::Waits) => end(said, CONFIRM_DAYS),
            _ => end(said, VALID_DAYS),
        });
        let (checked, chosen) = (end(&self.checks, CHECK_DAYS), end(&self.choices, REMEMBER_DAYS));
        let last = channels.into_iter().chain([checked, chosen, end(&self.adult, 0)]).flatten().max();
        clear(&mut self.adult, last, now);
        clear(&mut self.checks, checked, now);
        clear(&mut self.choices, chosen, now);
        for (said, end) in self.channels.iter_mut().zip(channels) {
            clear(said, end, now);
        }
        self.last = None;
    }

    fn age(&self) -> Option<&'static str> {
        match latest(&self.adult).map(|fact| fact.said) {
            Some(true) => None,
            Some(false) => Some("minor"),
            None => Some("adult_unknown"),
        }
    }

    /// Why a channel may not be used; nothing where it may.
    pub fn channel(&self, channel: usize, now: i64) -> Option<&'static str> {
        let Some(said) = latest(&self.channels[channel]) else { return Some("never_asked") };
        let days = match said.said {
            Word::No => return Some("no"),
            Word::Waits => CONFIRM_DAYS,
            Word::Yes => VALID_DAYS,
        };
        if said.at + days * DAY_MS <= now {
            return Some("expired");
        }
        if said.said == Word::Waits {
            return Some("pending");
        }
        if let Some(reason) = self.age() {
            return Some(reason);
        }
        if CHANNELS[channel] != "phone" {
            return None;
        }
        match latest(&self.checks) {
            None => Some("reservation_unknown"),
            Some(check) if check.at + CHECK_DAYS * DAY_MS <= now => Some("reservation_stale"),
            Some(check) => check.said.then_some("reserved"),
        }
    }

    /// The same of a purpose. A yes counts for what was asked for when it was given.
    pub fn purpose(&self, purpose: usize, asks_since: i32, now: i64) -> Option<&'static str> {
        let Some(Fact { at, said: (granted, notice), .. }) = latest(&self.choices) else { return Some("never_asked") };
        if !granted[purpose] {
            return Some("no");
        }
        if notice < asks_since {
            return Some("notice_changed");
        }
        if at + CHOICE_DAYS * DAY_MS <= now {
            return Some("expired");
        }
        if PURPOSES[purpose] == "advertising" { self.age() } else { None }
    }
}
