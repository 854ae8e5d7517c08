//! The file that tells where addresses are: reloaded, refused when it is damaged, looked into on the command line, and no address
//! kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use samtykke::config::{Law, Serve};
use samtykke::region::Regions;
use serde_json::json;

use crate::mmdb::{self, flat, maxmind};
use crate::program::{Process, run, samtykke};
use crate::regions::{CALIFORNIAN, NORWEGIAN, NOTICE};
use crate::server::{CONSENTS, Database, ORIGIN, SITE, Server, consent, settings};

pub fn file(database: &Database, content: &[u8]) -> PathBuf {
    let path = database.folder.path().join("regions.mmdb");
    fs::write(&path, content).expect("a file");
    path
}

pub fn both(check: impl Fn(Database)) {
    check(Database::sqlite());
    check(Database::postgres());
}

#[test]
fn a_file_that_changes_is_used_by_a_running_server() {
    let database = Database::sqlite();
    database.apply(SITE);
    let path = file(&database, &maxmind());
    let server =
        Server::with(database, Serve { law: Law { region_db: Some(path.clone()), ..Law::default() }, ..settings() });
    let wait = |expected: &str| {
        let deadline = Instant::now() + Duration::from_secs(20);
        while server.get(NOTICE).json()["regime"] != expected {
            assert!(Instant::now() < deadline, "{expected}");
        }
    };
    wait("opt-out");
    replace(&path, &flat());
    wait("opt-in");
    replace(&path, &maxmind());
    wait("opt-out");
}

/// As careful writers do: whole, and in one step.
fn replace(path: &Path, content: &[u8]) {
    fs::write(path.with_extension("new"), content).expect("a file");
    fs::rename(path.with_extension("new"), path).expect("in its place");
}

#[test]
fn the_file_before_a_broken_one_goes_on_being_used() {
    let database = Database::sqlite();
    let path = file(&database, &maxmind());
    let (regions, mut watch) = Regions::open(&path).expect("a good file");
    let place = || regions.find("127.0.0.1".parse().expect("an address")).map(|place| place.code().to_owned());
    assert_eq!((watch.look(), place()), (None, Some("US-TX".into())));
    replace(&path, b"not a database");
    let told = watch.look().expect("a word").expect_err("broken");
    assert!(told.ends_with("; the one before it goes on being used") && told.contains("regions.mmdb"), "{told}");
    for broken in [&maxmind()[..400], b""] {
        replace(&path, broken);
        assert_eq!((watch.look(), place()), (None, Some("US-TX".into())), "said once");
    }
    fs::remove_file(&path).expect("gone");
    assert_eq!((watch.look(), place()), (None, Some("US-TX".into())));
    replace(&path, &flat());
    let told = "the region database has changed: Test-Flat is used from now on".to_owned();
    assert_eq!((watch.look(), place()), (Some(Ok(told)), Some("SE".into())));
    fs::remove_file(&path).expect("gone");
    assert!(watch.look().expect("a word again").is_err());
}

#[test]
fn an_address_that_was_looked_up_is_neither_stored_nor_logged() {
    both(|database| {
        database.apply(SITE);
        let path = file(&database, &maxmind());
        let mut command = samtykke(&database);
        command
            .env("SAMTYKKE_REGION_DB", &path)
            .env("SAMTYKKE_LOG", "trace")
            .env("SAMTYKKE_TRUSTED_PROXIES", "127.0.0.1")
            .env("SAMTYKKE_RATE_PER_MINUTE", "100");
        let process = Process::of(&mut command);
        let addresses = [NORWEGIAN, CALIFORNIAN, "203.0.113.77"];
        for address in addresses {
            let post = process.agent.post(format!("{}{CONSENTS}", process.base)).header("origin", ORIGIN);
            let answer = post.header("x-forwarded-for", address).send(consent().to_string()).expect("an answer");
            assert_eq!(answer.status(), 201);
            let get = process.agent.get(format!("{}{NOTICE}", process.base));
            assert_eq!(get.header("x-forwarded-for", address).call().expect("an answer").status(), 200);
        }
        process.signal("TERM");
        let (status, mut everything) = process.end();
        assert!(status.success() && everything.contains("/v1/sites/{site}/notice"), "it does log: {everything}");
        fs::remove_file(&path).expect("gone");
        everything += &contents(database.folder.path());
        everything += &crate::storage::consents(&database);
        assert!(everything.contains("database") && everything.contains("/priser"), "the records are there");
        for address in addresses {
            assert!(!everything.contains(address), "{address} was kept");
        }
        let hidden = [vec![214, 78, 120, 1], vec![203, 0, 113, 77], vec![0x2a, 0x02, 0xcf, 0x40]];
        for bytes in hidden {
            let hex = samtykke::hash::hex(&bytes).to_uppercase();
            assert!(!everything.contains(&hex), "{hex} was kept");
        }
    });
}

/// All that lies in a folder, as text.
fn contents(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        text += &if path.is_dir() {
            contents(&path)
        } else {
            String::from_utf8_lossy(&fs::read(path).expect("a file")).into()
        };
    }
    text
}

#[test]
fn what_cannot_be_used_ends_the_start_with_a_sentence() {
    let database = Database::sqlite();
    let told = |name: &str, value: &str| {
        let (well, _, told) = run(samtykke(&database).env(name, value).args(["serve", "--listen", "127.0.0.1:0"]));
        assert!(!well && told.starts_with("samtykke: ") && told.lines().count() == 1, "{told}");
        told
    };
    let path = |content: &[u8]| file(&database, content).display().to_string();
    let missing = told("SAMTYKKE_REGION_DB", "/nowhere/regions.mmdb");
    assert!(missing.contains("the region database /nowhere/regions.mmdb cannot be read: No such file"), "{missing}");
    for damaged in [b"", &b"not a database"[..], &maxmind()[..400]] {
        assert!(told("SAMTYKKE_REGION_DB", &path(damaged)).contains("is damaged, or no MaxMind DB file"));
    }
    let networks = mmdb::write("Test-ASN", &[("1.0.0.0/8", json!({ "organization": "Test" }))]);
    assert!(told("SAMTYKKE_REGION_DB", &path(&networks)).contains("holds no countries; it is of type Test-ASN"));
    assert!(told("SAMTYKKE_REGION_HEADER", "CF-IPCountry").contains("--region-header needs --trusted-proxies"));
    let table = path(b"[[jurisdictions]]\nname = 7\n");
    assert!(told("SAMTYKKE_JURISDICTIONS", &table).contains("is wrong: line 2: invalid type: integer `7`"));
    assert!(told("SAMTYKKE_JURISDICTIONS", "/nowhere/x.toml").contains("/nowhere/x.toml cannot be read"));
    assert!(!database.folder.path().join("data").exists(), "nothing was made");
}

#[test]
fn a_file_and_addresses_are_checked_on_the_command_line() {
    let database = Database::sqlite();
    let check = |words: &[&str]| run(samtykke(&database).args(["region", "check"]).args(words));
    let path = file(&database, &maxmind()).display().to_string();
    let addresses =
        [NORWEGIAN, "::ffff:81.2.69.160", CALIFORNIAN, "24.48.0.1", "50.114.0.1", "2a02:d500::1", "203.0.113.9"];
    let (well, told, wrong) = check(&[&["--region-db", &path], &addresses[..]].concat());
    assert!(well, "{wrong}");
    assert_eq!(
        told.lines().collect::<Vec<_>>(),
        [
            "Test-City, built 2026-11-25T00:00:00Z: 13 networks, countries and subdivisions",
            "2a02:cf40::1\tNO\tNorway\topt-in",
            "::ffff:81.2.69.160\tGB\tUnited Kingdom\topt-in",
            "214.78.120.1\tUS-CA\tCalifornia\topt-out",
            "24.48.0.1\tCA-QC\tQuebec\topt-in",
            "50.114.0.1\tUS\tUnited States, state not known\topt-out",
            "2a02:d500::1\tunknown\tUnknown\topt-in",
            "203.0.113.9\tunknown\tUnknown\topt-in",
        ]
    );
    let path = file(&database, &flat()).display().to_string();
    let (well, told, _) = check(&["--region-db", &path, NORWEGIAN, CALIFORNIAN, "216.160.83.56", "24.48.0.1"]);
    assert!(
        well && told.starts_with("Test-Flat, built 2026-11-25T00:00:00Z: 5 networks, countries and subdivisions\n")
    );
    for line in ["2a02:cf40::1\tNO\t", "214.78.120.1\tUS\t", "216.160.83.56\tUS-WA\t", "24.48.0.1\tCA\t"] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let sentence = |words: &[&str], expected: &str| {
        let (well, _, told) = check(words);
        assert!(!well && told.starts_with("samtykke: ") && told.lines().count() == 1, "{told}");
        assert!(told.contains(expected), "{told}");
    };
    sentence(&[NORWEGIAN], "no file is named: say --region-db FILE");
    sentence(&["--region-db", &path, "1.2.3"], "\"1.2.3\" is not an address");
    sentence(&["--region-db", "/nowhere/x.mmdb"], "/nowhere/x.mmdb cannot be read");
    let path = file(&database, b"damaged").display().to_string();
    sentence(&["--region-db", &path], "is damaged, or no MaxMind DB file");
}
