//! The program as it is run: its command line, its signals, and its log.

use serde_json::Value;

use crate::program::{Process, run, samtykke};
use crate::server::{CONSENTS, Database, ORIGIN, SITE, consent, root};

#[test]
fn told_to_stop_it_finishes_and_says_so() {
    for database in [Database::sqlite(), Database::postgres()] {
        database.apply(SITE);
        let process = Process::start(&database);
        let sent: Vec<Value> = (0..40).map(|_| consent()).collect();
        let statuses: Vec<Option<u16>> = std::thread::scope(|scope| {
            let clients: Vec<_> = sent.iter().map(|sent| scope.spawn(|| process.post(sent))).collect();
            process.signal("TERM");
            clients.into_iter().map(|client| client.join().expect("no panic")).collect()
        });
        let (status, log) = process.end();
        assert!(status.success(), "{status}: {log}");
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
    let process = Process::of(samtykke(&database).env("SAMTYKKE_LOG", "trace"));
    let sent = consent();
    let ask = |path: &str, body: String| {
        let request = process
            .agent
            .post(format!("{}{path}", process.base))
            .header("origin", ORIGIN)
            .header("user-agent", "SecretAgent/1");
        request.header("x-forwarded-for", "203.0.113.9").send(body).expect("an answer").status().as_u16()
    };
    assert_eq!(ask(CONSENTS, sent.to_string()), 201);
    assert_eq!(ask(CONSENTS, "ola@example.no".into()), 400);
    assert_eq!(ask("/secret-path", String::new()), 404);
    process.signal("TERM");
    let (status, log) = process.end();
    assert!(status.success(), "{status}: {log}");
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
