//! The answers against a model of the law that knows no database: whatever people say, in whatever order, late, twice or not at all, while
//! time passes and the site changes, the service allows what the model allows, for the same reason.

use std::cell::RefCell;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use samtykke::change;
use samtykke::day::{DAY_MS, Day};
use samtykke::db::Conn;
use samtykke::notice;
use samtykke::site_file::parse;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::server::{Database, SITE, Server, settings};

/// 2030-01-01T12:00:00Z.
const NOON: i64 = 1_893_499_200_000;
const CHANNELS: [&str; 3] = ["email", "sms", "phone"];
const PURPOSES: [&str; 2] = ["analytics", "advertising"];
/// As `site` below lays them down.
const VALID_DAYS: i64 = 300;
const CHECK_DAYS: i64 = 20;
const REMEMBER_DAYS: i64 = 200;

/// What may happen. `ago` is in days; people are told apart by a number.
#[derive(Clone, Debug)]
enum Act {
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
    /// The site says the same in other words.
    Reword,
    /// The site announces that it will ask for more, thirty days ahead.
    Announce,
}

fn act() -> impl Strategy<Value = Act> {
    let who = 0..3_usize;
    prop_oneof![
        6 => (who.clone(), 0..3_usize, any::<bool>(), prop_oneof![3 => Just(0), 1 => 0..400_i64])
            .prop_map(|(who, channel, granted, ago)| Act::Say { who, channel, granted, ago }),
        3 => (who.clone(), prop::bool::weighted(0.8)).prop_map(|(who, adult)| Act::Adult { who, adult }),
        2 => (who.clone(), prop::bool::weighted(0.3), 0..30_i64)
            .prop_map(|(who, reserved, ago)| Act::Check { who, reserved, ago }),
        3 => (who.clone(), any::<[bool; 2]>()).prop_map(|(who, granted)| Act::Choose { who, granted }),
        1 => who.clone().prop_map(|who| Act::Again { who }),
        1 => who.prop_map(|who| Act::Forget { who }),
        3 => prop_oneof![0..40_i64, 150..320_i64].prop_map(|days| Act::Wait { days }),
        1 => Just(Act::Reword),
        1 => Just(Act::Announce),
    ]
}

/// Something that was said, when.
#[derive(Clone, Copy)]
struct Fact<T> {
    at: i64,
    said: T,
}

/// What is known of one person, as it was told.
#[derive(Default)]
struct Known {
    channels: [Vec<Fact<bool>>; 3],
    adult: Vec<Fact<bool>>,
    /// Whether they are in the register, and when it was looked up.
    checks: Vec<Fact<bool>>,
    choices: Vec<Fact<([bool; 2], i32)>>,
    /// Where the last was sent, and what; and what it says.
    last: Option<(String, Value, Act)>,
}

/// The word that counts: of those given at one time, the one that was told last.
fn latest<T: Copy>(facts: &[Fact<T>]) -> Option<Fact<T>> {
    facts.iter().max_by_key(|fact| fact.at).copied()
}

/// The law, in the words of the README: nothing is allowed but by a yes, and the first of these reasons stands against it.
impl Known {
    fn tell(&mut self, act: &Act, at: i64, notice: i32) {
        match *act {
            Act::Say { channel, granted, ago, .. } => {
                self.channels[channel].push(Fact { at: at - ago * DAY_MS, said: granted });
            }
            Act::Adult { adult, .. } => self.adult.push(Fact { at, said: adult }),
            Act::Check { reserved, ago, .. } => self.checks.push(Fact { at: at - ago * DAY_MS, said: reserved }),
            Act::Choose { granted, .. } => self.choices.push(Fact { at, said: (granted, notice) }),
            _ => unreachable!("nothing is told by {act:?}"),
        }
    }

    fn age(&self) -> Option<&'static str> {
        match latest(&self.adult).map(|fact| fact.said) {
            Some(true) => None,
            Some(false) => Some("minor"),
            None => Some("adult_unknown"),
        }
    }

    /// Why a channel may not be used; nothing where it may.
    fn channel(&self, channel: usize, now: i64) -> Option<&'static str> {
        let Some(said) = latest(&self.channels[channel]) else { return Some("never_asked") };
        if !said.said {
            return Some("no");
        }
        if said.at + VALID_DAYS * DAY_MS <= now {
            return Some("expired");
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
    fn purpose(&self, purpose: usize, asks_since: i32, now: i64) -> Option<&'static str> {
        let Some(Fact { at, said: (granted, notice) }) = latest(&self.choices) else { return Some("never_asked") };
        if !granted[purpose] {
            return Some("no");
        }
        if notice < asks_since {
            return Some("notice_changed");
        }
        if at + REMEMBER_DAYS * DAY_MS <= now {
            return Some("expired");
        }
        if PURPOSES[purpose] == "advertising" { self.age() } else { None }
    }
}

static CLOCK: AtomicI64 = AtomicI64::new(NOON);

fn clock() -> i64 {
    CLOCK.load(Ordering::SeqCst)
}

/// The site after so many changes: what it asks for, and in which words.
#[derive(Clone, Copy)]
struct Text {
    services: i32,
    words: i32,
}

impl Text {
    fn file(self, announced: Option<Day>) -> String {
        let mut more = format!(
            "[people]\nvalid_days = {VALID_DAYS}\nreservation_days = {CHECK_DAYS}\nadults_only = true\n\n[texts.nb]\ntitle = \"Kaker {}\"\n\n",
            self.words
        );
        for i in 0..self.services {
            more += &format!(
                "[[services]]\nid = \"p{i}\"\nkind = \"pixel\"\npurpose = \"advertising\"\nurl = \"https://ads.example/p{i}.gif\"\nvendor = \"Ads AS\"\n\n"
            );
        }
        if let Some(day) = announced {
            more += &format!("[announcement]\ndate = \"{day}\"\ntext = {{ nb = \"Nytt.\", en = \"News.\" }}\n\n");
        }
        SITE.replace("languages", &format!("remember_days = {REMEMBER_DAYS}\nlanguages"))
            .replace("[contact]", &format!("{more}[contact]"))
    }
}

/// A server, and what the model knows of its site.
struct World {
    server: Server,
    conn: Conn,
    text: Text,
    /// What the site will be, and from which day on.
    ahead: Option<(Text, Day)>,
    /// The notice that stands, and the oldest whose answers cover all that it asks for.
    number: i32,
    asks_since: i32,
    /// Sequences so far: each is about people of its own.
    turn: usize,
}

impl World {
    fn new(database: Database) -> Self {
        CLOCK.store(NOON, Ordering::SeqCst);
        let text = Text { services: 0, words: 0 };
        let mut conn = database.parsed().open().expect("a connection");
        samtykke::db::migrate(&mut conn).expect("migrations");
        change::apply(&mut conn, &parse(&text.file(None)).expect("a site file"), NOON).expect("applied");
        let server = Server::with_clock(database, settings(), clock);
        Self { server, conn, text, ahead: None, number: 1, asks_since: 1, turn: 0 }
    }

    fn play(&mut self, acts: &[Act]) {
        self.turn += 1;
        let turn = self.turn;
        let names = [format!("kari{turn}@example.no"), format!("+47912{turn:05}"), format!("kunde-{turn}")];
        let mut people: [Known; 3] = Default::default();
        for act in acts {
            self.take(act, &names, &mut people);
            self.compare(act, &names, &people);
        }
    }

    fn take(&mut self, act: &Act, names: &[String; 3], people: &mut [Known; 3]) {
        match *act {
            Act::Say { who, channel, granted, ago } => {
                let mut body = json!({ "channel": CHANNELS[channel], "answer": answer(granted) });
                if ago > 0 {
                    body["given_at"] = json!(clock() - ago * DAY_MS);
                }
                self.write(act, &names[who], "consents", body, &mut people[who]);
            }
            Act::Adult { who, adult } => {
                self.write(act, &names[who], "adult", json!({ "adult": adult }), &mut people[who]);
            }
            Act::Check { who, reserved, ago } => {
                let body = json!({ "checked_at": clock() - ago * DAY_MS, "reserved": reserved });
                self.write(act, &names[who], "reservation", body, &mut people[who]);
            }
            Act::Choose { who, granted } => {
                let choice = json!({ PURPOSES[0]: answer(granted[0]), PURPOSES[1]: answer(granted[1]) });
                let body = json!({ "choice": choice, "notice": self.number });
                self.write(act, &names[who], "choice", body, &mut people[who]);
            }
            Act::Again { who } => {
                if let Some((path, body, _)) =
                    people[who].last.as_ref().filter(|(_, body, _)| !body["notice"].is_null())
                {
                    let token = self.server.token("people:write");
                    self.server.call("POST", path, &token, Some(body)).expect(200);
                }
            }
            Act::Forget { who } => {
                let path = format!("/v1/sites/shop/people/{}", names[who]);
                self.server.call("DELETE", &path, &self.server.token("erase"), None).expect(200);
                people[who] = Known::default();
            }
            Act::Wait { days } => {
                CLOCK.fetch_add(days * DAY_MS, Ordering::SeqCst);
                if let Some((text, _)) = self.ahead.take_if(|(_, day)| *day <= Day::of(clock())) {
                    change::take_effect(&mut self.conn, "shop", clock()).expect("a turn");
                    self.text = text;
                    self.published();
                    self.asks_since = self.number;
                }
            }
            Act::Reword => {
                if self.ahead.is_none() {
                    self.text.words += 1;
                    let file = parse(&self.text.file(None)).expect("a site file");
                    change::apply(&mut self.conn, &file, clock()).expect("applied");
                    self.published();
                }
            }
            Act::Announce => {
                if self.ahead.is_none() {
                    let (day, next) =
                        (Day(Day::of(clock()).0 + 30), Text { services: self.text.services + 1, ..self.text });
                    let file = parse(&next.file(Some(day))).expect("a site file");
                    change::announce(&mut self.conn, &file, clock()).expect("announced");
                    self.ahead = Some((next, day));
                    self.published();
                }
            }
        }
    }

    fn write(&self, act: &Act, name: &str, noun: &str, mut body: Value, known: &mut Known) {
        body["id"] = json!(Uuid::now_v7());
        body["source"] = json!("kasse");
        let path = format!("/v1/sites/shop/people/{name}/{noun}");
        self.server.call("POST", &path, &self.server.token("people:write"), Some(&body)).expect(201);
        known.tell(act, clock(), self.number);
        if !body["channel"].is_null() {
            // What goes without the number of a notice is about the one that stands.
            body["notice"] = json!(self.number);
        }
        known.last = Some((path, body, act.clone()));
    }

    /// Waits until the server shows what the database has.
    fn published(&mut self) {
        self.number = notice::latest(&mut self.conn, 1).expect("a notice").number;
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.server.get("/v1/sites/shop/notice?lang=nb").expect(200).json()["notice"] != self.number {
            assert!(Instant::now() < deadline, "notice {} is not shown", self.number);
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn compare(&self, act: &Act, names: &[String; 3], people: &[Known; 3]) {
        let token = self.server.token("people:read");
        let asked = json!({ "refs": names });
        let found = self.server.call("POST", "/v1/sites/shop/people/lookup", &token, Some(&asked)).expect(200).json();
        let now = clock();
        for (who, known) in people.iter().enumerate() {
            let found = &found["people"][who];
            for (i, channel) in CHANNELS.iter().enumerate() {
                let law = known.channel(i, now);
                agree(&found["channels"][channel], law, &format!("after {act:?}: {channel} of {}", names[who]));
            }
            for (i, purpose) in PURPOSES.iter().enumerate() {
                let law = known.purpose(i, self.asks_since, now);
                agree(&found["purposes"][purpose], law, &format!("after {act:?}: {purpose} of {}", names[who]));
            }
        }
    }
}

fn answer(granted: bool) -> &'static str {
    if granted { "granted" } else { "denied" }
}

/// A no is a no, whether a yes came before it or not.
fn agree(found: &Value, law: Option<&str>, what: &str) {
    let reason = found["reason"].as_str().map(|reason| match reason {
        "denied" | "withdrawn" => "no",
        reason => reason,
    });
    assert_eq!((&found["allowed"], reason), (&json!(law.is_none()), law), "{what}: {found}");
}

/// One test for both engines: they share the clock.
#[test]
fn whatever_people_say_the_answers_are_those_of_the_law() {
    for database in [Database::sqlite(), Database::postgres()] {
        let world = RefCell::new(World::new(database));
        let config = Config { cases: 24, max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
        let outcome = runner.run(&prop::collection::vec(act(), 1..40), |acts| {
            world.borrow_mut().play(&acts);
            Ok(())
        });
        if let Err(e) = outcome {
            panic!("{e}");
        }
    }
}
