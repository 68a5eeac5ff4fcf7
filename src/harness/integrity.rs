//! Assertions on data: asked before the first request and after the last.

use tokio::sync::watch;

use super::collect::Collected;
use super::{IntegrityError, Stop};
use crate::engine::Databases;
use crate::plan::{Done, Phase, Plan};
use crate::record::{Asserted, PhaseInfo, Pick};
use crate::units::Decimal;

/// The numbers before the first request.
#[derive(Default)]
pub(super) struct Before(Vec<Decimal>);

impl Before {
    /// Asks for all numbers. One that can't be had now would be missed only when the load is over,
    /// so that there is no run then.
    pub(super) async fn ask(plan: &Plan, databases: &Databases) -> Result<Self, IntegrityError> {
        let (mut numbers, mut missing) = (Vec::new(), Vec::new());
        for assertion in &plan.integrity {
            match databases.number(&assertion.statement).await {
                Ok(number) => numbers.push(number),
                Err(why) => missing.push((assertion.name.clone(), why)),
            }
        }
        if missing.is_empty() { Ok(Self(numbers)) } else { Err(IntegrityError { missing }) }
    }

    /// Asks again and judges. Whoever has ended the run at once does not wait for it.
    pub(super) async fn judge(
        self,
        plan: &Plan,
        databases: &Databases,
        collected: &Collected,
        control: &watch::Sender<Option<Stop>>,
    ) -> Vec<Asserted> {
        let phases: Vec<PhaseInfo> = plan.phases.iter().map(Phase::info).collect();
        let done = Done {
            catalogue: &collected.catalogue,
            totals: &collected.totals,
            phases: &Pick::all(&phases),
        };
        // Connections that have been idle for the whole run may be closed by now.
        let databases = databases.clone();
        let mut told = control.subscribe();
        let mut judged = Vec::new();
        for (assertion, before) in plan.integrity.iter().zip(self.0) {
            let at_once = told.wait_for(|stop| *stop == Some(Stop::AtOnce));
            let after = tokio::select! {
                biased;
                _told = at_once => Err("not asked: the run was killed".to_owned()),
                number = databases.number(&assertion.statement) => number,
            };
            judged.push(assertion.judge(before, after, done));
        }
        judged
    }
}
