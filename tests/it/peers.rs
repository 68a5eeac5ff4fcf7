//! The script that measures other clients beside loadgate: the examples in it hold.

use std::process::Command;

#[test]
fn the_script_that_compares_clients_does_what_its_examples_say() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/run");
    let output = Command::new(script).arg("--self-test").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains(" examples, 0 failed"), "{said}");
}
