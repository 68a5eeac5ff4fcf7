//! What the queries of one request took, for `Server-Timing`.

use std::cell::RefCell;
use std::fmt::Write;
use std::future::Future;
use std::time::Duration;

/// Queries that one header names; a request with more of them has a bug that the count shows well enough.
const MOST: usize = 64;

tokio::task_local! {
    static QUERIES: RefCell<Vec<(&'static str, Duration)>>;
    static TRACE: Option<String>;
}

/// The trace context of the request that runs on this task, if its statements are to bear it.
pub(crate) fn trace() -> Option<String> {
    TRACE.try_with(Clone::clone).ok().flatten()
}

/// Runs a request whose statements bear its trace context.
pub(crate) async fn traced<T>(trace: Option<String>, request: impl Future<Output = T>) -> T {
    TRACE.scope(trace, request).await
}

/// Notes a query of the request that runs on this task. Outside a request it does nothing.
pub(crate) fn note(name: &'static str, took: Duration) {
    // Outside a request, as in seeding, nobody wants to know.
    let _outside = QUERIES.try_with(|queries| {
        let mut queries = queries.borrow_mut();
        if queries.len() < MOST {
            queries.push((name, took));
        }
    });
}

/// Runs a request and says which queries it made.
pub(crate) async fn collect<T>(
    request: impl Future<Output = T>,
) -> (T, Vec<(&'static str, Duration)>) {
    QUERIES
        .scope(RefCell::default(), async {
            let output = request.await;
            (output, QUERIES.with(RefCell::take))
        })
        .await
}

/// The header's value: one entry a query, one for the whole.
pub(crate) fn header(queries: &[(&'static str, Duration)], whole: Duration) -> String {
    let mut out = String::with_capacity(48 * (queries.len() + 1));
    let mut written = Ok(());
    for (name, took) in queries {
        let entry = write!(out, "db;desc=\"{name}\";dur={:.3}, ", millis(*took));
        written = written.and(entry);
    }
    written = written.and(write!(out, "app;dur={:.3}", millis(whole)));
    if written.is_err() {
        out.clear();
    }
    out
}

/// Milliseconds with a fraction.
pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_sees_its_own_queries_only() {
        note("nobody.listens", Duration::ZERO);
        let ((), queries) = collect(async {
            note("farm.findMany", Duration::from_micros(1_234));
            note("farm.count", Duration::from_micros(200));
        })
        .await;
        assert_eq!(
            header(&queries, Duration::from_millis(2)),
            r#"db;desc="farm.findMany";dur=1.234, db;desc="farm.count";dur=0.200, app;dur=2.000"#
        );
    }
}
