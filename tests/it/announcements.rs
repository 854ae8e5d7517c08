//! Changes that are announced: how long before, what is said until then, and that they come by themselves.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use samtykke::change::{self, Announced};
use samtykke::day::{DAY_MS, Day};
use samtykke::db;
use samtykke::db::Conn;
use samtykke::site::Applied;
use samtykke::site_file::{Parsed, parse};
use serde_json::{Value, json};

use crate::server::{Database, SITE, Server, changed, consent, settings};

/// 2030-01-01T12:00:00Z.
const NOON: i64 = 1_893_499_200_000;
const ADVERTS: &str = "[[services]]\nid = \"p\"\nkind = \"pixel\"\npurpose = \"advertising\"\nurl = \"https://ads.example/p.gif\"\nvendor = \"Ads AS\"\n";

fn on_each(check: impl Fn(&Database, &mut Conn)) {
    for database in [Database::sqlite(), Database::postgres()] {
        let mut conn = database.parsed().open().expect("a connection");
        db::migrate(&mut conn).expect("migrations");
        check(&database, &mut conn);
    }
}

fn file(text: &str) -> Parsed {
    parse(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// The file with an announcement of this day, and more of its lines.
fn told(text: &str, date: &str, more: &str) -> String {
    let table =
        format!("[announcement]\ndate = \"{date}\"\n{more}\ntext = {{ nb = \"Nytt.\", en = \"News.\" }}\n\n[contact]");
    text.replace("[contact]", &table)
}

/// With one service more.
fn more() -> String {
    SITE.replace("[contact]", &format!("{ADVERTS}\n[contact]"))
}

/// Only said better.
fn better() -> String {
    SITE.replace("[contact]", "[texts.nb]\ntitle = \"Kaker\"\n\n[contact]")
}

fn apply(conn: &mut Conn, text: &str, now: i64) -> Applied {
    change::apply(conn, &file(text), now).unwrap_or_else(|e| panic!("{e}"))
}

fn not_applied(conn: &mut Conn, text: &str, now: i64) -> String {
    change::apply(conn, &file(text), now).expect_err("it is refused").to_string()
}

fn announce(conn: &mut Conn, text: &str, now: i64) -> Announced {
    change::announce(conn, &file(text), now).unwrap_or_else(|e| panic!("{e}"))
}

fn not_announced(conn: &mut Conn, text: &str, now: i64) -> String {
    change::announce(conn, &file(text), now).expect_err("it is refused").to_string()
}

/// What visitors are shown now.
fn shown(conn: &mut Conn) -> samtykke::notice::Notice {
    samtykke::notice::latest(conn, 1).expect("a notice")
}

#[test]
fn a_material_change_is_announced_thirty_days_ahead_and_any_other_a_day() {
    on_each(|_, conn| {
        let first = told(&more(), "2030-01-31", "");
        assert!(not_announced(conn, &first, NOON).contains("there is no site shop yet"));
        apply(conn, SITE, NOON);
        for date in ["2030-01-30", "2030-01-01", "2029-01-01"] {
            let refused = not_announced(conn, &told(&more(), date, ""), NOON);
            assert!(refused.contains("30 days ahead: the first possible day is 2030-01-31"), "{refused}");
        }
        assert!(not_announced(conn, &first, NOON + DAY_MS / 2).contains("2030-02-01"), "the day is that of UTC");
        for date in ["2030-01-01", "2029-12-31"] {
            let refused = not_announced(conn, &told(&better(), date, ""), NOON);
            assert!(refused.contains("the first possible day is 2030-01-02"), "{refused}");
        }
        let refused = not_announced(conn, &told(&better(), "2030-01-02", "material = true"), NOON);
        assert!(refused.contains("the first possible day is 2030-01-31"), "{refused}");
        let refused = not_announced(conn, &told(&more(), "2030-03-01", "material = false"), NOON);
        assert!(refused.contains("announcement.material: this is a material change: it asks for"), "{refused}");
        assert!(not_announced(conn, &more(), NOON).contains("expected an [announcement]"));
        assert!(not_announced(conn, &told(SITE, "2030-03-01", ""), NOON).contains("nothing in this file changes"));
        assert_eq!(shown(conn).number, 1, "what is refused changes nothing");

        let text_only = announce(conn, &told(&better(), "2030-01-02", ""), NOON);
        assert_eq!((text_only.material, text_only.notice), (false, 2));
        change::cancel(conn, "shop", text_only.id, NOON).expect("cancelled");
        let material = announce(conn, &first, NOON + DAY_MS / 2 - 1);
        assert_eq!((material.material, material.day), (true, Day::of(NOON + 30 * DAY_MS)));
    });
}

#[test]
fn material_is_what_takes_more_or_gives_it_to_somebody_else() {
    let reasons = |from: &str, to: &str| {
        let text = SITE.replacen(from, to, 1);
        assert_ne!(text, SITE, "{from} is there");
        samtykke::material::reasons(&file(SITE).content, &file(&text).content).join(", ")
    };
    let check = |from: &str, to: &str, expected: &str| {
        let found = reasons(from, to);
        assert!(found.contains(expected) && !expected.is_empty(), "{to}: {found:?} should say {expected:?}");
    };
    check("[[services]]", "[[purposes]]\nid = \"preferences\"\n\n[[services]]", "it asks for");
    check("[contact]", &format!("{ADVERTS}\n[contact]"), "it asks for");
    check("purpose = \"analytics\"", "purpose = \"advertising\"", "it asks for");
    check("kind = \"ga4\"", "kind = \"ga4\"\nvendor = \"X\"", "another vendor");
    check("kind = \"ga4\"", "kind = \"ga4\"\ncountry = \"CN\"", "another vendor or country");
    let quiet = ADVERTS.replace("advertising", "necessary");
    check("[contact]", &format!("{quiet}\n[contact]"), "another vendor");
    check("Butikken AS", "Nettbutikken AS", "somebody else answers");
    check("/personvern\"", "/personvern-2\"", "the policy has another address");
    check("languages", "remember_days = 365\nlanguages", "answers are kept");
    for (from, to) in [
        ("[contact]", "[texts.nb]\ntitle = \"Kaker\"\n\n[contact]"),
        ("[contact]", "[look]\nlayout = \"box\"\n\n[contact]"),
        ("name = \"Butikken\"", "name = \"Nettbutikken\""),
        ("[\"nb\", \"en\"]", "[\"nb\", \"en\", \"de\"]"),
        ("Storgata 1", "Storgata 2"),
        ("\n[[purposes]]\nid = \"advertising\"\n", ""),
    ] {
        assert_eq!(reasons(from, to), "", "{to}");
    }
}

#[test]
fn what_is_announced_is_in_the_notice_until_its_day_and_takes_effect_once() {
    on_each(|database, conn| {
        apply(conn, SITE, NOON);
        let next = told(&more(), "2030-01-31", "");
        announce(conn, &next, NOON);
        let told = shown(conn);
        assert_eq!((told.number, told.asks_since), (2, 1), "nobody is asked anew for being told");
        let content = told.content().expect("content");
        assert!(content.announcement.is_some() && content.services.len() == 1);

        let midnight = NOON + 30 * DAY_MS - DAY_MS / 2;
        assert!(!change::take_effect(conn, "shop", midnight - 1).expect("no error"));
        assert!(!change::take_effect(conn, "nobody", midnight).expect("no error"));
        // However many servers there are and however late they come.
        let came: usize = std::thread::scope(|scope| {
            let turns: Vec<_> = (0..4)
                .map(|_| {
                    let mut conn = database.parsed().connect().expect("a connection");
                    scope.spawn(move || change::take_effect(&mut conn, "shop", midnight + 9 * DAY_MS).expect("a turn"))
                })
                .collect();
            turns.into_iter().map(|turn| usize::from(turn.join().expect("no panic"))).sum()
        });
        assert_eq!(came, 1);
        let now = shown(conn);
        assert_eq!((now.number, now.asks_since), (3, 3), "a new service needs a new yes");
        assert_eq!(now.content().expect("content").services.len(), 2);
        assert_eq!(apply(conn, &next, midnight + 9 * DAY_MS), Applied::Unchanged { notice: 3 }, "it is the file");
    });
}

#[test]
fn a_better_text_that_takes_effect_asks_nobody_anew() {
    on_each(|_, conn| {
        apply(conn, SITE, NOON);
        announce(conn, &told(&better(), "2030-01-02", ""), NOON);
        assert!(change::take_effect(conn, "shop", NOON + DAY_MS).expect("a turn"));
        let now = shown(conn);
        assert_eq!((now.number, now.asks_since), (3, 1));
        assert_eq!(now.content().expect("content").texts["nb"]["title"], "Kaker");
    });
}

#[test]
fn another_file_that_is_applied_meanwhile_leaves_it_announced() {
    on_each(|_, conn| {
        apply(conn, SITE, NOON);
        let next = told(&more(), "2030-01-31", "");
        let id = announce(conn, &next, NOON).id;
        assert_eq!(apply(conn, SITE, NOON), Applied::Unchanged { notice: 2 });
        assert_eq!(apply(conn, &better(), NOON), Applied::Published { notice: 3 });
        assert!(shown(conn).content().expect("content").announcement.is_some());
        let ahead = Applied::Ahead { notice: 3, day: Day::of(NOON + 30 * DAY_MS) };
        assert_eq!(apply(conn, &next, NOON), ahead, "the announced one does not come before its day");

        let moved = next.replace("Storgata 1", "Storgata 2");
        assert!(not_applied(conn, &moved, NOON).contains("`samtykke site announce` puts this one in its place"));
        let other = told(SITE, "2030-04-01", "");
        assert!(not_applied(conn, &other, NOON).contains("announced for 2030-01-31 already (announcement 1)"));
        assert!(not_announced(conn, &told(&more(), "2030-04-01", ""), NOON).contains("cancel it first"));

        // A correction keeps the day, as long as it takes no more than was announced.
        let late = NOON + 29 * DAY_MS;
        let corrected = announce(conn, &moved, late);
        assert!(corrected.corrected && corrected.id == id);
        let elsewhere = moved.replace("Ads AS", "Other Ads AS");
        assert!(not_announced(conn, &elsewhere, late).contains("is something else: it asks for"));
        let came = late + DAY_MS;
        assert_eq!(apply(conn, &moved, came), Applied::Unchanged { notice: 4 }, "it came before it was applied");
        assert!(change::cancel(conn, "shop", id, came).is_err(), "it is in effect");
    });
}

#[test]
fn what_is_cancelled_is_not_said_any_more_and_never_comes() {
    on_each(|_, conn| {
        apply(conn, SITE, NOON);
        let id = announce(conn, &told(&more(), "2030-01-31", ""), NOON).id;
        assert!(change::cancel(conn, "shop", id + 1, NOON).is_err());
        assert!(change::cancel(conn, "nobody", id, NOON).is_err());
        assert_eq!(change::cancel(conn, "shop", id, NOON).expect("cancelled"), 3);
        assert!(change::cancel(conn, "shop", id, NOON).is_err(), "once");
        assert!(shown(conn).content().expect("content").announcement.is_none());
        assert!(!change::take_effect(conn, "shop", NOON + 99 * DAY_MS).expect("no error"));
        assert_eq!(apply(conn, SITE, NOON), Applied::Unchanged { notice: 3 });
    });
}

#[test]
fn a_file_tells_of_what_changes_elsewhere_and_as_long_before() {
    on_each(|_, conn| {
        let soon = told(SITE, "2030-01-30", "");
        assert_eq!(apply(conn, &soon, NOON), Applied::Published { notice: 1 }, "a new site has nobody to tell");
        assert_eq!(apply(conn, SITE, NOON), Applied::Published { notice: 2 }, "it goes with the file");
        let refused = not_applied(conn, &soon, NOON);
        assert!(refused.contains("(unless the file says material = false)"), "{refused}");
        assert!(refused.contains("the first possible day is 2030-01-31"), "{refused}");
        let no_matter = told(SITE, "2030-01-02", "material = false");
        assert_eq!(apply(conn, &no_matter, NOON), Applied::Published { notice: 3 });
        let in_time = told(SITE, "2030-01-31", "");
        assert_eq!(apply(conn, &in_time, NOON), Applied::Published { notice: 4 });
        let late = NOON + 29 * DAY_MS;
        assert_eq!(apply(conn, &in_time, late), Applied::Unchanged { notice: 4 }, "the same again later is the same");
        let reworded = in_time.replace("News.", "Other news.");
        assert!(not_applied(conn, &reworded, late).contains("the first possible day is 2030-03-01"));
        assert!(change::take_effect(conn, "shop", NOON + 30 * DAY_MS).expect("a turn"));
        assert_eq!(apply(conn, &in_time, NOON + 40 * DAY_MS), Applied::Unchanged { notice: 4 }, "over, and still good");
    });
}

#[test]
fn a_site_that_promised_to_tell_first_changes_nothing_material_by_mistake() {
    on_each(|_, conn| {
        let promised = |text: &str| text.replace("languages", "announce_days = 60\nlanguages");
        apply(conn, &promised(SITE), NOON);
        let refused = not_applied(conn, &promised(&more()), NOON);
        assert!(refused.contains("(it asks for a purpose, a service or a vendor more"), "{refused}");
        assert!(refused.contains("60 days ahead") && refused.contains("site announce"), "{refused}");
        assert!(not_applied(conn, &more(), NOON).contains("60 days"), "the promise is not taken back in passing");
        assert_eq!(apply(conn, &promised(&better()), NOON), Applied::Published { notice: 2 });
        let next = |date| told(&promised(&more()), date, "");
        assert!(not_announced(conn, &next("2030-03-01"), NOON).contains("the first possible day is 2030-03-02"));
        announce(conn, &next("2030-03-02"), NOON);
        assert!(change::take_effect(conn, "shop", NOON + 60 * DAY_MS).expect("a turn"));
        let fewer = promised(SITE).replace("Butikken AS", "Nettbutikken AS");
        let now = NOON + 61 * DAY_MS;
        assert!(change::apply(conn, &file(&fewer), now).is_err());
        let applied = change::apply_without_notice(conn, &file(&fewer), now).expect("applied");
        assert_eq!(applied, Applied::Published { notice: 5 });
    });
    let wrong = parse(&SITE.replace("languages", "announce_days = 29\nlanguages")).err().expect("wrong").to_string();
    assert!(wrong.contains("announce_days: expected 30 to 365 days"), "{wrong}");
}

static CLOCK: AtomicI64 = AtomicI64::new(0);

fn clock() -> i64 {
    CLOCK.load(Ordering::SeqCst)
}

fn eventually(what: &str, check: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !check() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_server_tells_whoever_asks_and_changes_on_the_day_also_after_a_pause() {
    for database in [Database::sqlite(), Database::postgres()] {
        CLOCK.store(NOON, Ordering::SeqCst);
        let mut conn = database.parsed().open().expect("a connection");
        db::migrate(&mut conn).expect("migrations");
        apply(&mut conn, SITE, NOON);
        let server = Server::with_clock(database, settings(), clock);
        server.post(&consent()).expect(201);
        announce(&mut conn, &told(&more(), "2030-01-31", ""), NOON);
        let notice = |server: &Server| server.get("/v1/sites/shop/notice?lang=en").expect(200).json();
        eventually("it is said", || notice(&server)["announcement"]["date"] == "2030-01-31");
        let said = notice(&server)["announcement"]["text"].clone();
        assert_eq!(said, "The privacy policy changes on January 31, 2030. News.");
        let listed = |server: &Server| {
            let token = server.token("people:read");
            server.call("GET", "/v1/sites/shop/announcements", &token, None).expect(200).json()
        };
        let made = json!({
            "id": 1, "date": "2030-01-31", "material": true, "text": { "nb": "Nytt.", "en": "News." }, "notice": 2,
            "policy_url": { "nb": "https://www.example.no/personvern", "en": "https://www.example.no/personvern" },
            "announced_at": NOON,
        });
        let nobody = json!({ "email": 0, "sms": 0, "phone": 0 });
        assert_eq!(listed(&server), json!({ "announcements": [made], "people": nobody }));

        CLOCK.store(NOON + 30 * DAY_MS, Ordering::SeqCst);
        eventually("it comes by itself", || notice(&server)["notice"] == 3);
        server.post(&changed(&consent(), "notice", json!(3))).expect(201);
        assert!(notice(&server)["announcement"].is_null());
        assert_eq!(listed(&server)["announcements"][0]["effective_at"], NOON + 30 * DAY_MS);

        let back = told(SITE, "2030-03-02", "").replace("Butikken AS", "Nettbutikken AS");
        announce(&mut conn, &back, NOON + 30 * DAY_MS);
        drop(conn);
        let database = server.stop();
        CLOCK.store(NOON + 365 * DAY_MS, Ordering::SeqCst);
        let server = Server::with_clock(database, settings(), clock);
        eventually("late is better than never", || notice(&server)["notice"] == 5);
        assert_eq!(listed(&server)["announcements"][0]["effective_at"], NOON + 365 * DAY_MS);
    }
}

crate::server::on_both!(whom_to_tell_is_counted_for_whoever_may_read_of_people, |server| {
    let path = "/v1/sites/shop/announcements";
    server.get(path).problem(401, "token");
    server.call("GET", path, &server.token("people:write"), None).problem(403, "insufficient-scope");
    let token = server.token("people:read people:write");
    let say = |named: &str, channel: &str, answer: &str| {
        let body = json!({ "channel": channel, "answer": answer, "source": "kasse" });
        server.call("POST", &format!("/v1/sites/shop/people/{named}/consents"), &token, Some(&body)).expect(201);
    };
    for (named, channel, answer) in [
        ("a", "email", "granted"),
        ("b", "email", "granted"),
        ("b", "sms", "granted"),
        ("c", "email", "granted"),
        ("c", "email", "denied"),
        ("d", "phone", "granted"),
    ] {
        say(named, channel, answer);
    }
    let minor = json!({ "adult": false, "source": "skjema" });
    server.call("POST", "/v1/sites/shop/people/a/adult", &token, Some(&minor)).expect(201);
    let listed = server.call("GET", path, &token, None).expect(200).json();
    let expected = json!({ "announcements": [], "people": { "email": 1, "sms": 1, "phone": 0 } });
    assert_eq!(listed, expected, "a minor, a no and a call without a look into the register do not count");
    let other = SITE.replace("\"shop\"", "\"other\"");
    server.database.apply(&other);
    eventually("it is there", || server.get("/v1/sites/other/notice").status == 200);
    server.call("GET", "/v1/sites/other/announcements", &token, None).problem(403, "wrong-site");
});

crate::server::on_both!(every_notice_can_be_read_by_its_number_for_ever, |server| {
    let receipt = server.post(&consent()).expect(201).json();
    server.database.apply(&better());
    eventually("it is there", || server.get("/v1/sites/shop/notice").json()["notice"] == 2);
    let listed = server.get("/v1/sites/shop/notices").expect(200).json();
    let numbers: Vec<&Value> = listed["notices"].as_array().expect("a list").iter().map(|one| &one["number"]).collect();
    assert_eq!(numbers, [&json!(1), &json!(2)]);
    let hash = receipt["record"]["notice"]["hash"].as_str().expect("a hash");
    assert_eq!((&listed["notices"][0]["hash"], &listed["notices"][1]["asks_since"]), (&json!(hash), &json!(1)));

    let one = server.get("/v1/sites/shop/notices/1").expect(200);
    assert_eq!(samtykke::hash::hex(&samtykke::hash::sha256(&one.body)), hash, "the bytes that a receipt names");
    let tag = format!("\"{hash}\"");
    assert_eq!((one.header("etag"), one.header("access-control-allow-origin")), (tag.as_str(), "*"));
    assert_eq!(one.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(one.json()["controller"], "Butikken AS");
    let again = server.send("GET", "/v1/sites/shop/notices/1", &[("if-none-match", &tag)], None).expect(304);
    assert!(again.body.is_empty());
    for number in ["3", "0", "-1", "x", "99999999999"] {
        server.get(&format!("/v1/sites/shop/notices/{number}")).problem(404, "not-found");
    }
    server.get("/v1/sites/none/notices/1").problem(404, "unknown-site");
});
