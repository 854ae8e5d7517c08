//! The check that shares no code with the service, see tests/independent.mjs.

use std::process::Command;

use crate::program::run;
use crate::server::{consent, on_both, root};

#[test]
fn the_independent_check_refuses_every_flipped_bit() {
    let (well, told, wrong) = run(Command::new("node").arg(root().join("tests/independent.mjs")).arg("--self-test"));
    assert!(well, "{told}{wrong}");
}

on_both!(what_the_service_gives_out_is_checked_by_code_that_is_not_its_own, |server| {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(path, bytes).expect("a file");
    };
    let fetch = |name: &str, path: &str| write(name, &server.get(path).expect(200).body);
    let sent: Vec<_> = (0..260).map(|_| server.post(&consent()).expect(201).json()).collect();
    server.sealed(260);
    fetch("old-checkpoint.txt", "/ledger/checkpoint");
    for _ in 0..40 {
        server.post(&consent()).expect(201);
    }
    server.sealed(300);

    let capability = sent[123]["capability"].as_str().expect("text");
    let receipt = server.with_capability("GET", capability).expect(200).json()["consents"][0].clone();
    write("receipt.json", receipt.to_string().as_bytes());
    fetch("jwks.json", "/.well-known/jwks.json");
    fetch("key.txt", "/ledger/key");
    fetch("proof.tlog-proof", &format!("/ledger/proof/{}", receipt["leaf"]));
    fetch("consistency.json", "/ledger/consistency?from=260&to=300");
    for tile in ["0/000", "0/001.p/44", "1/000.p/1", "entries/000", "entries/001.p/44"] {
        fetch(&format!("tiles/tile/{tile}"), &format!("/ledger/tile/{tile}"));
    }
    let check = || run(Command::new("node").arg(root().join("tests/independent.mjs")).arg(folder.path()));
    let (well, told, wrong) = check();
    assert!(well, "{told}{wrong}");

    // Another visitor's receipt is not what stands at this leaf.
    write("receipt.json", sent[124].to_string().as_bytes());
    let (well, told, _) = check();
    assert!(!well, "{told}");
});
