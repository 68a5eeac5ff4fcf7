//! Evidence beside runs: attestations and what checks found. It is only ever added to.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Store, StoreError, rows};
use crate::record::{Attestation, CheckReport};

const ATTESTATION: &str = "attestation";
const CHECK: &str = "check";

impl Store {
    /// Adds what somebody says.
    pub async fn attest(&self, said: &Attestation) -> Result<(), StoreError> {
        self.add_evidence(ATTESTATION, said.at_unix_ns, said).await
    }

    /// Everything that was said, in the order in which it was.
    pub async fn attestations(&self) -> Result<Vec<Attestation>, StoreError> {
        self.evidence(ATTESTATION).await
    }

    /// Adds what checks found.
    pub async fn add_check(&self, report: &CheckReport) -> Result<(), StoreError> {
        self.add_evidence(CHECK, report.started_unix_ns, report).await
    }

    /// What checks found, in the order in which they ended.
    pub async fn checks(&self) -> Result<Vec<CheckReport>, StoreError> {
        self.evidence(CHECK).await
    }

    async fn add_evidence(
        &self,
        kind: &'static str,
        at_unix_ns: u64,
        document: &impl Serialize,
    ) -> Result<(), StoreError> {
        let document =
            serde_json::to_string(document).map_err(|error| StoreError::damaged(kind, &error))?;
        sqlx::query("INSERT INTO lg_evidence (kind, at_ns, document) VALUES ($1, $2, $3)")
            .bind(kind)
            .bind(rows::signed(at_unix_ns))
            .bind(document)
            .execute(&self.pool)
            .await
            .map_err(|error| self.failed(&error))?;
        Ok(())
    }

    async fn evidence<T: DeserializeOwned>(
        &self,
        kind: &'static str,
    ) -> Result<Vec<T>, StoreError> {
        let text = "SELECT document FROM lg_evidence WHERE kind = $1 ORDER BY number";
        let documents: Vec<String> = sqlx::query_scalar(text)
            .bind(kind)
            .fetch_all(&self.pool)
            .await
            .map_err(|error| self.failed(&error))?;
        let read = |text: &String| {
            serde_json::from_str(text).map_err(|error| StoreError::damaged(kind, &error))
        };
        documents.iter().map(read).collect()
    }
}
