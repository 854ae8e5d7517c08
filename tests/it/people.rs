//! People: what a site's systems may ask with a token, what they write down, and what that allows.

use diesel::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::program::{run, samtykke};
use crate::server::{Database, ORIGIN, SITE, Server, on_both, settings};

const ALL: &str = "people:read people:write erase";

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = diesel::sql_types::Text)]
    said: String,
}

fn people(rest: &str) -> String {
    format!("/v1/sites/shop/people/{rest}")
}

fn write(server: &Server, token: &str, named: &str, noun: &str, body: &Value) -> Value {
    server.call("POST", &people(&format!("{named}/{noun}")), token, Some(body)).expect(201).json()
}

fn email(answer: &str) -> Value {
    json!({ "channel": "email", "answer": answer, "source": "kasse" })
}

on_both!(each_channel_has_a_yes_of_its_own_and_a_receipt, |server| {
    let token = server.token(ALL);
    let written = write(server, &token, "kari@example.no", "consents", &email("granted"));
    let record = &written["receipt"]["record"];
    assert_eq!((&record["topic"], &record["choice"]), (&json!("email"), &json!({ "email": "granted" })));
    assert_eq!(record["person"], written["person"]);
    assert_eq!(record["details"], json!({ "actor": "token:test", "sequence": 1, "source": "kasse" }));
    assert!(record["visitor"].is_null() && written["receipt"]["capability"].is_null());

    let found = server.call("GET", &people("KARI@example.no"), &token, None).expect(200).json();
    let said = &found["channels"]["email"];
    assert_eq!((&said["allowed"], &said["receipt"]), (&json!(true), &record["id"]));
    assert_eq!(found["channels"]["sms"], json!({ "allowed": false, "reason": "never_asked" }));
    assert!(found["ref"].is_null(), "an address is never said again: {found}");

    let withdrawn = write(server, &token, "kari@example.no", "consents", &email("denied"));
    assert_eq!(withdrawn["receipt"]["record"]["action"], "withdrawn");
    assert_eq!(withdrawn["receipt"]["record"]["previous"], record["id"]);
    assert_eq!(withdrawn["channels"]["email"]["reason"], "withdrawn");
    assert_eq!(withdrawn["sequence"], 2);
    let (well, told, wrong) = {
        server.sealed(2);
        run(samtykke(&server.database).args(["ledger", "verify"]))
    };
    assert!(well, "{told}{wrong}");
});

on_both!(a_lookup_answers_for_all_in_their_order_and_allows_nothing_that_is_not_known, |server| {
    let token = server.token(ALL);
    write(server, &token, "kunde-7", "consents", &email("granted"));
    let refs = json!({ "refs": ["nobody", "kunde-7", "+47 912 34 567"] });
    let found = server.call("POST", &people("lookup"), &token, Some(&refs)).expect(200).json();
    let said: Vec<_> = found["people"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| {
            (one["ref"].as_str().expect("text"), one["channels"]["email"]["allowed"].as_bool().expect("an answer"))
        })
        .collect();
    assert_eq!(said, [("nobody", false), ("kunde-7", true), ("+47 912 34 567", false)]);
    let many: Vec<String> = (0..10_000).map(|i| format!("kunde-{i}@{}.example.no", "x".repeat(50))).collect();
    let found = server.call("POST", &people("lookup"), &token, Some(&json!({ "refs": many }))).expect(200).json();
    assert_eq!(found["people"].as_array().map(Vec::len), Some(10_000));
    let more: Vec<String> = (0..10_001).map(|i| format!("k{i}")).collect();
    let check = |body: Value, field: &str| {
        let problem = server.call("POST", &people("lookup"), &token, Some(&body)).problem(422, "invalid");
        assert_eq!(problem["field"], field, "{problem}");
    };
    check(json!({ "refs": more }), "refs");
    check(json!({ "refs": [] }), "refs");
    check(json!({ "refs": ["a", "kari@"] }), "refs.1");
});

on_both!(a_call_needs_a_yes_and_a_look_into_the_register_that_is_not_old, |server| {
    let token = server.token(ALL);
    let phone = |written: &Value| written["channels"]["phone"]["reason"].clone();
    let yes = json!({ "channel": "phone", "answer": "granted", "source": "samtale" });
    assert_eq!(phone(&write(server, &token, "k1", "consents", &yes)), "reservation_unknown");
    let now = samtykke::serve::now();
    let day = 86_400_000;
    let looked = |days: i64, reserved: bool| json!({ "checked_at": now - days * day, "reserved": reserved, "source": "Brønnøysund" });
    assert_eq!(phone(&write(server, &token, "k1", "reservation", &looked(31, false))), "reservation_stale");
    let fresh = write(server, &token, "k1", "reservation", &looked(1, false));
    assert_eq!(fresh["channels"]["phone"]["allowed"], true);
    assert_eq!(fresh["channels"]["phone"]["until"], now - day + 30 * day, "the check ends before the yes");
    assert_eq!(phone(&write(server, &token, "k1", "reservation", &looked(0, true))), "reserved");
    let problem = json!({ "checked_at": now + day, "reserved": false, "source": "x" });
    let problem = server.call("POST", &people("k1/reservation"), &token, Some(&problem)).problem(422, "invalid");
    assert_eq!(problem["field"], "checked_at");
});

on_both!(a_minor_is_never_reached_and_adults_only_means_that_nobody_unknown_is, |server| {
    let token = server.token(ALL);
    let unknown = write(server, &token, "k1", "consents", &email("granted"));
    assert_eq!(unknown["channels"]["email"]["allowed"], true);
    server.database.apply(&format!("{SITE}\n[people]\nadults_only = true\n"));
    let asked =
        || server.call("GET", &people("k1"), &token, None).expect(200).json()["channels"]["email"]["allowed"] == true;
    crate::clients::until(false, asked);
    let unknown = server.call("GET", &people("k1"), &token, None).expect(200).json();
    assert_eq!(unknown["channels"]["email"]["reason"], "adult_unknown");
    let minor = write(server, &token, "k1", "adult", &json!({ "adult": false, "source": "skjema" }));
    assert_eq!(minor["channels"]["email"]["reason"], "minor");
    let grown = write(server, &token, "k1", "adult", &json!({ "adult": true, "source": "skjema" }));
    assert_eq!(grown["channels"]["email"]["allowed"], true);
    assert_eq!(grown["adult"]["said"], "granted");
});

on_both!(a_choice_of_purposes_is_complete_and_asked_for_by_name, |server| {
    let token = server.token(ALL);
    let choice = json!({ "analytics": "granted", "advertising": "denied" });
    let body = json!({ "choice": choice, "notice": 1, "language": "nb", "source": "konto" });
    let written = write(server, &token, "k1", "choice", &body);
    assert_eq!(written["purposes"]["analytics"]["allowed"], true);
    assert_eq!(written["purposes"]["advertising"]["reason"], "denied");
    let half = json!({ "choice": { "analytics": "granted" }, "notice": 1, "source": "konto" });
    let problem = server.call("POST", &people("k1/choice"), &token, Some(&half)).problem(422, "invalid");
    assert_eq!(problem["field"], "choice.advertising");
});

on_both!(the_same_event_again_is_written_once_and_another_under_its_id_is_refused, |server| {
    let token = server.token(ALL);
    let mut body = email("granted");
    body["id"] = json!(Uuid::now_v7());
    let first = write(server, &token, "k1", "consents", &body);
    let again = server.call("POST", &people("k1/consents"), &token, Some(&body)).expect(200).json();
    assert_eq!((&again["receipt"]["jws"], &again["sequence"]), (&first["receipt"]["jws"], &json!(1)));
    body["answer"] = json!("denied");
    server.call("POST", &people("k1/consents"), &token, Some(&body)).problem(409, "conflict");
    server.call("POST", &people("k2/consents"), &token, Some(&body)).problem(409, "conflict");
    server.call("GET", &people("k2"), &token, None).problem(404, "unknown-person");
});

on_both!(an_answer_that_was_given_before_the_one_that_stands_changes_nothing, |server| {
    let token = server.token(ALL);
    let now = samtykke::serve::now();
    write(server, &token, "k1", "consents", &email("denied"));
    let mut old = email("granted");
    old["given_at"] = json!(now - 1_000_000);
    assert_eq!(write(server, &token, "k1", "consents", &old)["channels"]["email"]["allowed"], false);
    let long_ago = now - 731 * 86_400_000;
    old["given_at"] = json!(long_ago);
    let imported = write(server, &token, "k2", "consents", &old);
    assert_eq!(imported["channels"]["email"]["reason"], "expired");
    old["given_at"] = json!(now + 1_000_000);
    let problem = server.call("POST", &people("k2/consents"), &token, Some(&old)).problem(422, "invalid");
    assert_eq!(problem["field"], "given_at");
});

on_both!(a_person_is_forgotten_with_all_that_was_said, |server| {
    let token = server.token(ALL);
    write(server, &token, "kari@example.no", "consents", &email("granted"));
    write(server, &token, "kari@example.no", "adult", &json!({ "adult": true, "source": "skjema" }));
    let erased = server.call("DELETE", &people("kari@example.no"), &token, None).expect(200).json();
    assert_eq!(erased, json!({ "erased": 2 }));
    server.call("GET", &people("kari@example.no"), &token, None).problem(404, "unknown-person");
    assert_eq!(server.call("DELETE", &people("kari@example.no"), &token, None).expect(200).json()["erased"], 0);
});

on_both!(what_is_wrong_is_told_with_its_field, |server| {
    let token = server.token(ALL);
    let check = |named: &str, body: Value, code: &str, field: &str| {
        let status = if code == "malformed" { 400 } else { 422 };
        let answer = server.call("POST", &people(&format!("{named}/consents")), &token, Some(&body));
        assert_eq!(answer.problem(status, code)["field"], field, "{body}");
    };
    let with = |field: &str, value: Value| crate::server::changed(&email("granted"), field, value);
    check("k1", with("channel", json!("fax")), "malformed", "channel");
    check("k1", with("answer", json!("maybe")), "malformed", "answer");
    check("k1", with("source", json!("")), "invalid", "source");
    check("k1", with("source", json!("kari@example.no")), "invalid", "source");
    check("k1", with("language", json!("xx")), "invalid", "language");
    check("k1", with("id", json!(Uuid::nil())), "invalid", "id");
    check("k1", with("birth", json!("2000-01-01")), "malformed", "birth");
    check("kari@", email("granted"), "invalid", "ref");
    let unknown = with("notice", json!(99));
    server.call("POST", &people("k1/consents"), &token, Some(&unknown)).problem(422, "unknown-notice");
    server.call("GET", &people("k1"), &token, None).problem(404, "unknown-person");
});

on_both!(no_address_and_no_number_is_in_the_database, |server| {
    let token = server.token(ALL);
    for named in ["kari.hemmelig@example.no", "+4791234567"] {
        write(server, &token, named, "consents", &email("granted"));
    }
    let sql = "SELECT coalesce(ref, '') || state || kind AS said FROM people \
               UNION ALL SELECT details || choice || topic FROM consents";
    let rows: Vec<Row> = diesel::sql_query(sql).load(&mut server.conn()).expect("rows");
    assert_eq!(rows.len(), 4);
    for row in rows {
        assert!(!row.said.contains("hemmelig") && !row.said.contains("91234567"), "{}", row.said);
    }
});

on_both!(a_body_is_read_from_those_alone_who_may_send_it, |server| {
    use std::io::{BufRead, BufReader, Write};
    server.database.apply(&SITE.replace("\"shop\"", "\"other\""));
    crate::clients::until(200, || server.get("/v1/sites/other/banner.js").status.as_u16());
    let (mine, none) = (server.token("people:read"), server.token("stats"));
    let check = |site: &str, token: &str, status: &str| {
        let mut stream = std::net::TcpStream::connect(server.base.trim_start_matches("http://")).expect("a connection");
        let head = format!(
            "POST /v1/sites/{site}/people/lookup HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: 3000000\r\n\r\n"
        );
        // Not a byte of the body is ever sent.
        stream.write_all(head.as_bytes()).expect("sent");
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).expect("an answer");
        assert!(line.starts_with(&format!("HTTP/1.1 {status}")), "{line}");
    };
    check("shop", "none", "401");
    check("shop", &none, "403");
    check("other", &mine, "403");
    let long = json!({ "refs": ["x".repeat(3 * 1024 * 1024)] });
    server.call("POST", &people("lookup"), &mine, Some(&long)).problem(413, "too-large");
    let long = json!({ "source": "x".repeat(17_000) });
    server.call("POST", &people("k1/consents"), &server.token(ALL), Some(&long)).problem(413, "too-large");
});

on_both!(a_token_opens_what_it_names_and_nothing_else, |server| {
    let other = SITE.replace("\"shop\"", "\"other\"");
    server.database.apply(&other);
    let get = |token: &str| server.call("GET", &people("k1"), token, None);
    get(&server.token("people:read")).problem(404, "unknown-person");
    let scope = get(&server.token("people:write"));
    scope.problem(403, "insufficient-scope");
    assert_eq!(scope.header("www-authenticate"), r#"Bearer error="insufficient_scope", scope="people:read""#);
    let path = people("k1");
    crate::clients::until(200, || server.get("/v1/sites/other/banner.js").status.as_u16());
    server.call("GET", "/v1/sites/other/people/k1", &server.token(ALL), None).problem(403, "wrong-site");
    let none = server.get(&path);
    none.problem(401, "token");
    assert_eq!(none.header("www-authenticate"), "Bearer");
    for wrong in ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
        let answer = get(wrong);
        answer.problem(401, "token");
        assert_eq!(answer.header("www-authenticate"), r#"Bearer error="invalid_token""#, "{wrong}");
    }
    let bearer = format!("Bearer {}", server.token(ALL));
    server.send("GET", &path, &[("authorization", &bearer), ("authorization", &bearer)], None).problem(401, "token");
    let consent = server.send(
        "POST",
        crate::server::CONSENTS,
        &[("origin", ORIGIN)],
        Some(crate::server::consent().to_string().as_bytes()),
    );
    get(consent.json()["jws"].as_str().expect("a JWS")).problem(401, "token");
});

on_both!(tokens_come_from_the_command_line_and_end_there, |server| {
    let issue =
        |more: &[&str]| run(samtykke(&server.database).args(["token", "issue", "crm", "--scope", ALL]).args(more));
    let (well, token, wrong) = issue(&["--site", "shop"]);
    assert!(well, "{wrong}");
    let token = token.trim();
    let written = write(server, token, "k1", "consents", &email("granted"));
    assert_eq!(written["receipt"]["record"]["details"]["actor"], "token:crm");
    let (well, told, wrong) = run(samtykke(&server.database).args(["token", "revoke", token]));
    assert_eq!((well, told.as_str()), (true, "revoked\n"), "{wrong}");
    server.call("GET", &people("k1"), token, None).problem(401, "token");
    assert!(issue(&["--site", "none"]).2.contains("there is no site none"));
    let (well, _, wrong) =
        run(samtykke(&server.database).args(["token", "issue", "crm", "--site", "shop", "--scope", "all"]));
    assert!(!well && wrong.contains("is no scope"), "{wrong}");
});

#[test]
fn a_token_signed_or_dated_otherwise_opens_nothing() {
    use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
    let server = Server::start(Database::sqlite());
    let kid = server.keys().current().kid.clone();
    let now = samtykke::serve::now() / 1000;
    let claims = json!({ "iss": "samtykke", "aud": "samtykke", "sub": "x", "client_id": "token:x", "scope": ALL,
        "sites": ["shop"], "iat": now, "exp": now + 900, "jti": Uuid::now_v7() });
    let keys = server.keys();
    let sign = |header: &Header, claims: &Value, key: &EncodingKey| encode(header, claims, key).expect("a token");
    let header = |alg: Algorithm| Header { typ: Some("at+jwt".into()), kid: Some(kid.clone()), ..Header::new(alg) };
    let get = |token: &str| server.call("GET", &people("k1"), token, None);
    let good = header(Algorithm::EdDSA);
    get(&sign(&good, &claims, keys.current().encoding())).problem(404, "unknown-person");
    let with = |field: &str, value: Value| crate::server::changed(&claims, field, value);
    for (field, value) in [
        ("iss", json!("other")),
        ("aud", json!("other")),
        ("exp", json!(now - 1)),
        ("iat", json!(now + 600)),
        ("exp", json!(null)),
        ("sub", json!(null)),
        ("sites", json!("shop")),
    ] {
        get(&sign(&good, &with(field, value), keys.current().encoding())).problem(401, "token");
    }
    get(&sign(&good, &with("sites", json!(["other"])), keys.current().encoding())).problem(403, "wrong-site");
    let receipt = Header { typ: Some("samtykke-receipt+jws".into()), ..header(Algorithm::EdDSA) };
    get(&sign(&receipt, &claims, keys.current().encoding())).problem(401, "token");
    // The public half, which everybody has, as the secret of another algorithm.
    let secret = EncodingKey::from_secret(&keys.current().public);
    get(&sign(&header(Algorithm::HS256), &claims, &secret)).problem(401, "token");
    let foreign = Server::with(Database::sqlite(), settings());
    get(&sign(&good, &claims, foreign.keys().current().encoding())).problem(401, "token");
}

on_both!(a_no_is_kept_however_old_it_is_and_what_ended_goes_in_time_with_what_it_said, |server| {
    use samtykke::erasure::{Reason, rows};
    use samtykke::retention::{Keep, run};
    let token = server.token(ALL);
    let age = json!({ "adult": true, "source": "skjema" });
    write(server, &token, "k1", "consents", &email("granted"));
    write(server, &token, "k1", "adult", &age);
    write(server, &token, "k1", "consents", &email("denied"));
    let mut late = email("granted");
    late["given_at"] = json!(samtykke::serve::now() - 1_000_000);
    write(server, &token, "k1", "consents", &late);
    // A yes that is never renewed, and the age that it needed.
    write(server, &token, "k2", "consents", &email("granted"));
    write(server, &token, "k2", "adult", &age);
    server.sealed(6);
    let keep = Keep { keep_consents_days: 1826, keep_refusals_days: 30, keep_audit_days: 400 };
    let going = |days: i64| {
        let (mut going, then) = (Vec::new(), samtykke::serve::now() + days * 86_400_000);
        let due = run(&mut server.conn(), keep, then, |_, _, rows| {
            going.extend(rows);
            Ok(())
        });
        assert_eq!(due.expect("a reading").consents, going.len());
        going
    };
    assert_eq!(going(1820), Vec::<i64>::new());
    assert_eq!(going(1830), [1, 4], "the yes that was withdrawn, and the one that came late");
    assert_eq!(going(730 + 1820), [1, 4]);
    assert_eq!(going(20 * 365), [1, 4, 5, 6], "a yes ends after its 730 days; the no stays, and the age with it");

    let erased = diesel::Connection::transaction(&mut server.conn(), |conn| rows(conn, 1, &[5], Reason::Retention, 1));
    assert_eq!(erased, Ok(1));
    let found = server.call("GET", &people("k2"), &token, None).expect(200).json();
    assert_eq!(
        (&found["channels"]["email"]["reason"], &found["adult"]["said"]),
        (&json!("never_asked"), &json!("granted"))
    );
    let erased =
        diesel::Connection::transaction(&mut server.conn(), |conn| rows(conn, 1, &[1, 4, 6], Reason::Retention, 1));
    assert_eq!(erased, Ok(3));
    server.call("GET", &people("k2"), &token, None).problem(404, "unknown-person");
    let found = server.call("GET", &people("k1"), &token, None).expect(200).json();
    assert_eq!(found["channels"]["email"]["reason"], "withdrawn");
});

on_both!(a_person_is_no_visitor_and_a_visitor_is_no_person, |server| {
    let token = server.token(ALL);
    let written = write(server, &token, "k1", "consents", &email("granted"));
    let person = written["person"].as_str().expect("a person").to_owned();
    let as_visitor = crate::server::changed(&crate::server::consent(), "visitor", json!(person));
    assert_eq!(server.post(&as_visitor).problem(422, "invalid")["field"], "visitor");
    let visitor = crate::server::consent();
    server.post(&visitor).expect(201);
    let named = format!("~{}", visitor["visitor"].as_str().expect("an id").replace('-', ""));
    server.call("DELETE", &people(&named), &token, None).problem(422, "invalid");
    let known = server.call("GET", &people(&format!("~{person}")), &token, None).expect(200).json();
    assert_eq!(known["ref"], "k1");
});

#[test]
fn a_key_that_was_dropped_signs_no_token_any_more() {
    let server = Server::start(Database::sqlite());
    let token = server.token(ALL);
    server.call("GET", &people("k1"), &token, None).problem(404, "unknown-person");
    let database = server.stop();
    assert!(run(samtykke(&database).args(["key", "rotate"])).0);
    let server = Server::with(database, settings());
    server.call("GET", &people("k1"), &token, None).problem(404, "unknown-person");
    let database = server.stop();
    assert!(run(samtykke(&database).args(["key", "rotate", "--alone"])).0);
    let server = Server::with(database, settings());
    server.call("GET", &people("k1"), &token, None).problem(401, "token");
    server.call("GET", &people("k1"), &server.token(ALL), None).problem(404, "unknown-person");
}
