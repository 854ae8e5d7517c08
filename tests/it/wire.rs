//! What holds for every route: problems, methods, headers, the description of the wire, and what an operator asks.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::server::{Database, Server, consent, on_both, root, settings};

on_both!(what_is_not_there_is_a_problem, |server| {
    for path in ["/", "/v1", "/v1/sites/shop", "/v1/sites/shop/banner.js/x", "/%00", "/demo/hits", "/problems/none"] {
        server.get(path).problem(404, "not-found");
    }
});

on_both!(a_method_that_is_not_answered_names_those_that_are, |server| {
    let check = |method: &str, path: &str, allowed: &str| {
        let answer = server.send(method, path, &[], (method == "POST" || method == "PUT").then_some(b"{}"));
        answer.problem(405, "method-not-allowed");
        assert_eq!(answer.header("allow"), allowed, "{method} {path}");
    };
    check("POST", "/v1/sites/shop/banner.js", "GET, HEAD");
    check("DELETE", "/v1/sites/shop/notice", "GET, HEAD");
    check("PUT", "/v1/sites/shop/consents", "GET, HEAD, POST, OPTIONS");
    check("PUT", "/v1/sites/shop/visitors/me", "GET, HEAD, DELETE, OPTIONS");
    check("POST", "/readyz", "GET, HEAD");
});

on_both!(every_answer_is_guarded, |server| {
    let answers = [server.get("/healthz"), server.get("/none"), server.post(&consent()), server.get("/problems")];
    for answer in answers {
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
        assert_eq!(answer.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
        assert_eq!(answer.header("server"), "");
    }
});

on_both!(an_operator_sees_life_readiness_and_figures, |server| {
    server.get("/healthz").expect(200);
    server.get("/readyz").expect(200);
    let sent = consent();
    server.post(&sent).expect(201);
    server.post(&sent).expect(200);
    server.get("/secret/path");
    let figures = server.get("/metrics").expect(200);
    assert!(figures.header("content-type").starts_with("application/openmetrics-text"));
    let text = figures.text();
    assert!(text.contains(r#"samtykke_consents_total{site="shop",action="partial",method="save"} 1"#), "{text}");
    assert!(text.contains("samtykke_consents_repeated_total 1"), "{text}");
    assert!(text.contains(r#"route="/v1/sites/{site}/consents",status="201"} 1"#), "{text}");
    assert!(text.contains("samtykke_ledger_standing_still 0"), "{text}");
    assert!(text.contains("samtykke_write_rows_total 1"), "{text}");
    assert!(!text.contains("secret"), "no path of a request: {text}");
    assert!(text.ends_with("# EOF\n"));
});

#[test]
fn every_problem_has_its_page() {
    let server = Server::start(Database::sqlite());
    let index = server.get("/problems").expect(200);
    for code in samtykke::http::problem::Code::ALL {
        let page = server.get(&format!("/problems/{}", code.name())).expect(200);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert!(page.text().contains(&format!("/problems/{}", code.name())));
        assert!(index.text().contains(&format!("/problems/{}", code.name())));
    }
}

#[test]
fn the_description_of_the_wire_names_every_route_and_verb() {
    let server = Server::start(Database::sqlite());
    let described = server.get("/openapi.json").expect(200).json();
    assert_eq!(described["openapi"], "3.1.0");
    assert_eq!(described["info"]["version"], env!("CARGO_PKG_VERSION"));
    let paths = described["paths"].as_object().expect("paths");

    let table = std::fs::read_to_string(root().join("server/http/mod.rs")).expect("the route table");
    let table = table.split("fn routes").nth(1).and_then(|rest| rest.split("\n}").next()).expect("the route table");
    // What a part of a path may look like is our own way of writing it.
    let routed = table.split('"').filter(|part| part.starts_with('/')).map(|path| path.replace(":.*}", "}"));
    let mut routed: Vec<String> = routed.collect();
    let mut listed: Vec<&str> = paths.keys().map(String::as_str).collect();
    routed.sort_unstable();
    listed.sort_unstable();
    assert_eq!(listed, routed);

    for (path, verbs) in paths {
        let mut said: Vec<String> = verbs.as_object().expect("verbs").keys().map(|verb| verb.to_uppercase()).collect();
        if said.iter().any(|verb| verb == "GET") {
            said.push("HEAD".into());
        }
        let pages = ["consents", "receipts", "reports", "links", "links/redeem", "logins", "logins/consents"]
            .map(|end| format!("/v1/sites/{{site}}/{end}"));
        if pages.contains(path) || path.contains("/visitors/me") {
            said.push("OPTIONS".into());
        }
        said.sort_unstable();
        let answer = server.send("PUT", &path.replace("{site}", "shop"), &[], Some(b""));
        answer.problem(405, "method-not-allowed");
        let mut allowed: Vec<&str> = answer.header("allow").split(", ").collect();
        allowed.sort_unstable();
        assert_eq!(said, allowed, "{path}");
    }

    let listed = described["components"]["schemas"]["Problem"]["properties"]["type"]["enum"].clone();
    let known: Vec<Value> =
        samtykke::http::problem::Code::ALL.iter().map(|code| json!(format!("/problems/{}", code.name()))).collect();
    assert_eq!(listed, Value::Array(known));
}

/// Whether there is an example for whoever reads it. Bytes that are no text have none.
fn has_example(media: &Value) -> bool {
    media.get("example").is_some() || media["examples"].as_object().is_some_and(|examples| !examples.is_empty())
}

#[test]
fn every_operation_is_described_with_examples_and_its_problems() {
    let server = Server::start(Database::sqlite());
    let described = server.get("/openapi.json").expect(200).json();
    let tags: Vec<&Value> = described["tags"].as_array().expect("tags").iter().map(|tag| &tag["name"]).collect();
    let mut names = std::collections::BTreeSet::new();
    for (path, verbs) in described["paths"].as_object().expect("paths") {
        for (verb, told) in verbs.as_object().expect("verbs") {
            let place = format!("{verb} {path}");
            let name = told["operationId"].as_str().unwrap_or_else(|| panic!("{place} has a name"));
            assert!(names.insert(name), "{name} names one operation");
            assert!(told["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{place}");
            assert!(told["tags"].as_array().is_some_and(|own| own.len() == 1 && tags.contains(&&own[0])), "{place}");
            assert!(told.get("problems").is_none(), "{place}: a code that is no problem's: {}", told["problems"]);

            let bodies = told["requestBody"]["content"].as_object().into_iter().flatten();
            let answers = told["responses"].as_object().expect("answers");
            let good = answers.iter().filter(|(status, _)| status.starts_with('2'));
            assert!(good.clone().next().is_some(), "{place} can go well");
            let good = good.flat_map(|(_, answer)| answer["content"].as_object().into_iter().flatten());
            for (kind, media) in bodies.chain(good).filter(|(kind, _)| *kind != "application/octet-stream") {
                assert!(has_example(media), "{place}: {kind} without an example");
            }
            let parameters = told["parameters"].as_array().into_iter().flatten().map(|parameter| {
                let place = parameter["$ref"].as_str().and_then(|place| place.strip_prefix('#'));
                place.map_or(parameter, |place| described.pointer(place).expect(place))
            });
            for parameter in parameters.filter(|parameter| parameter["required"] == true) {
                assert!(has_example(parameter), "{place}: {} without an example", parameter["name"]);
            }

            let problem = |status: &str| answers.get(status).is_some_and(|answer| !answer["content"].is_null());
            assert!(problem("408") && problem("500"), "{place}");
            assert!(!path.contains("{site}") || problem("404"), "{place}: a site may be unknown");
            assert!(told.get("requestBody").is_none() || problem("400") && problem("413"), "{place}");
            assert!(told.get("security").is_none() || problem("401"), "{place}");
        }
    }
}

#[test]
fn the_reference_has_a_place_for_every_operation() {
    let server = Server::start(Database::sqlite());
    let page = server.get("/docs").expect(200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let policy = page.header("content-security-policy").to_owned();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    let text = page.text();
    assert!(!text.contains("<script") && !text.contains(" src=") && !text.contains(" style="));
    let described = server.get("/openapi.json").json();
    let told = described["webhooks"].as_object().expect("what is told").values();
    for verbs in described["paths"].as_object().expect("paths").values().chain(told) {
        for told in verbs.as_object().expect("verbs").values() {
            let name = told["operationId"].as_str().expect("a name");
            assert!(text.contains(&format!("<article id=\"{name}\"")), "{name}");
        }
    }
    // Whatever it points to on itself is there.
    for target in text.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(text.contains(&format!("id=\"{target}\"")), "#{target}");
    }
    for code in text.split("href=\"/problems/").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(samtykke::http::problem::Code::named(code).is_some(), "{code}");
    }
    let again = server.send("GET", "/docs", &[("if-none-match", page.header("etag"))], None);
    assert_eq!(again.status, 304);
}

#[test]
fn the_description_of_the_notice_names_what_both_layers_have() {
    let database = Database::sqlite();
    let announcement = "[announcement]\ndate = \"2999-01-01\"\ntext = { nb = \"Nytt.\", en = \"News.\" }\n\n[contact]";
    database.apply(&crate::variants::varied().replace("[contact]", announcement));
    let server = Server::with(database, settings());
    let schema = server.get("/openapi.json").json()["components"]["schemas"]["Notice"].clone();
    let keys = |value: &Value| -> Vec<String> { value.as_object().expect("an object").keys().cloned().collect() };
    let whole = server.get("/v1/sites/shop/notice").json();
    let mut described = keys(&schema["properties"]);
    described.sort();
    assert_eq!(keys(&whole), described);
    let first = keys(&server.get("/v1/sites/shop/notice?layer=1").json());
    for required in schema["required"].as_array().expect("a list") {
        assert!(first.iter().any(|key| required == key), "{required}");
    }
}

#[test]
fn that_global_privacy_control_is_honoured_is_said_where_it_is_looked_for() {
    let server = Server::start(Database::sqlite());
    let answer = server.get("/.well-known/gpc.json").expect(200);
    assert_eq!(answer.text(), r#"{"gpc":true,"lastUpdate":"2026-11-25"}"#);
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(answer.header("cache-control").starts_with("public"));
}

#[test]
fn bytes_that_are_no_request_harm_nobody() {
    let server = Server::start(Database::sqlite());
    let address = server.base.trim_start_matches("http://");
    let requests: [&[u8]; 6] = [
        b"\0\0\0\0\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/sites/shop/consents HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n",
        b"POST /v1/sites/shop/consents HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n",
        b"GET /v1/sites/\xff\xfe/banner.js HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /v1/sites/%ff%fe/banner.js HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    ];
    for request in requests {
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.write_all(request).expect("sent");
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let head = String::from_utf8_lossy(&answer[..answer.len().min(12)]).into_owned();
        assert!(head.is_empty() || head.starts_with("HTTP/1.1 4") || head.starts_with("HTTP/1.0 4"), "{head}");
    }
    server.get("/readyz").expect(200);
}

#[test]
fn a_database_that_takes_no_writes_is_not_ready() {
    let database = Database::postgres();
    let server = Server::start(database);
    // Every writer has its connection.
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| server.get("/readyz").expect(200));
        }
    });
    let name = server.database.url().rsplit('/').next().expect("a name").to_owned();
    let admin = crate::server::admin();
    crate::server::execute(&admin, &format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
    let cut = format!("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{name}'");
    crate::server::execute(&admin, &cut);

    let answer = server.get("/readyz");
    answer.problem(503, "unavailable");
    assert_ne!(answer.header("retry-after"), "");
    let kept = consent();
    server.post(&kept).problem(503, "unavailable");
    server.get("/healthz").expect(200);
    server.get("/v1/sites/shop/banner.js").expect(200);

    crate::server::execute(&admin, &format!("ALTER DATABASE {name} RESET default_transaction_read_only"));
    server.post(&kept).expect(201);
    // Nor does a writer that slept through it fail anybody afterwards.
    for _ in 0..20 {
        server.get("/readyz").expect(200);
    }
}

#[test]
fn a_sqlite_file_that_takes_no_writes_is_not_ready() {
    let database = Database::sqlite();
    let server = Server::start(database);
    let mut conn = server.database.parsed().connect().expect("a connection");
    let mut run = |sql: &str| diesel::RunQueryDsl::execute(diesel::sql_query(sql), &mut conn).expect(sql);
    run("ALTER TABLE readiness RENAME TO away");
    run("ALTER TABLE consents RENAME TO elsewhere");
    server.get("/readyz").problem(503, "unavailable");
    let kept = consent();
    server.post(&kept).problem(503, "unavailable");
    run("ALTER TABLE away RENAME TO readiness");
    run("ALTER TABLE elsewhere RENAME TO consents");
    server.post(&kept).expect(201);
    server.get("/readyz").expect(200);
}

#[test]
fn a_queue_that_is_full_says_so_at_once_and_loses_nothing() {
    let database = Database::sqlite();
    database.apply(crate::server::SITE);
    // Nobody seals meanwhile: it would take the one place in the queue.
    let alone = samtykke::config::Serve { queue: 1, batch: 1, seal_ms: 3_600_000, ..settings() };
    let server = Server::with(database, alone);
    let mut conn = server.database.parsed().connect().expect("a connection");
    let mut run = |sql: &str| diesel::RunQueryDsl::execute(diesel::sql_query(sql), &mut conn).expect(sql);
    // Whoever holds the file's write lock makes the writer wait.
    run("BEGIN IMMEDIATE");
    let sent: Vec<Value> = (0..8).map(|_| consent()).collect();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let clients: Vec<_> = sent.iter().map(|sent| scope.spawn(|| server.post(sent))).collect();
        while clients.iter().filter(|client| client.is_finished()).count() < 6 {
            std::thread::yield_now();
        }
        run("COMMIT");
        clients
            .into_iter()
            .map(|client| {
                let answer = client.join().expect("no panic");
                if answer.status == 503 {
                    answer.problem(503, "busy");
                    assert_ne!(answer.header("retry-after"), "");
                }
                answer.status.as_u16()
            })
            .collect()
    });
    assert!(statuses.iter().filter(|status| **status == 503).count() >= 5, "{statuses:?}");
    for (sent, status) in sent.iter().zip(statuses) {
        server.post(sent).expect(if status == 201 { 200 } else { 201 });
    }
}
