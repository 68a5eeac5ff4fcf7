//! Every row of the staging guide that has to be answered before a release.

/// One thing to be measured or attested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Criterion {
    /// What it is called in check files, attestations and documents.
    pub id: &'static str,
    /// Which list of the guide it stands in.
    pub group: Group,
    /// What it says.
    pub text: &'static str,
}

/// A list of the guide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Boxes to be ticked before the deployment.
    PreDeployment,
    /// Features that have to work; the ids are those of `feature:` tags of steps.
    Feature,
    /// What has to hold for GO.
    Go,
    /// What must not be for GO.
    NoGo,
    /// What calls for a rollback at once.
    Rollback,
    /// What has to be so when staging is done.
    Success,
    /// What the release is expected to bring.
    Outcome,
    /// What is done each morning of the observation.
    Morning,
    /// What is done at the peak of each day.
    MidDay,
    /// What is done each evening.
    Evening,
}

impl Criterion {
    /// All of them, in the order of the guide.
    pub const ALL: &[Self] = &[
        Self::new("pre.tests", Group::PreDeployment, "All tests of the phase before have passed"),
        Self::new("pre.types", Group::PreDeployment, "TypeScript compiles without an error"),
        Self::new("pre.build", Group::PreDeployment, "The production build has completed"),
        Self::new(
            "pre.pushed",
            Group::PreDeployment,
            "All commits are pushed to the upgrade branch",
        ),
        Self::new("pre.staging", Group::PreDeployment, "The staging environment is available"),
        Self::new("pre.backup", Group::PreDeployment, "The database can be backed up, and was"),
        Self::new(
            "pre.rollback-plan",
            Group::PreDeployment,
            "The rollback plan is written and tested",
        ),
        Self::new("pre.notified", Group::PreDeployment, "The team knows of the deployment"),
        Self::new("pre.monitoring", Group::PreDeployment, "Monitoring is configured for staging"),
        Self::new(
            "pre.environment",
            Group::PreDeployment,
            "Environment variables are prepared for staging",
        ),
        Self::new("auth.login", Group::Feature, "User login works"),
        Self::new("auth.session", Group::Feature, "Session creation and validation work"),
        Self::new("auth.jwt", Group::Feature, "JWT token generation works"),
        Self::new("auth.reset", Group::Feature, "The password reset flow works"),
        Self::new("farm.list", Group::Feature, "List farms (with pagination)"),
        Self::new("farm.details", Group::Feature, "View farm details (with relations)"),
        Self::new("farm.create", Group::Feature, "Create a new farm"),
        Self::new("farm.update", Group::Feature, "Update farm information"),
        Self::new("farm.delete", Group::Feature, "Delete a farm (soft delete)"),
        Self::new("product.list", Group::Feature, "List products"),
        Self::new("product.details", Group::Feature, "View product details"),
        Self::new("product.create", Group::Feature, "Create a product"),
        Self::new("product.update", Group::Feature, "Update a product"),
        Self::new("product.delete", Group::Feature, "Delete a product"),
        Self::new("product.search", Group::Feature, "Search products"),
        Self::new("order.create", Group::Feature, "Create an order"),
        Self::new("order.details", Group::Feature, "View order details (with relations)"),
        Self::new("order.status", Group::Feature, "Update an order's status"),
        Self::new("order.payment", Group::Feature, "Process a payment (test mode)"),
        Self::new("order.history", Group::Feature, "Order history"),
        Self::new("upload.farm", Group::Feature, "Upload farm images"),
        Self::new("upload.product", Group::Feature, "Upload product images"),
        Self::new("upload.view", Group::Feature, "View uploaded images"),
        Self::new("admin.users", Group::Feature, "User management"),
        Self::new("admin.farms", Group::Feature, "Farm verification"),
        Self::new("admin.orders", Group::Feature, "Order monitoring"),
        Self::new("admin.dashboard", Group::Feature, "Analytics dashboard"),
        Self::new("go.features", Group::Go, "All critical features work"),
        Self::new("go.errors", Group::Go, "Fewer than 1 % of the requests fail"),
        Self::new("go.performance", Group::Go, "Response times are within 10 % of the baseline"),
        Self::new("go.data", Group::Go, "No data is corrupted"),
        Self::new("go.migrations", Group::Go, "The database migrations have completed"),
        Self::new("go.e2e", Group::Go, "All end-to-end tests pass"),
        Self::new("go.memory", Group::Go, "No memory leak is found"),
        Self::new("go.pool", Group::Go, "The connection pool is stable"),
        Self::new("go.feedback", Group::Go, "The feedback of users is positive"),
        Self::new("go.confidence", Group::Go, "The team is confident"),
        Self::new("no-go.features", Group::NoGo, "Critical features are broken"),
        Self::new("no-go.errors", Group::NoGo, "More than 2 % of the requests fail"),
        Self::new(
            "no-go.performance",
            Group::NoGo,
            "Response times are more than 20 % above the baseline",
        ),
        Self::new("no-go.data", Group::NoGo, "Data is corrupted or inconsistent"),
        Self::new("no-go.database", Group::NoGo, "There are database connection issues"),
        Self::new("no-go.memory", Group::NoGo, "A memory leak is found"),
        Self::new("no-go.rollback", Group::NoGo, "A rollback was required"),
        Self::new("no-go.bugs", Group::NoGo, "Bugs of the new version are unresolved"),
        Self::new("no-go.concerns", Group::NoGo, "Concerns of the team are not addressed"),
        Self::new("rollback.features", Group::Rollback, "Critical features are broken"),
        Self::new("rollback.data", Group::Rollback, "Data corruption is detected"),
        Self::new("rollback.database", Group::Rollback, "Database connections fail"),
        Self::new("rollback.errors", Group::Rollback, "More than 5 % of the requests fail"),
        Self::new(
            "rollback.performance",
            Group::Rollback,
            "Response times are more than 50 % above the baseline",
        ),
        Self::new("rollback.security", Group::Rollback, "Security vulnerabilities are discovered"),
        Self::new("done.deployment", Group::Success, "The deployment has completed"),
        Self::new("done.features", Group::Success, "All critical features are validated"),
        Self::new(
            "done.observation",
            Group::Success,
            "The observation of 24 to 48 hours has passed",
        ),
        Self::new("done.metrics", Group::Success, "All metrics are within their range"),
        Self::new("done.issues", Group::Success, "No critical issue was found"),
        Self::new("done.rollback", Group::Success, "The rollback was tested in isolation"),
        Self::new("done.confidence", Group::Success, "The team's confidence is high"),
        Self::new("done.approval", Group::Success, "Stakeholders have approved"),
        Self::new("done.plan", Group::Success, "The plan for production is final"),
        Self::new("done.documentation", Group::Success, "The documentation is updated"),
        Self::new(
            "outcome.stability",
            Group::Outcome,
            "Stability: no more errors or crashes than before",
        ),
        Self::new(
            "outcome.performance",
            Group::Outcome,
            "Performance: response times within 10 % of the baseline",
        ),
        Self::new(
            "outcome.functionality",
            Group::Outcome,
            "Functionality: all features work as expected",
        ),
        Self::new("outcome.data", Group::Outcome, "Data integrity: nothing lost or corrupted"),
        Self::new("outcome.experience", Group::Outcome, "User experience: no degradation"),
        Self::new(
            "outcome.confidence",
            Group::Outcome,
            "Team confidence: high enough for production",
        ),
        Self::new("morning.logs", Group::Morning, "Review the logs of the night for errors"),
        Self::new("morning.errors", Group::Morning, "Check the error rate"),
        Self::new("morning.pool", Group::Morning, "Verify that the connection pool is healthy"),
        Self::new("morning.slow-queries", Group::Morning, "Review the slow query log"),
        Self::new("morning.memory", Group::Morning, "Check how memory grows"),
        Self::new("morning.backups", Group::Morning, "Verify that backup jobs have completed"),
        Self::new("mid-day.response", Group::MidDay, "Watch response times under load"),
        Self::new("mid-day.errors", Group::MidDay, "Check the error rate at the peak"),
        Self::new("mid-day.endpoints", Group::MidDay, "Review the latencies of endpoints"),
        Self::new("mid-day.database-cpu", Group::MidDay, "Watch the CPU of the database"),
        Self::new("mid-day.pool", Group::MidDay, "Check the connection pool under load"),
        Self::new("evening.metrics", Group::Evening, "Review the metrics of the day"),
        Self::new("evening.memory", Group::Evening, "Check for memory leaks"),
        Self::new("evening.data", Group::Evening, "Verify that data is consistent"),
        Self::new("evening.feedback", Group::Evening, "Review feedback and reports of users"),
        Self::new("evening.issues", Group::Evening, "Document the issues that were found"),
    ];

    const fn new(id: &'static str, group: Group, text: &'static str) -> Self {
        Self { id, group, text }
    }

    /// The criterion with this id.
    pub fn of(id: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|one| one.id == id)
    }

    /// The criteria of one list, in the order of the guide.
    pub fn in_group(group: Group) -> impl Iterator<Item = &'static Self> {
        Self::ALL.iter().filter(move |one| one.group == group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_there_once_and_every_list_is_as_long_as_in_the_guide() {
        for one in Criterion::ALL {
            assert_eq!(Criterion::ALL.iter().filter(|other| other.id == one.id).count(), 1);
            assert_eq!(Criterion::of(one.id), Some(one));
        }
        let lists = [
            (Group::PreDeployment, 10),
            (Group::Feature, 27),
            (Group::Go, 10),
            (Group::NoGo, 9),
            (Group::Rollback, 6),
            (Group::Success, 10),
            (Group::Outcome, 6),
            (Group::Morning, 6),
            (Group::MidDay, 5),
            (Group::Evening, 5),
        ];
        for (group, many) in lists {
            assert_eq!(Criterion::in_group(group).count(), many, "{group:?}");
        }
    }
}
