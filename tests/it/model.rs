//! The answers against the model of the [law](crate::law): whatever people say, in whatever order, late, twice or not at all, while
//! time passes and the site changes, the service allows what the model allows, for the same reason.

use std::cell::RefCell;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use diesel::Connection;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use samtykke::change;
use samtykke::config::Serve;
use samtykke::day::{DAY_MS, Day};
use samtykke::db::Conn;
use samtykke::erasure::{self, Reason};
use samtykke::notice;
use samtykke::retention::{self, Keep};
use samtykke::site_file::parse;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::law::{Act, CHANNELS, CHECK_DAYS, CONFIRM_DAYS, KEEP, Known, PURPOSES, REMEMBER_DAYS, VALID_DAYS};
use crate::login_tokens;
use crate::server::{Answer, Database, ORIGIN, PUBLIC, SITE, Server, settings};

/// 2030-01-01T12:00:00Z.
const NOON: i64 = 1_893_499_200_000;
/// The server's own nights come when they come: they find nothing.
const KEEP_ALL: Keep = Keep { keep_consents_days: 36_500, keep_refusals_days: 36_500, keep_audit_days: 36_500 };

fn act() -> impl Strategy<Value = Act> {
    let who = 0..3_usize;
    prop_oneof![
        8 => (who.clone(), prop_oneof![Just(0), 0..3_usize], any::<bool>(), prop_oneof![3 => Just(0), 1 => 0..400_i64])
            .prop_map(|(who, channel, granted, ago)| Act::Say { who, channel, granted, ago }),
        3 => (who.clone(), prop::bool::weighted(0.8)).prop_map(|(who, adult)| Act::Adult { who, adult }),
        2 => (who.clone(), prop::bool::weighted(0.3), 0..30_i64)
            .prop_map(|(who, reserved, ago)| Act::Check { who, reserved, ago }),
        3 => (who.clone(), any::<[bool; 2]>()).prop_map(|(who, granted)| Act::Choose { who, granted }),
        3 => (who.clone(), any::<[bool; 2]>()).prop_map(|(who, granted)| Act::Enter { who, granted }),
        2 => (who.clone(), 0..3_usize, any::<bool>(), 0..400_i64)
            .prop_map(|(who, channel, granted, ago)| Act::Import { who, channel, granted, ago }),
        8 => who.clone().prop_map(|who| Act::Confirm { who }),
        2 => who.clone().prop_map(|who| Act::Unsubscribe { who }),
        1 => who.clone().prop_map(|who| Act::Again { who }),
        1 => who.prop_map(|who| Act::Forget { who }),
        3 => prop_oneof![0..4_i64, 0..40_i64, 150..320_i64].prop_map(|days| Act::Wait { days }),
        2 => Just(Act::Night),
        1 => Just(Act::Reword),
        1 => Just(Act::Announce),
    ]
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
            "[people]\nvalid_days = {VALID_DAYS}\nreservation_days = {CHECK_DAYS}\nadults_only = true\ndouble_opt_in = true\n{}\n\n[texts.nb]\ntitle = \"Kaker {}\"\n\n",
            login_tokens::keys(),
            self.words
        );
        let services = (0..self.services).map(|i| {
            format!(
                "[[services]]\nid = \"p{i}\"\nkind = \"pixel\"\npurpose = \"advertising\"\nurl = \"https://ads.example/p{i}.gif\"\nvendor = \"Ads AS\"\n\n"
            )
        });
        more.extend(services);
        more.extend(
            announced.map(|day| {
                format!("[announcement]\ndate = \"{day}\"\ntext = {{ nb = \"Nytt.\", en = \"News.\" }}\n\n")
            }),
        );
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
        let server = Server::with_clock(database, Serve { keep: KEEP_ALL, ..settings() }, clock);
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
                if granted && CHANNELS[channel] == "email" {
                    self.say_yes_to_mail(act, &names[who], body, ago, &mut people[who]);
                } else {
                    self.write(act, &names[who], "consents", body, &mut people[who]);
                }
            }
            Act::Adult { who, adult } => {
                self.write(act, &names[who], "adult", json!({ "adult": adult }), &mut people[who]);
            }
            Act::Check { who, reserved, ago } => {
                let body = json!({ "checked_at": clock() - ago * DAY_MS, "reserved": reserved });
                self.write(act, &names[who], "reservation", body, &mut people[who]);
            }
            Act::Choose { who, granted } => {
                let body = json!({ "choice": choice(granted), "notice": self.number });
                self.write(act, &names[who], "choice", body, &mut people[who]);
            }
            Act::Enter { who, granted } => self.enter(act, &names[who], granted, &mut people[who]),
            Act::Import { who, .. } => self.import(act, &names[who], &mut people[who]),
            Act::Confirm { who } => self.confirm(act, &mut people[who]),
            Act::Unsubscribe { who } => self.unsubscribe(act, &names[who], &mut people[who]),
            Act::Again { who } => {
                if let Some((path, body)) = &people[who].last {
                    let token = self.server.token("people:write");
                    self.server.call("POST", path, &token, Some(body)).expect(200);
                }
            }
            Act::Forget { who } => {
                let path = format!("/v1/sites/shop/people/{}", names[who]);
                self.server.call("DELETE", &path, &self.server.token("erase"), None).expect(200);
                people[who].forget();
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
            Act::Night => {
                let now = clock();
                retention::run(&mut self.conn, KEEP, now, |conn, site, rows| {
                    conn.transaction(|conn| erasure::rows(conn, site, &rows, Reason::Retention, now))?;
                    Ok(())
                })
                .expect("a night");
                for known in people {
                    known.night(now);
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

    fn write(&self, act: &Act, name: &str, noun: &str, body: Value, known: &mut Known) -> Value {
        let body = signed(body);
        let path = format!("/v1/sites/shop/people/{name}/{noun}");
        let written = self.server.call("POST", &path, &self.server.token("people:write"), Some(&body)).expect(201);
        known.tell(act, clock(), self.number);
        known.last = Some((path, body));
        written.json()
    }

    fn import(&self, act: &Act, name: &str, known: &mut Known) {
        let Act::Import { channel, granted, ago, .. } = *act else { unreachable!("{act:?} imports nothing") };
        let (path, at) = ("/v1/sites/shop/people/import", clock() - ago * DAY_MS);
        let said = json!({ "ref": name, "channel": CHANNELS[channel], "answer": answer(granted), "given_at": at });
        let body = json!([signed(said)]);
        self.server.call("POST", path, &self.server.token("people:write"), Some(&body)).expect(201);
        known.tell(act, clock(), self.number);
        known.last = Some((path.to_owned(), body));
    }

    fn confirm(&self, act: &Act, known: &mut Known) {
        let Some(link) = &known.link else { return };
        let waits = known.waits(clock());
        let status = if waits { 200 } else { 410 };
        self.server.get(link).expect(status);
        let (place, token) = link.split_once('?').expect("a query");
        self.press(place, token).expect(status);
        if waits {
            known.tell(act, clock(), self.number);
        }
    }

    fn unsubscribe(&self, act: &Act, name: &str, known: &mut Known) {
        let path = format!("/v1/sites/shop/people/{name}");
        let found = self.server.call("GET", &path, &self.server.token("people:read"), None).json();
        let header = found["unsubscribe"]["List-Unsubscribe"].as_str();
        assert_eq!(header.is_some(), known.can_unsubscribe(), "{found}");
        let Some(header) = header else { return };
        self.press(header.trim_matches(['<', '>']).strip_prefix(PUBLIC).expect("a link"), "").expect(200);
        known.tell(act, clock(), self.number);
    }

    /// It counts once it is confirmed, unless it repeats one that does, and has to leave the time for that.
    fn say_yes_to_mail(&self, act: &Act, name: &str, body: Value, ago: i64, known: &mut Known) {
        if ago >= CONFIRM_DAYS {
            let path = format!("/v1/sites/shop/people/{name}/consents");
            let body = signed(body);
            let refused = self.server.call("POST", &path, &self.server.token("people:write"), Some(&body));
            assert_eq!(refused.problem(422, "invalid")["field"], "given_at");
            return;
        }
        let written = self.write(act, name, "consents", body, known);
        let link = written["confirm_url"].as_str();
        assert_eq!(link.is_some(), known.was_news() && known.waits(clock()), "{written}");
        if let Some(link) = link {
            known.link = Some(link.strip_prefix(PUBLIC).expect("a link").to_owned());
        }
    }

    /// The page that they come to knows what they chose last, on whatever device, and takes another answer.
    fn enter(&self, act: &Act, name: &str, granted: [bool; 2], known: &mut Known) {
        let token = login_tokens::token(name, clock());
        let post = |path: &str, body: Value| {
            self.server.send("POST", path, &[("origin", ORIGIN)], Some(body.to_string().as_bytes()))
        };
        let page = post("/v1/sites/shop/logins", json!({ "token": token })).expect(200).json();
        let carried = &page["choice"];
        let expected = known.chosen();
        assert_eq!(carried["choice"], expected.map_or(Value::Null, |(granted, _)| choice(granted)), "{page}");
        assert_eq!(carried["notice"], expected.map_or(Value::Null, |(_, notice)| json!(notice)), "{page}");
        let answer = json!({
            "session": page["session"],
            "id": Uuid::now_v7(),
            "notice": self.number,
            "method": "save",
            "choice": choice(granted),
        });
        for status in [201, 200] {
            post("/v1/sites/shop/logins/consents", answer.clone()).expect(status);
        }
        known.tell(act, clock(), self.number);
    }

    fn press(&self, path: &str, form: &str) -> Answer {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.server.send("POST", path, &headers, Some(form.as_bytes()))
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

/// With what every event has: a name of its own, and where it was said.
fn signed(mut body: Value) -> Value {
    body["id"] = json!(Uuid::now_v7());
    body["source"] = json!("kasse");
    body
}

fn choice(granted: [bool; 2]) -> Value {
    json!({ PURPOSES[0]: answer(granted[0]), PURPOSES[1]: answer(granted[1]) })
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
        let config = Config { cases: 40, max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
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
