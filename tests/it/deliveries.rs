//! Deliveries by webhook: tried again and again, parked, replayed; at least once, whatever crashes, and none delayed by another.

use std::collections::BTreeSet;
use std::io::{BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use samtykke::day::DAY_MS;
use samtykke::serve;
use serde_json::json;

use crate::listener::{Got, Listener, eventually};
use crate::program::{Process, run, samtykke};
use crate::server::{Database, SITE, Server, consent};
use crate::webhooks::{HOUR, NOON, add, announce, ask, clock, deliveries, on_each, private, say, states};

#[test]
fn what_cannot_be_delivered_is_tried_again_for_three_days_then_parked_and_replayed() {
    clock!(CLOCK);
    on_each(|database| {
        CLOCK.store(NOON, Ordering::SeqCst);
        let up = Arc::new(Mutex::new(false));
        let listener = {
            let up = Arc::clone(&up);
            Listener::answering(move |_| if *up.lock().expect("a word") { "200 OK" } else { "503 Down" }.into())
        };
        let server = Server::by(database, private(), || CLOCK.load(Ordering::SeqCst), || 50);
        let (id, _) = add(&server, &listener, &["person.*"]);
        say(&server, "kunde-1", "granted");
        for (minutes, tries) in [0, 1, 6, 31, 121, 301, 601, 841, 1201, 1441].into_iter().zip(1..) {
            CLOCK.fetch_add(minutes * 60_000, Ordering::SeqCst);
            eventually("it is tried", || deliveries(&server, id).first().is_some_and(|told| told["attempts"] == tries));
        }
        assert_eq!(states(&server, id), ["parked"]);
        assert_eq!(ask(&server, "GET", &format!("/{id}"), None).json()["parked"], 1);
        let got = listener.wait(10);
        assert_eq!(got.len(), 10);
        assert!(got.iter().all(|got| got.id() == "leaf-0"), "{got:?}");
        let stamps: BTreeSet<&str> = got.iter().map(|got| got.header("webhook-timestamp")).collect();
        assert_eq!(stamps.len(), 10, "each is signed anew");

        CLOCK.fetch_add(100 * HOUR, Ordering::SeqCst);
        *up.lock().expect("a word") = true;
        let queued = ask(&server, "POST", &format!("/{id}/replay"), None).expect(200).json();
        assert_eq!(queued, json!({ "queued": 1 }));
        eventually("it is delivered", || states(&server, id) == ["delivered"]);
        assert_eq!(listener.got()[10].id(), "leaf-0");
        let since = |from: i64| {
            let path = format!("/{id}/replay");
            ask(&server, "POST", &path, Some(&json!({ "from": from }))).expect(200).json()["queued"].clone()
        };
        assert_eq!((since(NOON + 1), since(NOON)), (json!(0), json!(1)));
        listener.wait(12);
        eventually("it is delivered", || states(&server, id) == ["delivered"]);

        CLOCK.fetch_add(29 * DAY_MS, Ordering::SeqCst);
        say(&server, "kunde-2", "granted");
        eventually("both are there", || states(&server, id) == ["delivered", "delivered"]);
        CLOCK.fetch_add(3 * DAY_MS, Ordering::SeqCst);
        eventually("a month is enough", || states(&server, id).len() == 1);
    });
}

#[test]
fn a_receiver_that_is_gone_is_left_alone_until_it_is_replayed() {
    on_each(|database| {
        let gone = Arc::new(Mutex::new(true));
        let listener = {
            let gone = Arc::clone(&gone);
            Listener::answering(move |_| if *gone.lock().expect("a word") { "410 Gone" } else { "200 OK" }.into())
        };
        let server = Server::with(database, private());
        let (id, _) = add(&server, &listener, &[]);
        say(&server, "kunde-1", "granted");
        eventually("it is parked", || states(&server, id) == ["parked"]);
        assert!(ask(&server, "GET", &format!("/{id}"), None).json()["gone_at"].is_i64());
        say(&server, "kunde-1", "denied");
        announce(&server, serve::now());
        eventually("the rest is parked with it", || states(&server, id) == ["parked", "parked", "parked"]);
        assert_eq!(listener.got().len(), 1);
        *gone.lock().expect("a word") = false;
        assert_eq!(ask(&server, "POST", &format!("/{id}/replay"), None).json()["queued"], 3);
        let got = listener.wait(4);
        assert_eq!(got[1].id(), "leaf-0");
        assert!(ask(&server, "GET", &format!("/{id}"), None).json()["gone_at"].is_null());
    });
}

#[test]
fn one_that_never_answers_delays_no_other_and_no_stop() {
    on_each(|database| {
        let shut = Arc::new(Mutex::new(()));
        let held = shut.lock().expect("a lock");
        let slow = {
            let shut = Arc::clone(&shut);
            Listener::answering(move |_| {
                drop(shut.lock());
                "200 OK".into()
            })
        };
        let quick = Listener::start();
        let server = Server::with(database, private());
        add(&server, &slow, &[]);
        add(&server, &quick, &[]);
        for n in 0..20 {
            say(&server, &format!("kunde-{n}"), "granted");
        }
        let got = quick.wait(20);
        let ids: Vec<String> = (0..20).map(|leaf| format!("leaf-{leaf}")).collect();
        assert_eq!(got.iter().map(Got::id).collect::<Vec<_>>(), ids, "in their order");
        assert_eq!(slow.wait(1).len(), 1);
        // What is under way there is cut off, and told again by whoever is next.
        let database = server.stop();
        drop(held);
        let server = Server::with(database, private());
        let told: BTreeSet<String> = slow.wait(21).iter().map(|got| got.id().to_owned()).collect();
        assert_eq!(told.len(), 20);
        drop(server);
    });
}

#[test]
fn a_redirect_is_a_failure_and_leads_nowhere() {
    let elsewhere = Listener::start();
    let location = format!("307 Elsewhere\r\nlocation: {}", elsewhere.url);
    let listener = Listener::answering(move |_| location.clone());
    let database = Database::sqlite();
    database.apply(SITE);
    let server = Server::with(database, private());
    let (id, _) = add(&server, &listener, &[]);
    let tested = ask(&server, "POST", &format!("/{id}/test"), None).expect(200).json();
    assert_eq!(tested, json!({ "delivered": false, "status": 307 }));
    assert_eq!(elsewhere.connections(), 0);
}

/// Sends consents from several threads until the process is killed; gives the ids that were answered 201.
fn send_until_killed(process: &Process, kill_after: usize) -> Vec<String> {
    let taken = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let sent = consent();
                    if process.post(&sent) != Some(201) {
                        return;
                    }
                    taken.lock().expect("a list").push(sent["id"].as_str().expect("text").to_owned());
                }
            });
        }
        eventually("some are taken", || taken.lock().expect("a list").len() >= kill_after);
        process.signal("KILL");
    });
    taken.into_inner().expect("a list")
}

#[test]
fn everything_is_told_at_least_once_however_often_the_process_is_killed() {
    on_each(|database| {
        let listener = Listener::start();
        let begin = || {
            let mut command = samtykke(&database);
            command.env("SAMTYKKE_WEBHOOKS_TO_PRIVATE", "true").env("SAMTYKKE_SEAL_MS", "20");
            Process::of(&mut command)
        };
        let mut process = begin();
        let (well, _, told) =
            run(samtykke(&database).args(["webhook", "add", "shop", &listener.url, "--webhooks-to-private"]));
        assert!(well, "{told}");
        let mut taken = Vec::new();
        for kill_after in [40, 90, 150] {
            taken.extend(send_until_killed(&process, kill_after));
            process.end();
            process = begin();
        }
        let ids = |listener: &Listener| -> BTreeSet<String> {
            listener.got().iter().filter_map(|got| Some(got.json()["data"]["id"].as_str()?.to_owned())).collect()
        };
        eventually("every one has come", || {
            let come = ids(&listener);
            taken.iter().all(|id| come.contains(id))
        });
        let (got, come) = (listener.got().len(), ids(&listener).len());
        println!("{} taken, {come} told, {} of them again", taken.len(), got - come);
        drop(process);
    });
}

#[test]
fn of_two_servers_one_delivers_and_the_other_takes_over() {
    let database = Database::postgres();
    database.apply(SITE);
    let listener = Listener::start();
    let url = database.url();
    let first = Server::with(database, private());
    let (id, _) = add(&first, &listener, &[]);
    let second = {
        let other = Database::at(url);
        let (from, to) = (first.database.folder.path().join("data"), other.folder.path().join("data"));
        serve::data_folder(&to).expect("a folder");
        for key in ["signing-key.pem", "capability.key"] {
            std::fs::copy(from.join(key), to.join(key)).expect("a copy");
        }
        Server::with(other, private())
    };
    for n in 0..20 {
        say(if n % 2 == 0 { &first } else { &second }, &format!("kunde-{n}"), "granted");
    }
    eventually("all are delivered", || states(&second, id).iter().filter(|state| *state == "delivered").count() == 20);
    assert_eq!(listener.got().len(), 20, "each once");
    let database = first.stop();
    say(&second, "kunde-0", "denied");
    assert_eq!(listener.wait(21)[20].id(), "leaf-20");
    drop(second);
    drop(database);
}

#[test]
fn https_is_spoken_to_whoever_it_is_said_of_and_a_stranger_is_told_nothing() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let first = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut hello = [0; 1000];
        let read = std::io::Read::read(&mut stream, &mut hello).expect("a hello");
        // What follows is no TLS.
        std::io::Write::write_all(&mut stream, b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").expect("sent");
        hello[..read].to_vec()
    });
    let database = Database::sqlite();
    database.apply(SITE);
    let server = Server::with(database, private());
    let url = json!({ "url": format!("https://localhost:{}/hook", address.port()) });
    let id = ask(&server, "POST", "", Some(&url)).expect(201).json()["id"].clone();
    let tested = ask(&server, "POST", &format!("/{id}/test"), None).expect(200).json();
    assert_eq!(tested["delivered"], false);
    assert!(tested["reason"].as_str().is_some_and(|reason| reason.contains("TLS")), "{tested}");
    let hello = first.join().expect("no panic");
    assert_eq!(hello[0], 22, "a handshake of TLS");
    assert!(hello.windows(9).any(|bytes| bytes == b"localhost"), "which says whom it wants");
}

#[test]
fn a_certificate_that_the_machine_trusts_is_enough_and_another_is_not() {
    let database = Database::sqlite();
    database.apply(SITE);
    let folder = database.folder.path().to_owned();
    let (key, certificate) = (folder.join("key.pem"), folder.join("certificate.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-out"])
        .arg(&certificate)
        .arg("-keyout")
        .arg(&key)
        .output();
    assert!(made.expect("openssl").status.success());
    let mut server = Command::new("openssl")
        .args(["s_server", "-accept", "127.0.0.1:0", "-naccept", "2", "-cert"])
        .arg(&certificate)
        .arg("-key")
        .arg(&key)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl");
    let mut said =
        BufReader::new(server.stdout.take().expect("its output")).bytes().map(|byte| char::from(byte.expect("a byte")));
    let mut until = |end: &str| {
        let mut text = String::new();
        while !text.ends_with(end) {
            text.push(said.next().unwrap_or_else(|| panic!("{end} does not come: {text}")));
        }
        text
    };
    until("ACCEPT 127.0.0.1:");
    let port = until("\n").trim().to_owned();

    let webhook = |words: &[&str], trusted: &Path| {
        run(samtykke(&database).env("SSL_CERT_FILE", trusted).arg("webhook").args(words).arg("--webhooks-to-private"))
    };
    let url = format!("https://localhost:{port}/hook");
    assert!(webhook(&["add", "shop", &url], &certificate).0);
    let strange = folder.join("none.pem");
    std::fs::write(&strange, "").expect("a file");
    let (well, _, told) = webhook(&["test", "1"], &strange);
    assert!(!well && told.contains("its certificate or its TLS does not hold"), "{told}");
    std::thread::scope(|scope| {
        let tested = scope.spawn(|| webhook(&["test", "1"], &certificate));
        assert!(until("\"webhook.test\"}").contains("POST /hook HTTP/1.1"));
        let mut answers = server.stdin.take().expect("its input");
        answers.write_all(b"HTTP/1.1 202 Taken\r\ncontent-length: 0\r\n\r\n").expect("answered");
        let (well, told, _) = tested.join().expect("no panic");
        assert!(well && told.contains("it answered 202"), "{told}");
    });
    let _ = server.kill();
    server.wait().expect("an end");
}
