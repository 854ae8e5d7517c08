//! What the question is sent as: one layer or the whole, by the law, with what is announced, and in the form that falls to a visitor.

use std::sync::atomic::{AtomicI64, Ordering};

use samtykke::config::{Law, Serve};
use samtykke::ledger::verify::verify;
use samtykke::serve;
use serde_json::{Value, json};

use crate::mmdb::maxmind;
use crate::region_files::{both, file};
use crate::regions::{CALIFORNIAN, NORWEGIAN};
use crate::server::{CONSENTS, Database, ORIGIN, SITE, Server, changed, consent, execute, root, settings};

const NOTICE: &str = "/v1/sites/shop/notice?lang=nb";

/// `SITE` with two variants beside its own.
pub fn varied() -> String {
    let variants = "[[variants]]\nid = \"b\"\nshare = 30\nlayout = \"box\"\ntexts.nb.intro = \"{controller} spør kort.\"\n\
         texts.nb.purpose_analytics_name = \"Tall\"\n\n\
         [[variants]]\nid = \"c\"\nshare = 20\ntexts.en.title = \"Cookies?\"\n\n[contact]";
    SITE.replace("[contact]", variants)
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn the_question_gets_what_it_needs_and_no_more() {
    both(|database| {
        database.apply(SITE);
        let server = Server::with(database, settings());
        let first = server.get(&format!("{NOTICE}&layer=1")).expect(200).json();
        let mut expected = vec![
            "site",
            "notice",
            "language",
            "regime",
            "silence",
            "yes_days",
            "no_days",
            "gpc",
            "honoured",
            "dnt",
            "cookieless",
            "name",
            "controller",
            "policy_url",
            "look",
            "list",
            "texts",
            "purposes",
        ];
        expected.sort_unstable();
        assert_eq!(keys(&first), expected);
        let mut texts =
            ["title", "intro", "accept_all", "reject_all", "choose", "facts", "policy", "saved", "honoured"];
        texts.sort_unstable();
        assert_eq!(keys(&first["texts"]), texts);
        for purpose in first["purposes"].as_array().expect("a list") {
            assert_eq!(keys(purpose), ["id", "necessary"]);
        }
        assert_eq!(
            (&first["purposes"][0]["id"], &first["purposes"][1]["id"]),
            (&json!("necessary"), &json!("analytics"))
        );

        for path in [NOTICE.to_owned(), format!("{NOTICE}&layer=2"), format!("{NOTICE}&layer=")] {
            let whole = server.get(&path).expect(200).json();
            assert_eq!(whole["hash"].as_str().map(str::len), Some(64), "{path}");
            assert_eq!(whole["service_switches"], true);
            for key in expected.iter().filter(|key| !["texts", "purposes"].contains(key)) {
                assert_eq!(whole[key], first[key], "{key}");
            }
            assert_eq!(keys(&whole["purposes"][1]), ["description", "id", "name", "necessary", "services"]);
            for text in ["choices", "intro_opt_out", "settings", "save", "forgotten"] {
                assert!(whole["texts"][text].is_string(), "{text}");
            }
            assert!(!keys(&whole["texts"]).iter().any(|key| key.starts_with("purpose_")));
        }
    });
}

#[test]
fn partners_are_the_vendors_that_wait_for_a_yes() {
    let service = |id: &str, kind: &str, purpose: &str, rest: &str| {
        format!("[[services]]\nid = \"{id}\"\nkind = \"{kind}\"\npurpose = \"{purpose}\"\n{rest}\n\n")
    };
    let more = [
        service("ads", "google-ads", "advertising", "key = \"AW-123456789\""),
        service("meta", "meta", "advertising", "key = \"123456789012345\""),
        service("shop", "embed", "necessary", "vendor = \"Somebody else\""),
    ];
    let database = Database::sqlite();
    database.apply(&SITE.replace("[contact]", &format!("{}[contact]", more.concat())));
    let server = Server::with(database, settings());
    // Google Analytics and Google Ads are one partner, and who is necessary is none.
    let facts = server.get(&format!("{NOTICE}&layer=1")).json()["texts"]["facts"].as_str().expect("facts").to_owned();
    assert!(facts.starts_with("Partnere: 2 "), "{facts}");
}

#[test]
fn where_silence_is_no_refusal_other_words_are_said() {
    both(|database| {
        database.apply(SITE);
        let built_in = samtykke::texts::of("nb").expect("bokmål");
        let settings = Serve {
            law: Law { region_db: Some(file(&database, &maxmind())), jurisdictions: None },
            trusted_proxies: vec!["127.0.0.1/32".parse().expect("a network")],
            ..settings()
        };
        let server = Server::with(database, settings);
        let texts = |from: &str, path: &str| {
            server.send("GET", path, &[("x-forwarded-for", from)], None).expect(200).json()["texts"].clone()
        };
        let first = format!("{NOTICE}&layer=1");
        // California, and Australia, where telling is enough.
        for from in [CALIFORNIAN, "1.40.0.1"] {
            let told = texts(from, &first);
            assert_eq!(told["title"], built_in["choices"]);
            assert_eq!(told["intro"], built_in["intro_opt_out"]);
            assert_eq!((told.get("choices"), told.get("settings")), (None, None));
            let whole = texts(from, NOTICE);
            assert_eq!([&whole["title"], &whole["settings"], &whole["choices"]], [&json!(built_in["choices"]); 3]);
            assert_eq!(whole["intro"], built_in["intro_opt_out"]);
            assert_eq!(whole.get("intro_opt_out"), None);
        }
        let told = texts(NORWEGIAN, NOTICE);
        for key in ["title", "intro", "settings"] {
            assert_eq!(told[key], built_in[key], "{key}");
        }
    });
}

/// Chance, and the variant and its layout that come of it.
type Form = (fn() -> u32, &'static str, &'static str);

#[test]
fn each_visitor_gets_the_form_that_chance_gives_them() {
    both(|database| {
        let mut database = database;
        database.apply(&varied());
        let forms: [Form; 5] =
            [(|| 0, "b", "box"), (|| 29, "b", "box"), (|| 30, "c", "bar"), (|| 49, "c", "bar"), (|| 50, "a", "bar")];
        for (percent, variant, layout) in forms {
            let server = Server::by(database, settings(), serve::now, percent);
            for path in [format!("{NOTICE}&layer=1"), NOTICE.to_owned()] {
                let shown = server.get(&path).expect(200).json();
                assert_eq!((&shown["variant"], &shown["look"]["layout"]), (&json!(variant), &json!(layout)), "{path}");
                let intro = shown["texts"]["intro"].as_str().expect("text");
                assert_eq!(intro == "{controller} spør kort.", variant == "b", "{intro}");
            }
            database = server.stop();
        }
    });
}

#[test]
fn chance_keeps_to_the_shares() {
    let mut drawn = [0_u32; 100];
    for _ in 0..20_000 {
        drawn[serve::percent() as usize] += 1;
    }
    // 200 each, and a deviation of 14.
    assert!(drawn.iter().all(|n| (100..=300).contains(n)), "{drawn:?}");
}

#[test]
fn a_form_can_be_asked_for_by_its_name() {
    let database = Database::sqlite();
    database.apply(&varied());
    let server = Server::by(database, settings(), serve::now, || 0);
    for variant in ["a", "b", "c"] {
        let shown = server.get(&format!("{NOTICE}&layer=1&variant={variant}")).expect(200).json();
        assert_eq!(shown["variant"], variant);
    }
    let english = server.get("/v1/sites/shop/notice?lang=en&variant=c").expect(200).json();
    assert_eq!(english["texts"]["title"], "Cookies?");
    for unknown in ["d", "", "A", "b%00"] {
        let problem = server.get(&format!("{NOTICE}&variant={unknown}")).problem(422, "invalid");
        assert_eq!(problem["field"], "variant");
    }
    let plain = Server::start(Database::sqlite());
    plain.get(&format!("{NOTICE}&variant=a")).problem(422, "invalid");
    assert_eq!(plain.get(NOTICE).json().get("variant"), None);
}

#[test]
fn the_form_that_was_answered_stands_in_the_record() {
    both(|database| {
        database.apply(&varied());
        let server = Server::with(database, settings());
        let sent = changed(&consent(), "variant", json!("b"));
        let receipt = server.post(&sent).expect(201).json();
        assert_eq!(receipt["record"]["variant"], "b");
        let keys = serde_json::from_value(server.get("/.well-known/jwks.json").json()).expect("a key set");
        let verified = samtykke::receipt::verify(&receipt.to_string(), &keys).expect("it holds");
        let record: Value = serde_json::from_str(&verified.record).expect("JSON");
        assert_eq!(verified.record, serde_json_canonicalizer::to_string(&record).expect("canonical JSON"));
        assert_eq!(server.post(&sent).expect(200).json()["jws"], receipt["jws"]);
        server.post(&changed(&sent, "variant", json!("c"))).problem(409, "conflict");
        server.post(&changed(&sent, "variant", Value::Null)).problem(409, "conflict");

        let own = server.post(&changed(&consent(), "variant", json!("a"))).expect(201).json();
        assert_eq!(own["record"]["variant"], "a");
        // A page that knows of no variants still answers.
        let none = server.post(&consent()).expect(201).json();
        assert_eq!(none["record"].get("variant"), None);

        server.sealed(3);
        let capability = receipt["capability"].as_str().expect("text");
        let history = server.with_capability("GET", capability).expect(200).json();
        assert_eq!(history["consents"][0]["jws"], receipt["jws"]);
        assert_eq!(history["consents"][0]["record"]["variant"], "b");
        let report = verify(&mut server.conn(), &[], &mut |_, _| {}).expect("verified");
        assert_eq!((report.consents, report.fault_count), (3, 0), "{report:?}");
        // A copy for reading says what was shown.
        for (consent, purpose) in [(&receipt, "Tall"), (&none, "Analyse")] {
            let id = consent["record"]["id"].as_str().expect("an id");
            let bearer = format!("Bearer {}", consent["capability"].as_str().expect("text"));
            let path = format!("/v1/sites/shop/visitors/me/receipts/{id}?form=kantara");
            let copy = server.send("GET", &path, &[("authorization", &bearer)], None).expect(200);
            assert!(copy.text().contains(&format!("\"{purpose}\"")), "{}", copy.text());
        }
        diesel::RunQueryDsl::execute(
            diesel::sql_query("UPDATE consents SET variant = 'c' WHERE variant = 'b'"),
            &mut server.conn(),
        )
        .expect("changed");
        let report = verify(&mut server.conn(), &[], &mut |_, _| {}).expect("verified");
        assert_eq!(report.fault_count, 2, "signature and ledger hold it: {report:?}");
    });
}

#[test]
fn what_was_recorded_before_there_were_variants_stays_as_it_was() {
    for engine in ["sqlite", "postgres"] {
        let database = if engine == "sqlite" { Database::sqlite() } else { Database::postgres() };
        let server = Server::start(database);
        let sent = consent();
        let receipt = server.post(&sent).expect(201);
        let checkpoint = server.sealed(1);
        let database = server.stop();
        let folder = root().join("migrations").join(engine).join("2026-11-25-100000_counts");
        let down = std::fs::read_to_string(folder.join("down.sql")).expect("the way back");
        for statement in down.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
            execute(&database.url(), statement);
        }
        execute(&database.url(), "DELETE FROM __diesel_schema_migrations WHERE version = '20261125100000'");

        let server = Server::with(database, settings());
        assert_eq!(server.post(&sent).expect(200).text(), receipt.text(), "byte for byte");
        assert_eq!(server.sealed(1), checkpoint);
        let report = verify(&mut server.conn(), &[], &mut |_, _| {}).expect("verified");
        assert_eq!((report.consents, report.fault_count), (1, 0), "{report:?}");
    }
}

#[test]
fn a_form_that_was_not_shown_is_not_answered() {
    both(|database| {
        database.apply(&varied());
        let server = Server::with(database, settings());
        let refused = |server: &Server, variant: Value, status, code| {
            let body = changed(&consent(), "variant", variant).to_string();
            let answer = server.send("POST", CONSENTS, &[("origin", ORIGIN)], Some(body.as_bytes()));
            assert_eq!(answer.problem(status, code)["field"], "variant");
        };
        for unknown in ["d", "", "B", "a much longer name than any variant has"] {
            refused(&server, json!(unknown), 422, "invalid");
        }
        refused(&server, json!(1), 400, "malformed");
        let database = server.stop();
        database.apply(SITE);
        let server = Server::with(database, settings());
        let second = changed(&changed(&consent(), "notice", json!(2)), "variant", json!("b"));
        server.post(&second).problem(422, "invalid");
        server.post(&changed(&consent(), "variant", json!("b"))).expect(201);
    });
}

static CLOCK: AtomicI64 = AtomicI64::new(0);

fn clock() -> i64 {
    CLOCK.load(Ordering::SeqCst)
}

#[test]
fn an_announcement_is_made_until_its_day() {
    let midnight = 1_801_440_000_000; // 2027-02-01T00:00:00Z
    both(|database| {
        let announcement = "[announcement]\ndate = \"2027-02-01\"\ntext = { nb = \"Ny erklæring.\", en = \"A new policy.\" }\n\n[contact]";
        database.apply(&SITE.replace("[contact]", announcement));
        CLOCK.store(midnight - 1, Ordering::SeqCst);
        let server = Server::with_clock(database, settings(), clock);
        let said = |path: &str| server.get(path).expect(200).json().get("announcement").cloned();
        let first = format!("{NOTICE}&layer=1");
        let expected = Some(
            json!({ "date": "2027-02-01", "text": "Personvernerklæringen endres 1. februar 2027. Ny erklæring." }),
        );
        assert_eq!([said(&first), said(NOTICE)], [expected.clone(), expected.clone()]);
        assert_eq!(
            said("/v1/sites/shop/notice?lang=en").expect("it is said")["text"],
            "The privacy policy changes on February 1, 2027. A new policy."
        );
        CLOCK.store(midnight, Ordering::SeqCst);
        assert_eq!([said(&first), said(NOTICE)], [None, None], "its day has come");
        CLOCK.store(midnight - 1, Ordering::SeqCst);
        assert_eq!(said(&first), expected, "a clock that is put back finds it again");
    });
}
