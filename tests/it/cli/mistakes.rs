//! Wrong input ends with exit code 2 before anything has started, and everything that is wrong is
//! told at once.

use std::time::Duration;

use super::server::{Answer, Server};
use super::stage::{Done, Stage, within};

/// A scenario without mistakes, for `target`.
fn scenario(target: &str) -> String {
    format!(
        "name: small\n\
         target: {target}\n\
         variables: {{ greeting: hello }}\n\
         journeys:\n\
         \x20 visitor:\n\
         \x20   steps:\n\
         \x20     - get: /farms\n\
         \x20       headers: {{ x-greeting: \"${{greeting}}\" }}\n\
         load:\n\
         \x20 - {{ phase: steady, rate: 10/s, for: 1s }}\n\
         thresholds:\n\
         \x20 \"http_req_duration{{endpoint:GET /farms}}\": [ p(95) < 5s ]\n"
    )
}

/// Runs `change(scenario)`: exit code 2, and nothing was started.
#[track_caller]
fn refused(change: impl Fn(String) -> String) -> Done {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    stage.file("a.yaml", change(scenario(&server.url)));
    let done = stage.run(["run", "--scenario", "a.yaml"]).expect(2);
    assert_eq!(server.connections(), 0, "something was sent");
    assert!(!stage.has_store(), "a store was made");
    assert_eq!(done.out, "");
    done
}

/// Replaces `old`, which is there.
#[track_caller]
fn with(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "`{old}` is not in {text}");
    text.replace(old, new)
}

#[test]
fn without_mistakes_the_same_scenario_runs() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    stage.file("a.yaml", scenario(&server.url));
    stage.run(["run", "--scenario", "a.yaml"]).expect(0);
    assert_eq!(server.requests(), 10);
}

#[test]
fn a_misspelt_key_is_shown_with_its_place_its_line_and_the_right_word() {
    refused(|text| with(&text, "journeys:", "journies:")).says(&[
        "error: unknown key `journies`",
        "--> a.yaml:4:1",
        "4 | journies:",
        "^^^^^^^^",
        "did you mean `journeys`?",
        "1 mistake in `a.yaml`; nothing was started",
    ]);
}

#[test]
fn a_duplicate_key_names_both_places() {
    refused(|text| text + "name: again\n").says(&[
        "duplicate key `name`, first written in line 1, column 1",
        "--> a.yaml:13:1",
        "hint: remove one of them",
    ]);
}

#[test]
fn an_unknown_variable_is_a_mistake_with_the_near_one() {
    refused(|text| with(&text, "${greeting}", "${greting}")).says(&[
        "`greting`",
        "--> a.yaml:8:",
        "did you mean `${greeting}`?",
    ]);
}

#[test]
fn a_threshold_on_a_series_that_does_not_exist_is_a_mistake() {
    refused(|text| with(&text, "endpoint:GET /farms", "endpoint:GET /fams")).says(&[
        "no series of this scenario is `http_req_duration{endpoint:GET /fams}`",
        "--> a.yaml:12:3",
        "did you mean `GET /farms`?",
    ]);
}

#[test]
fn several_mistakes_in_one_file_are_told_at_once() {
    let done = refused(|text| {
        let text = with(&text, "phase: steady", "phaze: steady");
        let text = with(&text, "${greeting}", "${nobody}");
        with(&text, "p(95) < 5s", "p(95) < 5 apples") + "name: twice\nfoo: 1\n"
    });
    done.says(&[
        "duplicate key `name`",
        "unknown key `foo`",
        "unknown key `phaze`",
        "unknown variable `nobody`",
        "found `5 apples`",
        "5 mistakes in `a.yaml`",
    ]);
}

fn fed(stage: &Stage, server: &Server, csv: &[u8], field: &str) -> Done {
    stage.file("users.csv", csv);
    let text = scenario(&server.url)
        .replace("journeys:\n", "feeders: { users: { csv: users.csv } }\njourneys:\n")
        .replace("    steps:", "    feed: users\n    steps:")
        .replace("${greeting}", field);
    stage.file("a.yaml", text);
    let done = stage.run(["run", "--scenario", "a.yaml"]);
    if done.code != 0 {
        assert_eq!(server.connections(), 0);
        assert!(!stage.has_store());
    }
    done
}

#[test]
fn data_with_mistakes_is_refused_with_file_and_line() {
    let (stage, server) = (Stage::new(), Server::start(Answer::Json("{}")));
    let good = b"email,role\na@x,CUSTOMER\nb@x,FARMER\n";
    fed(&stage, &server, b"email,role\na@x,CUSTOMER\nb@x\n", "${email}").expect(2).says(&[
        "users.csv:3",
        "the row has 1 field",
        "the header has 2",
        "--> a.yaml:4:",
    ]);
    fed(&stage, &server, good, "${emial}").expect(2).says(&["`emial`", "did you mean `${email}`?"]);
    fed(&stage, &server, b"", "${email}").expect(2).says(&["users.csv"]);
    fed(&stage, &server, b"email,role\n", "${email}").expect(2).says(&["users.csv"]);
    fed(&stage, &server, b"email,role\n\xff\xfe,x\n", "${email}")
        .expect(2)
        .says(&["users.csv", "UTF-8"]);
    fed(&stage, &server, good, "${email}").expect(0);
}

#[test]
fn a_condition_on_a_column_that_the_data_does_not_have_is_a_mistake() {
    let (stage, server) = (Stage::new(), Server::start(Answer::Json("{}")));
    stage.file("users.csv", "email,role\na@x,CUSTOMER\n");
    let text = scenario(&server.url).replace(
        "journeys:\n",
        "feeders: { users: { csv: users.csv } }\n\
         sessions:\n\
         \x20 one: { feed: users, where: rolle == CUSTOMER, steps: [ { get: /login } ] }\n\
         journeys:\n",
    );
    stage.file("a.yaml", text);
    stage.run(["run", "--scenario", "a.yaml"]).expect(2).says(&[
        "`rolle`",
        "--> a.yaml:6:",
        "did you mean `role`?",
    ]);
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_bomb_of_aliases_is_refused_quickly() {
    let level = |level: u32| {
        let below =
            if level == 0 { "lol".to_owned() } else { format!("*a{}", level.saturating_sub(1)) };
        format!("  a{level}: &a{level} [ {} ]\n", vec![below; 9].join(", "))
    };
    let levels: Vec<String> = (0..20).map(level).collect();
    let text = format!("variables:\n{}", levels.concat());
    within(Duration::from_secs(10), move || refused(|_| text.clone()))
        .says(&["aliases make more than", "--> a.yaml:"]);
}

#[test]
fn a_file_that_is_no_scenario_is_refused_quickly() {
    let stage = Stage::new();
    let limit = Duration::from_secs(10);
    stage.file("big.yaml", "#".repeat(10 << 20));
    stage.file("binary.yaml", b"name: \xff\xfe\n");
    stage.file("empty.yaml", "");
    stage.file("torn.yaml", "name: [ a, b\njourneys: {}\n");
    stage.file("deep.yaml", "[".repeat(100_000));
    for (file, says) in [
        ("big.yaml", "the most is 1048576 (1 MiB)"),
        ("binary.yaml", "it is not UTF-8 text"),
        ("empty.yaml", "`empty.yaml` is empty"),
        ("torn.yaml", "--> torn.yaml:2"),
        ("deep.yaml", "recursion limit"),
        ("nowhere.yaml", "can't read `nowhere.yaml`: No such file"),
        ("./.", "can't read `./.`"),
    ] {
        let command = stage.command(["run", "--scenario", file]).output();
        let output = within(limit, move || command).unwrap();
        super::stage::done(output).expect(2).says(&["error: ", says]);
    }
    assert!(!stage.has_store());
}

#[test]
fn an_unknown_scenario_names_the_near_one() {
    let stage = Stage::new();
    stage
        .run(["run", "--scenario", "custmer"])
        .expect(2)
        .says(&["error: there is no scenario `custmer`", "hint: did you mean `customer`?"]);
    stage
        .run(["run", "--scenario", "zzz"])
        .expect(2)
        .says(&["hint: built in are customer, farmer, admin, all", "`./zzz.yaml`"]);
    assert!(!stage.has_store());
}

/// Flags, and what is said of them.
const FLAGS: &[(&[&str], &str)] = &[
    (&["-r", "fast"], "`fast` is not a rate such as `50/s`"),
    (&["-r", "0/s"], "nothing would ever start"),
    (&["-r", "-5/s"], "-5"),
    (&["-d", "30"], "`30` is not a duration such as"),
    (&["-d", "0s"], "it has to be longer"),
    (&["-u", "0"], "--users"),
    (&["-u", "many"], "--users"),
    (&["-n", "0"], "--iterations"),
    (&["-r", "5/s", "-u", "3"], "'--rate <50/s>' cannot be used with '--users <N>'"),
    (&["--workers", "0"], "--workers"),
    (&["--http2", "--http1.1"], "cannot be used with"),
    (&["-H", "nothing secret"], "`nothing…` is not a header"),
    (&["--expect", "7.0.1"], "--expect: the scenario does not say where the version stands"),
    (&["-H", "bad name: x"], "header"),
    (&["-H", "x: a\nb"], "header"),
    (&["--target", "http://127.0.0.1:1"], "'--url <URL>' cannot be used with '--target'"),
    (&["--scenario", "customer"], "'--url <URL>' cannot be used with '--scenario'"),
    (&["--cacert", "nowhere.pem"], "can't read `nowhere.pem`"),
    (&["--data", "@nowhere"], "can't read `nowhere`"),
    (&["-X", "BREW"], "unknown method `brew`"),
    (&["--json", "no/such/folder/x.json"], "its folder does not exist"),
    (&["--html", "."], "it is a folder"),
    (&["--json", "-", "--md", "-"], "stdout can take only one"),
    (&["--store", "mysql://root@h/x"], "is not a place for a store"),
    (&["--no-such-flag"], "unexpected argument '--no-such-flag'"),
];

#[test]
fn wrong_flags_are_refused_before_anything_starts() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    for (flags, says) in FLAGS {
        let args = ["run", "--url", &server.url].into_iter().chain(flags.iter().copied());
        stage.run(args).expect(2).says(&["error: ", says]);
    }
    for url in ["127.0.0.1:8080/x", "ftp://h/x", "http://", "x y"] {
        stage.run(["run", "--url", url]).expect(2).says(&["--url: ", "hint: give scheme and host"]);
    }
    for args in [&["run"][..], &[], &["rum"], &["runs"], &["report", "--format", "pdf"]] {
        stage.run(args).expect(2);
    }
    assert_eq!(server.connections(), 0);
    assert!(!stage.has_store());
}
