//! A visitor's own history, with the capability from the receipt and with nothing else.

use serde_json::json;

use crate::server::{ORIGIN, changed, consent, on_both, without_leaves};

on_both!(a_visitor_sees_their_own_history_with_its_receipts, |server| {
    let first = consent();
    let receipt = server.post(&first).expect(201).json();
    let second = changed(&consent(), "visitor", first["visitor"].clone());
    let second = changed(&second, "previous", first["id"].clone());
    let later = server.post(&second).expect(201).json();
    server.post(&consent()).expect(201);
    assert_eq!(later["record"]["previous"], first["id"]);
    assert_eq!(later["capability"], receipt["capability"], "one capability a visitor");

    let capability = receipt["capability"].as_str().expect("text");
    let history = server.with_capability("GET", capability).expect(200);
    let shown = without_leaves(history.json());
    assert_eq!(shown, json!({ "consents": [receipt, later] }), "as they were, and no one else's");
    assert_eq!(history.header("cache-control"), "no-store");
});

on_both!(a_visitor_is_forgotten_on_their_word, |server| {
    let receipt = server.post(&consent()).expect(201).json();
    let other = server.post(&consent()).expect(201).json();
    let capability = receipt["capability"].as_str().expect("text");
    assert_eq!(server.with_capability("DELETE", capability).expect(200).json(), json!({ "erased": 1 }));
    assert_eq!(server.with_capability("GET", capability).expect(200).json(), json!({ "consents": [] }));
    assert_eq!(server.with_capability("DELETE", capability).expect(200).json(), json!({ "erased": 0 }));
    let other = other["capability"].as_str().expect("text");
    assert_eq!(server.with_capability("GET", other).json()["consents"].as_array().map(Vec::len), Some(1));
});

on_both!(nothing_else_opens_a_history, |server| {
    let sent = consent();
    let receipt = server.post(&sent).expect(201).json();
    let path = "/v1/sites/shop/visitors/me";
    let capability = receipt["capability"].as_str().expect("text");
    let visitor = sent["visitor"].as_str().expect("text");
    for method in ["GET", "DELETE"] {
        for wrong in [visitor, "", "x", &capability[1..], &format!("{capability}A")] {
            let answer = server.with_capability(method, wrong);
            answer.problem(401, "no-capability");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
        server.send(method, path, &[], None).problem(401, "no-capability");
        server
            .send(method, path, &[("authorization", &format!("Basic {capability}"))], None)
            .problem(401, "no-capability");
        let unknown = "/v1/sites/none/visitors/me";
        server.send(method, unknown, &[], None).problem(404, "unknown-site");
    }
    assert_eq!(server.with_capability("GET", capability).json()["consents"].as_array().map(Vec::len), Some(1));
});

on_both!(a_page_of_the_site_may_ask_and_no_other, |server| {
    let receipt = server.post(&consent()).expect(201).json();
    let bearer = format!("Bearer {}", receipt["capability"].as_str().expect("text"));
    let ask = |origin: &str| {
        let headers = [("origin", origin), ("authorization", bearer.as_str())];
        server.send("GET", "/v1/sites/shop/visitors/me", &headers, None).expect(200)
    };
    assert_eq!(ask(ORIGIN).header("access-control-allow-origin"), ORIGIN);
    assert_eq!(ask("https://evil.example").header("access-control-allow-origin"), "");
});
