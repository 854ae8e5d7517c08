//! Clients: how they come to be, get their tokens by OAuth 2.0, and lose them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use diesel::RunQueryDsl;
use serde_json::{Value, json};

use crate::program::{Process, run, samtykke};
use crate::server::{Answer, Database, SITE, Server, on_both, settings};

const PERSON: &str = "/v1/sites/shop/people/k1";
const GRANT: (&str, &str) = ("grant_type", "client_credentials");

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = diesel::sql_types::Text)]
    said: String,
}

/// A client of the site shop, and its secret.
fn add(database: &Database, name: &str, scope: &str, more: &[&str]) -> String {
    let words = ["client", "add", name, "--site", "shop", "--scope", scope];
    let (well, told, wrong) = run(samtykke(database).args(words).args(more));
    assert!(well, "{wrong}");
    secret(name, &told)
}

fn secret(name: &str, told: &str) -> String {
    let secret = told.strip_prefix(&format!("client_id {name}\nclient_secret ")).expect(told).trim_end();
    assert_eq!(secret.len(), 43, "{told}");
    secret.to_owned()
}

fn command(database: &Database, words: &[&str]) -> String {
    let (well, told, wrong) = run(samtykke(database).arg("client").args(words));
    if well { told } else { wrong }
}

fn basic(name: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{secret}")))
}

/// Sends a form whose values need no escapes.
fn form(server: &Server, path: &str, authorization: &[&str], fields: &[(&str, &str)]) -> Answer {
    let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
    headers.extend(authorization.iter().map(|value| ("authorization", *value)));
    server.send("POST", path, &headers, Some(body.join("&").as_bytes()))
}

fn ask(server: &Server, name: &str, secret: &str, more: &[(&str, &str)]) -> Answer {
    form(server, "/oauth/token", &[&basic(name, secret)], &[&[GRANT], more].concat())
}

fn token(server: &Server, name: &str, secret: &str) -> String {
    ask(server, name, secret, &[]).expect(200).json()["access_token"].as_str().expect("a token").to_owned()
}

/// Checks that this is an error as OAuth has it.
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status.as_u16(), answer.header("content-type")),
        (status, "application/json"),
        "{}",
        answer.text()
    );
    assert_eq!(answer.json()["error"], code, "{}", answer.text());
    assert!(answer.json()["error_description"].is_string());
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
    assert_eq!(answer.header("www-authenticate"), if status == 401 { r#"Basic realm="samtykke""# } else { "" });
}

on_both!(a_client_gets_a_token_for_its_name_and_its_secret, |server| {
    let secret = add(&server.database, "crm", "people:read people:write", &[]);
    let answer = ask(server, "crm", &secret, &[]).expect(200);
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
    let issued = answer.json();
    assert_eq!((&issued["token_type"], &issued["expires_in"]), (&json!("Bearer"), &json!(900)));
    assert_eq!(issued["scope"], "people:read people:write");
    let token = issued["access_token"].as_str().expect("a token");
    server.call("GET", PERSON, token, None).problem(404, "unknown-person");
    let yes = json!({ "channel": "email", "answer": "granted", "source": "kasse" });
    let written = server.call("POST", &format!("{PERSON}/consents"), token, Some(&yes)).expect(201).json();
    assert_eq!(written["receipt"]["record"]["details"]["actor"], "client:crm");

    let posted = form(server, "/oauth/token", &[], &[GRANT, ("client_id", "crm"), ("client_secret", &secret)]);
    posted.expect(200);
    let named = form(server, "/oauth/token", &[&basic("crm", &secret)], &[GRANT, ("client_id", "crm"), ("scope", "")]);
    assert_eq!(named.expect(200).json()["scope"], "people:read people:write");
    let brief = add(&server.database, "brief", "people:read", &["--minutes", "2"]);
    assert_eq!(ask(server, "brief", &brief, &[]).expect(200).json()["expires_in"], 120);
});

on_both!(a_scope_is_narrowed_and_never_widened, |server| {
    let secret = add(&server.database, "crm", "people:read erase", &[]);
    let issued = ask(server, "crm", &secret, &[("scope", "people:read")]).expect(200).json();
    assert_eq!(issued["scope"], "people:read");
    let token = issued["access_token"].as_str().expect("a token");
    server.call("GET", PERSON, token, None).problem(404, "unknown-person");
    server.call("DELETE", PERSON, token, None).problem(403, "insufficient-scope");
    for wider in ["people:write", "people:read+people:write", "everything", "people:read+none"] {
        refused(&ask(server, "crm", &secret, &[("scope", wider)]), 400, "invalid_scope");
    }
});

on_both!(a_client_opens_its_own_sites_and_no_other, |server| {
    server.database.apply(&SITE.replace("\"shop\"", "\"other\""));
    crate::clients::until(200, || server.get("/v1/sites/other/banner.js").status.as_u16());
    let secret = add(&server.database, "crm", "people:read", &[]);
    let own = token(server, "crm", &secret);
    server.call("GET", "/v1/sites/other/people/k1", &own, None).problem(403, "wrong-site");
    let secret = add(&server.database, "both", "people:read", &["--site", "other"]);
    let both = token(server, "both", &secret);
    for site in ["shop", "other"] {
        server.call("GET", &format!("/v1/sites/{site}/people/k1"), &both, None).problem(404, "unknown-person");
    }
});

on_both!(who_does_not_prove_who_they_are_gets_nothing, |server| {
    let secret = add(&server.database, "crm", "people:read", &[]);
    for (name, wrong) in [("crm", "wrong"), ("crm", ""), ("nobody", &secret), ("", &secret), ("crm", &secret[1..])] {
        refused(&ask(server, name, wrong, &[]), 401, "invalid_client");
        let fields = [GRANT, ("client_id", name), ("client_secret", wrong)];
        refused(&form(server, "/oauth/token", &[], &fields), 401, "invalid_client");
        refused(&form(server, "/oauth/revoke", &[], &[("token", "x"), fields[1], fields[2]]), 401, "invalid_client");
    }
    refused(&form(server, "/oauth/token", &[], &[GRANT]), 401, "invalid_client");
    refused(&form(server, "/oauth/token", &[], &[GRANT, ("client_id", "crm")]), 401, "invalid_client");
    for authorization in [format!("Bearer {secret}"), "Basic".into(), "Basic ?".into(), format!("Basic {secret}")] {
        refused(&form(server, "/oauth/token", &[&authorization], &[GRANT]), 401, "invalid_client");
    }
});

on_both!(a_request_that_is_not_well_made_is_told_so, |server| {
    let secret = add(&server.database, "crm", "people:read", &[]);
    let own = basic("crm", &secret);
    let ask = |authorization: &[&str], fields: &[(&str, &str)]| form(server, "/oauth/token", authorization, fields);
    refused(&ask(&[&own], &[]), 400, "invalid_request");
    refused(&ask(&[&own], &[("grant_type", "")]), 400, "invalid_request");
    refused(&ask(&[&own], &[("grant_type", "password")]), 400, "unsupported_grant_type");
    refused(&ask(&[&own], &[GRANT, GRANT]), 400, "invalid_request");
    refused(&ask(&[&own], &[GRANT, ("client_secret", &secret)]), 400, "invalid_request");
    refused(&ask(&[&own], &[GRANT, ("client_id", "other")]), 400, "invalid_request");
    refused(&ask(&[&own, &own], &[GRANT]), 400, "invalid_request");
    refused(&form(server, "/oauth/revoke", &[&own], &[]), 400, "invalid_request");
    let json = [("content-type", "application/json"), ("authorization", own.as_str())];
    refused(&server.send("POST", "/oauth/token", &json, Some(b"{}")), 400, "invalid_request");
    let bytes = [("content-type", "application/x-www-form-urlencoded"), ("authorization", own.as_str())];
    refused(&server.send("POST", "/oauth/token", &bytes, Some(b"grant_type=\xff")), 400, "invalid_request");
    server.send("POST", "/oauth/token", &bytes, Some("a".repeat(20_000).as_bytes())).problem(413, "too-large");
    server.get("/oauth/token").problem(405, "method-not-allowed");
});

on_both!(a_client_that_is_revoked_opens_nothing_at_once, |server| {
    let secret = add(&server.database, "crm", "people:read", &[]);
    let other = add(&server.database, "mail", "people:read", &[]);
    let (own, others) = (token(server, "crm", &secret), token(server, "mail", &other));
    assert_eq!(command(&server.database, &["revoke", "crm"]), "revoked\n");
    server.call("GET", PERSON, &own, None).problem(401, "token");
    server.call("GET", PERSON, &others, None).problem(404, "unknown-person");
    refused(&ask(server, "crm", &secret, &[]), 401, "invalid_client");
    assert!(command(&server.database, &["list"]).contains("revoked 20"), "it stays in the list");
    assert!(command(&server.database, &["rotate", "crm"]).contains("it was revoked"));
    let again = ["add", "crm", "--site", "shop", "--scope", "people:read"];
    assert!(command(&server.database, &again).contains("was given before"));
    assert!(command(&server.database, &["revoke", "none"]).contains("there is no client none"));
    // What stands for a client that was revoked stays when ended tokens are forgotten.
    let mine = form(server, "/oauth/revoke", &[&basic("mail", &other)], &[("token", &others)]);
    mine.expect(200);
    server.call("GET", PERSON, &own, None).problem(401, "token");
});

on_both!(a_new_secret_takes_the_place_of_the_old_one, |server| {
    let old = add(&server.database, "crm", "people:read", &[]);
    let new = secret("crm", &command(&server.database, &["rotate", "crm"]));
    assert_ne!(old, new);
    refused(&ask(server, "crm", &old, &[]), 401, "invalid_client");
    token(server, "crm", &new);
});

on_both!(a_client_ends_its_own_tokens_and_nobody_elses, |server| {
    let (crm, mail) =
        (add(&server.database, "crm", "people:read", &[]), add(&server.database, "mail", "people:read", &[]));
    let (first, second, others) =
        (token(server, "crm", &crm), token(server, "crm", &crm), token(server, "mail", &mail));
    let alone = server.token("people:read");
    let end = |text: &str| {
        let answer =
            form(server, "/oauth/revoke", &[&basic("crm", &crm)], &[("token", text), ("token_type_hint", "x")]);
        assert!(answer.expect(200).body.is_empty());
    };
    for text in [&first, &others, &alone, "nothing", &first] {
        end(text);
    }
    server.call("GET", PERSON, &first, None).problem(401, "token");
    for open in [&second, &others, &alone] {
        server.call("GET", PERSON, open, None).problem(404, "unknown-person");
    }
});

on_both!(a_secret_is_shown_once_and_kept_nowhere, |server| {
    let secret = add(&server.database, "crm", "people:read", &[]);
    assert!(!command(&server.database, &["list"]).contains(&secret));
    let sql = "SELECT name || ' ' || hash || ' ' || scope || ' ' || sites AS said FROM clients";
    let rows: Vec<Row> = diesel::sql_query(sql).load(&mut server.conn()).expect("rows");
    assert!(rows[0].said.starts_with("crm $argon2id$v=19$m=19456,t=2,p=1$"), "{}", rows[0].said);
    assert!(!rows[0].said.contains(&secret));
});

#[test]
fn no_log_knows_a_secret_or_a_token() {
    let database = Database::sqlite();
    database.apply(SITE);
    let secret = add(&database, "crm", "people:read", &[]);
    let process = Process::of(samtykke(&database).env("SAMTYKKE_LOG", "trace"));
    let ask = |secret: &str| {
        let url = format!("{}/oauth/token", process.base);
        let fields = [("grant_type", "client_credentials"), ("client_id", "crm"), ("client_secret", secret)];
        process.agent.post(url).send_form(fields).expect("an answer")
    };
    let issued: Value = ask(&secret).body_mut().read_json().expect("JSON");
    let token = issued["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(ask("hemmelig").status(), 401);
    process.signal("TERM");
    let (_, log) = process.end();
    assert!(log.contains("/oauth/token"), "{log}");
    for kept in [secret.as_str(), "hemmelig", token.rsplit('.').next().expect("a signature")] {
        assert!(!log.contains(kept), "{log}");
    }
}

#[test]
fn a_secret_can_be_tried_so_often_and_no_more() {
    let database = Database::sqlite();
    database.apply(SITE);
    let secret = add(&database, "crm", "people:read", &[]);
    let trusted = vec!["127.0.0.1/32".parse().expect("a network")];
    let limited = samtykke::config::Serve { rate_per_minute: 7, trusted_proxies: trusted, ..settings() };
    let server = Server::with(database, limited);
    let ask = |from: &str, name: &str| {
        let own = basic(name, &secret);
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("authorization", own.as_str()),
            ("x-forwarded-for", from),
        ];
        server.send("POST", "/oauth/token", &headers, Some(b"grant_type=client_credentials"))
    };
    // A sixth of seven, upwards.
    for _ in 0..2 {
        ask("192.0.2.1", "crm").expect(200);
    }
    let answer = ask("192.0.2.1", "other");
    answer.problem(429, "too-many");
    assert_ne!(answer.header("retry-after"), "");
    for i in 2..7 {
        ask(&format!("192.0.2.{i}"), "crm").expect(200);
    }
    ask("192.0.2.8", "crm").problem(429, "too-many");
    refused(&ask("192.0.2.9", "other"), 401, "invalid_client");
}

#[test]
fn a_client_is_named_plainly_and_for_sites_that_exist() {
    let database = Database::sqlite();
    database.apply(SITE);
    let add = |name: &str, site: &str, scope: &str, minutes: &str| {
        command(&database, &["add", name, "--site", site, "--scope", scope, "--minutes", minutes])
    };
    assert!(add("token:crm", "shop", "erase", "5").contains("a client's name is"));
    assert!(add("crm", "none", "erase", "5").contains("there is no site none"));
    assert!(add("crm", "shop", "all", "5").contains("is no scope"));
    assert!(add("crm", "shop", "erase", "16").contains("16 is not in 1..=15"));
    assert!(add("crm", "*", "erase", "5").starts_with("client_id crm\n"));
    let listed = command(&database, &["list"]);
    assert!(listed.starts_with("crm\t*\terase\t5 min\tsecret of 20"), "{listed}");
}
