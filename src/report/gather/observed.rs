//! An observation, from its segments.

use crate::gate::observation::Observer;
use crate::record::RunRecord;
use crate::report::document::Observed;
use crate::report::foreign::clean;

/// What the segments of a record come to, day by day; `None` for a run that is no observation.
pub(super) fn observed(record: &RunRecord) -> Option<Observed> {
    let observation = record.header.observation.as_ref()?;
    let observer = Observer::of(record)?;
    let placed = |unix_ns: u64| (observer.day_of(unix_ns), observer.time(unix_ns));
    let changes = observer.changes().iter().map(|change| {
        let (day, time) = placed(change.at_unix_ns);
        (day, time, change.clone())
    });
    let missed = observer.missed().iter().map(|missed| {
        let (day, time) = placed(missed.until_unix_ns);
        (day, time, missed.clone())
    });
    Some(Observed {
        planned: observation.planned,
        zone: clean(&observation.zone),
        simulated: observation.simulated.as_deref().map(clean),
        state: observer.state(),
        worst: observer.worst(),
        verdict: observer.verdict(),
        days: observer.days(),
        changes: changes.collect(),
        missed: missed.collect(),
        policy: observer.policy().clone(),
        notes: observer.notes().iter().map(|note| clean(note)).collect(),
    })
}
