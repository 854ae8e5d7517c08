//! Letters: a yes that waits for its confirmation, and the links by which people confirm it and take it back. Who merely looks at a link
//! changes nothing.

use std::sync::atomic::{AtomicI64, Ordering};

use samtykke::day::DAY_MS;
use samtykke::person::PersonId;
use samtykke::person::letter::{For, Token};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::server::{Answer, Database, PUBLIC, SITE, Server, on_both, settings};

const ALL: &str = "people:read people:write erase";
const KARI: &str = "kari@example.no";

fn people(rest: &str) -> String {
    format!("/v1/sites/shop/people/{rest}")
}

fn say(server: &Server, answer: &str) -> Value {
    let body = json!({ "channel": "email", "answer": answer, "source": "kasse", "language": "nb" });
    server.call("POST", &people(&format!("{KARI}/consents")), &server.token(ALL), Some(&body)).expect(201).json()
}

fn stands(server: &Server) -> Value {
    server.call("GET", &people(KARI), &server.token(ALL), None).expect(200).json()
}

/// The same site, where a yes to e-mail is confirmed.
fn confirming(server: &Server) {
    server.database.apply(&format!("{SITE}\n[people]\ndouble_opt_in = true\n"));
    crate::clients::until(true, || {
        let body = json!({ "channel": "email", "answer": "granted", "source": "kasse" });
        let path = people(&format!("{}/consents", Uuid::now_v7()));
        server.call("POST", &path, &server.token(ALL), Some(&body)).expect(201).json()["confirm_url"].is_string()
    });
}

/// The path of a link of this service.
fn path(link: &Value) -> String {
    let link = link.as_str().expect("a link");
    link.strip_prefix(PUBLIC).unwrap_or_else(|| panic!("{link}")).to_owned()
}

fn token_of(path: &str) -> String {
    path.split_once("t=").expect("a token").1.split('&').next().expect("a token").to_owned()
}

fn post(server: &Server, path: &str, body: &str) -> Answer {
    server.send("POST", path, &[("content-type", "application/x-www-form-urlencoded")], Some(body.as_bytes()))
}

/// Presses the button of the page at this path.
fn press(server: &Server, path: &str) -> Answer {
    let (place, _) = path.split_once('?').expect("a query");
    post(server, place, &format!("t={}", token_of(path)))
}

fn person(written: &Value) -> PersonId {
    let digits = written["person"].as_str().expect("a person");
    PersonId(u128::from_str_radix(digits, 16).expect("hexadecimal").to_be_bytes())
}

fn is_page(answer: &Answer, status: u16) {
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (status, "text/html; charset=utf-8"));
    let policy = answer.header("content-security-policy");
    for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "style-src 'sha256-"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert_eq!((answer.header("referrer-policy"), answer.header("cache-control")), ("no-referrer", "no-store"));
    assert!(!answer.text().contains("<script") && !answer.text().contains(" style="));
}

on_both!(a_yes_to_email_counts_once_it_is_confirmed_by_a_click, |server| {
    confirming(server);
    let written = say(server, "granted");
    let record = &written["receipt"]["record"];
    assert_eq!((&record["action"], &record["choice"]), (&json!("pending"), &json!({ "email": "denied" })));
    let waits = &written["channels"]["email"];
    assert_eq!((&waits["allowed"], &waits["reason"]), (&json!(false), &json!("pending")));
    assert_eq!(waits["until"].as_i64(), waits["since"].as_i64().map(|since| since + 7 * DAY_MS));
    assert!(written["unsubscribe"].is_null(), "{written}");

    // A scanner opens the link as often as it likes.
    let link = path(&written["confirm_url"]);
    assert!(link.ends_with("&lang=nb"), "{link}");
    for method in ["GET", "HEAD", "GET"] {
        let page = server.send(method, &link, &[], None);
        is_page(&page, 200);
    }
    let page = server.get(&link);
    assert!(page.text().contains("Ja, jeg vil ha e-post") && page.text().contains("Butikken"), "{}", page.text());
    assert_eq!(stands(server)["channels"]["email"]["reason"], "pending");

    let done = press(server, &link);
    is_page(&done, 200);
    let found = stands(server);
    let said = &found["channels"]["email"];
    assert_eq!((&said["allowed"], &found["sequence"]), (&json!(true), &json!(2)));
    assert_ne!(said["receipt"], record["id"]);
    let history =
        samtykke::visitor::history(&mut server.conn(), 1, Uuid::from_bytes(person(&written).0)).expect("rows");
    let (_, confirmed, _) = history.last().expect("two events");
    assert_eq!(
        confirmed.previous.as_deref(),
        Uuid::parse_str(record["id"].as_str().expect("an id")).ok().as_ref().map(|id| &id.as_bytes()[..])
    );
    assert_eq!((confirmed.action.as_str(), confirmed.topic.as_deref()), ("granted", Some("email")));
    assert_eq!(confirmed.details.as_deref(), Some(r#"{"actor":"person","sequence":2,"source":"confirmation"}"#));
    assert_eq!(confirmed.language.as_deref(), Some("nb"));

    // It opens once.
    is_page(&server.get(&link), 410);
    is_page(&press(server, &link), 410);
    // Whose yes stands has confirmed it, and renews it by saying it again.
    let again = say(server, "granted");
    assert_eq!((&again["receipt"]["record"]["action"], &again["confirm_url"]), (&json!("renewed"), &Value::Null));
});

on_both!(a_later_answer_makes_a_link_worthless, |server| {
    confirming(server);
    let first = path(&say(server, "granted")["confirm_url"]);
    let second = path(&say(server, "granted")["confirm_url"]);
    is_page(&press(server, &first), 410);
    assert_eq!(say(server, "denied")["channels"]["email"]["reason"], "denied");
    is_page(&press(server, &second), 410);
    assert_eq!(stands(server)["channels"]["email"]["reason"], "denied");
    let third = path(&say(server, "granted")["confirm_url"]);
    server.call("DELETE", &people(KARI), &server.token(ALL), None).expect(200);
    is_page(&server.get(&third), 410);
    is_page(&press(server, &third), 410);
    server.call("GET", &people(KARI), &server.token(ALL), None).problem(404, "unknown-person");
});

on_both!(a_link_opens_its_own_page_of_its_own_site_in_time, |server| {
    confirming(server);
    let written = say(server, "granted");
    let (who, link) = (person(&written), path(&written["confirm_url"]));
    let event = written["receipt"]["record"]["id"].as_str().and_then(|id| Uuid::parse_str(id).ok()).expect("an id");
    let (keys, now) = (server.keys(), samtykke::serve::now());
    let confirm = |token: &str| post(server, "/v1/sites/shop/confirm", &format!("t={token}"));
    // Made here, and ended.
    let ended = Token::confirm(who, event, now - 7 * DAY_MS).write("shop", &keys);
    is_page(&confirm(&ended), 410);
    is_page(&server.get(&format!("/v1/sites/shop/confirm?t={ended}")), 410);
    let ended = Token { person: who, what: For::Unsubscribe, ends: now - 1000 }.write("shop", &keys);
    is_page(&post(server, &format!("/v1/sites/shop/unsubscribe?t={ended}"), "List-Unsubscribe=One-Click"), 410);
    // Of another site, another page, or nobody's.
    let good = token_of(&link);
    let foreign = Token::confirm(who, event, now).write("other", &keys);
    let unsubscribe = Token::unsubscribe(who, now).write("shop", &keys);
    let changed = format!("{}{}", &good[..good.len() - 2], if good.ends_with("AA") { "QQ" } else { "AA" });
    for wrong in [foreign.as_str(), &unsubscribe, &changed, "", "x", "%F0%9F%92%A5"] {
        is_page(&confirm(wrong), 403);
        is_page(&server.get(&format!("/v1/sites/shop/confirm?t={wrong}")), 403);
    }
    is_page(&post(server, &format!("/v1/sites/shop/unsubscribe?t={good}"), ""), 403);
    is_page(&server.get("/v1/sites/shop/unsubscribe"), 403);
    assert_eq!(stands(server)["channels"]["email"]["reason"], "pending");
    server.get(&link.replace("/shop/", "/none/")).problem(404, "unknown-site");
    post(server, "/v1/sites/shop/confirm", "t=%ff%fe\u{0}").expect(403);
});

on_both!(one_click_takes_a_yes_to_email_back, |server| {
    let written = say(server, "granted");
    let headers = &written["unsubscribe"];
    assert_eq!(headers, &stands(server)["unsubscribe"]);
    assert_eq!(headers["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click");
    let link = headers["List-Unsubscribe"].as_str().expect("a link");
    let link = path(&json!(link.trim_matches(['<', '>'])));
    let page = server.send("GET", &link, &[("accept-language", "en")], None);
    is_page(&page, 200);
    assert!(page.text().contains("Do you want no more e-mail from Butikken?"), "{}", page.text());
    assert_eq!(stands(server)["channels"]["email"]["allowed"], true);

    for _ in 0..3 {
        is_page(&post(server, &link, "List-Unsubscribe=One-Click"), 200);
    }
    let found = stands(server);
    assert_eq!((&found["channels"]["email"]["reason"], &found["sequence"]), (&json!("withdrawn"), &json!(2)));
    assert!(found["unsubscribe"].is_null());
    // Later, by the button of the same mail's page, after another yes.
    say(server, "granted");
    is_page(&press(server, &link), 200);
    assert_eq!(stands(server)["channels"]["email"]["reason"], "withdrawn");
    // Of whom nothing is known, there is nothing to take back.
    server.call("DELETE", &people(KARI), &server.token(ALL), None).expect(200);
    is_page(&post(server, &link, "List-Unsubscribe=One-Click"), 200);
    server.call("GET", &people(KARI), &server.token(ALL), None).problem(404, "unknown-person");
});

on_both!(a_yes_that_nobody_confirms_goes_like_a_refusal, |server| {
    use samtykke::retention::{Keep, run};
    confirming(server);
    let confirmed = say(server, "granted");
    press(server, &path(&confirmed["confirm_url"])).expect(200);
    let keep = Keep { keep_consents_days: 1826, keep_refusals_days: 30, keep_audit_days: 400 };
    let going = |days: i64| {
        let (mut going, then) = (0, samtykke::serve::now() + days * DAY_MS);
        run(&mut server.conn(), keep, then, |_, _, rows| {
            going += rows.len();
            Ok(())
        })
        .expect("a reading");
        going
    };
    assert_eq!(going(36), 0);
    // Those of `confirming`, which nobody ever confirms.
    let waiting = going(38);
    assert!(waiting > 0);
    assert_eq!(going(1820), waiting);
    assert_eq!(going(1830), waiting + 1, "the yes that was confirmed is the other half of a proof");
});

#[test]
fn a_service_that_does_not_know_its_address_makes_no_links() {
    let database = Database::sqlite();
    database.apply(&format!("{SITE}\n[people]\ndouble_opt_in = true\n"));
    let server = Server::with(database, samtykke::config::Serve { public_url: None, ..settings() });
    let body = json!({ "channel": "email", "answer": "granted", "source": "kasse" });
    let token = server.token(ALL);
    server.call("POST", &people("k1/consents"), &token, Some(&body)).problem(409, "no-public-url");
    server.call("GET", &people("k1"), &token, None).problem(404, "unknown-person");
}

#[test]
fn a_yes_to_be_confirmed_that_was_given_long_ago_is_refused() {
    let database = Database::sqlite();
    database.apply(&format!("{SITE}\n[people]\ndouble_opt_in = true\n"));
    let server = Server::with(database, settings());
    let given_at = samtykke::serve::now() - 8 * DAY_MS;
    let body = json!({ "channel": "email", "answer": "granted", "source": "kasse", "given_at": given_at });
    let token = server.token(ALL);
    let problem = server.call("POST", &people("k1/consents"), &token, Some(&body)).problem(422, "invalid");
    assert_eq!(problem["field"], "given_at");
}

/// How far the clock of the next test is ahead, in ms.
static AHEAD: AtomicI64 = AtomicI64::new(0);

fn jumping() -> i64 {
    samtykke::serve::now() + AHEAD.load(Ordering::SeqCst)
}

#[test]
fn a_yes_that_was_written_in_time_is_the_same_one_when_it_is_sent_again_later() {
    for database in [Database::sqlite(), Database::postgres()] {
        AHEAD.store(0, Ordering::SeqCst);
        database.apply(&format!("{SITE}\n[people]\ndouble_opt_in = true\n"));
        let server = Server::with_clock(database, settings(), jumping);
        let given_at = samtykke::serve::now() - 5 * DAY_MS;
        let body = json!({
            "id": Uuid::now_v7(),
            "channel": "email",
            "answer": "granted",
            "source": "kasse",
            "given_at": given_at,
        });
        let send = || server.call("POST", &people("k1/consents"), &server.token(ALL), Some(&body));
        let first = send().expect(201).json();
        assert!(first["confirm_url"].is_string(), "{first}");
        AHEAD.store(3 * DAY_MS, Ordering::SeqCst);
        let again = send().expect(200).json();
        assert_eq!(again["receipt"], first["receipt"]);
        assert_eq!((&again["channels"]["email"]["reason"], &again["confirm_url"]), (&json!("expired"), &Value::Null));
    }
}

#[derive(diesel::QueryableByName)]
struct Told {
    #[diesel(sql_type = diesel::sql_types::Text)]
    event: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    data: String,
}

on_both!(a_link_that_is_not_mailed_from_here_is_told_to_the_sites_own_systems, |server| {
    use diesel::RunQueryDsl;
    confirming(server);
    let mut conn = server.conn();
    // It is private, so that nothing is sent to it.
    let (url, now) = ("https://127.0.0.1:9/hook", samtykke::serve::now());
    samtykke::webhook::receiver::add(&mut conn, &server.keys(), 1, url, "person.confirmation", now).expect("added");
    let written = say(server, "granted");
    let told: Vec<Told> = diesel::sql_query("SELECT event, data FROM deliveries").load(&mut conn).expect("deliveries");
    let [Told { event, data }] = &told[..] else { panic!("{} were told", told.len()) };
    let data: Value = serde_json::from_str(data).expect("JSON");
    assert_eq!(event, "person.confirmation");
    for (field, said) in [
        ("id", &written["receipt"]["record"]["id"]),
        ("person", &written["person"]),
        ("confirm_url", &written["confirm_url"]),
        ("language", &json!("nb")),
    ] {
        assert_eq!(&data[field], said, "{data}");
    }
    assert!(data.get("ref").is_none() && !data.to_string().contains(KARI), "{data}");
    server.call("DELETE", &people(KARI), &server.token(ALL), None).expect(200);
    let left: Vec<Told> = diesel::sql_query("SELECT event, data FROM deliveries").load(&mut conn).expect("deliveries");
    assert!(left.is_empty(), "a link goes with its person");
});

/// Takes letters on a free port, one after the other, as the least that RFC 5321 asks of a server: says where, and hands over what came.
fn letter_box(letters: usize) -> (String, std::thread::JoinHandle<Vec<String>>) {
    use std::io::{BufRead, BufReader, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("smtp://{}", listener.local_addr().expect("an address"));
    let taken = std::thread::spawn(move || {
        let mut taken = Vec::new();
        while taken.len() < letters {
            let (stream, _) = listener.accept().expect("a connection");
            let (mut lines, mut answers) = (BufReader::new(stream.try_clone().expect("a reader")).lines(), stream);
            let mut answer = |text: &str| answers.write_all(format!("{text}\r\n").as_bytes()).expect("answered");
            answer("220 here");
            while let Some(Ok(line)) = lines.next() {
                match line.get(..4).unwrap_or_default() {
                    "DATA" => {
                        answer("354 go on");
                        let letter = lines.by_ref().map_while(Result::ok).take_while(|line| line != ".");
                        taken.push(letter.collect::<Vec<_>>().join("\n"));
                        answer("250 taken");
                    }
                    "QUIT" => {
                        answer("221 bye");
                        break;
                    }
                    _ => answer("250 well"),
                }
                if taken.len() == letters {
                    break;
                }
            }
        }
        taken
    });
    (url, taken)
}

#[test]
fn a_link_is_mailed_to_an_address_and_to_nobody_else() {
    for database in [Database::sqlite(), Database::postgres()] {
        database.apply(&format!("{SITE}\n[people]\ndouble_opt_in = true\n"));
        let (url, taken) = letter_box(2);
        let mail = samtykke::config::Mail {
            smtp_url: Some(url.parse().expect("a URL")),
            mail_from: Some("Butikken <post@example.no>".parse().expect("an address")),
        };
        let server = Server::with(database, samtykke::config::Serve { mail, ..settings() });
        let event = Uuid::now_v7();
        let body = json!({ "id": event, "channel": "email", "answer": "granted", "source": "kasse", "language": "nb" });
        let send = |named: &str, status: u16| {
            let path = people(&format!("{named}/consents"));
            server.call("POST", &path, &server.token(ALL), Some(&body)).expect(status).json()
        };
        let written = send(KARI, 201);
        assert_eq!((&written["mail"], written.get("confirm_url")), (&json!("sent"), None), "{written}");
        assert_eq!(send(KARI, 200)["mail"], "sent", "sent again, it is mailed again");
        let letters = taken.join().expect("no panic");
        for letter in &letters {
            assert!(letter.contains("To: kari@example.no") && letter.contains("post@example.no"), "{letter}");
            assert!(letter.contains("Auto-Submitted: auto-generated"), "{letter}");
        }
        // Nobody takes letters any more: the yes is kept, and says that it was not mailed.
        let other = json!({ "channel": "email", "answer": "granted", "source": "kasse" });
        let path = people("ola@example.no/consents");
        assert_eq!(server.call("POST", &path, &server.token(ALL), Some(&other)).expect(201).json()["mail"], "failed");
        // Of its own id nobody knows an address.
        let by_id = server.call("POST", &people("k1/consents"), &server.token(ALL), Some(&other)).expect(201).json();
        assert!(by_id["confirm_url"].is_string() && by_id.get("mail").is_none(), "{by_id}");
    }
}
