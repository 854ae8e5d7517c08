//! Whoever can write to the database can change what is in it. The ledger cannot keep them from it; it tells.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use samtykke::ledger::note::Checkpoint;
use samtykke::ledger::tree;
use samtykke::ledger::verify::{Report, verify};
use samtykke::schema::ledger_tiles;

use crate::server::{Server, consent, on_both};

/// Ten consents in the ledger, in the order of their rows; gives their ids.
fn ten(server: &Server) -> Vec<String> {
    let ids = (0..10).map(|_| {
        let sent = consent();
        server.post(&sent).expect(201);
        sent["id"].as_str().expect("text").to_owned()
    });
    let ids = ids.collect();
    server.sealed(10);
    ids
}

fn verified(server: &Server, kept: &[Checkpoint]) -> Report {
    verify(&mut server.conn(), kept, &mut |_, _| {}).expect("verified")
}

fn run(server: &Server, sql: &str) {
    let changed = diesel::sql_query(sql).execute(&mut server.conn()).expect(sql);
    assert_eq!(changed, 1, "{sql}");
}

/// Says what it should, and nothing else.
fn named(server: &Server, expected: &[String]) {
    let report = verified(server, &[]);
    assert_eq!(report.faults, expected, "{report:?}");
}

on_both!(what_is_as_it_was_verifies, |server| {
    ten(server);
    let mut heard = Vec::new();
    let report = verify(&mut server.conn(), &[], &mut |done, all| heard.push((done, all))).expect("verified");
    assert_eq!((report.leaves, report.consents, report.forgotten, report.fault_count), (10, 10, 0, 0), "{report:?}");
    assert_eq!(heard.last(), Some(&(10, 10)), "it tells how far it is");
});

on_both!(a_changed_choice_is_named, |server| {
    let ids = ten(server);
    run(server, "UPDATE consents SET choice = replace(choice, 'denied', 'granted') WHERE seq = 4");
    named(
        server,
        &[
            format!("row 4: the signature of consent {} does not hold", ids[3]),
            format!("leaf 3: consent {} was changed", ids[3]),
        ],
    );
});

on_both!(a_choice_that_cannot_be_read_any_more_is_named, |server| {
    let ids = ten(server);
    run(server, "UPDATE consents SET choice = 'x' WHERE seq = 4");
    let report = verified(server, &[]);
    assert_eq!(report.fault_count, 2, "{report:?}");
    assert!(report.faults[0].starts_with(&format!("row 4: consent {} cannot be read", ids[3])), "{report:?}");
});

on_both!(a_changed_time_is_named_even_when_nothing_else_is, |server| {
    let ids = ten(server);
    run(server, "UPDATE consents SET created_at = created_at - 1 WHERE seq = 1");
    assert!(verified(server, &[]).faults.contains(&format!("leaf 0: consent {} was changed", ids[0])));
});

on_both!(a_removed_row_is_named, |server| {
    ten(server);
    run(server, "DELETE FROM consents WHERE seq = 6");
    named(server, &["leaf 5: its consent (row 6) was removed".into()]);
});

on_both!(an_added_row_is_named, |server| {
    ten(server);
    let columns = "site_id, notice_id, visitor, previous, choice, action, method, language, page, regime, regime_found, signals, \
                   created_at, key_id, signature, salt";
    for seq in ["0", "-5"] {
        // An id of its own: the visitor's will do.
        run(server, &format!("DELETE FROM consents WHERE seq = {}", if seq == "0" { 3 } else { 4 }));
        run(
            server,
            &format!(
                "INSERT INTO consents (seq, id, {columns}) SELECT {seq}, visitor, {columns} FROM consents WHERE seq = {}",
                if seq == "0" { 5 } else { 6 }
            ),
        );
    }
    let report = verified(server, &[]);
    assert_eq!(report.fault_count, 4, "{report:?}");
    assert!(report.faults[2].starts_with("row -5: consent ") && report.faults[2].ends_with("was added"), "{report:?}");
    assert!(report.faults[3].starts_with("row 0: consent ") && report.faults[3].ends_with("was added"), "{report:?}");
});

on_both!(an_added_row_that_looks_new_has_no_signature_that_holds, |server| {
    ten(server);
    let columns = "site_id, notice_id, visitor, previous, choice, action, method, language, page, regime, regime_found, signals, \
                   created_at, key_id, signature, salt";
    run(server, &format!("INSERT INTO consents (id, {columns}) SELECT visitor, {columns} FROM consents WHERE seq = 2"));
    server.sealed(11);
    let report = verified(server, &[]);
    assert_eq!(report.fault_count, 1, "{report:?}");
    assert!(report.faults[0].contains("the signature of consent"), "{report:?}");
});

on_both!(two_that_changed_places_are_named, |server| {
    let ids = ten(server);
    server
        .conn()
        .batch_execute(
            "UPDATE consents SET seq = -1 WHERE seq = 2; UPDATE consents SET seq = 2 WHERE seq = 8; \
             UPDATE consents SET seq = 8 WHERE seq = -1",
        )
        .expect("changed");
    named(
        server,
        &[
            format!("leaf 1: consent {} was moved here from leaf 7", ids[7]),
            format!("leaf 7: consent {} was moved here from leaf 1", ids[1]),
        ],
    );
});

on_both!(a_ledger_that_was_made_to_fit_does_not_fit_a_kept_checkpoint, |server| {
    ten(server);
    let kept = samtykke::ledger::head(&mut server.conn()).expect("a head");
    let kept = Checkpoint { origin: kept.origin.clone(), size: 10, root: kept.root().expect("a root") };
    assert_eq!(verified(server, std::slice::from_ref(&kept)).fault_count, 0);
    // Whoever changes everything at once, tiles and head included, leaves a sound ledger. It is another one.
    let other = Checkpoint { root: tlog_tiles::Hash([7; 32]), ..kept.clone() };
    let report = verified(server, &[other]);
    assert_eq!(report.faults, ["the first 10 leaves are not those that a checkpoint was signed for"]);
    // An older state was put back: there are fewer leaves than were signed for.
    let longer = Checkpoint { size: 12, ..kept };
    let report = verified(server, &[longer]);
    assert_eq!(report.fault_count, 1, "{report:?}");
    assert!(report.faults[0].contains("12 leaves, and there are 10: an older state was put back"), "{report:?}");
});

on_both!(changed_hashes_are_named, |server| {
    for _ in 0..300 {
        server.post(&consent()).expect(201);
    }
    server.sealed(300);
    let mut conn = server.conn();
    let mut spoil = |level: i32| {
        let tile = ledger_tiles::table.find((level, 0_i64));
        let mut hashes: Vec<u8> = tile.select(ledger_tiles::hashes).first(&mut conn).expect("a tile");
        hashes[5] ^= 1;
        diesel::update(tile).set(ledger_tiles::hashes.eq(hashes)).execute(&mut conn).expect("changed");
    };
    spoil(1);
    let mut other = server.conn();
    let head = samtykke::ledger::head(&mut other).expect("a head");
    assert!(tree::Edge::load(&mut other, &head).is_err(), "nothing is added to a damaged tree");
    assert!(tree::prove_leaf(&mut other, &head, 0).is_err(), "and no false proof is given");
    assert_eq!(verified(server, &[]).faults, ["tile 0 of level 1 was changed"]);
    spoil(0);
    let faults = verified(server, &[]).faults;
    assert!(faults[0].starts_with("leaf 0: consent ") && faults[0].ends_with(" was changed"), "{faults:?}");
    assert_eq!(faults[1..], ["the leaves do not give the root of the head", "tile 0 of level 1 was changed"]);
});
