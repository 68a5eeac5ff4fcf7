//! Monitors that ask: Docker at its socket, JSON, Prometheus; and control groups.

#![expect(
    clippy::disallowed_methods,
    clippy::integer_division,
    reason = "a server of the test tells the time that has passed"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::{Value, json};

use super::super::server::{Answer, Server};
use super::super::stage::{Market, Stage, done};
use super::{at_least, command, document, row, run, scenario};

/// What a request asked for, and its headers.
type Heads = Arc<Mutex<Vec<String>>>;

/// Answers one request of a connection after the other; `answer` gives status and body by path.
fn serve(stream: impl Read + Write, heads: &Heads, answer: &dyn Fn(&str) -> (u16, String)) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            match reader.read_line(&mut head) {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
        let path = head.split_whitespace().nth(1).unwrap_or_default().to_owned();
        heads.lock().unwrap().push(head);
        let (status, body) = answer(&path);
        let length = body.len();
        let whole = format!("HTTP/1.1 {status} Some\r\ncontent-length: {length}\r\n\r\n{body}");
        if reader.get_mut().write_all(whole.as_bytes()).is_err() {
            return;
        }
    }
}

#[test]
fn a_container_is_read_over_docker_s_socket() {
    let stage = Stage::new();
    let target = Server::start(Answer::Json("{}"));
    let socket = stage.path("docker.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let heads = Heads::default();
    let seen = Arc::clone(&heads);
    let began = Instant::now();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let seen = Arc::clone(&seen);
            std::thread::spawn(move || {
                serve(stream, &seen, &|path| {
                    if !path.starts_with("/containers/web/stats?") {
                        return (404, json!({ "message": "No such container" }).to_string());
                    }
                    // A quarter of one processor.
                    let used = 1_000_000_000 + began.elapsed().as_nanos() / 4;
                    let stats = json!({
                        "pids_stats": { "current": 7 },
                        "cpu_stats": { "cpu_usage": { "total_usage": u64::try_from(used).unwrap() } },
                        "memory_stats": {
                            "usage": 300_000_000, "limit": 1_000_000_000,
                            "stats": { "anon": 150_000_000, "inactive_file": 100_000_000 }
                        },
                        "networks": { "eth0": { "rx_bytes": 10, "tx_bytes": 20 } }
                    });
                    (200, stats.to_string())
                });
            });
        }
    });
    let socket = socket.display();
    let monitors = format!(
        "  - {{ container: web, socket: {socket}, every: 1s, limits: {{ memory_use: < 80% }} }}\n\
         \x20 - {{ container: other, socket: {socket}, every: 1s }}"
    );
    scenario(&stage, &target.url, 4, &monitors);
    let document = document(run(&stage), 0);
    assert_eq!(row(&document, "web.memory_bytes")["max"], 2e8);
    assert_eq!(row(&document, "web.rss_bytes")["max"], 1.5e8);
    assert_eq!(row(&document, "web.memory_use")["max"], 0.2);
    assert_eq!(row(&document, "web.tasks")["max"], 7.0);
    assert_eq!(row(&document, "web.sent_bytes_per_s")["max"], 0.0);
    let cpu = row(&document, "web.cpu")["mean"].as_f64().unwrap();
    // The time between what the container says and when it is heard is not the same each time.
    assert!((0.1..0.5).contains(&cpu), "{cpu}");
    let notes = document["notes"].to_string();
    assert!(notes.contains("monitor `other`: "), "{notes}");
    assert!(notes.contains("Docker knows no container `other`"), "{notes}");
    assert!(heads.lock().unwrap()[0].contains("one-shot=true"), "{heads:?}");
}

/// The folder of a control group of version 2, if this machine has any.
fn group() -> Option<String> {
    let mounts = std::fs::read_to_string("/proc/mounts").ok()?;
    let mount = mounts.lines().find_map(|line| {
        let mut words = line.split(' ').skip(1);
        let place = words.next()?;
        (words.next()? == "cgroup2").then(|| place.to_owned())
    })?;
    let own = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = own.lines().find_map(|line| line.strip_prefix("0::"))?;
    let folder = format!("{}{}", mount.trim_end_matches('/'), path.trim_end_matches('/'));
    std::path::Path::new(&folder).join("cpu.stat").exists().then_some(folder)
}

#[test]
fn a_control_group_is_read_without_docker() {
    let stage = Stage::new();
    let target = Server::start(Answer::Json("{}"));
    let folder = stage.path("group");
    std::fs::create_dir(&folder).unwrap();
    for (name, text) in [
        ("memory.current", "500\n"),
        ("memory.max", "1000\n"),
        ("memory.stat", "anon 300\ninactive_file 100\n"),
        ("pids.current", "3\n"),
    ] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let mut monitors = format!(
        "  - {{ container: made, cgroup: {}, every: 1s }}\n\
         \x20 - {{ container: gone, cgroup: no/such/group, every: 1s }}",
        folder.display()
    );
    let own = group();
    if let Some(own) = &own {
        monitors.push_str("\n  - { container: own, every: 1s, cgroup: ");
        monitors.push_str(own);
        monitors.push_str(" }");
    }
    scenario(&stage, &target.url, 3, &monitors);
    let document = document(run(&stage), 0);
    assert_eq!(row(&document, "made.memory_bytes")["max"], 400.0);
    assert_eq!(row(&document, "made.memory_use")["max"], 0.4);
    assert_eq!(row(&document, "made.tasks")["max"], 3.0);
    let notes = document["notes"].to_string();
    assert!(notes.contains("there is no control group `/sys/fs/cgroup/no/such/group`"), "{notes}");
    if own.is_some() {
        at_least(&document, "own.cpu", 0.0);
    }
}

#[test]
fn the_market_s_own_metrics_are_read_and_its_header_is_told_nowhere() {
    let stage = Stage::new();
    let market = Market::start(&stage, &[]);
    let monitors = "  - json: /api/health/metrics\n\
                    \x20   name: app\n\
                    \x20   every: 1s\n\
                    \x20   headers: { authorization: \"Bearer ${METRICS_TOKEN}\" }\n\
                    \x20   readings:\n\
                    \x20     rss_bytes: $.memory.rss\n\
                    \x20     pool_active: { from: $.pool.active, leak: true }\n\
                    \x20     missing: $.not.there\n\
                    \x20   limits: { rss_bytes: < 2GB, pool_active: avg < 10 }\n\
                    \x20 - { json: /no/such/page, name: gone, readings: { a: $.a } }";
    scenario(&stage, &market.url, 3, monitors);
    let told = done(command(&stage).env("METRICS_TOKEN", "s3cr3t-token").output().unwrap());
    assert!(!told.err.contains("s3cr3t"), "{}", told.err);
    let document = document(told, 0);
    at_least(&document, "app.rss_bytes", 1e6);
    assert_eq!(row(&document, "app.rss_bytes")["holds"], true);
    at_least(&document, "app.pool_active", 0.0);
    let text = document.to_string();
    assert!(!text.contains("s3cr3t"), "{text}");
    assert!(!std::fs::read(stage.path("store.db")).unwrap().windows(6).any(|at| at == b"s3cr3t"));
    let notes = document["notes"].to_string();
    for part in [
        "monitor `app`: `missing` was not read at `$.not.there`: there is nothing",
        "monitor `gone`: ",
        "answered with status 404",
    ] {
        assert!(notes.contains(part), "`{part}` is not in {notes}");
    }
    let leaks = document["leaks"].as_array().unwrap();
    assert!(leaks.iter().any(|leak| leak["name"] == "app.pool_active"), "{leaks:?}");
}

#[test]
fn prometheus_is_read_with_labels_and_counters_as_rates() {
    let stage = Stage::new();
    let target = Server::start(Answer::Json("{}"));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heads = Heads::default();
    let seen = Arc::clone(&heads);
    let began = Instant::now();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let seen = Arc::clone(&seen);
            std::thread::spawn(move || {
                serve(stream, &seen, &|_| {
                    // A thousand a second.
                    let count = began.elapsed().as_millis();
                    let text = format!(
                        "# TYPE http_requests_total counter\n\
                         http_requests_total{{code=\"200\",path=\"/a\"}} {count}\n\
                         http_requests_total{{code=\"500\",path=\"/a\"}} 5\n\
                         process_resident_memory_bytes 6.144e+07\n"
                    );
                    (200, text)
                });
            });
        }
    });
    let monitors = format!(
        "  - prometheus: {url}/metrics\n\
         \x20   name: app\n\
         \x20   every: 1s\n\
         \x20   readings:\n\
         \x20     - process_resident_memory_bytes\n\
         \x20     - 'http_requests_total{{code=\"200\"}}'\n\
         \x20     - 'http_requests_total{{code=\"500\"}}'\n\
         \x20     - up\n\
         \x20   limits:\n\
         \x20     'http_requests_total{{code=\"500\"}}': avg < 1/s\n\
         \x20     process_resident_memory_bytes: < 1GB"
    );
    scenario(&stage, &target.url, 4, &monitors);
    let document = document(run(&stage), 0);
    let memory = row(&document, "app.process_resident_memory_bytes");
    assert_eq!((&memory["max"], &memory["holds"]), (&6.144e7.into(), &true.into()));
    let rate = row(&document, "app.http_requests_per_s{code=\"200\"}")["mean"].as_f64().unwrap();
    assert!((500.0..2_000.0).contains(&rate), "{rate}");
    assert_eq!(row(&document, "app.http_requests_per_s{code=\"500\"}")["max"], 0.0);
    let notes: Vec<_> =
        document["notes"].as_array().unwrap().iter().map(Value::to_string).collect();
    assert!(notes.iter().any(|note| note.contains("`up` was not read: there is no such series")));
    assert!(heads.lock().unwrap()[0].contains("text/plain;version=0.0.4"), "{heads:?}");
}
