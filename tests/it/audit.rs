//! The audit log: who wrote, exported or erased, and that nothing is done which it cannot hold.

use diesel::RunQueryDsl;
use samtykke::audit;
use serde_json::{Value, json};

use crate::program::{run, samtykke};
use crate::server::{SITE, Server, on_both};

const PERSON: &str = "/v1/sites/shop/people/kari.hemmelig@example.no";

fn yes() -> Value {
    json!({ "channel": "email", "answer": "granted", "source": "kasse" })
}

fn shown(server: &Server, words: &[&str]) -> String {
    let (well, told, wrong) = run(samtykke(&server.database).arg("audit").args(words));
    assert!(well, "{wrong}");
    told
}

/// Actor, site, scope, method, route and status of each row, once so many are answered: that is written a moment after the answer.
fn rows(server: &Server, count: usize, words: &[&str]) -> Vec<Value> {
    let log = || -> Vec<Value> {
        serde_json::from_str(&shown(server, &[&["--format", "json"], words].concat())).expect("JSON")
    };
    crate::clients::until(true, || {
        let rows = log();
        assert!(rows.len() <= count, "{rows:?}");
        rows.len() == count && rows.iter().all(|row| !row["status"].is_null())
    });
    log()
        .iter()
        .map(|row| ["actor", "site", "scope", "method", "route", "status"].map(|name| row[name].clone()).into())
        .collect()
}

on_both!(whoever_writes_or_erases_stands_in_the_log_and_nobody_else, |server| {
    let token = server.token("people:read people:write erase");
    let consents = format!("{PERSON}/consents");
    server.call("POST", &consents, &token, Some(&yes())).expect(201);
    server.call("GET", PERSON, &token, None).expect(200);
    server.call("POST", "/v1/sites/shop/people/lookup", &token, Some(&json!({ "refs": ["k1"] }))).expect(200);
    server.call("POST", &consents, &token, Some(&json!({ "channel": "fax" }))).problem(400, "malformed");
    server.call("DELETE", PERSON, &token, None).expect(200);
    // Who may not do it does not use it.
    server.call("DELETE", PERSON, &server.token("people:read"), None).problem(403, "insufficient-scope");
    server.call("DELETE", PERSON, "none", None).problem(401, "token");
    let route = "/v1/sites/{site}/people/{ref}";
    let to = format!("{route}/consents");
    assert_eq!(
        rows(server, 3, &[]),
        [
            json!(["token:test", "shop", "people:write", "POST", to, 201]),
            json!(["token:test", "shop", "people:write", "POST", to, 400]),
            json!(["token:test", "shop", "erase", "DELETE", route, 200]),
        ]
    );
    let all = shown(server, &["--format", "csv"]);
    assert!(all.starts_with("at,actor,site,scope,method,route,status\n20"), "{all}");
    assert!(!all.contains("hemmelig"), "{all}");
    assert_eq!(shown(server, &[]).lines().count(), 3);
});

on_both!(the_log_is_shown_by_site_actor_and_day, |server| {
    server.database.apply(&SITE.replace("\"shop\"", "\"other\""));
    server.call("POST", &format!("{PERSON}/consents"), &server.token("people:write"), Some(&yes())).expect(201);
    rows(server, 1, &["--site", "shop"]);
    rows(server, 0, &["--site", "other"]);
    rows(server, 1, &["--actor", "token:test"]);
    rows(server, 0, &["--actor", "client:test"]);
    let now = samtykke::serve::now();
    let day = |days: i64| samtykke::day::Day::of(now + days * 86_400_000).to_string();
    rows(server, 1, &["--from", &day(-1), "--to", &day(1)]);
    rows(server, 0, &["--from", &day(1)]);
    rows(server, 0, &["--to", &day(-1)]);
    assert_eq!(shown(server, &["--format", "json", "--to", &day(-1)]), "[]\n");
    let (well, _, wrong) = run(samtykke(&server.database).args(["audit", "--site", "none"]));
    assert!(!well && wrong.contains("there is no site none"), "{wrong}");
});

on_both!(what_the_log_cannot_hold_is_not_done, |server| {
    let token = server.token("people:read people:write erase");
    let consents = format!("{PERSON}/consents");
    server.call("POST", &consents, &token, Some(&yes())).expect(201);
    let change = |sql: &str| {
        diesel::sql_query(sql).execute(&mut server.conn()).expect(sql);
    };
    change("ALTER TABLE audit RENAME TO away");
    let no = json!({ "channel": "email", "answer": "denied", "source": "kasse" });
    server.call("POST", &consents, &token, Some(&no)).problem(503, "unavailable");
    server.call("DELETE", PERSON, &token, None).problem(503, "unavailable");
    let stands = server.call("GET", PERSON, &token, None).expect(200).json();
    assert_eq!((&stands["sequence"], &stands["channels"]["email"]["allowed"]), (&json!(1), &json!(true)));
    change("ALTER TABLE away RENAME TO audit");
    server.call("POST", &consents, &token, Some(&no)).expect(201);
});

on_both!(a_use_is_kept_as_long_as_the_setting_says, |server| {
    server.call("POST", &format!("{PERSON}/consents"), &server.token("people:write"), Some(&yes())).expect(201);
    rows(server, 1, &[]);
    let later = samtykke::serve::now() + 400 * 86_400_000;
    assert_eq!(audit::forget(&mut server.conn(), 401, later).expect("deleted"), 0);
    let (well, told, wrong) = run(samtykke(&server.database).args(["retention", "--keep-audit-days", "1"]));
    assert!(well, "{told}{wrong}");
    rows(server, 1, &[]);
    assert_eq!(audit::forget(&mut server.conn(), 399, later).expect("deleted"), 1);
    rows(server, 0, &[]);
});
