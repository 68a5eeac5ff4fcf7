//! What a real observation says of its state: to the shell, to a program, to a webhook.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::observe::{end, segments_told};
use super::server::{Answer, Server};
use super::stage::{Done, Running, Stage};

/// A target whose connection pool is as full as it is said.
struct Pool {
    url: String,
    share: Arc<Mutex<&'static str>>,
}

impl Pool {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let share = Arc::new(Mutex::new("0.5"));
        let shared = Arc::clone(&share);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                // A client that goes away ends the thread of its connection.
                std::thread::spawn(move || drop(answer(stream, &shared)));
            }
        });
        Self { url, share }
    }

    fn is(&self, share: &'static str) {
        *self.share.lock().unwrap() = share;
    }
}

fn answer(mut stream: TcpStream, share: &Mutex<&'static str>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let body = format!("{{\"pool\": {}}}", *share.lock().unwrap());
        let length = body.len();
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}")?;
    }
}

/// A scenario of one request, with more keys.
fn scenario(stage: &Stage, more: &str) {
    let text = format!("journeys: {{ look: {{ steps: [ {{ get: / }} ] }} }}\n{more}");
    stage.file("a.yaml", text);
}

fn observe(stage: &Stage, url: &str, length: &str) -> Running {
    let args = ["observe", "-s", "a.yaml", "--target", url, "--segment", "1s", "-r", "20/s"];
    Running::start(stage.command(args.into_iter().chain(["--for", length])))
}

/// Reads messages until one of a change has come, and gives it.
fn change(run: &mut Running) -> String {
    loop {
        let line = run.error_line();
        assert!(!line.is_empty(), "it ended without a change");
        if ["GO: ", "HOLD: ", "ROLLBACK: "].iter().any(|word| line.contains(word)) {
            return line;
        }
    }
}

/// What a program was told, line by line.
fn told(stage: &Stage, name: &str) -> Vec<Value> {
    stage.read(name).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn moves(told: &[Value]) -> Vec<(Option<&str>, Option<&str>)> {
    told.iter().map(|one| (one["from"].as_str(), one["to"].as_str())).collect()
}

#[test]
fn changes_are_told_to_a_program_and_a_webhook_once_they_last() {
    let (stage, pool) = (Stage::new(), Pool::start());
    let hook = Server::start(Answer::Json("{}"));
    scenario(
        &stage,
        &format!(
            "monitors: [ {{ json: /metrics, name: db, every: 1s, readings: {{ pool_use: $.pool }} }} ]\n\
             gate:\n  on_change:\n  - {{ exec: [ sh, -c, \"cat >> told; echo >> told\" ] }}\n\
             \x20 - {{ webhook: \"{}/hook\" }}\n",
            hook.url
        ),
    );
    let mut run = observe(&stage, &pool.url, "45s");
    assert!(change(&mut run).contains(": GO: "), "it is well at first");
    // What lasts for one segment, or two, changes nothing.
    pool.is("0.99");
    segments_told(&mut run, 1);
    pool.is("0.5");
    segments_told(&mut run, 4);
    assert!(!stage.path("told").exists(), "{}", stage.read("told"));
    pool.is("0.85");
    let line = change(&mut run);
    assert!(line.contains("GO → HOLD: Connection Pool is 85% in the median of the last"), "{line}");
    pool.is("0.99");
    let line = change(&mut run);
    assert!(line.contains("HOLD → NO-GO: Connection Pool is 99%"), "{line}");
    let done = end(run).expect(4);
    assert!(done.out.contains(" errors; NO-GO\n"), "{}", done.out);
    assert!(done.says(&["NO-GO: Connection Pool is 99%"]).code == 4);

    let told = told(&stage, "told");
    let wanted = [(Some("GO"), Some("HOLD")), (Some("HOLD"), Some("NO-GO"))];
    assert_eq!(moves(&told), wanted);
    for one in &told {
        assert_eq!((&one["simulated"], &one["scenario"]), (&false.into(), &"a".into()), "{one}");
        assert!(one["figures"]["pool_use"].as_f64().is_some_and(|share| share > 0.8), "{one}");
    }
    let texts = hook.texts();
    let posted = texts.lines().filter(|line| line.starts_with('{'));
    let posted: Vec<Value> = posted.map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(posted, told, "the webhook is told the same, in the same order");
    // What was told is what is found in the store.
    let json = stage.json(["report", "--format", "json"]);
    let changes = json["observation"]["changes"].as_array().unwrap();
    assert_eq!(moves(&changes[1..]), wanted, "{changes:?}");
    assert_eq!(json["observation"]["verdict"], "NO-GO");
}

#[track_caller]
fn ends(stage: &Stage, answer: Answer, code: i32, word: &str) -> Done {
    let server = Server::start(answer);
    let done = end(observe(stage, &server.url, "10s"));
    assert_eq!(done.code, code, "{}\n{}", done.out, done.err);
    assert!(done.out.contains(&format!(" errors; {word}\n")), "{}", done.out);
    done
}

#[test]
fn what_must_be_taken_back_ends_with_the_code_of_a_rollback() {
    let stage = Stage::new();
    scenario(
        &stage,
        "gate:\n  on_change: [ { exec: [ sh, -c, \"cat >> told; echo >> told\" ] } ]\n  \
         on_rollback: [ { exec: [ sh, -c, \"cat >> rolled; echo >> rolled\" ] } ]\n",
    );
    let done = ends(&stage, Answer::Late(u64::MAX, "{}"), 5, "ROLLBACK");
    assert!(done.err.contains("ROLLBACK: 100"), "{}", done.err);
    for name in ["told", "rolled"] {
        let told = told(&stage, name);
        assert_eq!(moves(&told), [(None, Some("ROLLBACK"))], "{name}: {told:?}");
        assert_eq!(told[0]["figures"]["error_share"], 1.0, "{told:?}");
    }
}

#[test]
fn what_went_well_for_long_enough_is_go() {
    let stage = Stage::new();
    scenario(&stage, "gate:\n  on_change: [ { exec: [ sh, -c, \"cat >> told\" ] } ]\n");
    ends(&stage, Answer::Json("{}"), 0, "GO");
    assert!(!stage.path("told").exists(), "that it is well from the start is no news");
}
