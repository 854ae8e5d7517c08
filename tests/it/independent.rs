//! The check that shares no code with the service, see tests/independent.mjs.

use std::process::Command;

use crate::program::run;
use crate::server::root;

#[test]
fn the_independent_check_refuses_every_flipped_bit() {
    let (well, told, wrong) = run(Command::new("node").arg(root().join("tests/independent.mjs")).arg("--self-test"));
    assert!(well, "{told}{wrong}");
}
