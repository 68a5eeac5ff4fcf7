//! The guide's Deployment Notification.

use super::{Message, MessageFacts, filled, shown};

/// That a version was deployed to staging, and what to test.
pub(super) struct Deployment;

/// The areas of the feature checklist.
const AREAS: [&str; 6] = [
    "Authentication flows",
    "Farm management",
    "Product catalog",
    "Order processing",
    "File uploads",
    "Admin functions",
];

impl Message for Deployment {
    fn word(&self) -> &'static str {
        "deployment"
    }

    fn about(&self) -> &'static str {
        "that a version was deployed to staging"
    }

    fn render(&self, known: &MessageFacts<'_>) -> Result<String, String> {
        let project = filled(known.project.as_ref(), "[Upgrade]");
        let (before, after) = (
            filled(known.before.as_ref(), "[version before]"),
            filled(known.after.as_ref(), "[version after]"),
        );
        let details = [
            format!("Branch: {}", filled(known.branch.as_ref(), "[branch]")),
            format!("Version: {before} → {after}"),
            format!(
                "Deployment Time: {}",
                filled(known.deployed.as_ref(), "[YYYY-MM-DD HH:MM UTC]")
            ),
            format!(
                "Database: {}",
                shown(known.backup.as_ref(), "Backed up", "[Backed up / not backed up]")
            ),
            format!(
                "Migrations: {}",
                shown(known.migrations.as_ref(), "Completed", "[Completed / pending]")
            ),
            format!(
                "Initial Tests: {}",
                shown(known.tests.as_ref(), "Passed", "[Passed / failed]")
            ),
        ];
        let list = |lines: &[String]| {
            lines.iter().map(|line| format!("- {line}")).collect::<Vec<_>>().join("\n")
        };
        let blocks = [
            format!("Subject: [STAGING] {project} Deployed to Staging"),
            "Team,".to_owned(),
            format!("{project} has been deployed to the staging environment."),
            "**Deployment Details:**".to_owned(),
            list(&details),
            "**What to Test:**\nPlease test your areas of responsibility:".to_owned(),
            list(&AREAS.map(str::to_owned)),
            format!("**Staging URL:** {}", filled(known.url.as_ref(), "[URL]")),
            "**Observation Period:** 24-48 hours".to_owned(),
            "**Rollback Plan:** Ready if needed".to_owned(),
            format!(
                "**Questions?** Contact: {}",
                filled(known.contact.as_ref(), "[Your contact info]")
            ),
            format!("Thank you,\n{}", filled(known.by.as_ref(), "[Your Name]")),
        ];
        Ok(format!("{}\n", blocks.join("\n\n")))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Shown;
    use super::*;

    #[test]
    fn what_is_known_is_filled_in() {
        let known = MessageFacts {
            project: Some("Prisma 7 Upgrade".to_owned()),
            branch: Some("upgrade/prisma-7".to_owned()),
            before: Some("6.19.0".to_owned()),
            after: Some("7.0.1".to_owned()),
            deployed: Some("2026-01-02T03:04:05Z".to_owned()),
            backup: Some(Shown::Yes),
            migrations: Some(Shown::No("1 <!channel> is pending".to_owned())),
            url: Some("https://staging.example".to_owned()),
            ..MessageFacts::default()
        };
        let text = Deployment.render(&known).unwrap();
        for part in [
            "Subject: [STAGING] Prisma 7 Upgrade Deployed to Staging\n",
            "- Branch: upgrade/prisma-7\n- Version: 6.19.0 → 7.0.1\n",
            "- Deployment Time: 2026-01-02T03:04:05Z\n",
            "- Database: Backed up ✅\n",
            "- Migrations: ❌ 1 &lt;!channel&gt; is pending\n",
            "- Initial Tests: [Passed / failed]\n",
            "**Staging URL:** https://staging.example\n",
            "Contact: [Your contact info]\n",
            "[Your Name]\n",
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
    }

    #[test]
    fn what_is_unknown_is_seen() {
        let text = Deployment.render(&MessageFacts::default()).unwrap();
        assert_eq!(text.matches('[').count(), 12, "{text}");
        assert!(!text.contains('✅'), "{text}");
    }
}
