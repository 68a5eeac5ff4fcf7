//! Help, completions, colours, closed pipes: what belongs to every good program.

use super::server::{Answer, Server};
use super::stage::{Stage, done};

#[test]
fn every_command_explains_itself() {
    let stage = Stage::new();
    let commands: &[&[&str]] = &[
        &[],
        &["run"],
        &["runs"],
        &["runs", "list"],
        &["runs", "show"],
        &["runs", "rm"],
        &["report"],
        &["observe"],
        &["attest"],
        &["attest", "list"],
        &["attest", "ids"],
        &["decide"],
        &["message"],
        &["db"],
        &["db", "top"],
        &["db", "pool"],
        &["schema"],
        &["check"],
        &["probe"],
        &["market"],
        &["completions"],
    ];
    for command in commands {
        let help = stage.run(command.iter().chain(&["--help"])).expect(0);
        assert!(help.out.contains("Usage: loadgate"), "{}", help.out);
        assert_eq!(help.err, "");
        let widest = help.out.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(100), "{command:?}: a line of {widest:?}");
    }
    let version = stage.run(["--version"]).expect(0);
    assert_eq!(version.out, concat!("loadgate ", env!("CARGO_PKG_VERSION"), "\n"));
    assert!(!stage.has_store());
}

#[test]
fn completions_know_the_flags_and_are_what_the_shell_reads() {
    let stage = Stage::new();
    let script = stage.run(["completions", "bash"]).expect(0).out;
    assert!(script.contains("--scenario") && script.contains("--insecure"));
    stage.file("complete.sh", script);
    let checked = stage.shell("bash -n complete.sh").output().unwrap();
    done(checked).expect(0);
    for shell in ["zsh", "fish"] {
        assert!(stage.run(["completions", shell]).expect(0).out.contains("loadgate"));
    }
    stage.run(["completions", "tcsh"]).expect(2);
}

#[test]
fn colours_are_for_terminals_unless_they_are_wanted_or_forbidden() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    stage.run(["run", "--url", &server.url, "-n", "2", "-u", "1"]).expect(0);
    let show = |variables: &[&str], more: &[&str]| {
        let mut command = stage.command(["runs", "show"].iter().chain(more));
        command.envs(variables.iter().map(|name| (*name, "1")));
        done(command.output().unwrap()).expect(0).out.contains('\x1b')
    };
    assert!(!show(&[], &[]));
    assert!(show(&["CLICOLOR_FORCE"], &[]));
    assert!(!show(&["CLICOLOR_FORCE", "NO_COLOR"], &[]));
    assert!(!show(&["CLICOLOR_FORCE"], &["--no-color"]));
    let mut command = stage.command(["runs", "show", "nothing"]);
    let told = done(command.env("CLICOLOR_FORCE", "1").output().unwrap()).expect(1);
    assert!(told.err.contains("\x1b[1;31merror\x1b[0m: "), "{}", told.err);
}

#[test]
fn a_reader_that_has_gone_away_is_no_error() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    let url = &server.url;
    for command in [
        &format!("run --url {url} -n 20 -u 1"),
        "runs show",
        "schema",
        "completions bash",
        "run --help",
        "report --html -",
    ] {
        // `exit 7` shows when the program itself was not content.
        let script = format!("{{ $LOADGATE {command} || echo failed $? >&2; }} | head -1");
        let done = done(stage.shell(&script).output().unwrap()).expect(0);
        assert_eq!(done.err, "", "{command}");
        assert_eq!(done.out.lines().count(), 1, "{command}");
    }
}

#[test]
fn what_a_target_says_reaches_the_terminal_without_its_control_sequences() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json(r#"{"prisma":"\u001b[2J\u001b]0;gone\u0007 7.0.1"}"#));
    let args = ["run", "--scenario", "customer", "--target", &server.url, "-u", "1", "-n", "1"];
    let done = stage.run(args);
    assert!(!done.out.contains('\x1b') && !done.err.contains('\x1b'), "{}{}", done.out, done.err);
    let args = ["run", "--scenario", "customer", "--target", &server.url, "--expect", "7.0.1"];
    let done = stage.run(args).expect(1).says(&["the target reports version"]);
    assert!(!done.err.contains('\x1b'), "{}", done.err);
}
