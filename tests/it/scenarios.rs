//! The scenarios that are part of the program: they compile, they say what the staging guide says,
//! they are the same on every machine, and a market passes them.

use std::collections::{BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use farmers_market::{Config, Market};
use loadgate::harness::{self, Circumstances, Parts};
use loadgate::http1::Headers;
use loadgate::names::SeriesKind;
use loadgate::plan::{
    Answer, Gate, HttpAnswer, Inputs, Journey, Leaf, LoadOverrides, Overrides, Plan, Reply, Ticket,
    Tickets, Timing, compile,
};
use loadgate::record::{Pick, RunRecord};
use loadgate::steps::KINDS;
use loadgate::store::{Store, StoreLocation};
use loadgate::units::Nanos;
use loadgate::walk::{Command, Share, Worker};

/// The lines of the staging guide's three journeys: journey, heading, line, step.
const GUIDE: [(&str, &str, &str, &str); 36] = [
    ("customer", "Browse Farms", "Visit staging URL", "Visit staging URL"),
    ("customer", "Browse Farms", "View farm list", "View farm list"),
    (
        "customer",
        "Browse Farms",
        "Filter by location/certified",
        "Filter by location and certified",
    ),
    ("customer", "Browse Farms", "Click on a farm", "Click on a farm"),
    ("customer", "View Products", "View farm's products", "View farm's products"),
    ("customer", "View Products", "Search for specific product", "Search for specific product"),
    ("customer", "View Products", "View product details", "View product details"),
    ("customer", "Place Order", "Add products to cart", "Add products to cart"),
    ("customer", "Place Order", "Update quantities", "Update quantities"),
    ("customer", "Place Order", "Proceed to checkout", "Proceed to checkout"),
    ("customer", "Place Order", "Complete payment (test mode)", "Complete payment (test mode)"),
    ("customer", "Place Order", "Verify order confirmation", "Verify order confirmation"),
    ("customer", "View Order History", "Navigate to orders page", "Navigate to orders page"),
    ("customer", "View Order History", "View order details", "View order details"),
    (
        "customer",
        "View Order History",
        "Verify order data is correct",
        "Verify order data is correct",
    ),
    ("farmer", "Login as Farmer", "Login with farmer credentials", "Login with farmer credentials"),
    ("farmer", "Login as Farmer", "Navigate to farmer dashboard", "Navigate to farmer dashboard"),
    ("farmer", "Manage Farm", "Update farm information", "Update farm information"),
    ("farmer", "Manage Farm", "Upload new farm image", "Upload new farm image"),
    ("farmer", "Manage Farm", "Verify changes saved", "Verify changes saved"),
    ("farmer", "Manage Products", "Create new product", "Create new product"),
    ("farmer", "Manage Products", "Update existing product", "Update existing product"),
    ("farmer", "Manage Products", "Upload product image", "Upload product image"),
    ("farmer", "Manage Products", "Delete product", "Delete product"),
    ("farmer", "View Orders", "View incoming orders", "View incoming orders"),
    ("farmer", "View Orders", "Update order status", "Update order status"),
    ("farmer", "View Orders", "Verify notifications", "Verify notifications"),
    ("admin", "Admin Dashboard", "Login as admin", "Login as admin"),
    ("admin", "Admin Dashboard", "View dashboard metrics", "View dashboard metrics"),
    ("admin", "Admin Dashboard", "Verify data accuracy", "Verify data accuracy"),
    ("admin", "User Management", "View user list", "View user list"),
    ("admin", "User Management", "Update user role", "Update user role"),
    ("admin", "User Management", "Verify changes", "Verify changes"),
    ("admin", "Farm Verification", "View pending farms", "View pending farms"),
    ("admin", "Farm Verification", "Approve/reject farm", "Approve/reject farm"),
    ("admin", "Farm Verification", "Verify status update", "Verify status update"),
];

/// The boxes of the guide's feature checklist, with the words of the guide.
const FEATURES: [(&str, &str); 27] = [
    ("auth.login", "User login works"),
    ("auth.session", "Session creation/validation works"),
    ("auth.jwt", "JWT token generation works"),
    ("auth.reset", "Password reset flow works"),
    ("farm.list", "List farms (with pagination)"),
    ("farm.details", "View farm details (with relations)"),
    ("farm.create", "Create new farm"),
    ("farm.update", "Update farm information"),
    ("farm.delete", "Delete farm (soft delete)"),
    ("product.list", "List products"),
    ("product.details", "View product details"),
    ("product.create", "Create product"),
    ("product.update", "Update product"),
    ("product.delete", "Delete product"),
    ("product.search", "Search products"),
    ("order.create", "Create order"),
    ("order.details", "View order details (with relations)"),
    ("order.status", "Update order status"),
    ("order.payment", "Process payment (test mode)"),
    ("order.history", "Order history"),
    ("upload.farm", "Upload farm images"),
    ("upload.product", "Upload product images"),
    ("upload.view", "View uploaded images"),
    ("admin.users", "User management"),
    ("admin.farms", "Farm verification"),
    ("admin.orders", "Order monitoring"),
    ("admin.dashboard", "Analytics dashboard"),
];

const NAMES: [&str; 4] = ["customer", "farmer", "admin", "all"];

fn file(path: &str) -> Result<Arc<[u8]>, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read(path).map(Arc::from).map_err(|error| error.to_string())
}

fn text(path: &str) -> String {
    String::from_utf8(file(path).unwrap().to_vec()).unwrap()
}

/// Compiles a scenario whose files lie in the repository, or says what is wrong with it.
fn try_compile(path: &str, text: &str, overrides: &Overrides) -> Result<Plan, String> {
    let environment =
        |name: &str| (name == "DATABASE_URL").then(|| "postgres://127.0.0.1/market".to_owned());
    let inputs = Inputs { path, text, read: &file, environment: &environment };
    compile(&inputs, KINDS, overrides).map_err(|mistakes| {
        mistakes.iter().map(|mistake| mistake.render(false)).collect::<String>()
    })
}

fn compiled(name: &str, overrides: &Overrides) -> Plan {
    let path = format!("scenarios/{name}.yaml");
    try_compile(&path, &text(&path), overrides).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn plan(name: &str) -> Plan {
    compiled(name, &Overrides::default())
}

/// The steps of a journey as a user meets them: first those of its login.
fn steps<'p>(plan: &'p Plan, journey: &'p Journey) -> Vec<&'p Leaf> {
    let login = journey.session.map(|session| &plan.sessions[session].program.steps);
    login.into_iter().flatten().chain(&journey.program.steps).collect()
}

#[test]
fn every_line_of_the_guide_is_a_step_in_the_guides_order() {
    for name in ["customer", "farmer", "admin"] {
        let plan = plan(name);
        let [journey] = plan.journeys.as_slice() else { panic!("{name} has one journey") };
        let mut steps = steps(&plan, journey).into_iter().map(|leaf| leaf.name.as_str());
        for (_, heading, _, step) in GUIDE.iter().filter(|(journey, ..)| *journey == name) {
            assert!(steps.any(|name| name == *step), "{name}, {heading}: `{step}`");
        }
    }
    let page = text("scenarios/README.md");
    for (journey, heading, line, step) in GUIDE {
        let row = format!("| {journey} | {heading} | {line} | `{step}` |");
        assert!(page.lines().any(|line| line == row), "scenarios/README.md: {row}");
    }
}

#[test]
fn the_mix_ticks_every_box_of_the_checklist() {
    let plan = plan("all");
    let steps = plan.journeys.iter().flat_map(|journey| steps(&plan, journey));
    let ticked: BTreeSet<&str> = steps.filter_map(|leaf| leaf.feature.as_deref()).collect();
    assert_eq!(ticked, FEATURES.iter().map(|(tag, _)| *tag).collect());
    let page = text("docs/scenario.md");
    for (tag, line) in FEATURES {
        let row = format!("| `{tag}` | {line} |");
        assert!(page.lines().any(|line| line == row), "docs/scenario.md: {row}");
    }
}

#[test]
fn the_mix_is_that_of_its_parts() {
    let mix = plan("all");
    let shares: Vec<_> =
        mix.journeys.iter().map(|journey| (journey.name.as_str(), journey.weight)).collect();
    assert_eq!(shares, [("customer", 80.0), ("farmer", 15.0), ("admin", 5.0)]);
    for name in NAMES {
        let plan = plan(name);
        assert_eq!(plan.name, name);
        assert_eq!(plan.target.to_string(), "http://127.0.0.1:3000");
        assert!(plan.health.is_some());
        assert!(plan.phases.iter().any(|phase| !phase.measure), "{name} warms up");
        assert!(!plan.thresholds.is_empty(), "{name} has thresholds");
        assert!(plan.databases.is_empty(), "{name} needs no database of its own");
    }
}

#[test]
fn the_mix_spells_out_the_usual_policy() {
    assert_eq!(plan("all").gate, Gate::default());
}

#[test]
fn a_seed_repeats_journeys_rows_and_times() {
    let tickets = |seed: u64| -> Vec<Ticket> {
        Tickets::new(&compiled("all", &Overrides { seed, ..Overrides::default() })).collect()
    };
    let first = tickets(7);
    assert!(first.len() > 1_000, "{}", first.len());
    assert_eq!(first, tickets(7));
    assert_ne!(first, tickets(8));
    let customers = first.iter().filter(|ticket| ticket.journey == 0).count();
    // 80 of 100, give or take four.
    let (all, customers) = (first.len(), 100 * customers);
    assert!((76 * all..84 * all).contains(&customers), "{customers} of {all}");
}

/// What a target says to everything.
fn answer() -> Answer<'static> {
    Answer::Http(HttpAnswer {
        status: 200,
        headers: Headers::default(),
        body: br#"{"ids":["a","b","c","d","e"]}"#,
        body_bytes: 29,
        duration: Nanos::from_millis(3),
    })
}

/// What the users of `of` workers send, and when, to a target that answers after 3 ms.
fn sent(plan: &Arc<Plan>, of: usize) -> Vec<(Nanos, String, Vec<u8>)> {
    let mut sent = Vec::new();
    for index in 0..of {
        let mut worker = Worker::new(plan, Share { index, of });
        let mut replies = VecDeque::new();
        let mut now = Nanos::ZERO;
        loop {
            worker.advance(now);
            while let Some(command) = worker.next_command() {
                let Command::Send { task } = command else { continue };
                let request = worker.request(task).unwrap();
                sent.push((now, request.target().to_owned(), request.body().to_vec()));
                replies.push_back((now + Nanos::from_millis(3), task));
            }
            if worker.finished(now) {
                break;
            }
            let reply = replies.front().map(|(end, _)| *end);
            now = [reply, worker.next_deadline()].into_iter().flatten().min().unwrap();
            while let Some((end, task)) = replies.pop_front_if(|(end, _)| *end <= now) {
                let reply = Reply { end, timing: Timing::default(), result: Ok(answer()) };
                worker.reply(task, &reply, now);
            }
        }
    }
    sent.sort();
    sent
}

#[test]
fn the_number_of_workers_changes_nothing() {
    let text = r#"
        target: http://127.0.0.1:1
        feeders:
          random: { csv: data/search.csv, pick: random }
          shuffle: { csv: data/members.csv, pick: shuffle }
          sequential: { csv: data/users.csv }
        journeys:
          browse:
            weight: 3
            feed: [ random, shuffle ]
            steps:
              - { get: "/browse/${seq}", query: { city: "${city}", member: "${memberEmail}" } }
              - think: { mean: 300ms, dist: lognormal, max: 1s }
              - { post: "/x", body: "${uuid}", repeat: 0..3, capture: { id: "$.ids[*] | random" } }
              - { get: "/y/${random}", sample: 40% }
          other: { feed: sequential, steps: [ { get: "/other/${seq}/${email}" }, { think: 1s }, { get: /z } ] }
        load:
          - { phase: warm-up, rate: 5/s, for: 3s, measure: false }
          - { phase: steady, rate: 5/s..60/s, arrivals: poisson, for: 10s }
    "#;
    let plan = try_compile("scenarios/test.yaml", text, &Overrides::default());
    let plan = Arc::new(plan.unwrap_or_else(|mistakes| panic!("{mistakes}")));
    let alone = sent(&plan, 1);
    assert!(alone.len() > 500, "{}", alone.len());
    for of in [2, 3, 7] {
        assert!(alone == sent(&plan, of), "{of} workers send something else than one");
    }
}

/// The targets of what one user sends who does `steps` once.
fn targets(steps: &str) -> Vec<String> {
    let text = format!(
        "target: http://127.0.0.1:1\njourneys: {{ j: {{ steps: [ {steps} ] }} }}\n\
         load: [ {{ phase: p, users: 1, iterations: 1, for: 1m }} ]"
    );
    let plan = try_compile("scenarios/test.yaml", &text, &Overrides::default());
    let plan = Arc::new(plan.unwrap_or_else(|mistakes| panic!("{mistakes}")));
    sent(&plan, 1).into_iter().map(|(_, target, _)| target).collect()
}

#[test]
fn what_all_steps_have_is_heeded() {
    assert_eq!(targets("{ get: /a, repeat: 3 }, { get: /b, repeat: 0 }"), ["/a", "/a", "/a"]);
    assert_eq!(targets("{ get: /a, sample: 0% }, { get: /b, sample: 100% }"), ["/b"]);
    let fails = "check: status == 500";
    assert_eq!(targets(&format!("{{ get: /a, {fails} }}, {{ get: /b }}")), ["/a", "/b"]);
    assert_eq!(targets(&format!("{{ get: /a, {fails}, on_fail: end }}, {{ get: /b }}")), ["/a"]);
    let captured = "{ get: /a, capture: { id: \"$.ids[0]\" } }";
    assert_eq!(
        targets(&format!(
            "{captured}, {{ get: /b, if: \"${{id}} == a\" }}, {{ get: /c, if: \"${{id}} != a\" }}"
        )),
        ["/a", "/b"]
    );
    let patient = targets(&format!("{{ get: /a, {fails}, eventually: 1s }}, {{ get: /b }}"));
    assert!(patient.len() > 8 && patient.last().unwrap() == "/b", "{patient:?}");
    let group = format!("{{ group: g, on_fail: end, steps: [ {{ get: /a, {fails} }} ] }}");
    assert_eq!(targets(&format!("{group}, {{ get: /b }}")), ["/a"]);
    let id = |share: &str| {
        targets(&format!(
            "{{ get: /b, sample: {share}, capture: {{ id: \"$.ids[1]\" }} }}, \
             {{ get: \"/c/${{id:-no one}}\" }}"
        ))
    };
    assert_eq!(id("100%"), ["/b", "/c/b"]);
    assert_eq!(id("0%"), ["/c/no%20one"]);
    let group = "{ group: g, repeat: 2, steps: [ { get: /a }, { get: /b, repeat: 2 } ] }";
    assert_eq!(targets(group), ["/a", "/b", "/b", "/a", "/b", "/b"]);
}

/// Plays a scenario against a market of its own.
async fn play(name: &str, users: u64, iterations: u64) -> (Arc<Plan>, RunRecord) {
    let market = Market::start(Config::default()).await.unwrap();
    let overrides = Overrides {
        target: Some(format!("http://{}", market.address())),
        load: LoadOverrides {
            users: Some(users),
            iterations: Some(iterations),
            ..LoadOverrides::default()
        },
        seed: 1,
        ..Overrides::default()
    };
    let plan = Arc::new(compiled(name, &overrides));
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&StoreLocation::File(folder.path().join("runs.db"))).await.unwrap();
    let (control, _told) = tokio::sync::watch::channel(None);
    let parts = Parts {
        tap: None,
        store: &store,
        circumstances: Circumstances::default(),
        workers: 2,
        control: &control,
        seen: &mut |_| None,
        warn: &mut |warning| panic!("{warning}"),
    };
    let local = tokio::task::LocalSet::new();
    let run = Box::pin(harness::run(Arc::clone(&plan), parts));
    let finished = local.run_until(run).await.unwrap();
    store.close().await;
    market.shutdown().await;
    (plan, finished.record)
}

/// Every step of a journey was done, and nothing failed.
#[track_caller]
fn assert_flawless(plan: &Plan, record: &RunRecord, all_steps: bool) {
    let mut failures = String::new();
    for sample in &record.end.as_ref().unwrap().samples {
        let step = &record.catalogue.get(sample.series).unwrap().step;
        writeln!(failures, "{step}: {} ({:?})", sample.message, sample.status).unwrap();
    }
    assert!(failures.is_empty(), "{failures}");
    let pick = Pick::all(&record.header.load.phases);
    for (id, series) in record.catalogue.iter() {
        let counts = record.totals.counts(&pick, [id]);
        assert_eq!((counts.failed(), counts.dropped), (0, 0), "{series:?}");
    }
    for journey in plan.journeys.iter().filter(|_| all_steps) {
        for leaf in steps(plan, journey) {
            let Some(series) = leaf.series else { continue };
            let counts = record.totals.counts(&pick, [series]);
            assert!(counts.started > 0, "`{}` was never done", leaf.name);
            assert!(counts.checks_passed > 0, "`{}` checks nothing", leaf.name);
        }
    }
    let queries = record.catalogue.matching(|series| series.kind == SeriesKind::ServerQuery);
    assert!(queries.count() > 10, "the market tells its queries");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_market_passes_the_customers_journey() {
    let (plan, record) = play("customer", 10, 30).await;
    assert_flawless(&plan, &record, true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_market_passes_the_farmers_journey() {
    let (plan, record) = play("farmer", 8, 32).await;
    assert_flawless(&plan, &record, true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_market_passes_the_admins_journey() {
    let (plan, record) = play("admin", 5, 20).await;
    assert_flawless(&plan, &record, true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_market_passes_the_mix() {
    let (plan, record) = play("all", 15, 45).await;
    assert_flawless(&plan, &record, false);
}

#[test]
fn a_group_refuses_what_belongs_to_its_steps() {
    let text = completed(
        "journeys: { j: { steps: [ { group: g, feature: x, slo: p(95) < 1s, steps: [ { get: / } ] }, \
         { parallel: [ { get: / } ], eventually: 1s } ] } }\n",
    );
    let told = try_compile("scenarios/test.yaml", &text, &Overrides::default()).unwrap_err();
    for key in ["feature", "slo", "eventually"] {
        assert!(told.contains(&format!("`{key}` belongs to one of the steps inside")), "{told}");
    }
}

/// The `yaml` blocks of a page, each with the word behind `yaml` and its line.
fn blocks(page: &str) -> Vec<(String, usize, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, usize, String)> = None;
    for (at, line) in page.lines().enumerate() {
        match &mut open {
            None => {
                open = line
                    .strip_prefix("```yaml")
                    .map(|mark| (mark.trim().to_owned(), at + 1, String::new()));
            }
            Some(_) if line == "```" => blocks.extend(open.take()),
            Some((_, _, text)) => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    blocks
}

/// The scenario around a part of one: what every scenario needs and the part does not say.
fn completed(part: &str) -> String {
    let mut text = part.to_owned();
    for (key, line) in [
        ("target:", "target: http://127.0.0.1:3000"),
        ("load:", "load: [ { phase: steady, rate: 1/s, for: 1s } ]"),
        ("journeys:", "journeys: { visitor: { steps: [ { get: /api/farms } ] } }"),
    ] {
        if !part.lines().any(|known| known.starts_with(key)) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// The scenario around a list of steps: variables that the steps use are columns of a feeder, and
/// those that they make themselves are captured first.
fn around_steps(steps: &str) -> String {
    let indented = steps.replace('\n', "\n      ");
    format!(
        "target: http://127.0.0.1:3000\n\
         load: [ {{ phase: steady, rate: 1/s, for: 1s }} ]\n\
         databases: {{ default: \"${{DATABASE_URL}}\" }}\n\
         feeders: {{ users: {{ csv: data/users.csv }}, search: {{ csv: data/search.csv }} }}\n\
         variables: {{ farmId: f, productId: p, orderId: o, checkoutId: c, certified: yes }}\n\
         journeys:\n  visitor:\n    feed: [ users, search ]\n    steps:\n      {indented}"
    )
}

#[test]
fn every_example_of_the_language_pages_compiles() {
    for (page, least) in [("docs/scenario.md", 11), ("docs/monitors.md", 1)] {
        let blocks = blocks(&text(page));
        assert!(blocks.len() >= least, "{page}: {}", blocks.len());
        for (mark, line, example) in blocks {
            let text = match mark.as_str() {
                "scenario" => example,
                "part" => completed(&example),
                "steps" => around_steps(&example),
                _ => panic!("{page}:{line}: write ```yaml scenario, part or steps"),
            };
            let done = try_compile("scenarios/example.yaml", &text, &Overrides::default());
            drop(done.unwrap_or_else(|mistakes| panic!("{page}:{line}:\n{mistakes}")));
        }
    }
}

/// A scenario with everything that the language has.
const EVERYTHING: &str = include_str!("everything.yaml");

#[test]
fn every_element_of_the_language_is_read() {
    let plan = try_compile("scenarios/everything.yaml", EVERYTHING, &Overrides::default());
    let plan = plan.unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let names: Vec<&str> = plan.journeys.iter().map(|journey| journey.name.as_str()).collect();
    assert_eq!(names, ["customer", "farmer", "admin"]);
    assert_eq!(plan.sessions.len(), 3);
    let slos = plan.thresholds.iter().filter(|limit| limit.subject.contains("step:"));
    assert_eq!(slos.count(), 3);
    assert!(!plan.databases.is_empty());
    assert_eq!(plan.integrity.len(), 2);
}
