//! A record that comes from elsewhere.

use super::writer::RunWriter;
use super::{Store, StoreError, reader};
use crate::record::RunRecord;

/// What [`Store::import`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imported {
    /// The run was not there and now is.
    New,
    /// The same run was already there.
    Known,
}

/// Stores `record`, unless the same run is already there.
pub(super) async fn import(store: &Store, record: &RunRecord) -> Result<Imported, StoreError> {
    if RunWriter::write_whole(store.clone(), record).await? {
        return Ok(Imported::New);
    }
    let known = reader::load(store, &record.header.id, &[]).await?;
    let same = known.header == record.header
        && known.catalogue == record.catalogue
        && known.totals == record.totals
        && known.end == record.end;
    if same {
        return Ok(Imported::Known);
    }
    Err(StoreError::Differs { id: record.header.id.clone() })
}
