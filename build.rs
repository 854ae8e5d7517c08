//! The banner is embedded, so it has to be there: says so in one sentence instead of a macro's error.

fn main() {
    println!("cargo:rerun-if-changed=banner/build/embed");
    println!("cargo:rerun-if-changed=migrations");
    assert!(
        std::path::Path::new("banner/build/embed/gate.js").exists(),
        "the banner is not built yet: run `make banner`, which needs Node 20 and npm"
    );
}
