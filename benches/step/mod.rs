//! One step of a scenario with its user, for what it costs to ask for a request and to look at the
//! answer.

use loadgate::http1::{Header, Headers};
use loadgate::plan::{
    Answer, Dice, HttpAnswer, Inputs, Outcome, Overrides, Plan, Request, Step, Variables, View,
    compile,
};
use loadgate::steps::KINDS;
use loadgate::units::Nanos;

/// What a shop's server answers with; the cookie is set again each time.
const HEADERS: &[Header<'_>] = &[
    Header { name: "Server", value: b"nginx/1.22.1" },
    Header { name: "Date", value: b"Sun, 22 Nov 2026 21:00:00 GMT" },
    Header { name: "Content-Type", value: b"application/json; charset=utf-8" },
    Header { name: "Content-Length", value: b"2480" },
    Header { name: "Connection", value: b"keep-alive" },
    Header { name: "X-Request-Id", value: b"6f1c2a90-4b7e-4f0b-9d0e-2f6d1f0b7a11" },
    Header { name: "Set-Cookie", value: b"sid=s3cr3t-0123456789; Path=/; HttpOnly; SameSite=Lax" },
    Header { name: "Cache-Control", value: b"no-store" },
];

/// Variables that the steps may use.
const VARIABLES: [(&str, &str); 3] =
    [("productId", "prd-000017"), ("quantity", "2"), ("note", "leave it at the \"red\" gate")];

/// One step and the user that does it.
pub(crate) struct Bench {
    plan: Plan,
    variables: Variables,
    dice: Dice,
    request: Request,
}

impl Bench {
    /// Reads a step as it stands in a scenario.
    pub(crate) fn of(step: &str) -> Self {
        let names: Vec<String> =
            VARIABLES.iter().map(|(name, value)| format!("{name}: '{value}'")).collect();
        let text = format!(
            "target: http://127.0.0.1:3000\nvariables: {{ {} }}\njourneys: {{ j: {{ steps: [ {step} ] }} }}\nload: [ {{ phase: p, rate: 1/s, for: 10s }} ]\n",
            names.join(", ")
        );
        let read = |_: &str| Err("there is no such file".to_owned());
        let inputs =
            Inputs { path: "bench.yaml", text: &text, read: &read, environment: &|_| None };
        let plan = compile(&inputs, KINDS, &Overrides::default()).expect("the step is valid");
        let mut variables = Variables::default();
        for (name, value) in VARIABLES {
            let slot = plan.journeys.first().and_then(|journey| journey.scope.find(name));
            variables.set(slot.expect("the variable is known"), value.into());
        }
        Self { plan, variables, dice: Dice::new(1, 1), request: Request::default() }
    }

    fn parts(&mut self) -> (&dyn Step, View<'_>, &mut Request) {
        let journey = self.plan.journeys.first().expect("there is one journey");
        let leaf = journey.program.steps.first().expect("there is one step");
        let view = View {
            variables: &mut self.variables,
            dice: &mut self.dice,
            sequence: 4_711,
            user: 17,
        };
        (&*leaf.step, view, &mut self.request)
    }

    /// Writes the step's request; gives its length.
    pub(crate) fn write(&mut self) -> usize {
        let (step, mut view, request) = self.parts();
        step.action(&mut view, request).expect("all variables have values");
        request.target().len() + request.header_lines().len() + request.body().len()
    }

    /// Shows the step an answer with this body.
    pub(crate) fn settle(&mut self, body: &[u8]) -> Outcome {
        let (step, mut view, _) = self.parts();
        let answer = Answer::Http(HttpAnswer {
            status: 200,
            headers: Headers::new(HEADERS),
            body,
            body_bytes: 2_480,
            duration: Nanos::from_micros(740),
        });
        step.settle(&answer, &mut view)
    }
}
