//! `health`, `http` and `sql`: one answer of the target or of a database, held against what it has
//! to be.

use http::Method;

use super::{Tried, time};
use crate::engine::{Databases, Exchanged, Single, add_headers};
use crate::plan::checks::{HttpCheck, SqlCheck};
use crate::plan::{
    Answer, Dice, Expectation, Failure, Looked, Missing, Plan, Request, Variables, View,
};

/// Asks the target.
pub(super) struct Requests<'a> {
    pub(super) plan: &'a Plan,
    pub(super) single: Single,
}

impl Requests<'_> {
    /// Sends the request of a check. Each try opens a connection: what was well a moment ago may be
    /// gone.
    pub(super) async fn send(&mut self, check: &HttpCheck) -> Tried {
        let request = match self.request(check) {
            Ok(request) => request,
            Err(missing) => return Tried::failed(missing.to_string()),
        };
        self.single.disconnect();
        let came = self.single.send(request).await;
        let failure = with_view(|view| {
            let mut failure = None;
            came.show(|reply| {
                failure = match &reply.result {
                    Ok(answer) => first_failure(answer, &check.expectations, view),
                    Err(failure) => Some(failure.clone()),
                };
            });
            failure
        });
        let (told, version) = self.told(check, &came);
        let tried = match failure {
            None => Tried::passed(told),
            Some(failure) if came.answer().is_ok() => {
                Tried::failed(format!("{}; {told}", failure.message))
            }
            Some(failure) => Tried::failed(failure.message),
        };
        Tried { version, ..tried }
    }

    fn request(&self, check: &HttpCheck) -> Result<Request, Missing> {
        with_view(|view| {
            let mut request = Request::default();
            request.begin(&Method::GET);
            request.target_text().push_str(&self.plan.target.prefix);
            check.path.write(view, request.target_text())?;
            for (name, value) in &check.headers {
                request.write_header(name, value, view)?;
            }
            add_headers(self.plan, &mut request, view)?;
            request.wants_body = true;
            request.timeout = check.timeout;
            Ok(request)
        })
    }

    /// Status, time and versions of an answer, and the version that says which system it is.
    fn told(&self, check: &HttpCheck, came: &Exchanged) -> (String, Option<String>) {
        let Ok((status, body)) = came.answer() else { return (String::new(), None) };
        let json = serde_json::from_slice::<serde_json::Value>(body).ok();
        let at = |path: &serde_json_path::JsonPath| {
            let node = json.as_ref().and_then(|json| path.query(json).first())?;
            Some(node.as_str().map_or_else(|| node.to_string(), str::to_owned))
        };
        let mut parts = vec![format!("status {status} in {}", time(came.timing().duration()))];
        let mut first = None;
        for (key, path) in &check.versions {
            if let Some(version) = at(path) {
                parts.push(format!("{key} {version}"));
                first.get_or_insert(version);
            }
        }
        let health = self.plan.health.as_ref().filter(|_| check.tells_version);
        let version = health.and_then(|health| at(&health.version)).or(first);
        if let Some(version) = version.as_ref().filter(|_| check.versions.is_empty()) {
            parts.push(format!("version {version}"));
        }
        (parts.join(", "), version.filter(|_| check.tells_version))
    }

    /// Asks a database.
    pub(super) async fn ask(&self, check: &SqlCheck, databases: &Databases) -> Tried {
        let rows = match self.single.ask(databases, &check.statement).await {
            Ok(rows) => rows,
            Err(failure) => return Tried::failed(failure.message),
        };
        let answer = Answer::Rows(&rows);
        let failure = with_view(|view| first_failure(&answer, &check.expectations, view));
        match failure {
            None => Tried::passed(format!("{} in {}", check.expected, time(rows.duration))),
            Some(failure) => Tried::failed(failure.message),
        }
    }
}

/// The first expectation that does not hold.
fn first_failure(
    answer: &Answer<'_>,
    expectations: &[Expectation],
    view: &mut View<'_>,
) -> Option<Failure> {
    let looked = Looked::at(answer);
    expectations.iter().find_map(|expectation| expectation.check(&looked, view).err())
}

/// Checks know the environment, which was read with the file, and no variables.
fn with_view<T>(work: impl FnOnce(&mut View<'_>) -> T) -> T {
    let (mut variables, mut dice) = (Variables::default(), Dice::new(0, 0));
    work(&mut View { variables: &mut variables, dice: &mut dice, sequence: 0, user: 0 })
}
