//! The databases: that both have the same shape, that TLS works, and that nothing is stored or said that should not be.

use std::collections::BTreeSet;
use std::fs;

use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use samtykke::db::{self, DatabaseUrl};
use serde_json::json;

use crate::server::{CONSENTS, Database, ORIGIN, admin, changed, consent, on_both, root};

#[derive(QueryableByName)]
struct Told {
    #[diesel(sql_type = Text)]
    said: String,
}

fn names(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join("migrations").join(folder)).expect("migrations");
    entries.map(|entry| entry.expect("a folder").file_name().into_string().expect("UTF-8")).collect()
}

#[test]
fn both_databases_have_the_same_migrations() {
    assert_eq!(names("sqlite"), names("postgres"));
    assert!(!names("sqlite").is_empty());
    let shape = |engine: &str, name: &str| {
        let sql = fs::read_to_string(root().join(format!("migrations/{engine}/{name}/up.sql"))).expect("up.sql");
        sql.replace("INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL", "SERIAL PRIMARY KEY")
            // The one table that its writer numbers.
            .replace("seq INTEGER PRIMARY KEY NOT NULL", "seq SERIAL PRIMARY KEY")
            .replace("BIGSERIAL", "SERIAL")
            .replace("BLOB", "BYTEA")
    };
    for name in names("sqlite") {
        assert_eq!(shape("sqlite", &name), shape("postgres", &name), "{name}: only the spelling of types differs");
    }
}

#[test]
fn every_migration_can_be_taken_back() {
    use diesel_migrations::{FileBasedMigrations, MigrationHarness};
    for (database, folder, tables) in [
        (
            Database::sqlite(),
            "sqlite",
            "SELECT name AS said FROM sqlite_master WHERE name NOT LIKE '\\_\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite%'",
        ),
        (
            Database::postgres(),
            "postgres",
            "SELECT tablename::text AS said FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '\\_\\_%'",
        ),
    ] {
        let mut conn = database.parsed().connect().expect("a connection");
        assert!(db::migrate(&mut conn).expect("migrated") > 0);
        assert_eq!(db::migrate(&mut conn).expect("migrated"), 0, "once is enough");
        let source = FileBasedMigrations::from_path(root().join("migrations").join(folder)).expect("a folder");
        match &mut conn {
            db::Conn::Sqlite(conn) => conn.revert_all_migrations(source).map(drop),
            db::Conn::Postgres(conn) => conn.revert_all_migrations(source).map(drop),
        }
        .expect("reverted");
        let left: Vec<Told> = diesel::sql_query(tables).load(&mut conn).expect("tables");
        assert!(left.is_empty(), "{folder}: {:?}", left.iter().map(|row| &row.said).collect::<Vec<_>>());
    }
}

#[test]
fn servers_that_start_together_take_turns_on_the_migrations() {
    let database = Database::postgres();
    std::thread::scope(|scope| {
        let starts: Vec<_> = (0..6)
            .map(|_| {
                scope.spawn(|| db::migrate(&mut database.parsed().connect().expect("a connection")).expect("migrated"))
            })
            .collect();
        let ran: Vec<usize> = starts.into_iter().map(|start| start.join().expect("no panic")).collect();
        assert_eq!(ran.iter().filter(|ran| **ran > 0).count(), 1, "{ran:?}");
    });
}

#[test]
fn tls_to_postgres_works_and_a_wrong_certificate_is_refused() {
    #[derive(QueryableByName)]
    struct Encrypted {
        #[diesel(sql_type = Bool)]
        ssl: bool,
    }
    let cert = std::env::var("TEST_POSTGRES_CERT").expect("the certificate of the test's PostgreSQL");
    let url = |query: &str| format!("{}?{query}", admin()).parse::<DatabaseUrl>().expect("a URL");
    let mut conn = url(&format!("sslmode=verify-full&sslrootcert={cert}")).connect().expect("an encrypted connection");
    let row: Encrypted = diesel::sql_query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        .get_result(&mut conn)
        .expect("a row");
    assert!(row.ssl);
    let folder = tempfile::tempdir().expect("a folder");
    let other = folder.path().join("other.pem");
    fs::write(&other, "").expect("a file");
    assert!(url(&format!("sslmode=verify-full&sslrootcert={}", other.display())).connect().is_err());
}

#[test]
fn a_database_url_never_shows_its_password() {
    let url: DatabaseUrl = "postgres://ola:h3mm3lig@db.example:5433/samtykke?sslmode=require".parse().expect("a URL");
    assert_eq!(url.to_string(), "postgres://db.example:5433/samtykke");
    assert_eq!(format!("{url:?}"), "postgres://db.example:5433/samtykke");
    for wrong in ["", "postgres:nothere", "sqlite:", "sqlite::memory:", "mysql://x", "/tmp/x.db"] {
        assert!(wrong.parse::<DatabaseUrl>().is_err(), "{wrong}");
    }
}

/// Every consent that is kept, as text.
pub fn consents(database: &Database) -> String {
    let mut conn = database.parsed().connect().expect("a connection");
    let dump: Vec<Told> = match &mut conn {
        db::Conn::Postgres(conn) => diesel::sql_query("SELECT consents::text AS said FROM consents").load(conn),
        db::Conn::Sqlite(conn) => {
            let all = "hex(id)||'|'||hex(visitor)||'|'||choice||'|'||action||'|'||method||'|'||coalesce(language,'')||'|'||\
                       coalesce(page,'')||'|'||regime||'|'||regime_found||'|'||signals||'|'||created_at";
            diesel::sql_query(format!("SELECT {all} AS said FROM consents")).load(conn)
        }
    }
    .expect("the rows");
    dump.into_iter().map(|row| row.said).collect::<Vec<_>>().join("\n")
}

on_both!(no_address_and_no_user_agent_is_stored, |server| {
    let body = changed(&consent(), "method", json!("api")).to_string();
    let headers = [
        ("origin", ORIGIN),
        ("user-agent", "Mozilla/5.0 SecretAgent"),
        ("x-forwarded-for", "203.0.113.77"),
        ("accept-language", "nb-SecretTongue"),
        ("referer", "https://www.example.no/secret-referer"),
        ("cookie", "secret=cookie"),
    ];
    server.send("POST", CONSENTS, &headers, Some(body.as_bytes())).expect(201);
    let mut everything = consents(&server.database);
    if matches!(server.database.parsed(), DatabaseUrl::Sqlite(_)) {
        let folder = server.database.folder.path();
        for name in ["samtykke.db", "samtykke.db-wal"] {
            everything += &String::from_utf8_lossy(&fs::read(folder.join(name)).unwrap_or_default());
        }
    }
    for secret in ["Secret", "secret", "203.0.113", "127.0.0.1", "Mozilla"] {
        assert!(!everything.contains(secret), "{secret} was stored");
    }
    assert!(everything.contains("/priser"), "the page was");
});
