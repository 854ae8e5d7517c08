//! The figures of a site by the API: the same as on the command line, to who may ask, and with nothing that is about a few.

use diesel::RunQueryDsl;
use samtykke::stats::{Cell, Counts};
use serde_json::{Value, json};

use crate::program::{run, samtykke};
use crate::server::{Answer, SITE, Server, on_both};

const STATS: &str = "/v1/sites/shop/stats";

/// As often as it says, on a day, in a language: shown.
fn shown(server: &Server, site_id: i32, cells: &[(i32, &str, usize)]) {
    let counts = Counts::default();
    for (day, language, n) in cells {
        for _ in 0..*n {
            counts.add(Cell {
                site_id,
                day: *day,
                notice: 1,
                language: (*language).into(),
                country: "NO".into(),
                layout: "bar".into(),
                variant: String::new(),
                event: "shown".into(),
            });
        }
    }
    counts.flush(&mut server.conn()).expect("added");
}

fn ask(server: &Server, query: &str, accept: &str) -> Answer {
    let bearer = format!("Bearer {}", server.token("stats"));
    let mut headers = vec![("authorization", bearer.as_str())];
    if !accept.is_empty() {
        headers.push(("accept", accept));
    }
    server.send("GET", &format!("{STATS}{query}"), &headers, None)
}

on_both!(the_figures_are_those_of_the_command_line, |server| {
    shown(
        server,
        1,
        &[(20_000, "nb", 30), (20_001, "nb", 14), (20_001, "en", 12), (20_001, "sv", 3), (20_001, "da", 4)],
    );
    for (query, words) in [
        ("", vec![]),
        ("?by=", vec![]),
        ("?by=day", vec!["--by", "day"]),
        ("?by=language,day,language", vec!["--by", "language,day,language"]),
        ("?by=notice,country,layout,variant", vec!["--by", "notice,country,layout,variant"]),
        ("?from=2024-10-05&by=language", vec!["--from", "2024-10-05", "--by", "language"]),
        ("?to=2024-10-04&by=language", vec!["--to", "2024-10-04", "--by", "language"]),
        ("?from=2027-01-01", vec!["--from", "2027-01-01"]),
    ] {
        let told = |format: &str| {
            let (well, told, wrong) =
                run(samtykke(&server.database).args(["stats", "shop", "--format", format]).args(&words));
            assert!(well, "{wrong}");
            told
        };
        let json = ask(server, query, "").expect(200);
        assert_eq!(json.json(), serde_json::from_str::<Value>(&told("json")).expect("JSON"), "{query}");
        assert_eq!((json.header("content-type"), json.header("vary")), ("application/json", "Accept"));
        let csv = ask(server, query, "text/csv").expect(200);
        assert_eq!(csv.text(), told("csv"), "{query}");
        assert!(csv.header("content-type").starts_with("text/csv; charset=utf-8"));
    }
    // sv and da are too few; with nb they are not, and nb would tell them.
    let told = ask(server, "?by=language&from=2024-10-05", "").expect(200).json();
    let languages: Vec<&Value> = told["rows"].as_array().expect("a list").iter().map(|row| &row["language"]).collect();
    assert_eq!(languages, ["nb"], "{told}");
    assert_eq!(told["withheld"]["shown"], 19);
});

on_both!(the_form_is_the_one_that_is_named_or_else_liked_better, |server| {
    let check = |query: &str, accept: &str, expected: &str| {
        let answer = ask(server, query, accept).expect(200);
        assert!(answer.header("content-type").starts_with(expected), "{query} {accept}");
    };
    check("", "*/*", "application/json");
    check("", "text/html, text/csv;q=0.9, */*;q=0.1", "text/csv");
    check("", "text/csv;q=0.5, application/json", "application/json");
    check("", "image/png", "application/json");
    check("", "nonsense", "application/json");
    check("?format=csv", "application/json", "text/csv");
    check("?format=json", "text/csv", "application/json");
    server.call("HEAD", STATS, &server.token("stats"), None).expect(200);
});

on_both!(figures_are_told_to_who_may_ask_for_them, |server| {
    server.database.apply(&SITE.replace("\"shop\"", "\"other\""));
    crate::clients::until(200, || server.get("/v1/sites/other/banner.js").status.as_u16());
    shown(server, 2, &[(20_000, "nb", 30)]);
    assert_eq!(ask(server, "", "").expect(200).json(), json!({ "rows": [], "withheld": null }), "another site's");
    server.call("GET", "/v1/sites/other/stats", &server.token("stats"), None).problem(403, "wrong-site");
    server.call("GET", "/v1/sites/none/stats", &server.token("stats"), None).problem(404, "unknown-site");
    let others = server.token("consents:read people:read people:write export erase webhooks");
    server.call("GET", STATS, &others, None).problem(403, "insufficient-scope");
    server.get(STATS).problem(401, "token");
});

on_both!(a_table_that_cannot_be_told_says_why, |server| {
    let check = |query: &str, field: &str| {
        assert_eq!(ask(server, query, "").problem(422, "invalid")["field"], field, "{query}");
    };
    check("?from=yesterday", "from");
    check("?from=2024-02-30", "from");
    check("?to=", "to");
    check("?from=2024-10-05&to=2024-10-04", "to");
    for by in ["visitor", "Day", "day,", ",", "day%2C%2Cnotice", "day,notice,language,country,layout", "site"] {
        check(&format!("?by={by}"), "by");
    }
    for query in ["?format=xml", "?until=2024-10-05", "?by=day&by=notice"] {
        ask(server, query, "").problem(400, "malformed");
    }
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10001) \
                INSERT INTO counts (site_id, day, notice, language, country, layout, variant, event, n) \
                SELECT 1, 10000 + i, 1, 'nb', 'NO', 'bar', '', 'shown', 20 FROM n";
    diesel::sql_query(many).execute(&mut server.conn()).expect("figures");
    check("?by=day", "by");
    check("?by=language,day", "by");
    assert_eq!(ask(server, "", "").expect(200).json()["rows"][0]["shown"], 200_020);
    let told = ask(server, "?by=day,notice,language,country&from=1997-05-21", "").expect(200).json();
    assert_eq!(told["rows"].as_array().map(Vec::len), Some(10_000));
});
