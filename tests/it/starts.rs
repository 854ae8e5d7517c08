//! What is wrong before the service has started ends it with one clear sentence, and is left as it was found.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::disk::SmallDisk;
use crate::program::{Process, samtykke};
use crate::server::{Database, SITE};

/// Every file of a folder: its content and its mode.
fn contents(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, u32)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            let mode = fs::metadata(&path).expect("a file").permissions().mode();
            found.insert(path.clone(), (fs::read(&path).expect("a file"), mode));
        }
    }
    found
}

/// The one sentence that a start ends with, and the exit code 1; nothing on disk has changed meanwhile.
fn refused(command: &mut Command, folder: &Path) -> String {
    let before = contents(folder);
    // One that starts after all is ended, which the exit code shows.
    let mut patient = Command::new("timeout");
    patient.arg("20").arg(command.get_program());
    patient.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = patient.args(["serve", "--listen", "127.0.0.1:0"]).output().expect("the program");
    let told = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.starts_with("samtykke: ") && told.lines().count() == 1, "one sentence: {told}");
    assert!(output.stdout.is_empty(), "it did not listen");
    let after = contents(folder);
    let changed: Vec<_> =
        after.iter().filter(|(path, was)| before.get(*path) != Some(was)).map(|(path, _)| path).collect();
    assert!(changed.is_empty() && after.len() == before.len(), "it has changed {changed:?} of {:?}", before.keys());
    told
}

/// A database and a data folder as a server leaves them that has run and was stopped.
fn used() -> Database {
    let database = Database::sqlite();
    database.apply(SITE);
    let process = Process::start(&database);
    process.signal("TERM");
    let (status, log) = process.end();
    assert!(status.success(), "{log}");
    database
}

#[test]
fn a_key_that_is_damaged_or_open_to_others_ends_the_start() {
    let database = used();
    let check = |name: &str, content: Option<&[u8]>, mode: u32, expected: &str| {
        let path = database.folder.path().join("data").join(name);
        let good = fs::read(&path).expect("a key");
        fs::write(&path, content.unwrap_or(&good)).expect("a file");
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("a mode");
        let told = refused(&mut samtykke(&database), database.folder.path());
        assert!(told.contains(name) && told.contains(expected), "{told}");
        fs::write(&path, good).expect("a file");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("a mode");
    };
    let cut = fs::read(database.folder.path().join("data/signing-key.pem")).expect("a key");
    let cut = [&cut[..40], &cut[44..]].concat();
    for damaged in [&b""[..], b"\0\xff", b"not a key", &cut] {
        check("signing-key.pem", Some(damaged), 0o600, "expected an Ed25519 private key");
    }
    check("signing-key.pem", None, 0o644, "run chmod 600");
    for damaged in [&b""[..], b"\0\xff", b"c2hvcnQ="] {
        check("capability.key", Some(damaged), 0o600, "expected 32 bytes or more in base64");
    }
    check("capability.key", None, 0o640, "run chmod 600");
    Process::start(&database);
}

#[test]
fn a_data_folder_that_cannot_be_written_ends_the_start() {
    let disk = SmallDisk::new(1);
    disk.close();
    let database = Database::postgres();
    database.apply(SITE);
    let told = refused(samtykke(&database).env("SAMTYKKE_DATA_DIR", disk.path()), disk.path());
    assert!(told.contains(&disk.path().display().to_string()) && told.contains("Read-only"), "{told}");
    let database = Database::at(format!("sqlite:{}", disk.path().join("samtykke.db").display()));
    let told = refused(&mut samtykke(&database), disk.path());
    assert!(told.contains(&disk.path().display().to_string()) && told.contains("Read-only"), "{told}");
}

#[test]
fn a_file_that_is_no_database_ends_the_start() {
    let database = used();
    let path = database.folder.path().join("samtykke.db");
    for content in [&b"these are the minutes of the board's last meeting\n"[..], &[0xff; 8192]] {
        fs::write(&path, content).expect("a file");
        let told = refused(&mut samtykke(&database), database.folder.path());
        assert!(told.contains("samtykke.db") && told.contains("file is not a database"), "{told}");
    }
}
