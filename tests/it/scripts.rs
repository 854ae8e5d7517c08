//! Scripts that are named by their hash: they stay what they were, whatever is published or installed since.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha384};

use crate::program::{run, samtykke};
use crate::server::{Answer, Database, SITE, Server, execute, on_both};

/// The script tags that the command line prints: address and integrity of each.
fn tags(database: &Database) -> Vec<(String, Option<String>)> {
    let words = ["site", "embed", "shop", "--base", "https://consent.example.no/"];
    let (well, told, wrong) = run(samtykke(database).args(words));
    assert!(well, "{wrong}");
    let attribute = |tag: &str, name: &str| {
        let rest = tag.split(&format!(" {name}=\"")).nth(1)?;
        rest.split('"').next().map(str::to_owned)
    };
    let tags = told.lines().filter(|line| line.starts_with("<script"));
    let tags = tags.inspect(|tag| assert_eq!(tag.contains("crossorigin=\"anonymous\""), tag.contains("integrity=")));
    tags.map(|tag| (attribute(tag, "src").expect("an address"), attribute(tag, "integrity"))).collect()
}

fn path(address: &str) -> &str {
    address.strip_prefix("https://consent.example.no").expect("the address that was given")
}

fn for_ever(answer: &Answer) {
    assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("cross-origin-resource-policy"), "cross-origin");
    assert_eq!(answer.header("content-type"), "text/javascript; charset=utf-8");
}

on_both!(the_current_script_is_named_by_its_hash_too, |server| {
    let plain = server.get("/v1/sites/shop/banner.js").expect(200);
    let tags = tags(&server.database);
    assert_eq!(tags[0], ("https://consent.example.no/v1/sites/shop/banner.js".to_owned(), None));
    let (address, integrity) = &tags[1];
    let pinned = server.get(path(address)).expect(200);
    for_ever(&pinned);
    assert_eq!(pinned.text(), plain.text());
    let hash = STANDARD.encode(Sha384::digest(&pinned.body));
    assert_eq!(integrity.as_deref(), Some(format!("sha384-{hash}").as_str()));
    let tag = pinned.header("etag").to_owned();
    server.send("GET", path(address), &[("if-none-match", &tag)], None).expect(304);
    let squeezed = server.send("GET", path(address), &[("accept-encoding", "br")], None).expect(200);
    assert_eq!(squeezed.header("content-encoding"), "br");
});

#[test]
fn an_older_script_stays_what_it_was() {
    for database in [Database::sqlite(), Database::postgres()] {
        let server = Server::start(database);
        let (first, integrity) = tags(&server.database).remove(1);
        let bytes = server.get(path(&first)).expect(200).body;
        let database = server.stop();
        database.apply(&SITE.replace("G-TEST000001", "G-TEST000002"));
        database.apply(&SITE.replace("\"shop\"", "\"other\""));
        let server = Server::start(database);
        server.database.apply(&SITE.replace("G-TEST000001", "G-TEST000003"));
        let (second, _) = tags(&server.database).remove(1);
        assert_ne!(first, second);
        for _ in 0..2 {
            let older = server.get(path(&first)).expect(200);
            for_ever(&older);
            assert_eq!(older.body, bytes, "the same bytes");
        }
        let hash = STANDARD.encode(Sha384::digest(&bytes));
        assert_eq!(integrity.as_deref(), Some(format!("sha384-{hash}").as_str()));
        // The command line has written it down before this server knew of it.
        assert!(server.get(path(&second)).expect(200).text().contains("G-TEST000003"));
        server.get(&path(&first).replace("/shop/", "/other/")).problem(404, "not-found");
        server.get(&path(&first).replace("/shop/", "/none/")).problem(404, "unknown-site");
    }
}

on_both!(an_older_script_finds_its_panel, |server| {
    // As a server of another version has left it.
    let body = "export const open = () => {};";
    let asset = samtykke::banner::Asset::new(body.into());
    samtykke::scripts::keep(&mut server.conn(), None, &asset, 0).expect("kept");
    samtykke::scripts::keep(&mut server.conn(), None, &asset, 0).expect("once more");
    let panel = server.get(&format!("/v1/panel.{}.js", asset.hash)).expect(200);
    for_ever(&panel);
    assert_eq!(panel.text(), body);
    server.get(&format!("/v1/sites/shop/banner.{}.js", asset.hash)).problem(404, "not-found");
    let current = &samtykke::banner::modules()["panel"];
    assert_eq!(server.get(&format!("/v1/panel.{}.js", current.hash)).expect(200).body, current.plain);
    let kept = samtykke::scripts::find(&mut server.conn(), None, &current.hash).expect("read").expect("it is there");
    assert_eq!(kept.plain, current.plain, "for the servers of later versions");
});

on_both!(no_other_name_finds_a_script, |server| {
    let zeros = "0".repeat(16);
    for wrong in ["x", "", &zeros, &zeros.replace('0', "F"), "..", "%2e%2e", &"a".repeat(4000)] {
        server.get(&format!("/v1/sites/shop/banner.{wrong}.js")).problem(404, "not-found");
        server.get(&format!("/v1/panel.{wrong}.js")).problem(404, "not-found");
    }
});

#[test]
fn a_script_that_was_changed_in_the_database_is_not_served() {
    let server = Server::start(Database::sqlite());
    let (address, _) = tags(&server.database).remove(1);
    let database = server.stop();
    database.apply(&SITE.replace("G-TEST000001", "G-TEST000002"));
    execute(&database.url(), "UPDATE scripts SET body = CAST('alert(1)' AS BLOB)");
    let server = Server::start(database);
    server.get(path(&address)).problem(500, "internal");
}

#[test]
fn a_site_is_served_though_its_script_cannot_be_written_down() {
    let database = Database::sqlite();
    database.apply(SITE);
    let hidden = "ALTER TABLE scripts RENAME TO elsewhere";
    execute(&database.url(), hidden);
    let server = Server::start(database);
    let script = server.get("/v1/sites/shop/banner.js").expect(200);
    let hash = script.header("etag").trim_matches('"').to_owned();
    server.get(&format!("/v1/sites/shop/banner.{hash}.js")).expect(200);
    execute(&server.database.url(), "ALTER TABLE elsewhere RENAME TO scripts");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    let id = samtykke::site::id_of(&mut server.conn(), "shop").expect("read");
    while samtykke::scripts::find(&mut server.conn(), id, &hash).expect("read").is_none() {
        assert!(std::time::Instant::now() < deadline, "it is written down once it can be");
    }
}

#[test]
fn a_base_that_could_break_out_of_the_tag_is_refused() {
    let database = Database::sqlite();
    database.apply(SITE);
    for wrong in ["consent.example.no", "https://", "javascript:alert(1)", "https://x\"><script>", "https://x/?a&b"] {
        let (well, told, wrong) = run(samtykke(&database).args(["site", "embed", "shop", "--base", wrong]));
        assert!(!well && wrong.contains("expected https://"), "{told}{wrong}");
    }
    let (well, told, _) = run(samtykke(&database).args(["site", "embed", "shop"]));
    assert!(well && told.contains("<script src=\"/v1/sites/shop/banner.js\"></script>"), "{told}");
    let (well, _, wrong) = run(samtykke(&database).args(["site", "embed", "none"]));
    assert!(!well && wrong.contains("there is no site `none` here"), "{wrong}");
}
