//! Counting without following anybody: what is counted, that it survives, and what is told of it.

use std::time::{Duration, Instant};

use diesel::RunQueryDsl;
use samtykke::config::{Law, Serve};
use samtykke::day::{DAY_MS, Day};
use samtykke::db::Conn;
use samtykke::retention;
use samtykke::serve;
use samtykke::stats::{self, Cell, Column, Counts, Range, Withheld};
use serde_json::{Value, json};

use crate::mmdb::maxmind;
use crate::program::{Process, run, samtykke};
use crate::region_files::{both, file};
use crate::regions::{CALIFORNIAN, NORWEGIAN};
use crate::server::{CONSENTS, Database, ORIGIN, SITE, Server, changed, consent, execute, on_both, settings};
use crate::variants::varied;

const FIRST: &str = "/v1/sites/shop/notice?lang=nb&layer=1";

/// Every figure that is in the table, as `language country layout variant event`, with how often.
fn counted(conn: &mut Conn) -> Vec<(String, i64)> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        cell: String,
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        n: i64,
    }
    let sql = "SELECT language || ' ' || country || ' ' || layout || ' ' || variant || ' ' || event AS cell, n FROM counts \
               ORDER BY cell";
    let rows: Vec<Row> = diesel::sql_query(sql).load(conn).expect("the counts");
    rows.into_iter().map(|row| (row.cell, row.n)).collect()
}

fn figures(expected: &[(&str, i64)]) -> Vec<(String, i64)> {
    expected.iter().map(|(cell, n)| ((*cell).to_owned(), *n)).collect()
}

fn quickly(database: &Database) -> Serve {
    Serve {
        count_ms: 50,
        law: Law { region_db: Some(file(database, &maxmind())), jurisdictions: None },
        trusted_proxies: vec!["127.0.0.1/32".parse().expect("a network")],
        ..settings()
    }
}

/// Waits until the table says so.
fn until(database: &Database, expected: &[(&str, i64)]) {
    let conn = &mut database.parsed().connect().expect("a connection");
    let deadline = Instant::now() + Duration::from_secs(20);
    while counted(conn) != figures(expected) {
        assert!(Instant::now() < deadline, "{:?}", counted(conn));
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn cell(event: &str, language: &str, day: i32) -> Cell {
    Cell {
        site_id: 1,
        day,
        notice: 1,
        language: language.into(),
        country: String::new(),
        layout: "bar".into(),
        variant: String::new(),
        event: event.into(),
    }
}

#[test]
fn what_is_shown_and_answered_is_counted_by_place_language_and_form() {
    both(|database| {
        database.apply(&varied());
        let settings = quickly(&database);
        let server = Server::by(database, settings, serve::now, || 0);
        let from = |address: &'static str| ("x-forwarded-for", address);
        let ask = |path: &str, from| drop(server.send("GET", path, &[from], None).expect(200));
        ask(FIRST, from(NORWEGIAN));
        ask(FIRST, from(NORWEGIAN));
        ask("/v1/sites/shop/notice?lang=en&layer=1", from("203.0.113.9"));
        // What is no question that somebody is about to see.
        ask("/v1/sites/shop/notice?lang=nb", from(NORWEGIAN));
        ask(&format!("{FIRST}&variant=c"), from(NORWEGIAN));
        server.send("HEAD", FIRST, &[from(NORWEGIAN)], None).expect(200);

        let send = |consent: &Value, status| {
            let headers = [("origin", ORIGIN), from(NORWEGIAN)];
            server.send("POST", CONSENTS, &headers, Some(consent.to_string().as_bytes())).expect(status);
        };
        let some = changed(&consent(), "variant", json!("c"));
        send(&some, 201);
        send(&some, 200);
        send(&changed(&some, "page", json!("/other")), 409);
        let taken = changed(&changed(&consent(), "visitor", some["visitor"].clone()), "previous", some["id"].clone());
        let taken = changed(&taken, "choice", json!({ "analytics": "denied", "advertising": "denied" }));
        send(&changed(&taken, "language", Value::Null), 201);
        until(
            &server.database,
            &[(" NO bar  withdrawn", 1), ("en  box b shown", 1), ("nb NO bar c partial", 1), ("nb NO box b shown", 2)],
        );
        // The same again is added, and makes no other row.
        ask(FIRST, from(NORWEGIAN));
        until(
            &server.database,
            &[(" NO bar  withdrawn", 1), ("en  box b shown", 1), ("nb NO bar c partial", 1), ("nb NO box b shown", 3)],
        );
    });
}

#[test]
fn who_is_answered_for_by_a_signal_was_shown_nothing() {
    both(|database| {
        database.apply(SITE);
        let settings = quickly(&database);
        let server = Server::with(database, settings);
        let ask = |address: &str, signal: &str, value: &str| {
            let headers = [("x-forwarded-for", address), (signal, value)];
            server.send("GET", FIRST, &headers, None).expect(200);
        };
        // Binding in California, and where nothing is known; voluntary in Norway, where nothing runs in silence anyway.
        ask(CALIFORNIAN, "sec-gpc", "1");
        ask("203.0.113.9", "sec-gpc", "1");
        ask(NORWEGIAN, "sec-gpc", "1");
        ask(CALIFORNIAN, "sec-gpc", "0");
        // Texas: voluntary, and something runs in silence.
        ask("216.160.83.56", "sec-gpc", "1");
        ask(NORWEGIAN, "dnt", "1");
        until(&server.database, &[("nb NO bar  shown", 1), ("nb US bar  shown", 1)]);
        let database = server.stop();
        database.apply(&SITE.replacen("[[purposes]]", "dnt = false\n\n[[purposes]]", 1));
        let settings = quickly(&database);
        let server = Server::with(database, settings);
        server.send("GET", FIRST, &[("x-forwarded-for", NORWEGIAN), ("dnt", "1")], None).expect(200);
        until(&server.database, &[("nb NO bar  shown", 2), ("nb US bar  shown", 1)]);
    });
}

#[test]
fn a_stop_loses_nothing_and_a_crash_what_was_not_yet_added() {
    for database in [Database::sqlite(), Database::postgres()] {
        database.apply(SITE);
        let start = |count_ms: &str| Process::of(samtykke(&database).env("SAMTYKKE_COUNT_MS", count_ms));
        let ask = |process: &Process, times: usize| {
            for _ in 0..times {
                let answer = process.agent.get(format!("{}{FIRST}", process.base)).call().expect("an answer");
                assert_eq!(answer.status().as_u16(), 200);
            }
        };
        let process = start("3600000");
        ask(&process, 7);
        process.signal("TERM");
        assert!(process.end().0.success());
        until(&database, &[("nb  bar  shown", 7)]);

        let process = start("50");
        ask(&process, 5);
        until(&database, &[("nb  bar  shown", 12)]);
        process.signal("KILL");
        process.end();
        let process = start("3600000");
        ask(&process, 3);
        process.signal("KILL");
        process.end();
        until(&database, &[("nb  bar  shown", 12)]);
    }
}

on_both!(servers_that_share_a_database_add_to_the_same_figures, |server| {
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let (counts, conn) = (Counts::default(), &mut server.conn());
                for i in 0..25 {
                    // Met in another order each time; they are added in one and the same.
                    for j in 0..8 {
                        counts.add(cell("shown", ["nb", "en", "sv", "da"][(i * 3 + j * 5) % 4], 20_000));
                    }
                    counts.flush(conn).expect("added");
                }
            });
        }
    });
    let all = ["da", "en", "nb", "sv"].map(|language| (format!("{language}  bar  shown"), 200));
    assert_eq!(counted(&mut server.conn()), all);
});

on_both!(figures_that_the_database_does_not_take_wait_for_the_next_time, |server| {
    let (counts, conn) = (Counts::default(), &mut server.conn());
    counts.add(cell("shown", "nb", 20_000));
    execute(&server.database.url(), "ALTER TABLE counts RENAME TO away");
    counts.flush(conn).expect_err("there is no such table");
    counts.add(cell("shown", "nb", 20_000));
    counts.add(cell("granted", "nb", 20_000));
    execute(&server.database.url(), "ALTER TABLE away RENAME TO counts");
    let conn = &mut server.conn();
    counts.flush(conn).expect("added");
    counts.flush(conn).expect("nothing more");
    assert_eq!(counted(conn), figures(&[("nb  bar  granted", 1), ("nb  bar  shown", 2)]));
});

on_both!(figures_go_after_two_years_and_some, |server| {
    let (counts, conn) = (Counts::default(), &mut server.conn());
    let today = Day::of(serve::now()).0;
    for (age, language) in [(0, "nb"), (800, "en"), (801, "sv")] {
        counts.add(cell("shown", language, today - age));
    }
    counts.flush(conn).expect("added");
    assert_eq!(retention::old_counts(conn, i64::from(today) * DAY_MS + 1).expect("deleted"), 1);
    assert_eq!(counted(conn), figures(&[("en  bar  shown", 1), ("nb  bar  shown", 1)]));
});

on_both!(a_table_groups_what_was_counted_and_withholds_the_few, |server| {
    let (counts, conn) = (Counts::default(), &mut server.conn());
    let many = |event: &str, language: &str, day: i32, n: usize| {
        (0..n).for_each(|_| counts.add(cell(event, language, day)));
    };
    many("shown", "nb", 20_000, 40);
    many("granted", "nb", 20_000, 10);
    many("refused", "nb", 20_000, 30);
    many("shown", "nb", 20_001, 20);
    many("partial", "nb", 20_001, 12);
    many("shown", "en", 20_001, 9);
    many("granted", "en", 20_001, 9);
    many("shown", "sv", 20_001, 15);
    many("withdrawn", "sv", 20_001, 5);
    counts.flush(conn).expect("added");
    let table = |conn: &mut Conn, range, by: &[Column]| stats::table(conn, 1, range, by, 1000).expect("a table");

    let all = table(conn, Range::default(), &[]);
    let row = all.rows[0].1;
    assert_eq!((all.rows.len(), row.shown, row.granted, row.partial, row.refused), (1, 84, 19, 12, 30));
    assert_eq!((row.share(), all.withheld), (Some(470), Withheld::Nothing));

    let days = table(conn, Range::default(), &[Column::Day]);
    let said: Vec<_> = days.rows.iter().map(|(group, figures)| (group.text(Column::Day), figures.shown)).collect();
    assert_eq!(said, [("2024-10-04".to_owned(), 40), ("2024-10-05".to_owned(), 44)]);

    // en is too few, and would be what the total has above the others.
    let languages = table(conn, Range::default(), &[Column::Language]);
    let said: Vec<_> =
        languages.rows.iter().map(|(group, figures)| (group.text(Column::Language), figures.shown)).collect();
    assert_eq!(said, [("nb".to_owned(), 60)]);
    assert!(matches!(languages.withheld, Withheld::Sum(sum) if (sum.shown, sum.granted, sum.withdrawn) == (24, 9, 5)));

    let range = Range { from: Some(Day(20_000)), to: Some(Day(20_000)) };
    assert_eq!(table(conn, range, &[Column::Language]).rows.len(), 1);
    let later = Range { from: Some(Day(20_002)), to: None };
    assert!(table(conn, later, &[Column::Notice]).rows.is_empty());
    assert!(stats::table(conn, 2, Range::default(), &[], 1).expect("a table").rows.is_empty(), "another site's");
});

#[test]
fn the_figures_are_told_on_the_command_line() {
    for database in [Database::sqlite(), Database::postgres()] {
        database.apply(SITE);
        let counts = Counts::default();
        let many = |event: &str, language: &str, n: usize| {
            (0..n).for_each(|_| counts.add(cell(event, language, 20_000)));
        };
        many("shown", "nb", 30);
        many("granted", "nb", 9);
        many("refused", "nb", 11);
        many("shown", "en", 4);
        counts.flush(&mut database.parsed().connect().expect("a connection")).expect("added");
        let stats = |words: &[&str]| run(samtykke(&database).args(["stats", "shop"]).args(words));
        let (_, told, _) = stats(&[]);
        assert_eq!(
            told,
            "shown  granted  partial  refused  withdrawn  renewed  share\n   34        9        0       11          0        0  \
             0.450\n"
        );
        let (_, told, _) = stats(&["--by", "notice,layout,notice", "--format", "csv"]);
        assert_eq!(
            told,
            "notice,layout,shown,granted,partial,refused,withdrawn,renewed,share\n1,bar,34,9,0,11,0,0,0.450\n"
        );
        let (_, told, _) = stats(&["--by", "language", "--format", "csv"]);
        assert_eq!(
            told.lines().skip(1).collect::<Vec<_>>(),
            ["withheld,34,9,0,11,0,0,0.450"],
            "with two of them, the one would tell the other"
        );
        let (_, told, _) = stats(&["--by", "language"]);
        assert!(told.ends_with("Groups of fewer than 10 are withheld, and as many others as hide them.\n"), "{told}");
        let (_, told, _) = stats(&["--by", "day", "--format", "json"]);
        let told: Value = serde_json::from_str(&told).expect("JSON");
        let row = json!({
            "day": "2024-10-04", "shown": 34, "granted": 9, "partial": 0, "refused": 11, "withdrawn": 0, "renewed": 0,
            "share": 0.45
        });
        assert_eq!(told, json!({ "rows": [row], "withheld": null }));

        execute(&database.url(), "DELETE FROM counts WHERE language = 'nb'");
        let (_, told, _) = stats(&["--format", "json"]);
        let told: Value = serde_json::from_str(&told).expect("JSON");
        assert_eq!(told, json!({ "rows": [], "withheld": { "fewer_than": 10 } }));
        let (_, told, _) = stats(&["--by", "language", "--format", "csv"]);
        assert_eq!(told.lines().nth(1), Some("withheld,,,,,,,"));
        let (well, told, _) = stats(&["--from", "2024-10-05", "--format", "csv"]);
        assert!(well && told.lines().count() == 1, "{told}");

        let (well, _, wrong) = stats(&["--from", "2024-13-01"]);
        assert!(!well && wrong.contains("expected a day such as 2027-02-01"), "{wrong}");
        let (well, _, wrong) = stats(&["--by", "visitor"]);
        assert!(!well && wrong.contains("visitor"), "{wrong}");
        let (well, _, wrong) = run(samtykke(&database).args(["stats", "none"]));
        assert!(!well && wrong.contains("there is no site none"), "{wrong}");
    }
}
