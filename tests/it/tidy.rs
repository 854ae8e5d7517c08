//! House rules that a machine can hold.

use std::fs;
use std::path::{Path, PathBuf};

use samtykke::banner;

use crate::server::root;

fn files(folder: &str, extension: &str) -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, extension: &str, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.expect("an entry").path();
            // What others wrote, and what is made of it, is not ours to tidy.
            if path.ends_with("node_modules") || path.ends_with("build") {
                continue;
            }
            if path.is_dir() {
                walk(&path, extension, found);
            } else if path.extension().is_some_and(|found| found == extension) {
                let text = fs::read_to_string(&path).expect("UTF-8");
                found.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(folder), extension, &mut found);
    assert!(!found.is_empty(), "{folder} has .{extension} files");
    found
}

#[test]
fn the_layers_hold() {
    for (path, text) in files("server", "rs") {
        let place = path.strip_prefix(root().join("server")).expect("a place in the house");
        let http = place.starts_with("http");
        let door = ["main.rs", "lib.rs", "serve.rs"].iter().any(|name| place == Path::new(name));
        assert!(http || door || !text.contains("actix_web::"), "{}: actix_web belongs in http/", place.display());
        assert!(!http || !text.contains("diesel::"), "{}: diesel stays out of http/", place.display());
    }
}

#[test]
fn every_file_can_be_read_in_one_sitting() {
    let all = [
        files("server", "rs"),
        files("tests", "rs"),
        files("benches", "rs"),
        files("banner/src", "ts"),
        files("tests/browser", "ts"),
        files("tests/api", "ts"),
    ];
    for (path, text) in all.concat() {
        assert!(text.lines().count() <= 400, "{} has {} lines", path.display(), text.lines().count());
        let said = path.extension().is_some_and(|extension| extension == "ts") || text.starts_with("//!");
        assert!(said, "{} does not say what it is for", path.display());
    }
}

#[test]
fn names_say_something() {
    let banned =
        ["util", "utils", "common", "core", "helper", "helpers", "manager", "handler", "handlers", "base", "misc"];
    for (path, _) in [files("server", "rs"), files("tests", "rs"), files("banner/src", "ts")].concat() {
        for part in path.strip_prefix(root()).expect("inside").components() {
            let part = Path::new(&part).file_stem().expect("a name").to_string_lossy().into_owned();
            assert!(!banned.contains(&part.as_str()), "{}", path.display());
        }
    }
}

#[test]
fn the_banner_keeps_to_its_size() {
    let text = fs::read_to_string(root().join("server/demo/site.toml")).expect("the demo's site");
    let database = crate::server::Database::sqlite();
    // Its own three languages, and all others beside them.
    let languages = samtykke::texts::languages();
    let text = text.lines().map(|line| match line.split(" = ").next() {
        Some("languages") => format!("languages = {languages:?}"),
        Some("policy_url") => "policy_url = \"/om\"".to_owned(),
        _ => line.to_owned(),
    });
    database.apply(&text.collect::<Vec<_>>().join("\n"));
    let server = crate::server::Server::with(database, crate::server::settings());
    let size = |path: &str| server.send("GET", path, &[("accept-encoding", "br")], None).expect(200).body.len();
    let script = size("/v1/sites/shop/banner.js");
    let panel = size(&format!("/v1/panel.{}.js", banner::modules()["panel"].hash));
    let question = |language: &String| size(&format!("/v1/sites/shop/notice?lang={language}&layer=1"));
    let (notice, language) = languages.iter().map(|language| (question(language), language)).max().expect("a language");
    println!("brotli bytes: banner.js {script}, panel {panel}, notice {notice} in {language}");
    assert!(script <= 3_000, "a returning visitor loads {script} bytes");
    assert!(script + panel + notice <= 9_000, "a first visitor loads {} bytes", script + panel + notice);
}
