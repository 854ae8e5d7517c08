//! Recording an answer: what is taken, what is refused and how, and that nothing is recorded twice.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::server::{CONSENTS, ORIGIN, SITE, changed, consent, on_both, visitor};

on_both!(an_answer_is_recorded_with_a_receipt_that_anyone_can_check, |server| {
    let sent = consent();
    let answer = server.post(&sent).expect(201);
    let receipt = answer.json();

    let record = &receipt["record"];
    for field in ["id", "visitor", "language", "method", "choice", "page"] {
        assert_eq!(record[field], sent[field], "{field}");
    }
    assert_eq!(record["site"], "shop");
    assert_eq!(record["action"], "partial");
    assert_eq!(record["notice"]["number"], 1);
    assert_eq!(record["notice"]["hash"].as_str().map(str::len), Some(64));
    assert_eq!(record["regime"], json!({ "found": "assumed", "model": "opt-in" }));
    let age = samtykke::serve::now() - record["created_at"].as_i64().expect("unix ms");
    assert!((0..60_000).contains(&age), "the server's clock, {age} ms ago");

    let parts: Vec<&str> = receipt["jws"].as_str().expect("a JWS").split('.').collect();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[0]).expect("base64url")).expect("JSON");
    let keys = server.get("/.well-known/jwks.json").expect(200).json();
    let key = keys["keys"].as_array().expect("keys").iter().find(|key| key["kid"] == header["kid"]).expect("its key");
    let key = DecodingKey::from_ed_components(key["x"].as_str().expect("x")).expect("a public key");
    let input = format!("{}.{}", parts[0], parts[1]);
    let verify = |input: &str| crypto::verify(parts[2], input.as_bytes(), &key, Algorithm::EdDSA).expect("a verdict");
    assert!(verify(&input), "the signature holds");
    assert!(!verify(&input.replace('.', ".A")), "and only over these bytes");

    let payload = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).expect("base64url")).expect("UTF-8");
    assert!(answer.text().contains(&format!("\"record\":{payload}")), "the payload is the record, byte for byte");
    let canonical = serde_json_canonicalizer::to_string(record).expect("canonical JSON");
    assert_eq!(payload, canonical, "in RFC 8785 form");
});

on_both!(a_retry_is_kept_once, |server| {
    let sent = consent();
    let first = server.post(&sent).expect(201);
    let second = server.post(&sent).expect(200);
    assert_eq!(first.text(), second.text(), "the same receipt, to the byte");
    let capability = first.json()["capability"].clone();
    let history = server.with_capability("GET", capability.as_str().expect("text")).expect(200).json();
    assert_eq!(history["consents"].as_array().map(Vec::len), Some(1));

    let other = changed(&sent, "choice", json!({ "analytics": "denied", "advertising": "denied" }));
    server.post(&other).problem(409, "conflict");
    server.post(&changed(&sent, "visitor", json!(visitor()))).problem(409, "conflict");
    server.post(&changed(&sent, "page", Value::Null)).problem(409, "conflict");
});

on_both!(the_same_answer_sent_many_times_at_once_is_kept_once, |server| {
    let sent = consent();
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..16).map(|_| scope.spawn(|| server.post(&sent).status.as_u16())).collect();
        clients.into_iter().map(|client| client.join().expect("no panic")).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 15, "{statuses:?}");
});

on_both!(a_refusal_is_written_down_like_an_acceptance, |server| {
    let refusal = changed(&consent(), "choice", json!({ "analytics": "denied", "advertising": "denied" }));
    let receipt = server.post(&changed(&refusal, "method", json!("reject_all"))).expect(201).json();
    assert_eq!(receipt["record"]["action"], "refused");
    assert_eq!(receipt["record"]["method"], "reject_all");
});

on_both!(a_service_may_be_answered_otherwise_than_its_purpose, |server| {
    let all = json!({ "analytics": "granted", "advertising": "granted", "ga": "denied" });
    let first = changed(&consent(), "choice", all.clone());
    let receipt = server.post(&first).expect(201).json();
    assert_eq!((&receipt["record"]["action"], &receipt["record"]["choice"]), (&json!("partial"), &all));
    let after = |before: &Value, choice: Value| {
        let next =
            changed(&changed(&consent(), "visitor", before["visitor"].clone()), "previous", before["id"].clone());
        changed(&next, "choice", choice)
    };
    let only = json!({ "analytics": "denied", "advertising": "denied", "ga": "granted" });
    let second = after(&first, only);
    assert_eq!(server.post(&second).expect(201).json()["record"]["action"], "partial");
    assert_eq!(server.post(&second).expect(200).json()["record"]["choice"]["ga"], "granted");
    let third = after(&second, json!({ "analytics": "denied", "advertising": "denied" }));
    assert_eq!(server.post(&third).expect(201).json()["record"]["action"], "withdrawn");

    let capability = receipt["capability"].as_str().expect("text");
    let history = server.with_capability("GET", capability).expect(200).json();
    let shown = history["consents"].as_array().expect("a list").iter().map(|one| &one["record"]["choice"]["ga"]);
    assert_eq!(shown.collect::<Vec<_>>(), [&json!("denied"), &json!("granted"), &Value::Null]);
    let bearer = format!("Bearer {capability}");
    let export = |consent: &Value, form: &str| {
        let id = consent["id"].as_str().expect("text");
        let path = format!("/v1/sites/shop/visitors/me/receipts/{id}?form={form}");
        server.send("GET", &path, &[("authorization", &bearer)], None).expect(200).json()
    };
    let given = export(&second, "kantara")["services"][0]["purposes"].clone();
    assert_eq!((given.as_array().map(Vec::len), &given[0]["thirdPartyName"]), (Some(1), &json!("Google Ireland Ltd")));
    let events = export(&third, "iso27560")["dpv:hasRecordOfActivity"]["dpv:hasConsentStatus"].clone();
    assert_eq!(events[1]["@type"][0], "dpv:ConsentWithdrawn", "{events}");

    let unknown = json!({ "analytics": "denied", "advertising": "denied", "matomo": "granted" });
    let problem = server.post(&after(&third, unknown)).problem(422, "invalid");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("\"matomo\"")), "{problem}");
});

on_both!(what_is_missing_or_unknown_is_named, |server| {
    let good = consent();
    let check = |field: &str, value: Value, status: u16, code: &str, named: &str| {
        let problem = server.post(&changed(&good, field, value)).problem(status, code);
        assert_eq!(problem["field"].as_str().unwrap_or_default(), named, "{problem}");
    };
    check("choice", json!({ "analytics": "granted" }), 422, "invalid", "choice.advertising");
    check("choice", json!({}), 422, "invalid", "choice.analytics");
    let unknown = json!({ "analytics": "granted", "advertising": "denied", "chat": "granted" });
    check("choice", unknown, 422, "invalid", "choice");
    let necessary = json!({ "analytics": "granted", "advertising": "denied", "necessary": "granted" });
    check("choice", necessary, 422, "invalid", "choice");
    check("choice", json!({ "analytics": "yes", "advertising": "denied" }), 400, "malformed", "choice.analytics");
    check("choice", json!({ "analytics": true, "advertising": "denied" }), 400, "malformed", "choice.analytics");
    check("choice", json!(["granted"]), 400, "malformed", "choice");
    check("notice", json!(2), 422, "unknown-notice", "notice");
    check("notice", json!(-1), 422, "unknown-notice", "notice");
    check("notice", json!(1.5), 400, "malformed", "notice");
    check("notice", json!(99_999_999_999_u64), 400, "malformed", "notice");
    check("language", json!("fr"), 422, "invalid", "language");
    check("method", json!("click"), 400, "malformed", "method");
    check("page", json!("/sok?navn=ola"), 422, "invalid", "page");
    check("page", json!("https://www.example.no/"), 422, "invalid", "page");
    check("page", json!(format!("/{}", "a".repeat(400))), 422, "invalid", "page");
    check("page", json!("/\u{0}"), 422, "invalid", "page");
    check("id", json!("not-a-uuid"), 400, "malformed", "id");
    check("id", json!(Uuid::nil()), 422, "invalid", "id");
    check("visitor", json!(Uuid::max()), 422, "invalid", "visitor");
    check("previous", json!("x"), 400, "malformed", "previous");
    check("email", json!("ola@example.no"), 400, "malformed", "email");
    for field in ["id", "visitor", "notice", "method", "choice"] {
        let problem = server.post(&changed(&good, field, Value::Null)).problem(400, "malformed");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(field)), "{problem}");
    }
});

on_both!(what_was_answered_before_decides_what_an_answer_amounts_to, |server| {
    let choice = |analytics: &str| json!({ "analytics": analytics, "advertising": "denied" });
    let mut last = consent();
    assert_eq!(server.post(&last).expect(201).json()["record"]["action"], "partial");
    for (answer, action) in
        [("granted", "renewed"), ("denied", "withdrawn"), ("denied", "refused"), ("granted", "partial")]
    {
        let next = changed(&consent(), "visitor", last["visitor"].clone());
        let next = changed(&changed(&next, "previous", last["id"].clone()), "choice", choice(answer));
        let record = server.post(&next).expect(201).json()["record"].clone();
        assert_eq!((&record["action"], &record["previous"]), (&json!(action), &last["id"]));
        assert_eq!(server.post(&next).expect(200).json()["record"], record, "sent again it is the same");
        last = next;
    }
    let stranger = changed(&consent(), "previous", last["id"].clone());
    assert_eq!(server.post(&stranger).problem(422, "invalid")["field"], "previous");
    let unknown = changed(&consent(), "previous", json!(Uuid::now_v7()));
    assert_eq!(server.post(&unknown).expect(201).json()["record"]["action"], "partial");
});

on_both!(a_visitor_from_before_ids_were_in_order_is_known, |server| {
    let old = Uuid::parse_str("3b9f7a52-6c1d-4e0b-9a54-0d6f2e1c8b77").expect("version 4");
    server.post(&changed(&consent(), "visitor", json!(old))).expect(201);
});

on_both!(a_body_that_is_no_answer_is_a_problem_and_nothing_worse, |server| {
    let send = |body: &[u8]| server.send("POST", CONSENTS, &[("origin", ORIGIN)], Some(body));
    let twice = consent().to_string().replace("\"advertising\":", "\"analytics\":\"denied\",\"advertising\":");
    let trailing = format!("{} {{}}", consent());
    let deep = "[".repeat(10_000);
    let bodies: [&[u8]; 9] =
        [b"", b"{", b"null", b"[]", b"\"x\"", b"\xff\xfe", deep.as_bytes(), twice.as_bytes(), trailing.as_bytes()];
    for body in bodies {
        send(body).problem(400, "malformed");
    }
    let large = changed(&consent(), "page", json!(format!("/{}", "a".repeat(16 * 1024))));
    send(large.to_string().as_bytes()).problem(413, "too-large");
    server.post(&consent()).expect(201);
});

on_both!(only_a_page_of_the_site_is_heard, |server| {
    let body = consent().to_string();
    let send = |headers: &[(&str, &str)]| server.send("POST", CONSENTS, headers, Some(body.as_bytes()));
    for origin in ["https://evil.example", "null", "http://www.example.no", "https://www.example.no.evil.example", ""] {
        send(&[("origin", origin)]).problem(403, "foreign-origin");
    }
    send(&[]).problem(403, "foreign-origin");
    send(&[("origin", ORIGIN), ("origin", ORIGIN)]).problem(403, "foreign-origin");
    let refused = send(&[("origin", "https://evil.example")]);
    assert_eq!(refused.header("access-control-allow-origin"), "");

    let answer = send(&[("origin", ORIGIN)]).expect(201);
    assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
    assert!(answer.header("vary").contains("Origin"));
    send(&[("origin", "https://example.no")]).expect(200);
    let unknown = server.send("POST", "/v1/sites/none/consents", &[("origin", ORIGIN)], Some(body.as_bytes()));
    unknown.problem(404, "unknown-site");
});

on_both!(a_preflight_is_answered_for_the_site_s_pages_alone, |server| {
    let ask = |origin: &str| server.send("OPTIONS", CONSENTS, &[("origin", origin)], None).expect(204);
    assert_eq!(ask(ORIGIN).header("access-control-allow-origin"), ORIGIN);
    assert_eq!(ask("https://evil.example").header("access-control-allow-origin"), "");
});

on_both!(a_signal_of_the_browser_is_noted, |server| {
    let body = consent().to_string();
    let headers = [("origin", ORIGIN), ("sec-gpc", "1"), ("dnt", "0")];
    let receipt = server.send("POST", CONSENTS, &headers, Some(body.as_bytes())).expect(201).json();
    assert_eq!(receipt["record"]["signals"], json!(["gpc"]));
});

#[test]
fn an_answer_to_an_older_notice_still_counts() {
    let database = crate::server::Database::sqlite();
    let server = crate::server::Server::start(database);
    server.database.apply(&SITE.replace("[[services]]", "[[purposes]]\nid = \"preferences\"\n\n[[services]]"));
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while server.get("/v1/sites/shop/notice").json()["notice"] != 2 {
        assert!(std::time::Instant::now() < deadline, "a running server picks the new notice up");
    }
    let old = consent();
    assert_eq!(server.post(&old).expect(201).json()["record"]["notice"]["number"], 1);
    let problem = server.post(&changed(&consent(), "notice", json!(2))).problem(422, "invalid");
    assert_eq!(problem["field"], "choice.preferences");
    let whole = json!({ "preferences": "denied", "analytics": "granted", "advertising": "granted" });
    let new = changed(&changed(&consent(), "notice", json!(2)), "choice", whole);
    server.post(&new).expect(201);
}

#[test]
fn one_sender_cannot_drown_the_others() {
    let database = crate::server::Database::sqlite();
    database.apply(SITE);
    let settings = samtykke::config::Serve {
        rate_per_minute: 3,
        trusted_proxies: vec!["127.0.0.1/32".parse().expect("a network")],
        ..crate::server::settings()
    };
    let server = crate::server::Server::with(database, settings);
    let send = |client: &str| {
        let headers = [("origin", ORIGIN), ("x-forwarded-for", client)];
        server.send("POST", CONSENTS, &headers, Some(consent().to_string().as_bytes()))
    };
    for _ in 0..3 {
        send("1.1.1.1, 203.0.113.7").expect(201);
    }
    let refused = send("2.2.2.2, 203.0.113.7");
    refused.problem(429, "too-many");
    assert_ne!(refused.header("retry-after"), "");
    send("1.1.1.1, 203.0.113.8").expect(201);
}

#[test]
fn no_body_makes_the_service_fail() {
    use proptest::prelude::*;
    let server = crate::server::Server::start(crate::server::Database::sqlite());
    let good = consent().to_string();
    let bits = [
        "null", "{}", "[]", "\"\"", "-1", "1e999", "\\u0000", "\\ud800", "\u{fffd}", ",", "\"", "}", ":", "granted",
        "é",
    ];
    let strategy = (0..good.len(), 0..30_usize, prop::sample::select(bits.to_vec()), any::<[u8; 3]>(), any::<bool>());
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let outcome = runner.run(&strategy, |(at, cut, bit, noise, raw)| {
        let put: &[u8] = if raw { &noise } else { bit.as_bytes() };
        let body = [&good.as_bytes()[..at], put, &good.as_bytes()[(at + cut).min(good.len())..]].concat();
        let answer = server.send("POST", CONSENTS, &[("origin", ORIGIN)], Some(&body));
        prop_assert!(matches!(answer.status.as_u16(), 200 | 201 | 400 | 409 | 422), "{}: {:?}", answer.text(), body);
        Ok(())
    });
    assert_eq!(outcome, Ok(()));
}
