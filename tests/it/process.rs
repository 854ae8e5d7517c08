//! The program as it is run: its command line, its signals, and what survives when it is killed.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::ScopedJoinHandle;

use serde_json::Value;
use ureq::Agent;

use crate::server::{CONSENTS, Database, ORIGIN, SITE, consent, root};

fn samtykke(database: &Database) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_samtykke"));
    command
        .env_clear()
        .env("SAMTYKKE_DATA_DIR", database.folder.path().join("data"))
        .env("DATABASE_URL", database.url())
        .env("SAMTYKKE_RATE_PER_MINUTE", "0");
    command
}

/// A server as a process of its own. It is killed when dropped, by its own process id.
struct Process {
    child: Child,
    base: String,
    agent: Agent,
}

impl Process {
    fn start(database: &Database) -> Self {
        let mut child = samtykke(database)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let Some(base) = line.trim().rsplit(' ').next().filter(|base| base.starts_with("http")) else {
            panic!("it did not start: {}", said(&mut child));
        };
        let agent = Agent::new_with_config(Agent::config_builder().http_status_as_error(false).build());
        Self { base: base.to_owned(), child, agent }
    }

    /// The status, or `None` when there was no answer.
    fn post(&self, consent: &Value) -> Option<u16> {
        let request = self.agent.post(format!("{}{CONSENTS}", self.base)).header("origin", ORIGIN);
        request.send(consent.to_string()).ok().map(|answer| answer.status().as_u16())
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(status.expect("kill").success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn said(child: &mut Child) -> String {
    let mut text = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        let _ = stderr.read_to_string(&mut text);
    }
    text
}

/// Posts from eight clients, kills the server in the middle, starts it again, and asks for every consent that was
/// acknowledged: sent again, each must be known already.
fn nothing_acknowledged_is_lost(database: &Database) {
    database.apply(SITE);
    let process = Process::start(database);
    let acknowledged = Mutex::new(Vec::new());
    let (count, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let shared = &process;
        let clients = (0..8).map(|_| {
            let (acknowledged, count, over) = (&acknowledged, &count, &over);
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let sent = consent();
                    match shared.post(&sent) {
                        Some(201) => {
                            acknowledged.lock().expect("no panic").push(sent);
                            count.fetch_add(1, Ordering::Relaxed);
                        }
                        // The connection broke, or it says that it is ending.
                        None | Some(503) => return,
                        Some(other) => panic!("{other}"),
                    }
                }
            })
        });
        let clients: Vec<_> = clients.collect();
        while count.load(Ordering::Relaxed) < 200 && !clients.iter().all(ScopedJoinHandle::is_finished) {
            std::thread::yield_now();
        }
        shared.signal("KILL");
        over.store(true, Ordering::Relaxed);
    });
    drop(process);

    let again = Process::start(database);
    let acknowledged = acknowledged.into_inner().expect("no panic");
    assert!(acknowledged.len() >= 200);
    for consent in &acknowledged {
        assert_eq!(again.post(consent), Some(200), "acknowledged before, so it is there: {consent}");
    }
}

#[test]
fn killed_in_the_middle_it_has_lost_nothing_that_it_acknowledged_on_sqlite() {
    nothing_acknowledged_is_lost(&Database::sqlite());
}

#[test]
fn killed_in_the_middle_it_has_lost_nothing_that_it_acknowledged_on_postgres() {
    nothing_acknowledged_is_lost(&Database::postgres());
}

#[test]
fn told_to_stop_it_finishes_and_says_so() {
    for database in [Database::sqlite(), Database::postgres()] {
        database.apply(SITE);
        let mut process = Process::start(&database);
        let sent: Vec<Value> = (0..40).map(|_| consent()).collect();
        let statuses: Vec<Option<u16>> = std::thread::scope(|scope| {
            let clients: Vec<_> = sent.iter().map(|sent| scope.spawn(|| process.post(sent))).collect();
            process.signal("TERM");
            clients.into_iter().map(|client| client.join().expect("no panic")).collect()
        });
        let status = process.child.wait().expect("an end");
        assert!(status.success(), "{status}: {}", said(&mut process.child));
        let again = Process::start(&database);
        for (sent, status) in sent.iter().zip(statuses) {
            // What got no answer may or may not be there; what got 201 is.
            let now = again.post(sent);
            assert!(
                matches!((status, now), (Some(201), Some(200)) | (None, Some(200 | 201))),
                "{status:?}, then {now:?}"
            );
        }
    }
}

fn run(command: &mut Command) -> (bool, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("the program");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (status.success(), text(stdout), text(stderr))
}

#[test]
fn a_site_is_applied_and_listed_from_the_command_line() {
    let database = Database::sqlite();
    let file = database.folder.path().join("site.toml");
    let apply = || run(samtykke(&database).args(["site", "apply"]).arg(&file));

    let (well, _, told) = apply();
    assert!(!well && told.contains("site.toml") && told.lines().count() == 1, "a file that is not there: {told}");
    std::fs::write(&file, SITE).expect("a file");
    assert_eq!(apply(), (true, "shop: notice 1 published\n".into(), String::new()));
    assert_eq!(apply(), (true, "shop: nothing to change; notice 1 stands\n".into(), String::new()));
    std::fs::write(&file, SITE.replace("\"analytics\"\nkey", "\"analytic\"\nkey")).expect("a file");
    let (well, _, told) = apply();
    assert!(!well && told.contains("line 19: services.0.purpose: expected one of"), "{told}");
    let (_, listed, _) = run(samtykke(&database).args(["site", "list"]));
    assert_eq!(listed, "shop\tnotice 1\thttps://www.example.no https://example.no\n");
}

#[test]
fn a_wrong_setting_ends_the_start_with_one_sentence() {
    let database = Database::sqlite();
    let check = |name: &str, value: &str, expected: &str| {
        let (well, _, told) = run(samtykke(&database).env(name, value).args(["serve", "--listen", "127.0.0.1:0"]));
        assert!(!well, "{name}={value}");
        assert!(told.contains(expected), "{name}={value}: {told}");
        let sentences = told.lines().filter(|line| !line.is_empty() && !line.starts_with("For more")).count();
        assert_eq!(sentences, 1, "{told}");
    };
    check("DATABASE_URL", "mysql://x", "expected sqlite:PATH or postgres://");
    check("DATABASE_URL", "postgres://nobody:h3mm3lig@127.0.0.1:1/x", "postgres://127.0.0.1:1/x cannot be opened");
    check("SAMTYKKE_QUEUE", "many", "--queue");
    check("SAMTYKKE_TRUSTED_PROXIES", "10.0.0.0/99", "expected an address or a network");
    check("SAMTYKKE_LOG", "loud", "--log");
    check("SAMTYKKE_DATA_DIR", "/dev/null/x", "the data folder /dev/null/x cannot be made");
    let (_, _, told) =
        run(samtykke(&database).env("DATABASE_URL", "postgres://a:h3mm3lig@127.0.0.1:1/x").arg("migrate"));
    assert!(!told.contains("h3mm3lig"), "{told}");
    let (well, _, told) = run(samtykke(&database).args(["serve", "--listen", "192.0.2.1:80"]));
    assert!(!well && told.contains("cannot listen on 192.0.2.1:80"), "{told}");
}

#[test]
fn a_file_is_served_by_one_process_alone() {
    let database = Database::sqlite();
    let process = Process::start(&database);
    let (well, _, told) = run(samtykke(&database).args(["serve", "--listen", "127.0.0.1:0"]));
    assert!(!well && told.contains("is already being served by another process"), "{told}");
    drop(process);
    Process::start(&database);
}

#[test]
fn the_log_names_nobody() {
    let database = Database::sqlite();
    database.apply(SITE);
    let mut child = samtykke(&database)
        .env("SAMTYKKE_LOG", "trace")
        .args(["serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    let base = line.trim().rsplit(' ').next().expect("an address").to_owned();
    // Read while it runs, or a full pipe would stop it.
    let stderr = child.stderr.take().expect("its log");
    let log = std::thread::spawn(move || std::io::read_to_string(stderr).expect("UTF-8"));
    let agent = Agent::new_with_config(Agent::config_builder().http_status_as_error(false).build());
    let sent = consent();
    let ask = |path: &str, body: String| {
        let request =
            agent.post(format!("{base}{path}")).header("origin", ORIGIN).header("user-agent", "SecretAgent/1");
        request.header("x-forwarded-for", "203.0.113.9").send(body).expect("an answer").status().as_u16()
    };
    assert_eq!(ask(CONSENTS, sent.to_string()), 201);
    assert_eq!(ask(CONSENTS, "ola@example.no".into()), 400);
    assert_eq!(ask("/secret-path", String::new()), 404);
    let mut process = Process { child, base, agent };
    process.signal("TERM");
    assert!(process.child.wait().expect("an end").success());
    let log = log.join().expect("no panic");
    assert!(log.contains("/v1/sites/{site}/consents") && log.contains("201"), "it does log: {log}");
    for secret in
        ["SecretAgent", "203.0.113.9", "ola@example.no", "secret-path", sent["visitor"].as_str().expect("text")]
    {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}

#[test]
fn the_example_configuration_names_every_setting() {
    let (_, help, _) = run(samtykke(&Database::sqlite()).args(["serve", "--help"]));
    let example = std::fs::read_to_string(root().join("deploy/samtykke.env")).expect("the example");
    let mut found = 0;
    for part in help.split("[env: ").skip(1) {
        let name = part.split(['=', ']']).next().expect("a name");
        assert!(example.contains(&format!("{name}=")), "{name} is not in deploy/samtykke.env");
        found += 1;
    }
    assert!(found >= 10, "{help}");
}
