//! What has to be there before: the banner, which is embedded, and SQLite with its table of pages. Says so in one sentence, in place of
//! a macro's error, or of an erasure's at run time.

fn main() {
    println!("cargo:rerun-if-changed=banner/build/embed");
    println!("cargo:rerun-if-changed=migrations");
    assert!(
        std::path::Path::new("banner/build/embed/gate.js").exists(),
        "the banner is not built yet: run `make banner`, which needs Node 20 and npm"
    );
    println!("cargo:rerun-if-env-changed=LIBSQLITE3_FLAGS");
    assert!(
        std::env::var("LIBSQLITE3_FLAGS").is_ok_and(|flags| flags.contains("SQLITE_ENABLE_DBPAGE_VTAB")),
        "SQLite has to be built as .cargo/config.toml says: build inside the repository, and add what it says to your own LIBSQLITE3_FLAGS"
    );
}
