//! Receipts outside of the service: checked with the published keys alone, after a rotation too, and in the standard forms.

use std::time::{Duration, Instant};

use samtykke::consent::{Consent, NewConsent};
use samtykke::jurisdiction::Jurisdictions;
use samtykke::jwks;
use samtykke::keys::Keys;
use samtykke::regime::{Found, Regime};
use samtykke::sites::Sites;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::server::{ORIGIN, SITE, Server, changed, consent, on_both, settings};

fn receipt(server: &Server) -> Value {
    server.post(&consent()).expect(201).json()
}

fn keys(server: &Server) -> samtykke::jwks::KeySet {
    serde_json::from_value(server.get("/.well-known/jwks.json").expect(200).json()).expect("a key set")
}

on_both!(a_receipt_is_checked_with_the_keys_alone, |server| {
    let (receipt, keys) = (receipt(server), keys(server));
    let text = receipt.to_string();
    let jws = receipt["jws"].as_str().expect("a JWS");
    for good in [text.as_str(), jws, &format!("{jws}\n")] {
        let verified = samtykke::receipt::verify(good, &keys).expect("it holds");
        assert_eq!(serde_json::from_str::<Value>(&verified.record).expect("JSON"), receipt["record"]);
    }
    let none = samtykke::jwks::KeySet { keys: vec![] };
    assert!(samtykke::receipt::verify(&text, &none).err().expect("no key").contains("none of those given"));
    let parts: Vec<&str> = jws.split('.').collect();
    // {"alg":"none","kid":…} and the like are no way around.
    let unsigned = format!("eyJhbGciOiJub25lIiwia2lkIjoieCJ9.{}.", parts[1]);
    for wrong in [
        "",
        "x",
        "a.b",
        "{}",
        &text.replace("denied", "granted"),
        &unsigned,
        &format!("{}.{}.{}", parts[0], parts[2], parts[1]),
        &format!("{}.{}A.{}", parts[0], parts[1], parts[2]),
        &jws[..jws.len() - 4],
    ] {
        assert!(samtykke::receipt::verify(wrong, &keys).is_err(), "{wrong}");
    }
});

#[test]
fn a_rotated_key_stays_published_and_what_it_signed_stays_good() {
    for database in [crate::server::Database::sqlite(), crate::server::Database::postgres()] {
        let server = Server::start(database);
        let (old, old_keys) = (receipt(&server), keys(&server));
        let old_checkpoint = server.sealed(1);
        let data = server.database.folder.path().join("data");
        let database = server.stop();
        let kid = samtykke::keys::rotate(&data, false).expect("rotated");
        let server = Server::start(database);
        let new = receipt(&server);
        let all = keys(&server);
        assert_eq!(all.keys.len(), 2);
        assert_eq!(samtykke::receipt::verify(&new.to_string(), &all).expect("it holds").kid, kid);
        assert_ne!(samtykke::receipt::verify(&old.to_string(), &all).expect("it holds").kid, kid);
        assert!(samtykke::receipt::verify(&new.to_string(), &old_keys).is_err(), "the new key is new");
        assert_eq!(old_checkpoint.matches('—').count(), 1);
        let checkpoint = server.sealed(2);
        assert_eq!(checkpoint.matches('—').count(), 2, "signed by both: {checkpoint}");
        assert_eq!(server.get("/ledger/key").text().lines().count(), 2);
        let capability = old["capability"].as_str().expect("text");
        let history = server.with_capability("GET", capability).expect(200).json();
        assert_eq!(history["consents"][0]["jws"], old["jws"], "the receipt is what it was, byte for byte");
        let report = samtykke::ledger::verify::verify(&mut server.conn(), &[], &mut |_, _| {}).expect("verified");
        assert_eq!(report.fault_count, 0, "{report:?}");

        // Even when the private halves are dropped, the log goes on from what they signed.
        let database = server.stop();
        samtykke::keys::rotate(&data, true).expect("rotated");
        let server = Server::start(database);
        receipt(&server);
        let checkpoint = server.sealed(3);
        assert_eq!(checkpoint.matches('—').count(), 1, "signed by the new one alone: {checkpoint}");
        assert_eq!(keys(&server).keys.len(), 3);
    }
}

on_both!(an_answer_from_before_the_ledger_is_sealed_and_checked_like_any_other, |server| {
    let mut conn = server.conn();
    let sites = Sites::new(Jurisdictions::built_in().expect("the table"));
    sites.refresh(&mut conn, 0).expect("the sites");
    let site = sites.find("shop").expect("the site");
    let mut keys = Keys::open(&server.database.folder.path().join("data")).expect("the server's keys");
    jwks::register(&mut keys, &mut conn, 0).expect("registered");
    let new: NewConsent = serde_json::from_value(consent()).expect("a consent");
    let mut old =
        Consent::new(&new, &site, (Regime::OptIn, Found::Assumed), &[], None, 1, [0; 16]).expect("a good consent");
    // That is what sets it apart: nothing random stands in its record.
    old.salt = None;
    samtykke::receipt::sign(&mut old, &site, &keys).expect("signed");
    samtykke::insert::commit(&mut conn, &[&old], &mut 0).expect("written");
    server.sealed(1);
    let history = server.with_capability("GET", &keys.capability("shop", new.visitor)).expect(200).json();
    let receipt = &history["consents"][0];
    assert_eq!((&receipt["leaf"], receipt["record"].get("salt")), (&serde_json::json!(0), None), "{receipt}");
    samtykke::receipt::verify(&receipt.to_string(), &self::keys(server)).expect("it holds");
    let report = samtykke::ledger::verify::verify(&mut conn, &[], &mut |_, _| {}).expect("verified");
    assert_eq!((report.consents, report.fault_count), (1, 0), "{report:?}");
});

on_both!(a_visitor_gets_a_receipt_in_a_standard_form, |server| {
    let sent = consent();
    let receipt = server.post(&sent).expect(201).json();
    let bearer = format!("Bearer {}", receipt["capability"].as_str().expect("text"));
    let ask = |id: &str, form: &str| {
        let path = format!("/v1/sites/shop/visitors/me/receipts/{id}?form={form}");
        server.send("GET", &path, &[("authorization", &bearer)], None)
    };
    let id = sent["id"].as_str().expect("text");
    let iso = ask(id, "iso27560").expect(200);
    assert_eq!(iso.header("content-type"), "application/ld+json");
    let iso = iso.json();
    assert_eq!(iso["@type"], "dpv:ConsentReceipt");
    assert_eq!(iso["dct:identifier"], sent["id"]);
    assert!(
        iso["dpv:hasRecordOfActivity"]["dpv:hasProcess"].as_array().is_some_and(|purposes| purposes.len() == 2),
        "{iso}"
    );
    let kantara = ask(id, "kantara").expect(200).json();
    assert_eq!(kantara["version"], "KI-CR-v1.1.0");
    assert_eq!(kantara["consentReceiptID"], sent["id"]);
    assert_eq!(kantara["piiPrincipalId"], sent["visitor"]);

    ask(id, "pdf").problem(400, "malformed");
    ask("x", "kantara").problem(404, "not-found");
    let other = consent();
    server.post(&other).expect(201);
    ask(other["id"].as_str().expect("text"), "kantara").problem(404, "not-found");
    let path = format!("/v1/sites/shop/visitors/me/receipts/{id}?form=kantara");
    server.get(&path).problem(401, "no-capability");
});

on_both!(a_page_that_knows_both_ids_gets_the_receipt_again, |server| {
    let ask = |site: &str, origin: &str, body: &Value| {
        let path = format!("/v1/sites/{site}/receipts");
        server.send("POST", &path, &[("origin", origin)], Some(body.to_string().as_bytes()))
    };
    let sent = consent();
    let given = server.post(&sent).expect(201);
    let own = json!({ "visitor": sent["visitor"], "consent": sent["id"] });
    let found = ask("shop", ORIGIN, &own).expect(200);
    assert_eq!(found.text(), given.text(), "the same receipt, to the byte");
    assert_eq!(found.header("access-control-allow-origin"), ORIGIN);
    let receipt = found.json();
    let capability = receipt["capability"].as_str().expect("text");
    let history = server.with_capability("GET", capability).expect(200).json();
    assert_eq!(history["consents"][0]["jws"], receipt["jws"]);

    let other = consent();
    server.post(&other).expect(201);
    let missing = [
        json!({ "visitor": other["visitor"], "consent": sent["id"] }),
        json!({ "visitor": sent["visitor"], "consent": other["id"] }),
        json!({ "visitor": sent["visitor"], "consent": Uuid::now_v7() }),
        json!({ "visitor": Uuid::now_v7(), "consent": sent["id"] }),
        json!({ "visitor": Uuid::nil(), "consent": Uuid::nil() }),
    ];
    let answers = missing.map(|body| ask("shop", ORIGIN, &body));
    for answer in &answers {
        answer.problem(404, "not-found");
        assert_eq!(answer.text(), answers[0].text(), "whichever of them is wrong");
    }
    server.database.apply(&SITE.replace("\"shop\"", "\"other\""));
    let deadline = Instant::now() + Duration::from_secs(10);
    while server.get("/v1/sites/other/notice").status != 200 {
        assert!(Instant::now() < deadline, "the other site is there within seconds");
    }
    ask("other", ORIGIN, &own).problem(404, "not-found");
    ask("none", ORIGIN, &own).problem(404, "unknown-site");

    assert_eq!(server.with_capability("DELETE", capability).expect(200).json()["erased"], 1);
    ask("shop", ORIGIN, &own).problem(404, "not-found");
});

on_both!(a_receipt_is_for_pages_of_the_site_and_is_asked_for_in_one_form, |server| {
    let path = "/v1/sites/shop/receipts";
    let sent = consent();
    server.post(&sent).expect(201);
    let own = json!({ "visitor": sent["visitor"], "consent": sent["id"] });
    let post = |headers: &[(&str, &str)], body: &str| server.send("POST", path, headers, Some(body.as_bytes()));
    post(&[("origin", "https://evil.example")], &own.to_string()).problem(403, "foreign-origin");
    post(&[], &own.to_string()).problem(403, "foreign-origin");
    for (field, body) in [
        (None, String::new()),
        (None, "[]".to_owned()),
        (None, format!("{own}x")),
        (None, changed(&own, "consent", Value::Null).to_string()),
        (Some("visitor"), changed(&own, "visitor", json!("x")).to_string()),
        (Some("consent"), changed(&own, "consent", json!(7)).to_string()),
        (Some("form"), changed(&own, "form", json!("kantara")).to_string()),
    ] {
        let problem = post(&[("origin", ORIGIN)], &body).problem(400, "malformed");
        assert_eq!(problem.get("field").and_then(Value::as_str), field, "{body}: {problem}");
    }
    for method in ["GET", "HEAD", "DELETE"] {
        let answer = server.send(method, path, &[("origin", ORIGIN)], None);
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "POST, OPTIONS"), "{method}");
    }
    let preflight = server.send("OPTIONS", path, &[("origin", ORIGIN)], None).expect(204);
    assert_eq!(preflight.header("access-control-allow-origin"), ORIGIN);
});

#[test]
fn receipts_are_asked_for_within_the_share_of_an_address() {
    let database = crate::server::Database::sqlite();
    database.apply(SITE);
    let server = Server::with(database, samtykke::config::Serve { rate_per_minute: 2, ..settings() });
    let body = json!({ "visitor": Uuid::now_v7(), "consent": Uuid::now_v7() }).to_string();
    let ask = || server.send("POST", "/v1/sites/shop/receipts", &[("origin", ORIGIN)], Some(body.as_bytes()));
    for _ in 0..2 {
        ask().problem(404, "not-found");
    }
    ask().problem(429, "too-many");
}
