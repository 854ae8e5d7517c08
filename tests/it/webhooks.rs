//! Webhooks: who is told what, how it is signed, and that neither a crash nor a slow receiver loses or delays anything.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use samtykke::config::{Serve, Telling};
use samtykke::{change, serve, site_file, webhook};
use serde_json::{Value, json};

use crate::listener::{Got, Listener, eventually};
use crate::program::{run, samtykke};
use crate::server::{Answer, Database, SITE, Server, consent, settings};

/// 2030-01-01T12:00:00Z.
pub const NOON: i64 = 1_893_499_200_000;
const HOOKS: &str = "/v1/sites/shop/webhooks";
pub const HOUR: i64 = 3_600_000;

/// A clock of a test's own, which stands still.
macro_rules! clock {
    ($name:ident) => {
        static $name: AtomicI64 = AtomicI64::new(NOON);
    };
}
pub(crate) use clock;

pub fn private() -> Serve {
    Serve { telling: Telling { webhooks_to_private: true }, ..settings() }
}

pub fn on_each(check: impl Fn(Database)) {
    for database in [Database::sqlite(), Database::postgres()] {
        database.apply(SITE);
        check(database);
    }
}

pub fn ask(server: &Server, method: &str, path: &str, body: Option<&Value>) -> Answer {
    server.call(method, &format!("{HOOKS}{path}"), &server.token("webhooks"), body)
}

/// A new one, by its id, and its secret.
pub fn add(server: &Server, listener: &Listener, events: &[&str]) -> (i64, String) {
    let made = ask(server, "POST", "", Some(&json!({ "url": listener.url, "events": events }))).expect(201).json();
    (made["id"].as_i64().expect("an id"), made["secret"].as_str().expect("a secret").to_owned())
}

pub fn say(server: &Server, person: &str, answer: &str) -> Value {
    let body = json!({ "channel": "email", "answer": answer, "source": "kasse" });
    let path = format!("/v1/sites/shop/people/{person}/consents");
    server.call("POST", &path, &server.token("people:write"), Some(&body)).expect(201).json()
}

pub fn deliveries(server: &Server, id: i64) -> Vec<Value> {
    let listed = ask(server, "GET", &format!("/{id}/deliveries?limit=500"), None).expect(200).json();
    listed["deliveries"].as_array().expect("a list").clone()
}

/// States, the newest first.
pub fn states(server: &Server, id: i64) -> Vec<String> {
    deliveries(server, id).iter().map(|told| told["state"].as_str().expect("text").to_owned()).collect()
}

pub fn announce(server: &Server, now: i64) {
    let text = "[announcement]\ndate = \"2031-01-01\"\ntext = { nb = \"Nytt.\", en = \"News.\" }\n\n[contact]";
    let file = SITE.replace("[contact]", text).replace("Butikken AS", "Nettbutikken AS");
    change::announce(&mut server.conn(), &site_file::parse(&file).expect("a file"), now).expect("announced");
}

#[test]
fn whatever_happens_is_told_once_and_signed_and_in_the_same_words_as_in_the_feed() {
    on_each(|database| {
        let server = Server::with(database, private());
        let (all, some) = (Listener::start(), Listener::start());
        let before = server.post(&consent()).expect(201).json();
        server.sealed(1);
        let (_, secret) = add(&server, &all, &[]);
        add(&server, &some, &["person.sms", "notice.*", "erased"]);

        let sent = consent();
        server.post(&sent).expect(201);
        say(&server, "kari@example.no", "granted");
        let second = say(&server, "kari@example.no", "denied");
        announce(&server, serve::now());
        let got = all.wait(4);
        let kinds: BTreeSet<String> = got.iter().map(Got::kind).collect();
        assert_eq!(kinds, ["notice.announced", "person.email", "visitor.choice"].map(str::to_owned).into());
        for got in &got {
            assert!(got.is_signed_with(&secret), "{got:?}");
            assert!(!got.is_signed_with("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDazfgKSGlZeE="));
            assert_eq!(got.header("content-type"), "application/json");
            assert!(!got.body.contains("kari") && !got.body.contains(before["id"].as_str().unwrap_or("nobody")));
            let timestamp = got.json()["timestamp"].as_str().expect("text").to_owned();
            assert!(timestamp.starts_with("20") && timestamp.len() == 24 && timestamp.ends_with('Z'), "{timestamp}");
            assert_eq!(got.json()["data"]["site"], "shop");
        }
        let told = |kind: &str| {
            let mut told: Vec<Value> =
                got.iter().filter(|got| got.kind() == kind).map(|got| got.json()["data"].clone()).collect();
            told.sort_by_key(|data| data["sequence"].as_i64());
            told
        };
        let (visitor, person) = (&told("visitor.choice")[0], &told("person.email"));
        assert_eq!((&visitor["id"], &visitor["visitor"]), (&sent["id"], &sent["visitor"]));
        assert_eq!((visitor["regulation"].as_str(), &visitor["choice"]), (Some("opt-in"), &sent["choice"]));
        assert_eq!((&person[0]["sequence"], &person[1]["sequence"]), (&json!(1), &json!(2)));
        assert_eq!((&person[1]["person"], &person[1]["choice"]), (&second["person"], &json!({ "email": "denied" })));
        assert_eq!(person[1]["regulation"], person[0]["regulation"]);
        assert_eq!(told("notice.announced")[0]["date"], "2031-01-01");
        let ids: BTreeSet<&str> = got.iter().map(Got::id).collect();
        assert_eq!(ids.len(), 4, "each has an id of its own");
        assert!(ids.contains("leaf-1") && !ids.iter().any(|id| id.contains('.')), "{ids:?}");

        let erase = server.token("erase");
        server.call("DELETE", "/v1/sites/shop/people/kari@example.no", &erase, None).expect(200);
        let some = some.wait(2);
        assert_eq!(some.iter().map(Got::kind).collect::<Vec<_>>(), ["notice.announced", "erased"]);
        let leaves = some[1].json()["data"]["leaves"].clone();
        assert_eq!(leaves, json!([[2, 3]]));
        let figures = server.get("/metrics").text().to_owned();
        assert!(figures.contains(r#"samtykke_webhook_deliveries_total{outcome="delivered"}"#), "{figures}");
    });
}

#[test]
fn a_webhook_is_added_and_seen_and_removed_by_its_own_site_alone() {
    on_each(|database| {
        database.apply(&SITE.replace("id = \"shop\"", "id = \"other\""));
        let server = Server::with(database, settings());
        let asked = json!({ "url": "https://crm.example.no/hook", "events": ["person.*"] });
        let made = ask(&server, "POST", "", Some(&asked)).expect(201).json();
        let id = made["id"].as_i64().expect("an id");
        let secret = made["secret"].as_str().expect("a secret");
        assert!(secret.starts_with("whsec_") && secret.len() == 50, "{secret}");
        let mut shown = made.clone();
        shown.as_object_mut().expect("an object").remove("secret");
        assert_eq!(ask(&server, "GET", "", None).expect(200).json(), json!({ "webhooks": [shown] }));
        assert_eq!(ask(&server, "GET", &format!("/{id}"), None).expect(200).json(), shown);
        assert_eq!(shown["events"], json!(["person.*"]));

        for (wrong, field) in [
            (json!({ "url": "http://crm.example.no/" }), "url"),
            (json!({ "url": "https://127.0.0.1/" }), "url"),
            (json!({ "url": "https://[::ffff:10.0.0.1]/" }), "url"),
            (json!({ "url": "https://a:b@crm.example.no/" }), "url"),
            (json!({ "url": "https://localhost/" }), "url"),
            (json!({ "url": "https://crm.example.no/", "events": ["persn.*"] }), "events"),
            (json!({ "url": "https://crm.example.no/", "events": ["erased erased"] }), "events"),
        ] {
            let told = ask(&server, "POST", "", Some(&wrong)).problem(422, "invalid");
            assert_eq!(told["field"], field, "{told}");
        }
        ask(&server, "POST", "", Some(&json!({ "adress": 1 }))).problem(400, "malformed");
        ask(&server, "GET", &format!("/{id}/deliveries?limit=0"), None).problem(422, "invalid");
        ask(&server, "GET", &format!("/{id}/deliveries?state=lost"), None).problem(400, "malformed");

        let token = server.token("webhooks");
        server.call("GET", "/v1/sites/other/webhooks", &token, None).problem(403, "wrong-site");
        server.call("GET", HOOKS, &server.token("people:read"), None).problem(403, "insufficient-scope");
        crate::server::execute(&server.database.url(), "UPDATE webhooks SET site_id = 2");
        for (method, path) in [("GET", ""), ("DELETE", ""), ("POST", "/test"), ("POST", "/rotate"), ("POST", "/replay")]
        {
            ask(&server, method, &format!("/{id}{path}"), None).problem(404, "unknown-webhook");
        }
        ask(&server, "GET", &format!("/{id}/deliveries"), None).problem(404, "unknown-webhook");
        ask(&server, "GET", "/one", None).problem(404, "not-found");
        crate::server::execute(&server.database.url(), "UPDATE webhooks SET site_id = 1");

        for _ in 1..20 {
            ask(&server, "POST", "", Some(&asked)).expect(201);
        }
        ask(&server, "POST", "", Some(&asked)).problem(409, "many-webhooks");
        ask(&server, "DELETE", &format!("/{id}"), None).expect(204);
        ask(&server, "DELETE", &format!("/{id}"), None).problem(404, "unknown-webhook");
        ask(&server, "POST", "", Some(&asked)).expect(201);
    });
}

#[test]
fn private_addresses_are_not_even_connected_to_unless_that_is_allowed() {
    on_each(|database| {
        let listener = Listener::start();
        let server = Server::with(database, private());
        let (id, _) = add(&server, &listener, &[]);
        let tested = ask(&server, "POST", &format!("/{id}/test"), None).expect(200).json();
        assert_eq!(tested, json!({ "delivered": true, "status": 204 }));
        assert_eq!(listener.wait(1)[0].json()["data"], json!({ "site": "shop" }));
        let database = server.stop();
        let connected = listener.connections();

        let server = Server::with(database, settings());
        let place = listener.url.trim_start_matches("http://");
        let port = place.split([':', '/']).nth(1).expect("a port");
        let hosts = ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0"];
        for host in hosts.map(|host| format!("{host}:{port}")) {
            let set = format!("UPDATE webhooks SET url = 'https://{host}/hook'");
            crate::server::execute(&server.database.url(), &set);
            let tested = ask(&server, "POST", &format!("/{id}/test"), None).expect(200).json();
            let reason = tested["reason"].as_str().expect("a reason");
            assert!(reason.contains("private") || reason.contains("not known"), "{host}: {tested}");
        }
        say(&server, "kunde-1", "granted");
        eventually("it is tried", || deliveries(&server, id).first().is_some_and(|told| told["attempts"] == 1));
        crate::server::execute(&server.database.url(), &format!("UPDATE webhooks SET url = '{}'", listener.url));
        let tested = ask(&server, "POST", &format!("/{id}/test"), None).expect(200).json();
        assert_eq!(tested["delivered"], false, "not over http either: {tested}");
        assert_eq!(listener.connections(), connected, "nobody connected");
    });
}

#[test]
fn both_secrets_sign_for_a_day_after_a_change() {
    clock!(CLOCK);
    on_each(|database| {
        // Whoever checks has a clock that goes.
        CLOCK.store(serve::now(), Ordering::SeqCst);
        let listener = Listener::start();
        let server = Server::by(database, private(), || CLOCK.load(Ordering::SeqCst), || 50);
        let (id, old) = add(&server, &listener, &[]);
        let rotated = ask(&server, "POST", &format!("/{id}/rotate"), None).expect(200).json();
        let new = rotated["secret"].as_str().expect("a secret");
        assert_ne!(new, old);
        assert_eq!(rotated["old_secret_until"], CLOCK.load(Ordering::SeqCst) + 24 * HOUR);
        say(&server, "kunde-1", "granted");
        let got = &listener.wait(1)[0];
        assert!(got.is_signed_with(&old) && got.is_signed_with(new));
        CLOCK.fetch_add(24 * HOUR, Ordering::SeqCst);
        say(&server, "kunde-1", "denied");
        let got = &listener.wait(2)[1];
        assert_eq!(got.header("webhook-signature").split(' ').count(), 1);
        assert!(ask(&server, "GET", &format!("/{id}"), None).json()["old_secret_until"].is_null());
    });
}

#[test]
fn of_what_is_erased_before_it_is_sent_nothing_is_sent() {
    clock!(CLOCK);
    on_each(|database| {
        CLOCK.store(NOON, Ordering::SeqCst);
        let up = Arc::new(Mutex::new(false));
        let listener = {
            let up = Arc::clone(&up);
            Listener::answering(move |_| if *up.lock().expect("a word") { "200 OK" } else { "500 No" }.into())
        };
        let server = Server::by(database, private(), || CLOCK.load(Ordering::SeqCst), || 50);
        let (id, _) = add(&server, &listener, &[]);
        let person = say(&server, "kunde-1", "granted")["person"].clone();
        eventually("it is tried", || deliveries(&server, id).first().is_some_and(|told| told["attempts"] == 1));
        // So goes what was to be told of them in words of its own.
        let about = json!({ "person": person, "link": "https://consent.example.no/1" });
        webhook::emit(&mut server.conn(), 1, "person.confirm", &about, NOON).expect("emitted");
        webhook::emit(&mut server.conn(), 1, "notice.other", &json!({ "site": "shop" }), NOON).expect("emitted");
        assert_eq!(deliveries(&server, id).len(), 3);
        server.call("DELETE", "/v1/sites/shop/people/kunde-1", &server.token("erase"), None).expect(200);
        *up.lock().expect("a word") = true;
        CLOCK.fetch_add(HOUR, Ordering::SeqCst);
        eventually("all is done", || states(&server, id) == ["delivered", "delivered", "erased"]);
        let got = listener.got();
        let after: Vec<String> = got.iter().map(Got::kind).filter(|kind| kind != "person.email").collect();
        assert_eq!(after.iter().collect::<BTreeSet<_>>().len(), 2, "{after:?}");
        assert_eq!(got.iter().filter(|got| got.kind() == "person.email").count(), 1, "the one before");
        let listed = ask(&server, "GET", &format!("/{id}/deliveries"), None);
        assert!(!listed.text().contains(person.as_str().expect("an id")), "{}", listed.text());
    });
}

#[test]
fn the_command_line_does_the_same() {
    on_each(|database| {
        let listener = Listener::start();
        let proxy = Listener::start();
        let webhook = |words: &[&str]| {
            let mut command = samtykke(&database);
            for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
                command.env(name, proxy.url.trim_end_matches("/hook"));
            }
            run(command.arg("webhook").args(words))
        };
        let (well, _, told) = webhook(&["add", "shop", &listener.url]);
        assert!(!well && told.contains("expected https"), "{told}");
        let (well, _, told) = webhook(&["add", "none", "https://crm.example.no/"]);
        assert!(!well && told.contains("there is no site `none` here"), "{told}");
        let add = ["add", "shop", &listener.url, "--events", "person.* erased", "--webhooks-to-private"];
        let (well, added, told) = webhook(&add);
        assert!(well, "{told}");
        let secret = added.trim().strip_prefix("1\t").expect("the id before it").to_owned();
        let line = format!("1\tshop\t{}\tperson.* erased\t0 waiting\t0 parked\n", listener.url);
        assert_eq!(webhook(&["list"]).1, line);
        assert_eq!(webhook(&["list", "other"]).1, "");

        let (well, _, told) = webhook(&["test", "1"]);
        assert!(!well && told.contains("it is not https"), "{told}");
        assert_eq!(listener.connections(), 0);
        assert_eq!(webhook(&["test", "1", "--webhooks-to-private"]).1, "delivered: it answered 204\n");
        let got = &listener.wait(1)[0];
        assert!(got.is_signed_with(&secret) && got.kind() == "webhook.test", "{got:?}");

        let rotated = webhook(&["rotate", "1"]).1.trim().to_owned();
        webhook(&["test", "1", "--webhooks-to-private"]);
        assert!(listener.wait(2)[1].is_signed_with(&secret) && listener.got()[1].is_signed_with(&rotated));

        let person = json!({ "person": "898bc894bbc831a622645a2da52b6a7f" });
        webhook::emit(&mut database.parsed().connect().expect("a connection"), 1, "person.confirm", &person, 5)
            .expect("emitted");
        let (_, listed, _) = webhook(&["deliveries", "1"]);
        assert!(
            listed.starts_with("1\tevent-") && listed.ends_with("\tperson.confirm\tpending\t0 tries\t-\n"),
            "{listed}"
        );
        assert_eq!(webhook(&["replay", "1", "--parked"]).1, "0 are sent once more\n");
        assert_eq!(webhook(&["replay", "1", "--from", "1970-01-01"]).1, "1 are sent once more\n");
        assert!(webhook(&["replay", "1", "--from", "then"]).2.contains("expected a day such as"));
        assert_eq!(proxy.connections(), 0, "no proxy is used");
        assert!(webhook(&["remove", "1"]).0);
        assert!(webhook(&["test", "1"]).2.contains("no webhook 1"));
    });
}

#[test]
fn a_receiver_that_does_as_the_readme_says_takes_what_is_sent_and_nothing_else() {
    let (database, listener) = (Database::sqlite(), Listener::start());
    database.apply(SITE);
    let server = Server::with(database, private());
    let (id, secret) = add(&server, &listener, &[]);
    let rotated = ask(&server, "POST", &format!("/{id}/rotate"), None).expect(200).json();
    ask(&server, "POST", &format!("/{id}/test"), None).expect(200);
    let got = &listener.wait(1)[0];
    let readme = std::fs::read_to_string(crate::server::root().join("README.md")).expect("the README");
    let code = readme.split("```python\n").nth(1).and_then(|rest| rest.split("```").next()).expect("the code");
    let says = |secret: &str, body: &str, id: &str| {
        let names = ["webhook-timestamp", "webhook-signature"].map(|name| (name, got.header(name)));
        let mut headers: serde_json::Map<String, Value> =
            names.map(|(name, value)| (name.into(), value.into())).into_iter().collect();
        headers.insert("webhook-id".into(), id.into());
        let asked = format!("{code}\nprint(is_ours({}, {}, {}.encode()))", json!(secret), json!(headers), json!(body));
        let (well, said, told) = run(std::process::Command::new("python3").args(["-c", &asked]));
        assert!(well, "{told}");
        said.trim() == "True"
    };
    assert!(says(&secret, &got.body, got.id()), "the old one still");
    assert!(says(rotated["secret"].as_str().expect("text"), &got.body, got.id()));
    assert!(!says("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDazfgKSGlZeE=", &got.body, got.id()));
    assert!(!says(&secret, &got.body.replace("shop", "chop"), got.id()) && !says(&secret, &got.body, "leaf-1"));
}
