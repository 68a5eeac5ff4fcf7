//! `--png` and `--charts`: pictures beside the other files, and what can't be written is known at
//! once.

use super::server::{Answer, Server};
use super::stage::Stage;

/// How every PNG begins (RFC 2083, section 3.1).
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

#[test]
fn a_run_and_its_report_write_the_same_pictures() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    let head = ["run", "--url", &server.url, "-r", "50/s", "-d", "1s"];
    stage.run(head.iter().chain(&["--png", "a.png", "--charts", "a"])).expect(0);
    let done = stage.run(["report", "--png", "b.png", "--charts", "b"]).expect(0);
    assert_eq!(done.out, "", "files are in place of the text");
    let read = |name: &str| std::fs::read(stage.path(name)).unwrap();
    assert!(read("a.png").starts_with(SIGNATURE));
    assert_eq!(read("a.png"), read("b.png"));
    let mut names: Vec<String> = std::fs::read_dir(stage.path("b"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names[0], "01-response-time-by-share-of-requests.png");
    assert_eq!(names[1], "01-response-time-by-share-of-requests.svg");
    assert!(names.len() >= 8, "{names:?}");
    for name in names {
        assert_eq!(read(&format!("a/{name}")), read(&format!("b/{name}")), "{name}");
    }
}

#[test]
fn a_picture_that_cannot_be_written_is_refused_before_anything_starts() {
    let stage = Stage::new();
    std::fs::write(stage.path("taken"), "").unwrap();
    let server = Server::start(Answer::Json("{}"));
    let head = ["run", "--url", &server.url, "-r", "50/s", "-d", "60s"];
    for (flag, place, why) in [
        ("--png", "-", "not for stdout"),
        ("--png", "none/a.png", "its folder does not exist"),
        ("--charts", "taken", "it is a file"),
        ("--charts", "none/charts", "the folder above it does not exist"),
    ] {
        let refused = stage.run(head.iter().chain(&[flag, place])).expect(2);
        assert!(refused.err.contains(why), "{}", refused.err);
    }
}
