//! `exec`: programs that the file allows.

use std::time::Duration;

use super::{checked, exactly, told};
use crate::cli::stage::{Running, Stage, until, within};

/// Checks of `pre` that need no target.
const PROGRAMS: &str = r#"
allow: [echo, false, sh, ./mine.sh, nowhere-to-be-found]
profiles:
  pre:
    checks:
      - { name: prints, exec: [echo, upgrade/prisma-7], stdout: ^upgrade/prisma-7$ }
      - { name: other branch, exec: [echo, main], stdout: ^upgrade/prisma-7$ }
      - { name: dirty, exec: [echo, " M file"], not_stdout: "^ M" }
      - { name: fails, exec: ["false"], proves: pre.build }
      - { name: meant to fail, exec: ["false"], exit: 1 }
      - { name: says why, exec: [sh, -c, "echo; echo the reason >&2; exit 3"] }
      - { name: own, exec: [./mine.sh, "a b"], stdout: "^1:a b$" }
      - { name: missing, exec: [nowhere-to-be-found] }
      - { name: after it, exec: [echo], needs: fails }
      - { name: after that, exec: [echo], needs: [prints, after it] }
"#;

#[test]
fn programs_are_judged_by_exit_code_and_output() {
    let stage = Stage::new();
    let script = stage.file("mine.sh", "#!/bin/sh\necho \"$#:$1\"\n");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(script, executable).unwrap();
    let found = checked(&stage, PROGRAMS, 99);
    for (name, outcome, text) in [
        ("prints", "passed", "`upgrade/prisma-7`"),
        ("other branch", "failed", "it printed `main`"),
        ("dirty", "failed", "it printed ` M`"),
        ("fails", "failed", "exit code 1"),
        ("meant to fail", "passed", "exit code 1"),
        ("says why", "failed", "exit code 3: the reason"),
        ("own", "passed", "`1:a b`"),
        ("missing", "failed", "can't be started: No such file or directory (os error 2)"),
        ("after it", "skipped", "not done: it needs `fails`, which does not hold"),
        ("after that", "skipped", "not done: it needs `after it`, which does not hold"),
    ] {
        assert_eq!(told(&found, name), (outcome.to_owned(), text.to_owned()), "{name}");
    }
    assert_eq!((&found["result"], &found["passed"]), (&"FAILED".into(), &3.into()));
    assert_eq!((&found["failed"], &found["open"]), (&5.into(), &2.into()));
    assert_eq!(super::row(&found, "fails")["proves"], serde_json::json!(["pre.build"]));
}

#[test]
fn a_program_that_does_not_end_is_ended_with_all_that_it_has_started() {
    let stage = Stage::new();
    let text = "allow: [sh]\nprofiles: { pre: { checks: [ { name: hangs, timeout: 300ms, \
                exec: [sh, -c, \"sleep 600 & echo $! > child; wait\"] } ] } }";
    stage.file("checks.yaml", text);
    let mut command = stage.command(["check", "--json", "-"]);
    let done = within(Duration::from_secs(50), move || command.output().unwrap());
    let found = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(told(&found, "hangs").1, "has not ended within 300ms and was stopped");
    let child = stage.read("child");
    until("the end of the child", || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.trim()));
        // A zombie is one that nobody has asked for yet.
        stat.map_or(Some(()), |stat| stat.contains(") Z ").then_some(()))
    });
}

#[test]
fn an_output_without_end_is_neither_kept_nor_waited_for() {
    let stage = Stage::new();
    let text = "allow: [sh]\nprofiles: { pre: { checks: [ { name: much, \
                exec: [sh, -c, \"head -c 20000000 /dev/zero | tr '\\\\0' x; echo; echo end\"], \
                not_stdout: end } ] } }";
    // What stands behind the first MiB is not looked at.
    let found = checked(&stage, text, 0);
    assert_eq!(told(&found, "much").0, "passed");
}

#[test]
fn a_program_that_the_file_does_not_allow_is_refused_before_anything_runs() {
    let stage = Stage::new();
    stage.file(
        "checks.yaml",
        "allow: [sh, git]\nprofiles:\n  pre:\n    checks:\n      - exec: [sh, -c, \"touch started\"]\n\
         \x20     - exec: [rm, -rf, /]\n      - exec: [gti, status]\n      - exec: []\n      - exec: [\"${PROGRAM:-curl}\"]\n",
    );
    exactly(stage.run(["check", "--profile", "pre"]), 2).says(&[
        "`rm` is not among the programs of `allow`",
        "--> checks.yaml:6:16",
        "hint: if this file may start it, write `allow: [sh, git, rm]`",
        "`gti` is not among the programs of `allow`",
        "did you mean `git`?",
        "`exec` has no program",
        "`${PROGRAM:-curl}` is not among",
        "4 mistakes in `checks.yaml`; nothing was started",
    ]);
    assert!(!stage.path("started").exists());
    assert!(!stage.has_store());
}

#[test]
fn what_is_secret_in_the_environment_is_shown_nowhere() {
    let stage = Stage::new();
    stage.file(
        "checks.yaml",
        "allow: [echo]\ndatabases: { default: \"${DATABASE_URL}\" }\nprofiles: { pre: { checks: [\n\
         { name: \"tells ${X}\", exec: [echo, \"${API_TOKEN}\", \"${DATABASE_URL}\"], stdout: nothing },\n\
         { name: asks, sql: select 1, check: rows == 1 } ] } }\n",
    );
    let mut command =
        stage.command(["check", "-v", "--junit", "j.xml", "--md", "m.md", "--json", "j.json"]);
    command
        .env("API_TOKEN", "hunter2-token")
        .env("DATABASE_URL", "postgres://me:hunter2-pw@127.0.0.1:1/x");
    let done = exactly(crate::cli::stage::done(command.output().unwrap()), 99);
    let files = ["j.xml", "m.md", "j.json"].map(|name| stage.read(name)).join("\n");
    let store = std::fs::read(stage.path("store.db")).unwrap();
    let all = format!("{}{}{files}{}", done.out, done.err, String::from_utf8_lossy(&store));
    assert!(!all.contains("hunter2"), "{all}");
    assert!(done.out.contains("it printed `*** postgres://***@127.0.0.1:1/x`"), "{}", done.out);
    assert!(done.out.contains("`echo ${API_TOKEN} ${DATABASE_URL}` ends with 0"), "{}", done.out);
}

#[test]
fn ctrl_c_ends_the_program_and_the_checks_and_keeps_what_was_found() {
    let stage = Stage::new();
    let text = "allow: [sh, echo]\nprofiles: { pre: { checks: [ { exec: [echo] }, { name: long, \
                exec: [sh, -c, \"touch begun; sleep 600\"] }, { name: last, exec: [echo, x] } ] } }";
    stage.file("checks.yaml", text);
    let running = Running::start(stage.command(["check", "--json", "-"]));
    until("the program", || stage.path("begun").exists().then_some(()));
    running.signal("INT");
    let done = exactly(running.end(), 130);
    let found = serde_json::from_str(&done.out).unwrap();
    for name in ["long", "last"] {
        let why = "not done: it was interrupted".to_owned();
        assert_eq!(told(&found, name), ("skipped".to_owned(), why));
    }
    assert_eq!(found["passed"], 1);
}
