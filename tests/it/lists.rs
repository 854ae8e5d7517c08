//! Lists: a page at a time and whole, what picks their rows, and what holds while somebody reads them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use diesel::RunQueryDsl;
use samtykke::jurisdiction::Jurisdictions;
use samtykke::list::lines::Format;
use samtykke::list::walk::Walk;
use samtykke::list::{Key, Wish, people};
use samtykke::sites::Sites;
use serde_json::{Value, json};

use crate::server::{Answer, CONSENTS, SITE, Server, changed, consent, on_both, visitor};

const PEOPLE: &str = "/v1/sites/shop/people";
const ALL: &str = "consents:read people:read people:write export";

fn get(server: &Server, path: &str) -> Answer {
    server.call("GET", path, &server.token(ALL), None)
}

fn said(server: &Server, named: &str, noun: &str, body: &Value) -> Value {
    server.call("POST", &format!("{PEOPLE}/{named}/{noun}"), &server.token(ALL), Some(body)).expect(201).json()
}

fn yes(channel: &str) -> Value {
    json!({ "channel": channel, "answer": "granted", "source": "kasse" })
}

fn run(server: &Server, sql: &str) {
    diesel::sql_query(sql).execute(&mut server.conn()).expect(sql);
}

/// Every row of a list, a page of so many at a time, and what is done between two pages.
fn paged(server: &Server, path: &str, name: &str, limit: usize, mut between: impl FnMut(&Value)) -> Vec<Value> {
    let (mut rows, mut after) = (Vec::new(), String::new());
    loop {
        let page = get(server, &format!("{path}{}limit={limit}{after}", if path.contains('?') { '&' } else { '?' }));
        let page = page.expect(200).json();
        let some = page[name].as_array().expect("a list");
        assert!(some.len() <= limit);
        rows.extend(some.iter().cloned());
        let Some(next) = page["next"].as_str() else { return rows };
        after = format!("&after={next}");
        between(&page);
    }
}

fn ids(rows: &[Value], field: &str) -> Vec<String> {
    rows.iter().map(|row| row[field].as_str().unwrap_or_else(|| panic!("{field} of {row}")).to_owned()).collect()
}

/// As many people of whom nothing is known.
fn crowd(server: &Server, count: usize) {
    let bytes =
        if server.database.url().starts_with("sqlite") { "randomblob(16)" } else { "decode(md5(i::text), 'hex')" };
    run(
        server,
        &format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) \
         INSERT INTO people (site_id, person, kind, ref, state, sequence, updated_at) \
         SELECT (SELECT id FROM sites), {bytes}, 'id', 'k-' || i, '{{}}', 0, 1000 FROM n"
        ),
    );
}

on_both!(a_list_goes_through_everything_once_while_others_write_and_are_forgotten, |server| {
    let sent: Vec<Value> = (0..7).map(|_| consent()).collect();
    let receipts: Vec<Value> = sent.iter().map(|sent| server.post(sent).expect(201).json()).collect();
    let mut turn = 0;
    let rows = paged(server, CONSENTS, "consents", 2, |page| {
        turn += 1;
        server.post(&consent()).expect(201);
        if turn == 1 {
            // The row that the cursor stands on, and one that is still to come.
            assert_eq!(page["consents"][1]["id"], sent[1]["id"]);
            for gone in [1, 4] {
                let capability = receipts[gone]["capability"].as_str().expect("a capability");
                server.with_capability("DELETE", capability).expect(200);
            }
        }
    });
    let found = ids(&rows, "id");
    for (i, sent) in sent.iter().enumerate() {
        let times = found.iter().filter(|id| sent["id"] == **id).count();
        assert_eq!(times, usize::from(i != 4), "{i}");
    }
    assert!(rows.windows(2).all(|pair| pair[0]["created_at"].as_i64() <= pair[1]["created_at"].as_i64()));
    let row = &rows[0];
    assert_eq!((&row["visitor"], &row["choice"]), (&sent[0]["visitor"], &sent[0]["choice"]));
    assert_eq!((&row["notice"], &row["action"], &row["regime"]), (&json!(1), &json!("partial"), &json!("opt-in")));
    assert!(row.get("salt").is_none() && row.get("signature").is_none() && row.get("person").is_none());
});

on_both!(what_is_wished_of_the_answers_is_what_comes, |server| {
    let whose = visitor();
    let granted = json!({ "analytics": "granted", "advertising": "granted" });
    let mut all = changed(&changed(&consent(), "choice", granted), "method", json!("accept_all"));
    all = changed(&all, "visitor", json!(whose));
    server.post(&all).expect(201);
    let english = changed(&consent(), "language", json!("en"));
    server.post(&english).expect(201);
    let event = said(server, "k1", "consents", &yes("email"))["receipt"]["record"].clone();
    let times = paged(server, CONSENTS, "consents", 10, |_| {});
    let check = |query: &str, expected: &[&Value]| {
        let rows = paged(server, &format!("{CONSENTS}?{query}"), "consents", 10, |_| {});
        let expected: Vec<&str> = expected.iter().map(|sent| sent["id"].as_str().expect("an id")).collect();
        assert_eq!(ids(&rows, "id"), expected, "{query}");
    };
    check("action=granted", &[&all, &event]);
    check("action=partial", &[&english]);
    check("action=renewed", &[]);
    check("method=api", &[&event]);
    check("language=en", &[&english]);
    check("notice=1&regime=opt-in", &[&all, &english, &event]);
    check("regime=notice", &[]);
    check("topic=visitor", &[&all, &english]);
    check("topic=email", &[&event]);
    check("topic=sms", &[]);
    check(&format!("visitor={whose}"), &[&all]);
    check(&format!("visitor={}&topic=email", event["person"].as_str().expect("a person")), &[&event]);
    let first = times[0]["created_at"].as_i64().expect("a time");
    let last = times[2]["created_at"].as_i64().expect("a time");
    check(&format!("from={first}&to={}", last + 1), &[&all, &english, &event]);
    check(&format!("to={first}"), &[]);
    check(&format!("from={}", last + 1), &[]);
    assert_eq!(times[2]["details"], json!({ "actor": "token:test", "sequence": 1, "source": "kasse" }));
    assert_eq!((&times[2]["topic"], &times[2]["person"]), (&json!("email"), &event["person"]));
});

on_both!(a_wish_that_nobody_can_meet_names_its_field, |server| {
    for (path, query, field) in [
        (CONSENTS, "from=yesterday", "from"),
        (CONSENTS, "to=-1", "to"),
        (CONSENTS, "action=yes", "action"),
        (CONSENTS, "method=click", "method"),
        (CONSENTS, "notice=2", "notice"),
        (CONSENTS, "language=de", "language"),
        (CONSENTS, "regime=none", "regime"),
        (CONSENTS, "topic=fax", "topic"),
        (CONSENTS, "visitor=me", "visitor"),
        (CONSENTS, "limit=0", "limit"),
        (CONSENTS, "limit=1001", "limit"),
        (CONSENTS, "after=x", "after"),
        (CONSENTS, "format=xml", "format"),
        (PEOPLE, "channel=fax", "channel"),
        (PEOPLE, "channel=email&allowed=maybe", "allowed"),
        (PEOPLE, "allowed=true", "allowed"),
        (PEOPLE, "adult=18", "adult"),
        (PEOPLE, "kind=known", "kind"),
        (PEOPLE, "updated_after=now", "updated_after"),
        (PEOPLE, "updated_before=", "updated_before"),
    ] {
        assert_eq!(get(server, &format!("{path}?{query}")).problem(422, "invalid")["field"], field, "{query}");
    }
    assert_eq!(get(server, &format!("{PEOPLE}?chanel=email")).problem(400, "malformed")["field"], "query");
    // A cursor goes on in its own list.
    let cursor = Key(1, 1).cursor("consents");
    get(server, &format!("{CONSENTS}?after={cursor}")).expect(200);
    assert_eq!(get(server, &format!("{PEOPLE}?after={cursor}")).problem(422, "invalid")["field"], "after");
});

on_both!(whom_a_site_may_reach_is_what_is_said_of_each_of_them, |server| {
    said(server, "kari@example.no", "consents", &yes("email"));
    said(server, "+4791234567", "consents", &yes("phone"));
    said(server, "minor", "consents", &yes("email"));
    said(server, "minor", "adult", &json!({ "adult": false, "source": "skjema" }));
    said(server, "gone", "consents", &yes("email"));
    said(server, "gone", "consents", &json!({ "channel": "email", "answer": "denied", "source": "brev" }));
    said(server, "called", "consents", &yes("phone"));
    let look = json!({ "checked_at": samtykke::serve::now() - 1000, "reserved": false, "source": "register" });
    said(server, "called", "reservation", &look);
    said(server, "called", "adult", &json!({ "adult": true, "source": "skjema" }));
    let old = json!({ "channel": "sms", "answer": "granted", "source": "import", "given_at": 1_000_000_000_000_i64 });
    said(server, "expired", "consents", &old);
    let everybody = paged(server, PEOPLE, "people", 2, |_| {});
    assert_eq!(everybody.len(), 6);
    let mut reached = 0;
    for channel in ["email", "sms", "phone"] {
        for allowed in [true, false] {
            let path = format!("{PEOPLE}?channel={channel}&allowed={allowed}");
            let listed = paged(server, &path, "people", 2, |_| {});
            let told = everybody.iter().filter(|person| {
                let named = format!("{PEOPLE}/~{}", person["person"].as_str().expect("a person"));
                get(server, &named).expect(200).json()["channels"][channel]["allowed"] == allowed
            });
            assert_eq!(ids(&listed, "person"), ids(&told.cloned().collect::<Vec<_>>(), "person"), "{path}");
            reached += if allowed { listed.len() } else { 0 };
        }
        // Who asks for a channel asks whom they may reach.
        let short = paged(server, &format!("{PEOPLE}?channel={channel}"), "people", 9, |_| {});
        assert_eq!(short, paged(server, &format!("{PEOPLE}?channel={channel}&allowed=true"), "people", 9, |_| {}));
    }
    assert_eq!(reached, 2, "Kari by e-mail, and whoever may be called");
    let refs = |query: &str| -> Vec<Value> {
        let rows = paged(server, &format!("{PEOPLE}?{query}"), "people", 9, |_| {});
        rows.iter().map(|row| row["ref"].clone()).collect()
    };
    assert_eq!(refs("adult=true"), [json!("called")]);
    assert_eq!(refs("adult=false"), [json!("minor")]);
    assert_eq!(refs("adult=unknown&kind=id"), [json!("gone"), json!("expired")]);
    assert_eq!(refs("kind=email"), [Value::Null]);
    let latest = everybody.iter().filter_map(|person| person["updated_at"].as_i64()).max().expect("a time");
    assert_eq!(refs(&format!("updated_after={latest}")), [Value::Null; 0]);
    assert_eq!(refs(&format!("updated_after=0&updated_before={}", latest + 1)).len(), 6);
    assert_eq!(get(server, &format!("{PEOPLE}/called")).json(), everybody[4]);
});

on_both!(a_list_is_for_a_token_of_the_site_that_may_read_it, |server| {
    server.get(CONSENTS).problem(401, "token");
    server.get(PEOPLE).problem(401, "token");
    let denied = |path: &str, scopes: &str| {
        server.call("GET", path, &server.token(scopes), None).problem(403, "insufficient-scope");
    };
    denied(CONSENTS, "people:read export");
    denied(PEOPLE, "consents:read export");
    // All at once takes a word more.
    denied(&format!("{CONSENTS}?format=csv"), "consents:read");
    denied(&format!("{PEOPLE}?format=ndjson"), "people:read");
    denied(&format!("{PEOPLE}?format=ndjson"), "export");
    server.database.apply(&SITE.replace("id = \"shop\"", "id = \"other\""));
    let other = || server.call("GET", "/v1/sites/other/people", &server.token(ALL), None);
    while other().status == 404 {
        std::thread::yield_now();
    }
    other().problem(403, "wrong-site");
    server.call("GET", "/v1/sites/other/consents", &server.token(ALL), None).problem(403, "wrong-site");
    server.call("GET", "/v1/sites/none/people", &server.token(ALL), None).problem(404, "unknown-site");
});

on_both!(a_page_that_looked_long_enough_is_short_and_goes_on, |server| {
    crowd(server, 10_500);
    said(server, "late@example.no", "consents", &yes("email"));
    let first = get(server, &format!("{PEOPLE}?channel=email&limit=1000")).expect(200).json();
    assert_eq!(first["people"], json!([]));
    let next = first["next"].as_str().expect("a place to go on");
    let second = get(server, &format!("{PEOPLE}?channel=email&limit=1000&after={next}")).expect(200).json();
    assert_eq!(second["people"].as_array().map(Vec::len), Some(1));
    assert!(second.get("next").is_none(), "{second}");
    // Whole it is the same, and comes in one answer.
    let whole = get(server, &format!("{PEOPLE}?channel=email&format=ndjson")).expect(200);
    assert_eq!(serde_json::from_slice::<Value>(&whole.body).expect("one line"), second["people"][0]);
});

on_both!(the_whole_list_is_what_its_pages_have, |server| {
    crowd(server, 2500);
    said(server, "-2", "consents", &yes("email"));
    let pages = paged(server, PEOPLE, "people", 1000, |_| {});
    assert_eq!(pages.len(), 2501);
    let lines = get(server, &format!("{PEOPLE}?format=ndjson")).expect(200);
    assert_eq!(lines.header("content-type"), "application/x-ndjson");
    let whole: Vec<Value> = lines.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(whole, pages);
    let bearer = format!("Bearer {}", server.token(ALL));
    let by_accept = |method: &str, accept: &str| {
        server.send(method, PEOPLE, &[("authorization", bearer.as_str()), ("accept", accept)], None).expect(200)
    };
    let table = by_accept("GET", "text/html, text/csv;q=0.9");
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
    let mut rows = table.text().split("\r\n");
    let head: Vec<&str> = rows.next().expect("a head").split(',').collect();
    assert_eq!(&head[..6], ["person", "ref", "kind", "sequence", "updated_at", "channels.email.allowed"]);
    assert!(head.contains(&"purposes.analytics.reason"), "{head:?}");
    let last: Vec<&str> = rows.nth(2500).expect("the last row").split(',').collect();
    // What a spreadsheet would compute is text.
    assert_eq!((last[1], last[2], last[5]), ("'-2", "id", "true"));
    assert_eq!((last.len(), rows.next(), rows.next()), (head.len(), Some(""), None));
    assert!(by_accept("GET", "*/*").json()["people"].is_array());
    let head = by_accept("HEAD", "application/x-ndjson");
    assert_eq!((head.header("content-type"), head.body.len()), ("application/x-ndjson", 0));
    let some = get(server, &format!("{PEOPLE}?format=ndjson&limit=7")).expect(200);
    assert_eq!(some.text().lines().count(), 7);
    server.post(&consent()).expect(201);
    let answers = get(server, &format!("{CONSENTS}?format=csv&topic=visitor")).expect(200);
    assert_eq!(answers.text().split("\r\n").count(), 3);
    assert!(answers.text().contains(r#","{""advertising"":""denied"",""analytics"":""granted""}",1,nb,save,"#));
});

/// What comes back to these lines, byte for byte.
fn raw(server: &Server, request: &str) -> String {
    let mut stream = TcpStream::connect(server.base.trim_start_matches("http://")).expect("a connection");
    let bearer = server.token(ALL);
    write!(stream, "{request}\r\nhost: x\r\nauthorization: Bearer {bearer}\r\nconnection: close\r\n\r\n")
        .expect("sent");
    let mut answer = Vec::new();
    // One that is cut off may end with an error.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).expect("text")
}

on_both!(an_answer_that_breaks_off_is_no_whole_one, |server| {
    crowd(server, 2500);
    let request = format!("GET {PEOPLE}?format=ndjson HTTP/1.1");
    let whole = raw(server, &request);
    assert!(whole.contains("transfer-encoding: chunked") && whole.ends_with("\r\n0\r\n\r\n"));
    run(server, "UPDATE people SET state = 'no state' WHERE id = (SELECT max(id) FROM people)");
    let broken = raw(server, &request);
    assert!(broken.starts_with("HTTP/1.1 200") && broken.contains("\"ref\":\"k-2000\""));
    assert!(!broken.ends_with("0\r\n\r\n"), "it has no last chunk");
    // What fails before anything was sent is told as ever.
    run(server, "UPDATE people SET state = 'no state' WHERE id = (SELECT min(id) FROM people)");
    get(server, &format!("{PEOPLE}?format=ndjson")).problem(500, "internal");
    // HTTP/1.0 has no chunks.
    let old = raw(server, &format!("GET {PEOPLE}?format=ndjson HTTP/1.0"));
    assert!(old.starts_with("HTTP/1.0 422") && old.contains("\"field\":\"format\""), "{old}");
});

on_both!(whoever_is_forgotten_meanwhile_does_not_come_any_more, |server| {
    crowd(server, 2500);
    let sites = Sites::new(Jurisdictions::built_in().expect("the table"));
    let mut conn = server.conn();
    sites.refresh(&mut conn, samtykke::serve::now()).expect("the sites");
    let list = people::Wish::default().list(Arc::clone(&sites.find("shop").expect("the site"))).expect("a list");
    let mut walk = Walk::new(list, Format::Ndjson, Key::default(), None);
    let mut lines = walk.piece(&mut conn, 0).expect("a piece");
    run(server, "DELETE FROM people WHERE ref IN ('k-1', 'k-1000', 'k-1001', 'k-2500')");
    while !walk.is_over() {
        lines.extend(walk.piece(&mut conn, 0).expect("a piece"));
    }
    let text = String::from_utf8(lines).expect("text");
    let has = |named: &str| text.contains(&format!("\"ref\":\"{named}\","));
    assert!(has("k-1") && has("k-1000") && has("k-1002") && has("k-2499"));
    assert!(!has("k-1001") && !has("k-2500"));
    assert_eq!((walk.rows, text.lines().count()), (2498, 2498));
});
