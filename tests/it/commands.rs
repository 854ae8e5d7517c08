//! What an operator types beside a running server: the ledger verified and proved, receipts checked, copies, keys, forgetting.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::program::{Process, run, samtykke};
use crate::server::{Database, SITE, Server, consent};

/// A command that ends well; gives what it said.
fn well(database: &Database, words: &[&str]) -> String {
    let (well, told, wrong) = run(samtykke(database).args(words));
    assert!(well, "{words:?}: {told}{wrong}");
    told
}

/// A command that ends badly; gives its one sentence.
fn badly(database: &Database, words: &[&str]) -> String {
    let (well, told, wrong) = run(samtykke(database).args(words));
    assert!(!well, "{words:?}: {told}{wrong}");
    wrong
}

/// A receipt, its place in the ledger, and a checkpoint that was kept, as files beside the database.
fn files(server: &Server, receipt: &Value) -> [String; 4] {
    let folder = server.database.folder.path();
    let keep = |name: &str, bytes: &[u8]| {
        fs::write(folder.join(name), bytes).expect("a file");
        folder.join(name).to_str().expect("UTF-8").to_owned()
    };
    let capability = receipt["capability"].as_str().expect("text");
    let leaf = server.with_capability("GET", capability).json()["consents"][0]["leaf"].clone();
    [
        keep("receipt.json", receipt.to_string().as_bytes()),
        keep("jwks.json", &server.get("/.well-known/jwks.json").body),
        keep("a.tlog-proof", &server.get(&format!("/ledger/proof/{leaf}")).body),
        keep("kept", &server.get("/ledger/checkpoint").body),
    ]
}

#[test]
fn a_receipt_is_proved_from_the_command_line() {
    for database in [Database::sqlite(), Database::postgres()] {
        let server = Server::start(database);
        let receipts: Vec<Value> = (0..5).map(|_| server.post(&consent()).expect(201).json()).collect();
        server.sealed(5);
        let [receipt, keys, proof, kept] = files(&server, &receipts[2]);
        let database = &server.database;
        let told = well(database, &["receipt", "verify", &receipt, "--keys", &keys, "--proof", &proof]);
        assert!(
            told.contains(receipts[2]["record"]["id"].as_str().expect("an id")) && told.contains(" of 5 in "),
            "{told}"
        );
        let id = receipts[2]["record"]["id"].as_str().expect("an id");
        assert_eq!(well(database, &["ledger", "prove", id]), fs::read_to_string(&proof).expect("the proof"));
        let told = well(database, &["ledger", "verify", "--checkpoint", &kept]);
        assert!(
            told.starts_with("5 leaves: 5 consents and 0 erasures, 0 forgotten; 0 rows are not sealed yet"),
            "{told}"
        );
        assert!(told.contains("2 checkpoints"), "the kept one, and the server's own: {told}");

        let other = server.database.folder.path().join("other.json").to_str().expect("UTF-8").to_owned();
        fs::write(&other, receipts[3].to_string()).expect("a file");
        let told = badly(database, &["receipt", "verify", &other, "--keys", &keys, "--proof", &proof]);
        assert!(told.contains("does not stand at leaf"), "{told}");
        fs::write(&other, receipts[3].to_string().replace("denied", "granted")).expect("a file");
        assert!(
            badly(database, &["receipt", "verify", &other, "--keys", &keys]).contains("not the one that was signed")
        );
        assert!(badly(database, &["receipt", "verify", "/none", "--keys", &keys]).contains("/none"));
        let unknown = uuid::Uuid::now_v7().to_string();
        assert!(badly(database, &["ledger", "prove", &unknown]).contains("there is no consent"));
        assert!(badly(database, &["receipt", "export", &unknown, "--form", "kantara"]).contains("there is no consent"));
        assert!(well(database, &["receipt", "export", id, "--form", "iso27560"]).contains("dpv:ConsentReceipt"));
    }
}

#[test]
fn what_is_wrong_with_a_ledger_ends_its_verification_badly() {
    let server = Server::start(Database::sqlite());
    for _ in 0..3 {
        server.post(&consent()).expect(201);
    }
    server.sealed(3);
    diesel::RunQueryDsl::execute(diesel::sql_query("DELETE FROM consents WHERE seq = 2"), &mut server.conn())
        .expect("gone");
    let (good, told, wrong) = run(samtykke(&server.database).args(["ledger", "verify"]));
    assert!(!good && told.contains("leaf 1: its consent (row 2) was removed"), "{told}");
    assert_eq!(wrong, "samtykke: 1 thing is wrong\n");
}

#[test]
fn a_copy_is_made_while_it_serves_and_put_back() {
    let mut server = Server::start(Database::sqlite());
    let early: Vec<Value> = (0..20).map(|_| server.post(&consent()).expect(201).json()).collect();
    server.sealed(20);
    let copy = server.database.folder.path().join("copy.db");
    let words = ["backup", copy.to_str().expect("UTF-8")];
    std::thread::scope(|scope| {
        scope.spawn(|| (0..100).for_each(|_| drop(server.post(&consent()).expect(201))));
        well(&server.database, &words);
    });
    // However long the copy took, these came after it.
    (0..10).for_each(|_| drop(server.post(&consent()).expect(201)));
    assert!(badly(&server.database, &words).contains("is there already"));
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&copy).expect("a copy").permissions());
    assert_eq!(mode & 0o777, 0o600);
    server.sealed(130);

    // Put back: the later ones are lost, and the ledger that was published goes on from what is not there any more.
    let database = server.stop();
    let put_back = |copy: &Path| {
        let db = database.folder.path().join("samtykke.db");
        for name in ["samtykke.db-wal", "samtykke.db-shm"] {
            let _ = fs::remove_file(database.folder.path().join(name));
        }
        fs::copy(copy, db).expect("put back");
    };
    put_back(&copy);
    let told = badly_verified(&database);
    assert!(told.contains("an older state was put back"), "{told}");
    server = Server::start(database);
    for receipt in &early {
        let capability = receipt["capability"].as_str().expect("text");
        let history = server.with_capability("GET", capability).expect(200).json();
        assert_eq!(history["consents"][0]["jws"], receipt["jws"]);
    }
    server.post(&consent()).expect(201);
    server.get("/ledger/checkpoint").problem(503, "unavailable");
    let database = server.stop();
    well(&database, &["ledger", "rename", "example.no/after-the-fire"]);
    let server = Server::start(database);
    let checkpoint = server.sealed(21);
    assert!(checkpoint.starts_with("example.no/after-the-fire\n"), "{checkpoint}");
    well(&server.database, &["ledger", "verify"]);
}

fn badly_verified(database: &Database) -> String {
    let (well, told, _) = run(samtykke(database).args(["ledger", "verify"]));
    assert!(!well, "{told}");
    told
}

#[test]
fn a_site_file_is_checked_and_changes_nothing() {
    let database = Database::sqlite();
    let file = database.folder.path().join("checked.toml");
    let check = ["site", "check", file.to_str().expect("UTF-8")];
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("server/demo/site.toml");
    fs::copy(example, &file).expect("a site file");
    assert_eq!(well(&database, &check), "", "the annotated example is a good one");

    let text = fs::read_to_string(&file).expect("a site file");
    fs::write(&file, text.replacen("remember_days = 366", "remember_days = 7", 1)).expect("a site file");
    assert!(badly(&database, &check).contains("to look at"));
    let (_, told, _) = run(samtykke(&database).args(check));
    assert!(told.contains("asked again after 7 days"), "{told}");

    fs::write(&file, "id = 3").expect("a site file");
    assert!(badly(&database, &check).contains("line 1"));
    assert_eq!(well(&database, &["site", "list"]), "");
}

#[test]
fn keys_are_rotated_and_listed() {
    let database = Database::sqlite();
    let first = well(&database, &["key", "list"]);
    let told = well(&database, &["key", "rotate"]);
    let both = well(&database, &["key", "list"]);
    assert_eq!(both.lines().count(), 2);
    assert!(both.ends_with(&first) && told.starts_with(both.lines().next().expect("a key")), "{both}{told}");
    well(&database, &["key", "rotate", "--alone"]);
    assert_eq!(well(&database, &["key", "list"]).lines().count(), 1);
}

#[test]
fn a_visitor_is_forgotten_and_the_old_are_counted_beside_a_running_server() {
    for database in [Database::sqlite(), Database::postgres()] {
        database.apply(SITE);
        let process = Process::start(&database);
        let sent = consent();
        assert_eq!(process.post(&sent), Some(201));
        assert_eq!(process.post(&consent()), Some(201));
        let visitor = sent["visitor"].as_str().expect("text");
        assert_eq!(well(&database, &["visitor", "erase", "shop", visitor]), "answers erased: 1\n");
        assert_eq!(well(&database, &["visitor", "erase", "shop", visitor]), "answers erased: 0\n");
        assert!(badly(&database, &["visitor", "erase", "none", visitor]).contains("there is no site none"));
        let told = well(&database, &["retention", "--dry-run", "--keep-consents-days", "0"]);
        assert_eq!(told, "0 consents and 0 refusals would go\n", "what still counts stays");
        assert_eq!(well(&database, &["retention"]), "0 consents and 0 refusals are erased\n");
        assert_eq!(process.post(&sent), Some(201), "the id is free again");
        well(&database, &["ledger", "verify"]);
    }
}

#[test]
fn a_change_is_announced_listed_and_cancelled_from_the_command_line() {
    for database in [Database::sqlite(), Database::postgres()] {
        let write = |name: &str, text: &str| {
            let file = database.folder.path().join(name);
            fs::write(&file, text).expect("a site file");
            file.to_str().expect("UTF-8").to_owned()
        };
        let promised = SITE.replace("languages", "announce_days = 30\nlanguages");
        let other = promised.replace("Butikken AS", "Nettbutikken AS");
        let table = |date: &str| {
            let text = "text = { nb = \"Nytt.\", en = \"News.\" }";
            other.replace("[contact]", &format!("[announcement]\ndate = \"{date}\"\n{text}\n\n[contact]"))
        };
        let (now, next, at_once) =
            (write("now.toml", &promised), write("next.toml", &table("2999-01-01")), write("b", &other));
        well(&database, &["site", "apply", &now]);
        assert!(badly(&database, &["site", "apply", &at_once]).contains("--without-notice"));
        let early = write("early.toml", &table("2020-01-01"));
        assert!(badly(&database, &["site", "announce", &early]).contains("the first possible day is"));
        let told = well(&database, &["site", "announce", &next]);
        assert_eq!(told, "shop: announcement 1: a material change on 2999-01-01, which notice 2 tells of\n");
        let told = well(&database, &["site", "apply", &next]);
        assert!(told.contains("announced for 2999-01-01, and takes effect by itself; notice 2 stands"), "{told}");
        let (_, _, warned) = run(samtykke(&database).args(["site", "apply", &now]));
        assert!(warned.contains("what is announced for 2999-01-01 takes the place of this whole file"), "{warned}");
        assert_eq!(
            well(&database, &["site", "announcements", "shop"]),
            "1\t2999-01-01\tmaterial\tahead\tsince notice 2\n"
        );
        let told = well(&database, &["site", "cancel", "shop", "1"]);
        assert_eq!(told, "shop: announcement 1 is cancelled; notice 3 stands\n");
        assert!(well(&database, &["site", "announcements", "shop"]).contains("\tcancelled\t"));
        assert!(badly(&database, &["site", "cancel", "shop", "1"]).contains("is not ahead"));
        assert!(badly(&database, &["site", "announcements", "none"]).contains("there is no site none"));
        let told = well(&database, &["site", "apply", &at_once, "--without-notice"]);
        assert_eq!(told, "shop: notice 4 published\n");
    }
}
