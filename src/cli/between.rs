//! The tap of a run: between the target and its database.

use reqwest::Url;

use super::Failed;
use crate::plan::TapPlan;
use crate::tap::{AddressError, ClientTls, Place, Settings, Statements, Tap};

/// Where a tap listens if nobody says it: the port of `PgBouncer`.
const LISTENS: &str = "127.0.0.1:6432";

/// Where it listens for the embedded market, which is told the port that the system chose.
const FOR_MARKET: &str = "127.0.0.1:0";

/// Starts a tap; and the address of the database through it, which can hold a password.
pub(super) fn start(plan: &TapPlan, for_market: bool) -> Result<(Tap, String), Failed> {
    let usual = if for_market { FOR_MARKET } else { LISTENS };
    let listen = plan.listen.as_deref().unwrap_or(usual);
    let refused =
        |error: AddressError| Failed::usage(error.to_string(), Some(error.hint().to_owned()));
    let tap = Tap::start(Settings {
        listen: listen.parse().map_err(refused)?,
        upstream: plan.upstream.parse().map_err(refused)?,
        tls: ClientTls::Refuse,
        statements: Statements::List,
    })?;
    let through = through(&plan.upstream, tap.place()).unwrap_or_default();
    Ok((tap, through))
}

/// The same database at another place.
fn through(upstream: &str, place: &Place) -> Option<String> {
    let mut url = Url::parse(upstream).ok()?;
    let Place::Tcp(host, port) = place else { return None };
    url.set_host(Some(host)).ok()?;
    url.set_port(Some(*port)).ok()?;
    // TLS, if any, is between the tap and the server.
    url.set_query(Some("sslmode=disable"));
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_is_found_through_the_tap() {
        let place = Place::Tcp("127.0.0.1".to_owned(), 6432);
        let found = |url: &str| through(url, &place);
        assert_eq!(
            found("postgres://me:secret@db.example:5433/shop?sslmode=require").as_deref(),
            Some("postgres://me:secret@127.0.0.1:6432/shop?sslmode=disable")
        );
        assert_eq!(
            found("postgres:///shop?host=/run/postgresql").as_deref(),
            Some("postgres://127.0.0.1:6432/shop?sslmode=disable")
        );
        assert_eq!(through("postgres://db/shop", &Place::Unix("/tmp/x".into())), None);
    }
}
