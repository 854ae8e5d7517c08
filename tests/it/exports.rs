//! `samtykke export`: what it writes, where, and what is left when it cannot.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;

use crate::program::{run, samtykke};
use crate::server::{Database, Server, consent, on_both};

fn populated(server: &Server) -> String {
    let token = server.token("consents:read people:read people:write export");
    for (named, channel) in [("k1", "email"), ("-2", "sms"), ("kari@example.no", "email")] {
        let yes = json!({ "channel": channel, "answer": "granted", "source": "=kasse" });
        server.call("POST", &format!("/v1/sites/shop/people/{named}/consents"), &token, Some(&yes)).expect(201);
    }
    server.post(&consent()).expect(201);
    token
}

fn export(database: &Database, words: &[&str]) -> (bool, String, String) {
    run(samtykke(database).arg("export").args(words))
}

on_both!(the_command_line_writes_what_the_wire_sends, |server| {
    let token = populated(server);
    let check = |words: &[&str], path: &str| {
        let (well, written, complaint) = export(&server.database, words);
        assert!(well, "{complaint}");
        let sent = server.call("GET", &format!("/v1/sites/shop/{path}"), &token, None).expect(200);
        assert_eq!(written, sent.text(), "{path}");
        written
    };
    let answers = check(&["consents", "shop"], "consents?format=ndjson");
    assert_eq!(answers.lines().count(), 4);
    check(&["consents", "shop", "--format", "csv", "--topic", "email"], "consents?format=csv&topic=email");
    let mail = check(&["people", "shop", "--channel", "email"], "people?format=ndjson&channel=email&allowed=true");
    assert_eq!(mail.lines().count(), 2);
    let table = check(&["people", "shop", "--format", "csv", "--kind", "id"], "people?format=csv&kind=id");
    assert!(table.contains(",'-2,id,"), "{table}");
    let rows = |words: &[&str]| export(&server.database, words).1.lines().count();
    assert_eq!(rows(&["consents", "shop", "--from", "2020-01-01", "--to", "2999-01-01"]), 4);
    assert_eq!(rows(&["consents", "shop", "--to", "2020-01-01"]), 0);
    assert_eq!(rows(&["people", "shop", "--updated-from", "2020-01-01"]), 3);
    assert_eq!(rows(&["people", "shop", "--updated-to", "2020-01-01"]), 0);
});

on_both!(a_file_is_there_once_it_is_whole_and_for_its_owner_alone, |server| {
    populated(server);
    let folder = server.database.folder.path();
    let file = folder.join("people.csv");
    let words = ["people", "shop", "--format", "csv", "--out", file.to_str().expect("text")];
    let part = folder.join("people.csv.part");
    let (well, said, complaint) = export(&server.database, &words);
    assert!(well && said.contains("3 rows") && complaint.is_empty(), "{said}{complaint}");
    let whole = std::fs::read_to_string(&file).expect("a file");
    assert_eq!(whole.split("\r\n").count(), 5);
    assert_eq!(std::fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    // What fails in the middle takes nothing's place.
    crate::server::execute(&server.database.url(), "UPDATE people SET state = 'no state' WHERE ref = '-2'");
    let (well, _, complaint) = export(&server.database, &words);
    assert!(!well && complaint.contains("a stored state"), "{complaint}");
    assert!(!Path::new(&part).exists());
    assert_eq!(std::fs::read_to_string(&file).expect("the old one"), whole);
});

on_both!(what_cannot_be_exported_is_said_in_a_sentence, |server| {
    let check = |words: &[&str], expected: &str| {
        let (well, written, complaint) = export(&server.database, words);
        assert!(!well && written.is_empty() && complaint.contains(expected), "{words:?}: {written}{complaint}");
    };
    check(&["people", "none"], "there is no site `none` here");
    check(&["people", "shop", "--channel", "fax"], "`channel`: expected one of email, sms, phone");
    check(&["people", "shop", "--allowed", "true"], "--channel");
    check(&["consents", "shop", "--notice", "9"], "`notice`");
    check(&["consents", "shop", "--from", "yesterday"], "expected a day");
    check(&["consents", "shop", "--out", "/nowhere/x"], "/nowhere/x.part");
});
